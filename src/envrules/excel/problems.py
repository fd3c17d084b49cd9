"""Problems in workbooks: which cell, what is wrong, and how to put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A cell of a workbook, as its sheet shows it; row and column count from 1."""

    file: str
    sheet: str
    row: int
    column: int

    @property
    def cell(self) -> str:
        """The cell as spreadsheets call it: `部件!I29`."""
        return f"{self.sheet}!{letters(self.column)}{self.row}"

    def __str__(self) -> str:
        """Return file and cell."""
        return f"{self.file}:{self.cell}"


@dataclass(frozen=True, order=True, slots=True)
class CellProblem:
    """A cell that cannot be used."""

    place: Place
    message: str
    fix: str

    def __str__(self) -> str:
        """Return `file:sheet!cell: message` and, indented below, the fix."""
        return f"{self.place}: {self.message}\n  fix: {self.fix}"

    def to_json(self) -> dict[str, str | int]:
        """Return the problem as plain data for programs."""
        place = self.place
        return {
            "file": place.file, "sheet": place.sheet, "row": place.row,
            "column": letters(place.column), "message": self.message, "fix": self.fix,
        }  # fmt: skip


class WorkbookError(Exception):
    """A workbook cannot be used; `problems` says all that is wrong, in order of place."""

    def __init__(self, problems: Iterable[CellProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class NoWorkbook(Exception):
    """A file cannot be opened as a workbook at all; `fix` says what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def letters(column: int) -> str:
    """Return a column as spreadsheets call it: 1 is A, 27 is AA."""
    name = ""
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(ord("A") + digit) + name
    return name
