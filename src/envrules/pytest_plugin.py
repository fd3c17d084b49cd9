"""The pytest plugin: collects worked cases, `*.yaml` in a folder named `cases`.

Each case is a test, and one more test asks that every rule of the scheme has a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # pytest loads this module wherever envrules is installed: keep that quick
    from envrules.cases import CaseFile, CaseResult, FileResult

_OURS = re.compile(r"^scheme:.*^cases:|^cases:.*^scheme:", re.MULTILINE | re.DOTALL)
_BLANK = re.compile(r"(\s*(#.*)?(\n|$))*")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file of worked cases; one that is still empty is collected too, and fails."""
    if file_path.suffix not in (".yaml", ".yml") or file_path.parent.name != "cases":
        return None
    text = file_path.read_text(encoding="utf-8", errors="replace")
    if _OURS.search(text) or _BLANK.fullmatch(text):
        return CasesFile.from_parent(parent, path=file_path)
    return None


class CasesFile(pytest.File):
    """A file of worked cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each case, and the one about rules without a case."""
        from envrules.errors import RulesetError

        try:
            cases = self.cases
        except RulesetError as error:
            raise self.CollectError(str(error)) from None
        names: dict[str, int] = {}
        for number, case in enumerate(cases.cases):
            names[case.name] = names.get(case.name, 0) + 1
            name = case.name if names[case.name] == 1 else f"{case.name} ({names[case.name]})"
            yield CaseItem.from_parent(self, name=name, number=number)
        yield CoverageItem.from_parent(self, name="every rule has a case")

    @cached_property
    def cases(self) -> CaseFile:
        """The file, read."""
        from envrules.cases import load_cases
        from envrules.ruleset.check import read_text

        try:
            shown = self.path.relative_to(self.config.rootpath)
        except ValueError:
            shown = self.path
        return load_cases(read_text(self.path), str(shown))

    @cached_property
    def result(self) -> FileResult:
        """The file, run: once, whichever of its tests comes first."""
        from envrules.cases import factory_for, run_file
        from envrules.plugin_manager import load_plugins

        return run_file(self.cases, factory_for(self.cases, load_plugins()))


class CaseFailed(Exception):
    """A case or the coverage of a file has failed; the message is for people."""


class _Item(pytest.Item):
    parent: CasesFile

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **options: Any
    ) -> Any:
        """Return what a person reads: no traceback for what a case says itself."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **options)


class CaseItem(_Item):
    """One case."""

    def __init__(self, *, number: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.number = number

    def runtest(self) -> None:
        """Fail with everything that is not as expected."""
        from envrules.cases.report import failures_as_text

        if self.parent.result.problems:
            raise CaseFailed("\n".join(p.message for p in self.parent.result.problems))
        result: CaseResult = self.parent.result.results[self.number]
        if not result.passed:
            raise CaseFailed(failures_as_text(result))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the case is written."""
        line = self.parent.cases.cases[self.number].location.rpartition(":")[2]
        return self.path, int(line) - 1, self.name


class CoverageItem(_Item):
    """Whether every rule, band, row, rung, parameter and consequence has a case."""

    def runtest(self) -> None:
        """Fail with the list of what no case touches."""
        from envrules.cases.report import untested_as_text

        if self.parent.result.untested:
            raise CaseFailed(untested_as_text(self.parent.result))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the file."""
        return self.path, None, self.name
