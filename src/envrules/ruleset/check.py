"""Checks whether rulesets make sense: what an author runs before anything else does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError
from envrules.ruleset.characters import MAX_BYTES, decode
from envrules.ruleset.check_codes import check_codes
from envrules.ruleset.check_duties import check_duties
from envrules.ruleset.check_figures import check_figures
from envrules.ruleset.check_issues import check_issues
from envrules.ruleset.check_joins import check_joins
from envrules.ruleset.check_origins import check_origins
from envrules.ruleset.check_periods import check_periods
from envrules.ruleset.check_references import check_references
from envrules.ruleset.check_rules import check_rules
from envrules.ruleset.check_scores import check_scores
from envrules.ruleset.check_slips import check_slips
from envrules.ruleset.check_values import check_values
from envrules.ruleset.codes import CodeTableText, is_code_table, load_codes
from envrules.ruleset.load import LoadedRuleset, load_ruleset

SUFFIXES = (".yaml", ".yml")


def check_ruleset(loaded: LoadedRuleset) -> list[Problem]:
    """Return the problems of a ruleset whose shape is right, warnings included, by place."""
    found = chain(
        _name(loaded),
        check_references(loaded),
        check_values(loaded),
        check_issues(loaded),
        check_scores(loaded),
        check_origins(loaded),
        check_figures(loaded),
        check_slips(loaded),
        check_duties(loaded),
        check_rules(loaded),
        check_joins(loaded),
        check_periods(loaded),
    )
    return sorted(set(islice(found, MAX_PROBLEMS)))


def check_text(text: str, file: str) -> list[Problem]:
    """Return the problems of a ruleset's text; `file` is its name in them. Never raises."""
    try:
        return check_ruleset(load_ruleset(text, file))
    except RulesetError as error:
        return list(error.problems)


def read_text(path: Path) -> str:
    """Return the text of a ruleset file; raises RulesetError if it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(
            str(path), 1, 1, "ER901", f"the file cannot be read: {error.strerror or error}",
            "check that it exists, is a file and may be read",
        )  # fmt: skip
        raise RulesetError([problem]) from None
    return decode(raw, str(path))


def check_file(path: Path) -> list[Problem]:
    """Return the problems of a ruleset file. Never raises."""
    try:
        return check_text(read_text(path), str(path))
    except RulesetError as error:
        return list(error.problems)


def check_files(
    paths: Iterable[Path], installed: Callable[[str], Path | None] = lambda _scheme: None
) -> list[Problem]:
    """Return the problems of ruleset files and code tables, and of all directly in folders given.

    A code table is held against its scheme's ruleset: one of the files, or what `installed`
    finds for the scheme.
    """
    problems: list[Problem] = []
    named: defaultdict[str, list[Path]] = defaultdict(list)
    tables: list[Path] = []
    for path in paths:
        files = sorted(_rulesets_in(path)) if path.is_dir() else [path]
        if not files:
            problems.append(Problem(
                str(path), 1, 1, "ER903", "the folder holds no ruleset", "name a folder with *.yaml"
            ))  # fmt: skip
        for file in files:
            if holds_codes(file):
                tables.append(file)
            elif file not in named[file.stem]:
                named[file.stem].append(file)
    for table in tables:
        problems += _check_table(
            table, lambda scheme: named[scheme][0] if scheme in named else installed(scheme)
        )
    for name, files in named.items():
        for file in files:
            problems += check_file(file)
        for other in files[1:]:
            problems.append(Problem(
                str(other), 1, 1, "ER904", f"{files[0]} is the ruleset {name} already",
                "keep one of the two files",
            ))  # fmt: skip
    return sorted(set(problems))


def ruleset_files(folder: Path) -> dict[str, Path]:
    """Return the files directly in a folder by the scheme that each is named after, unread.

    What begins with a dot is an editor's own; code tables are left out.
    """
    found: dict[str, Path] = {}
    for path in sorted(_rulesets_in(folder)):
        if not path.name.startswith(".") and not holds_codes(path):
            found.setdefault(path.stem, path)
    return found


def _rulesets_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix in SUFFIXES)


def holds_codes(file: Path) -> bool:
    """Return whether a file is a code table and no ruleset; one that cannot be read is neither."""
    try:
        return is_code_table(read_text(file))
    except RulesetError:
        return False


def _check_table(table: Path, ruleset_of: Callable[[str], Path | None]) -> list[Problem]:
    """Return the problems of a code table's file."""
    try:
        loaded = load_codes(CodeTableText(str(table), read_text(table)))
        ruleset = ruleset_of(loaded.spec.scheme)
        if ruleset is None:
            return [loaded.problem(
                "ER701", ("scheme",), f"there is no ruleset {loaded.spec.scheme} to check it by",
                f"check it together with {loaded.spec.scheme}.yaml, or correct the name",
            )]  # fmt: skip
        return check_codes(loaded, load_ruleset(read_text(ruleset), str(ruleset)).spec)
    except RulesetError as error:
        return list(error.problems)


def _name(loaded: LoadedRuleset) -> Iterator[Problem]:
    """A file's name is the scheme's slug; text that is in no YAML file has no name to compare."""
    file, name = Path(loaded.file), loaded.spec.ruleset
    if file.suffix in SUFFIXES and file.stem != name:
        yield loaded.problem(
            "ER902", ("ruleset",), f"the ruleset is called {name} but its file {file.name}",
            f"rename the file to {name}.yaml, or the ruleset to {file.stem}",
        )  # fmt: skip
