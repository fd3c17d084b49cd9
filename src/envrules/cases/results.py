"""What running worked cases gives, and what it takes to run them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from envrules.cases.compare import Failure
from envrules.cases.model import Case, CaseFile, Overrides
from envrules.model.decisions import Decision
from envrules.model.entries import Entry
from envrules.ruleset.compile import Scheme


class SchemeFactory(Protocol):
    """From a locality's overrides and code table (its path) to the compiled scheme."""

    def __call__(self, overrides: Overrides, /, codes: str = "") -> Scheme:
        """Return the scheme; raises RulesetError if they do not fit."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case."""

    case: Case
    failures: tuple[Failure, ...]
    log: tuple[Entry, ...]
    """What the case amounts to: replaying it decides the same."""
    emitted: tuple[Decision, ...]
    """Everything decided, in order."""
    touched: frozenset[str]
    """What of the ruleset the compared decisions rest on; see `coverage`."""

    @property
    def passed(self) -> bool:
        """Whether everything expected holds, and nothing else."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file of cases."""

    file: CaseFile
    results: tuple[CaseResult, ...]
    untested: tuple[str, ...]
    """`id (file:line)` of everything in the ruleset that no case touches."""
    problems: tuple[Failure, ...] = ()
    """Why the cases could not be run at all."""

    @property
    def passed(self) -> bool:
        """Whether every case passed and every rule has one."""
        return not self.problems and not self.untested and all(r.passed for r in self.results)
