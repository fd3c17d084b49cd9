"""`envrules mutate`: would the worked cases notice a ruleset that is wrong by one thing?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from envrules.cases import CaseFile, load_cases
from envrules.cases.mutation import MutationResult, as_json, lines, run_mutants, score
from envrules.cases.schemes import ruleset_of
from envrules.cli.cases import case_files
from envrules.cli.shell import REFUSED, AsJson, Failure, say, show, show_json
from envrules.errors import RulesetError
from envrules.plugin_manager import Plugins, load_plugins
from envrules.report.tables import table
from envrules.ruleset.check import read_text


def mutate(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Schemes, or files of worked cases, or folders of them; tests/cases if left out."
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, help="Only so many changes of each ruleset; 0: all of them.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    least: Annotated[
        int, typer.Option(min=0, max=100, help="Percent of the mutants that cases must kill.")
    ] = 98,
    everything: Annotated[
        bool, typer.Option("--all", help="List also what was killed, refused or is equivalent.")
    ] = False,
    in_json: AsJson = False,
) -> None:
    """Delete each rule, move each threshold: some case must fail, or the change make no difference."""
    try:
        results = list(_results(what or [], sample, seed))
    except RulesetError as error:
        for problem in error.problems:
            print(problem)
        raise typer.Exit(REFUSED) from None
    if in_json:
        show_json({"schemes": [as_json(result) for result in results]})
    else:
        for result in results:
            for line in lines(result, everything=everything):
                print(line)
        show(_table(results))
    percent = score(results)
    undone = any(result.problems or result.survivors() for result in results)
    # One equivalent mutant in a small sample says nothing about the whole.
    if undone or percent is None or (not sample and percent < least):
        raise typer.Exit(REFUSED)


def _results(what: Iterable[str], sample: int, seed: int) -> Iterator[MutationResult]:
    plugins = load_plugins()
    for files in _by_ruleset(_wanted(what), plugins):
        result = run_mutants(files, plugins, sample, seed)
        say(f"{result.scheme}: {len(result.outcomes)} mutants")
        yield result


def _wanted(what: Iterable[str]) -> list[CaseFile]:
    """Return the files of cases that are meant, by path or by scheme."""
    paths = [Path(one) for one in what if Path(one).exists()]
    schemes = [one for one in what if not Path(one).exists()]
    files = [_loaded(path) for path in case_files(paths)] if paths or not schemes else []
    if schemes:
        usual = [_loaded(path) for path in case_files(None)]
        for scheme in schemes:
            own = [file for file in usual if file.scheme == scheme]
            if not own:
                raise Failure(f"there are no cases of the scheme {scheme}", "name their file")
            files += own
    return files


def _loaded(path: Path) -> CaseFile:
    return load_cases(read_text(path), str(path))


def _by_ruleset(files: Iterable[CaseFile], plugins: Plugins) -> list[list[CaseFile]]:
    """Return the files in groups: a ruleset's cases may be spread over several."""
    groups: dict[Path, list[CaseFile]] = {}
    for file in files:
        groups.setdefault(ruleset_of(file, plugins).resolve(), []).append(file)
    return list(groups.values())


def _table(results: Iterable[MutationResult]) -> Table:
    shown = table()
    shown.add_column("scheme")
    for name in ("mutants", "refused", "killed", "equivalent", "survived", "score"):
        shown.add_column(name, justify="right")
    every = list(results)
    for result in every:
        shown.add_row(result.scheme, *_figures([result]))
    if len(every) > 1:
        shown.add_row("all", *_figures(every))
    return shown


def _figures(results: list[MutationResult]) -> list[str]:
    def counted(*fates: str) -> int:
        return sum(outcome.fate in fates for result in results for outcome in result.outcomes)

    percent = score(results)
    fates = ("refused", "killed", "equivalent", "survived")
    return [
        str(counted(*fates)), *(str(counted(fate)) for fate in fates),
        "-" if percent is None else f"{percent}%",
    ]  # fmt: skip
