"""`envrules coverage`: is every clause of the documents judged, and proven by cases?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from envrules.clauses import Clause, Coverage, Definition, pages
from envrules.clauses.committed import stale_pages, write_pages
from envrules.clauses.run import run_coverage
from envrules.cli.cases import case_files
from envrules.cli.shell import REFUSED, AsJson, Failure, say, show_json
from envrules.errors import Problem, RulesetError
from envrules.plugin_manager import load_plugins

_USUAL = Path("docs/coverage")


def coverage(
    folder: Annotated[
        Path, typer.Argument(help="Folder of clause lists (*.yaml), where the pages are as well.")
    ] = _USUAL,
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", help="Files or folders of worked cases; tests/cases if left out."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the pages instead of comparing them.")
    ] = False,
    in_json: AsJson = False,
) -> None:
    """Compare clause lists with rulesets and cases: what nothing judges, what no case proves."""
    if not folder.is_dir():
        raise Failure(f"there is no folder {folder}", "name a folder of clause lists")
    try:
        found = run_coverage(folder, case_files(cases), load_plugins())
    except RulesetError as error:
        _tell({}, list(error.problems), in_json)
        raise typer.Exit(REFUSED) from None
    made, problems = pages(found), list(found.problems)
    if write:
        write_pages(folder, made)
    else:
        problems += stale_pages(folder, made)
    _tell(_as_json(found), problems, in_json)
    say(_summary(found))
    if problems:
        raise typer.Exit(REFUSED)


def _tell(data: dict[str, Any], problems: list[Problem], in_json: bool) -> None:
    if in_json:
        show_json({**data, "problems": [problem.to_json() for problem in problems]})
    else:
        for problem in problems:
            print(problem)


def _summary(found: Coverage) -> str:
    clauses = [clause for one in found.lists for part in one.parts for clause in part.clauses]
    judged = sum(clause.judged for clause in clauses)
    failing = sum(scheme.failing for scheme in found.schemes.values())
    noun = "case fails and proves" if failing == 1 else "cases fail and prove"
    return (
        f"{len(clauses)} clauses of {len(found.lists)} documents, {judged} to be judged; "
        f"{len(found.schemes)} of {len(found.slugs())} schemes"
        + (f"\n{failing} {noun} nothing: see envrules test" if failing else "")
    )


def _as_json(found: Coverage) -> dict[str, Any]:
    """Return the coverage as data: each clause of a scheme with what cites it, and its cases."""
    return {"clauses": [
        {
            "scheme": part.scheme, "document": one.document, "part": part.name,
            **_clause(clause),
            "cited_by": [_definition(d) for d in found.citing(one, part, clause)],
        }
        for one in found.lists for part in one.parts for clause in part.clauses
    ]}  # fmt: skip


def _clause(clause: Clause) -> dict[str, Any]:
    return {
        "clause": clause.label, "at": clause.at, "says": clause.says, "judged": clause.judged,
        "not_judgeable": clause.reason, "note": clause.note,
    }  # fmt: skip


def _definition(definition: Definition) -> dict[str, Any]:
    return {
        "id": definition.id, "nature": definition.nature, "location": definition.location,
        "cases": list(definition.cases),
    }  # fmt: skip
