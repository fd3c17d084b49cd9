"""`envrules tables`: parameters and deduction tables go out to Excel and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import REFUSED, AsJson, Failure, say, show_json
from envrules.errors import RulesetError, errors_in
from envrules.excel.problems import NoWorkbook, WorkbookError
from envrules.excel.sheets import read_sheets
from envrules.excel.tables_in import changed_text
from envrules.excel.tables_out import tables_workbook
from envrules.ruleset.check import check_text, read_text
from envrules.ruleset.diff import Change, diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset

app = typer.Typer(
    no_args_is_help=True, help="Parameters and deduction tables in Excel: out, and back in."
)


@app.command("export", epilog="Example:  envrules tables export my_town.yaml --out my_town.xlsx")
def export_tables(
    ruleset: Annotated[Path, typer.Argument(help="Ruleset file.", metavar="RULESET.yaml")],
    out: Annotated[Path, typer.Option(help="Workbook to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write the parameters and deduction tables of a ruleset as a workbook.

    White cells may be changed, grey ones are for reading.
    """
    if out.exists() and not force:
        raise Failure(f"{out} exists", "choose another --out, or give --force")
    loaded = _loaded(ruleset)
    try:
        content = tables_workbook(loaded.spec)
    except NoWorkbook as error:
        raise Failure(str(error), error.fix) from None
    out.write_bytes(content)
    tables = sum(len(table.values) for table in loaded.spec.tables.values())
    say(f"{out}: {len(loaded.spec.parameters)} parameters, {tables} deduction tables")


@app.command(
    "import", epilog="Example:  envrules tables import my_town.xlsx --into my_town.yaml --dry-run"
)
def import_tables(
    workbook: Annotated[Path, typer.Argument(help="Workbook.", metavar="FILE.xlsx")],
    into: Annotated[Path, typer.Option(help="Ruleset file that it came from.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the values that were changed in a workbook into the ruleset.

    Everything else in the file stays as it is, comments and all. A cell that cannot be read, or
    a ruleset that would not pass `check`, and nothing is written.
    """
    loaded = _loaded(into)
    try:
        text = changed_text(loaded, read_sheets(workbook))
    except NoWorkbook as error:
        raise Failure(str(error), error.fix) from None
    except WorkbookError as error:
        if as_json:
            show_json({"changes": [], "problems": [p.to_json() for p in error.problems]})
        else:
            for problem in error.problems:
                print(problem)
        raise Failure(f"{workbook}: nothing is written", "correct the cells above") from None
    problems = errors_in(check_text(text, str(into)))
    if problems:
        for bad in problems:
            print(bad)
        raise Failure(
            f"{workbook}: the ruleset would not pass check, and nothing is written",
            "the lines are those that the values would have come to",
        )
    changes = diff_rulesets(loaded, load_ruleset(text, str(into)))
    if text != loaded.text and not dry_run:
        # Bytes, so that line ends stay what they are.
        into.write_bytes(text.encode("utf-8"))
    _tell(changes, changed=text != loaded.text, written=not dry_run, into=into, as_json=as_json)


def _tell(
    changes: list[Change], *, changed: bool, written: bool, into: Path, as_json: bool
) -> None:
    if as_json:
        show_json({
            "changes": [
                {"path": c.path, "title": c.title, "before": c.before, "after": c.after,
                 "since": c.since, "until": c.until}
                for c in changes
            ],
            "problems": [],
        })  # fmt: skip
        return
    for change in changes:
        print(change)
    if not changed:
        say(f"{into}: nothing was changed")
    else:
        say(f"{into}: {'written' if written else 'would be written'}")


def _loaded(file: Path) -> LoadedRuleset:
    try:
        return load_ruleset(read_text(file), str(file))
    except RulesetError as error:
        for problem in error.problems:
            print(problem)
        raise typer.Exit(REFUSED) from None
