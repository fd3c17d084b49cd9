"""`envrules revisions`, `diff`: what has judged a locality, what waits to, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.server import DEFAULT_ADDRESS, AsName, Client, ServerAddress, connected
from envrules.cli.shell import (
    REFUSED,
    USAGE,
    AsJson,
    Failure,
    LocalityArg,
    say,
    show,
    show_json,
    zone_of,
)
from envrules.cli.standings import SchemeArg
from envrules.client import ruleset_files
from envrules.errors import RulesetError
from envrules.report import as_plain
from envrules.report.revisions import change_lines, problem_lines, revision_table
from envrules.ruleset.check import SUFFIXES, read_text
from envrules.ruleset.diff import Change, diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.v1 import locality_service_pb2, rulesets_pb2

CURRENT, CANDIDATE = "current", "candidate"
"""Names of revisions that every locality has, or may have."""
_SHORTEST = 4


def revisions(
    locality: LocalityArg,
    scheme: SchemeArg,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """List what was published, latest first: who, when, why, and from which log entry on.

    Above it the candidate, where the server watches the file; or what is wrong with the file.
    """
    with connected(server, principal) as client:
        zone = zone_of(client.locality(locality).timezone)
        binding = binding_of(client, locality, scheme)
        found = list(client.revisions(locality, scheme))
    if as_json:
        file = as_plain(binding.file, zone) if binding.HasField("file") else None
        show_json({"file": file, "revisions": [as_plain(one, zone) for one in found]})
        return
    show(revision_table(binding, found, zone))
    for line in problem_lines(binding.file.problems):
        say(line)
    if binding.file.problems:
        say(f"{binding.file.path} is refused as it is; {found[0].revision[:8]} serves on")


def diff(
    before: Annotated[
        str, typer.Argument(help="File, revision, `current` or `candidate`.", metavar="A")
    ],
    after: Annotated[str, typer.Argument(help="The same.", metavar="B")],
    locality: Annotated[
        str, typer.Option("--locality", "-l", help="Locality (slug) whose revisions are meant.")
    ] = "",
    scheme: Annotated[
        str, typer.Option(help="Scheme (slug); needed where several judge the locality.")
    ] = "",
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Say in words what differs between two rulesets; silent when nothing does.

    Two files are compared as they are. With a locality, files are read with its own values and code
    table, as they would judge there, and revisions of it may be named, by their first characters.
    """
    if not locality:
        changes = _of_files(Path(before), Path(after))
    else:
        with connected(server, principal) as client:
            slug = scheme or _only_scheme(client, locality)
            old, new = (_source(client, locality, slug, name) for name in (before, after))
            changes = client.diff(slug, old, new, locality)
    if as_json:
        show_json([as_plain(change) for change in changes])
        return
    for line in change_lines(changes):
        print(line)


def binding_of(client: Client, locality: str, scheme: str) -> locality_service_pb2.SchemeBinding:
    """Return how a scheme is bound in a locality.

    Raises:
        Failure: it is not.
    """
    bound = {b.scheme: b for b in client.locality(locality).schemes}
    if scheme not in bound:
        raise Failure(
            f"{locality} does not use scheme {scheme!r}", f"it uses: {', '.join(bound) or 'none'}"
        )
    return bound[scheme]


def full_revision(client: Client, locality: str, scheme: str, name: str) -> str:
    """Return the revision that a name means: its first characters, `current` or `candidate`.

    What nothing of this locality begins with is taken as it is: the server may know it.

    Raises:
        Failure: there is no candidate, or several revisions begin so.
    """
    binding = binding_of(client, locality, scheme)
    if name == CURRENT:
        return binding.revision
    if name == CANDIDATE:
        return binding.file.candidate or _no_candidate(binding)
    known = {one.revision for one in client.revisions(locality, scheme)}
    fitting = sorted(r for r in known | {binding.file.candidate} if r.startswith(name))
    if len(fitting) > 1 or len(name) < _SHORTEST:
        raise Failure(f"{name}: give more of the revision", ", ".join(fitting), USAGE)
    return fitting[0] if fitting else name


def _no_candidate(binding: locality_service_pb2.SchemeBinding) -> str:
    file = binding.file
    if file.problems:
        for line in problem_lines(file.problems):
            say(line)
        raise Failure(f"{file.path} is refused as it is", "mend it, then look again")
    if not file.path:
        raise Failure("the server watches no file of this scheme", "see envrules serve --rulesets")
    raise Failure(f"there is no candidate: {file.path} is what is in force")


def _only_scheme(client: Client, locality: str) -> str:
    bound = [b.scheme for b in client.locality(locality).schemes]
    if len(bound) != 1:
        raise Failure(
            f"{locality} is judged by {', '.join(bound) or 'no scheme'}", "name one with --scheme",
            USAGE,
        )  # fmt: skip
    return bound[0]


def _source(client: Client, locality: str, scheme: str, name: str) -> rulesets_pb2.RulesetSource:
    if Path(name).suffix in SUFFIXES:
        return rulesets_pb2.RulesetSource(files=ruleset_files(scheme, _text(Path(name))))
    revision = full_revision(client, locality, scheme, name)
    return rulesets_pb2.RulesetSource(revision=revision)


def _of_files(before: Path, after: Path) -> list[rulesets_pb2.RulesetChange]:
    old, new = _loaded(before), _loaded(after)
    if old.spec.ruleset != new.spec.ruleset:
        raise Failure(f"{before} is {old.spec.ruleset}, but {after} is {new.spec.ruleset}")
    return [_message(change) for change in diff_rulesets(old, new)]


def _message(change: Change) -> rulesets_pb2.RulesetChange:
    return rulesets_pb2.RulesetChange(
        path=change.path, title=change.title, since=change.since, before=change.before,
        after=change.after, words=str(change),
    )  # fmt: skip


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except RulesetError as error:
        raise Failure(error.problems[0].message, error.problems[0].fix) from None


def _loaded(file: Path) -> LoadedRuleset:
    if file.suffix not in SUFFIXES:
        raise Failure(f"{file}: no ruleset file", "a revision needs --locality too", USAGE)
    try:
        return load_ruleset(read_text(file), str(file))
    except RulesetError as error:
        for problem in error.problems:
            say(str(problem))
        raise Failure(f"{file}: a ruleset that cannot be read", code=REFUSED) from None
