"""From a folder of clause lists to their coverage: the cases of all schemes they name are run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from envrules.cases import CaseFile, factory_for, load_cases, run_file
from envrules.cases.schemes import ruleset_of
from envrules.clauses.coverage import Coverage, Tested, cover
from envrules.clauses.lists import load_lists
from envrules.errors import Problem, RulesetError
from envrules.plugin_manager import Plugins
from envrules.ruleset.check import read_text
from envrules.ruleset.load import load_ruleset


def run_coverage(folder: Path, case_files: Iterable[Path], plugins: Plugins) -> Coverage:
    """Return the coverage of the clause lists in a folder, by the schemes that they name.

    Raises:
        RulesetError: a list, a ruleset or a file of cases cannot be used.
    """
    lists = load_lists(folder)
    slugs = (part.scheme for one in lists for part in one.parts if part.scheme)
    return cover(lists, _run(slugs, case_files, plugins))


def _run(slugs: Iterable[str], case_files: Iterable[Path], plugins: Plugins) -> dict[str, Tested]:
    """Return the schemes of `slugs` with what became of their cases; one that is not is left out."""
    problems: list[Problem] = []
    files: dict[str, list[CaseFile]] = {slug: [] for slug in slugs}
    for path in case_files:
        try:
            file = load_cases(read_text(path), str(path))
        except RulesetError as error:
            problems += error.problems
        else:
            if file.scheme in files:
                files[file.scheme].append(file)
    found = {}
    for slug, own in files.items():
        if own or slug in plugins.schemes:
            try:
                found[slug] = _tested(own or [CaseFile("", slug, "", ())], plugins)
            except RulesetError as error:
                problems += error.problems
    if problems:
        raise RulesetError(problems)
    return found


def _tested(files: list[CaseFile], plugins: Plugins) -> Tested:
    """Run the files of one scheme, which share its ruleset."""
    path = ruleset_of(files[0], plugins)
    loaded = load_ruleset(read_text(path), str(path))
    scheme = factory_for(files[0], plugins)({})
    results = (run_file(file, factory_for(file, plugins)).results for file in files)
    return Tested(loaded, scheme, tuple(result for some in results for result in some))
