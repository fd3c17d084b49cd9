"""`envrules localities`, `publish`, `skip`: what an operator does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.code_files import table_in
from envrules.cli.server import DEFAULT_ADDRESS, AsName, ServerAddress, connected
from envrules.cli.shell import USAGE, AsJson, Failure, LocalityArg, say, show, show_json, zone_of
from envrules.cli.standings import SchemeArg
from envrules.errors import RulesetError
from envrules.report import as_plain
from envrules.report.tables import joined, local, table
from envrules.ruleset.check import read_text
from envrules.ruleset.codes import CodeTableText
from envrules.v1 import locality_service_pb2 as pb
from envrules.v1.ruleset_service_pb2 import PublishRulesetResponse

Overrides = dict[str, dict[str, str]]


def localities(
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """List the localities, how far they are judged, and what holds them up."""
    with connected(server, principal) as client:
        found = list(client.list_localities())
    if as_json:
        show_json([as_plain(one, zone_of(one.timezone)) for one in found])
        return
    made = table()
    for name in ("locality", "title", "schemes", "time"):
        made.add_column(name, overflow="fold")
    for name in ("entries", "lag", "decisions"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("held by", overflow="fold", ratio=1)
    for one in found:
        zone = zone_of(one.timezone)
        made.add_row(
            one.locality, one.title,
            "\n".join(f"{b.scheme} {b.revision[:8]}" for b in one.schemes),
            local(one.now, zone) if one.HasField("now") else "",
            str(one.head_seq), str(one.head_seq - one.projected_seq), str(one.decision_seq),
            _holds(one),
        )  # fmt: skip
    show(made)


def _holds(one: pb.Locality) -> str:
    zone = zone_of(one.timezone)
    held = [
        f"{s.source} {local(s.until, zone)}{' silent' if s.silent else ''}" for s in one.sources
    ]
    if one.HasField("stall"):
        held.append(f"STALLED at #{one.stall.seq}: {one.stall.reason}")
    return "\n".join(held)


def publish(
    locality: LocalityArg,
    scheme: SchemeArg,
    file: Annotated[
        Path | None, typer.Argument(help="Ruleset file; the one shipped when left out.")
    ] = None,
    revision: Annotated[
        str, typer.Option(help="Go back to a revision that the server knows.")
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PARAMETER=VALUE[@DATE]",
            help="The locality's own value, from a date on; may be repeated.",
        ),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(help="Drop the locality's own values of a parameter.")
    ] = None,
    codes: Annotated[
        Path | None, typer.Option(help="Table of the host's codes, see envrules codes.")
    ] = None,
    without_codes: Annotated[
        bool, typer.Option(help="Drop the table of the host's codes.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    retroactive: Annotated[
        bool, typer.Option(help="Values dated before today may change; needs --reason.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would change, and change nothing.")
    ] = False,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Put a ruleset into force: it judges open periods at once, closed ones never.

    The locality's own values stay as they are unless --set or --unset changes them, and so does
    the table of its host's codes.
    """
    if codes is not None and without_codes:
        raise Failure("give --codes or --without-codes, not both", code=USAGE)
    if file is not None and revision:
        raise Failure("give a file or --revision, not both", code=USAGE)
    text = read_ruleset(file) if file is not None else ""
    table = table_in(codes)[0] if codes is not None else CodeTableText("", "")
    with connected(server, principal) as client:
        bound = {b.scheme: b for b in client.locality(locality).schemes}
        overrides = _overrides(bound.get(scheme), set_ or [], unset or [])
        response = client.publish(
            locality, scheme, text=text, revision=revision or "latest", overrides=overrides,
            reason=reason, retroactive=retroactive, validate_only=dry_run,
            codes=table.text if codes is not None or without_codes else None,
            codes_file=table.file,
        )  # fmt: skip
    show_published(locality, response, dry_run=dry_run, as_json=as_json)


def show_published(
    locality: str, response: PublishRulesetResponse, *, dry_run: bool, as_json: bool
) -> None:
    """Print what a publication changes, and by what the locality is judged now."""
    if as_json:
        show_json(as_plain(response))
        return
    for change in response.changes:
        print(joined(change.words or change.path))
    verb = "would be" if dry_run else "is now"
    published = response.published
    say(f"{locality} {verb} judged by {published.scheme} {published.revision}")


def read_ruleset(file: Path) -> str:
    """Return the text of a ruleset file."""
    try:
        return read_text(file)
    except RulesetError as error:
        raise Failure(error.problems[0].message, error.problems[0].fix) from None


def _overrides(bound: pb.SchemeBinding | None, given: list[str], gone: list[str]) -> Overrides:
    """Return the locality's own values: those it has, with what is set and dropped."""
    overrides: Overrides = {}
    for own in bound.overrides if bound is not None else ():
        overrides[own.parameter] = {value.since: value.value for value in own.values}
    for name in gone:
        if overrides.pop(name, None) is None:
            raise Failure(f"--unset {name}: the locality has no value of its own")
    return set_values(overrides, given)


def set_values(overrides: Overrides, given: list[str]) -> Overrides:
    """Return the values with those of `--set` among them."""
    for text in given:
        name, sign, rest = text.partition("=")
        value, _, day = rest.partition("@")
        if not (name and sign and value):
            raise Failure(f"--set {text}: write PARAMETER=VALUE[@DATE]", code=USAGE)
        overrides.setdefault(name, {})[day or "always"] = value
    return overrides


def skip(
    locality: LocalityArg,
    seq: Annotated[int, typer.Argument(help="Log entry at which it is stalled.", metavar="SEQ")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Let a stalled locality go on without one log entry; recorded with who and why."""
    with connected(server, principal) as client:
        act = client.skip(locality, seq, reason)
    if as_json:
        show_json({"locality": locality, "skipped": seq, "seq": act})
    else:
        say(f"{locality}: entry {seq} is passed over, by log entry {act}")
