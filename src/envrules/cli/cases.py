"""`envrules test`: does the engine decide as the worked cases say?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from envrules.cases import FileResult, as_json, as_text, factory_for, load_cases, run_file
from envrules.cli.shell import REFUSED, AsJson, Failure, show_json
from envrules.errors import Problem, RulesetError
from envrules.plugin_manager import load_plugins
from envrules.ruleset.check import SUFFIXES, read_text

USUAL = (Path("tests/cases"), Path("cases"))
"""Where worked cases lie, seen from where a command runs."""


def run_cases(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of worked cases, or folders of them; tests/cases if left out."),
    ] = None,
    in_json: AsJson = False,
) -> None:
    """Run worked cases: every expectation must be met, every decision expected."""
    plugins = load_plugins()
    problems: list[Problem] = []
    results: list[FileResult] = []
    for file in case_files(paths):
        try:
            cases = load_cases(read_text(file), str(file))
            results.append(run_file(cases, factory_for(cases, plugins)))
        except RulesetError as error:
            problems += error.problems
    if in_json:
        show_json({
            "files": [as_json(result) for result in results],
            "problems": [problem.to_json() for problem in problems],
        })  # fmt: skip
    else:
        for problem in problems:
            print(problem)
        for result in results:
            print(as_text(result))
    if problems or not all(result.passed for result in results):
        raise typer.Exit(REFUSED)


def case_files(paths: Iterable[Path] | None) -> list[Path]:
    """Return the files of worked cases in `paths`, or else in the usual folder.

    Raises:
        Failure: there are none, which never counts as a success.
    """
    given = list(paths or ()) or [path for path in USUAL if path.is_dir()][:1]
    if not given:
        raise Failure("there is no folder tests/cases here", "name a file of worked cases")
    files = [file for path in given for file in _files_in(path)]
    if not files:
        raise Failure(f"no worked cases in {given[0]}", "name a folder with *.yaml")
    return files


def _files_in(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    else:
        yield path
