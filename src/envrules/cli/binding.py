"""What `envrules serve` is told to bind: localities, schemes, code tables, and from when on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from envrules.cli.code_files import table_in
from envrules.cli.server import instant_of
from envrules.cli.shell import USAGE, Failure, say, zone_of
from envrules.engine.kept import Binding
from envrules.errors import RulesetError
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.plugin_manager import PluginError, Plugins, load_plugins
from envrules.ruleset.check import check_files, read_text, ruleset_files
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.compile import Scheme
from envrules.ruleset.overrides import Overrides
from envrules.runtime.errors import RuntimeRefusal
from envrules.runtime.library import shown
from envrules.runtime.runtime import Runtime
from envrules.service.reload import BY

Begin = tuple[str, str]
"""A source, and the local time at which a new locality begins to wait for it."""

_PATIENCE = 30.0
"""Seconds that a locality may take to be where it is to begin."""


class _RulesetFile:
    """A plugin that is nothing but a ruleset file."""

    def __init__(self, source: SchemeSource) -> None:
        self._source = source

    @hookimpl
    def envrules_scheme(self) -> SchemeSource:
        """Declare the scheme of the file."""
        return self._source


def scheme_files(folder: Path | None) -> dict[str, Path]:
    """Return the ruleset files of a folder by scheme, good or not.

    One that is not good keeps only those from being judged by it whom it does not judge yet.

    Raises:
        Failure: the folder holds none, or two of one name.
    """
    if folder is None:
        return {}
    problems = [p for p in check_files([folder]) if p.code in ("ER901", "ER903", "ER904")]
    if problems:
        for problem in problems:
            say(str(problem))
        raise Failure(f"{folder}: rulesets that cannot be used", "see envrules check")
    return ruleset_files(folder)


def plugins_with(files: Mapping[str, Path]) -> Plugins:
    """Return the installed plugins, and one for each file of a scheme that none of them brings."""
    try:
        known = load_plugins().schemes
        new = [SchemeSource(slug, file) for slug, file in files.items() if slug not in known]
        return load_plugins(*map(_RulesetFile, new))
    except PluginError as error:
        raise Failure(str(error), "see docs/plugins.md") from None


def bindings_in(given: Iterable[str]) -> list[tuple[str, str]]:
    """Return the localities, each with the scheme that is to judge it. Raises Failure."""
    return [_pair("--bind", text, "SCHEME") for text in given]


def _pair(option: str, text: str, what: str) -> tuple[str, str]:
    """Return the locality that an option is for, and what it says of it."""
    locality, sign, value = text.partition("=")
    if not (locality and sign and value):
        raise Failure(f"{option} {text}: write LOCALITY={what}", code=USAGE)
    return locality, value


def begin_in(text: str) -> Begin | None:
    """Return what `--backfill` says, if anything. Raises Failure."""
    source, sign, moment = text.partition("@")
    if text and not (source and sign and moment):
        raise Failure(f"--backfill {text}: write SOURCE@TIME", code=USAGE)
    return (source, moment) if text else None


def code_tables(
    given: Iterable[str], bindings: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], CodeTableText]:
    """Return the code tables by the binding that each is for: a table names its scheme.

    Raises:
        Failure: a table cannot be read, or is for no binding.
    """
    found: dict[tuple[str, str], CodeTableText] = {}
    for text in given:
        locality, file = _pair("--codes", text, "FILE")
        table, scheme = table_in(Path(file))
        if (locality, scheme) not in bindings:
            raise Failure(
                f"--codes {text}: the table is for {scheme}", f"add --bind {locality}={scheme}"
            )
        found[locality, scheme] = table
    return found


def bind_locality(
    runtime: Runtime, locality: str, scheme: str, files: Mapping[str, Path],
    codes: CodeTableText | None, begin: Begin | None,
) -> None:  # fmt: skip
    """Let the scheme judge the locality, unless it does; both are made if they are not there."""
    try:
        known = {row.id for row in runtime.store.localities()}
        bindings = runtime.locality(locality)[2].bindings if locality in known else {}
        if scheme in bindings:
            _give_codes(runtime, locality, bindings[scheme], codes)
        else:
            _publish_first(runtime, locality, scheme, files.get(scheme), codes, begin)
    except RulesetError as error:
        for problem in error.problems:
            say(str(problem))
        raise Failure(f"the ruleset of {scheme} cannot be used", "see envrules check") from None
    except RuntimeRefusal as error:
        raise Failure(f"--bind {locality}={scheme}: {error}") from None


def _give_codes(
    runtime: Runtime, locality: str, binding: Binding, codes: CodeTableText | None
) -> None:
    """Publish what is in force with another code table, if one is given that differs."""
    known = runtime.library.source(binding.scheme, binding.revision)
    if codes is None or codes == known.codes:
        return
    compiled = runtime.library.add(known.text, known.file, known.overrides, runtime.clock(), codes)
    _publish(runtime, locality, compiled, known.overrides)


def _publish_first(
    runtime: Runtime,
    locality: str,
    scheme: str,
    file: Path | None,
    codes: CodeTableText | None,
    begin: Begin | None,
) -> None:
    schemes = runtime.library.plugins.schemes
    if file is None and scheme not in schemes:
        raise Failure(f"no scheme {scheme!r}", f"there are: {', '.join(schemes)}")
    path = file or schemes[scheme].ruleset
    compiled = runtime.library.add(read_text(path), shown(path), {}, runtime.clock(), codes)
    if locality not in {row.id for row in runtime.store.localities()}:
        source, moment = begin or ("", "")
        until = instant_of(moment, zone_of(compiled.timezone), "--backfill") if moment else None
        runtime.create_locality(locality, locality, compiled.timezone)
        if until is not None:
            # What is published takes the locality's time, and that must be the past by then.
            runtime.wait_decided(locality, runtime.advance(locality, source, until), _PATIENCE)
    _publish(runtime, locality, compiled, {})


def _publish(runtime: Runtime, locality: str, scheme: Scheme, overrides: Overrides) -> None:
    _, seq = runtime.publish(
        locality, scheme.slug, BY, revision=scheme.revision, overrides=overrides,
        reason="bound when the server was started",
    )  # fmt: skip
    runtime.wait_decided(locality, seq, _PATIENCE)  # whoever is told our address finds it in force
