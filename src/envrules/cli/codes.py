"""`envrules codes`: the codes of a host platform, and what they mean to a scheme."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.code_files import table_in
from envrules.cli.operate import show_published
from envrules.cli.server import DEFAULT_ADDRESS, AsName, ServerAddress, connected
from envrules.cli.shell import AsJson, Failure, LocalityArg, say, show, show_json
from envrules.cli.standings import SchemeArg
from envrules.report import as_plain, draft_entries, unknown_table

app = typer.Typer(
    no_args_is_help=True, help="Map the codes of a host platform to a scheme's categories."
)


@app.command("unknown", epilog="Example:  envrules codes unknown my_town")
def unknown(
    locality: LocalityArg,
    scheme: Annotated[str, typer.Option(help="Only what this scheme cannot read.")] = "",
    draft: Annotated[
        bool, typer.Option(help="Print entries of a code table, to be filled in.")
    ] = False,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """List the codes that keep findings parked, because nobody has mapped them."""
    with connected(server, principal) as client:
        zone = client.zone(locality)
        found = sorted(client.unknown_codes(locality, scheme), key=lambda code: -code.count)
    if as_json:
        show_json([as_plain(code, zone) for code in found])
    elif draft:
        for line in draft_entries(found):
            print(line)
    elif found:
        show(unknown_table(found, zone))
        say("map them in a code table, then: envrules codes publish LOCALITY FILE")
    else:
        say(f"{locality}: every code is known")


@app.command("show", epilog="Example:  envrules codes show my_town SCHEME > my_town.codes.yaml")
def show_table(
    locality: LocalityArg,
    scheme: SchemeArg,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
) -> None:
    """Print the code table in force."""
    with connected(server, principal) as client:
        table = client.code_table(locality, scheme)
    if table is None:
        raise Failure(f"{locality} has no code table for {scheme}", "see envrules codes publish")
    print(table.text.rstrip("\n"))


@app.command("publish", epilog="Example:  envrules codes publish my_town my_town.codes.yaml")
def publish(
    locality: LocalityArg,
    file: Annotated[Path, typer.Argument(help="The code table.", metavar="FILE")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    retroactive: Annotated[
        bool,
        typer.Option(help="Codes that meant something may mean something else; needs --reason."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would change, and change nothing.")
    ] = False,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Put a code table into force in place of the one before, and nothing else.

    What was parked for want of a code is judged at once, but for closed periods.
    """
    table, scheme = table_in(file)
    with connected(server, principal) as client:
        bound = {b.scheme: b.revision for b in client.locality(locality).schemes}
        if scheme not in bound:
            fix = f"envrules publish {locality} {scheme} --codes {file}"
            raise Failure(f"{locality} is not judged by {scheme}", fix)
        response = client.publish(
            locality, scheme, revision=bound[scheme], expected_revision=bound[scheme],
            codes=table.text, codes_file=table.file, reason=reason, retroactive=retroactive,
            validate_only=dry_run,
        )  # fmt: skip
    show_published(locality, response, dry_run=dry_run, as_json=as_json)
