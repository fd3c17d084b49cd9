"""Workbooks and CSV files as plain sheets of values. The one module that reads them from disk."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any

from envrules.excel.package import MAX_CELLS, check_package
from envrules.excel.problems import NoWorkbook, Place
from envrules.ruleset.characters import INVISIBLE

NEEDS_EXTRA = "pip install 'envrules[reports]'"
MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that holds a formula, or the mark of one that failed: never a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Percent:
    """A number that the sheet shows as percent: 0.05 where it reads 5%."""

    value: float

    def __str__(self) -> str:
        """Return it as the sheet shows it."""
        return f"{self.value * 100:.10g}%"


Value = str | bool | int | float | datetime | date | time | Formula | Percent | None


@dataclass(frozen=True)
class Sheet:
    """One sheet: its values by row and column, from 1, and what is merged."""

    file: str
    name: str
    rows: int
    columns: int
    values: Mapping[tuple[int, int], Value]
    merged: Mapping[tuple[int, int], tuple[int, int]]
    """Cell → the cell that holds the value of its merged block."""

    def at(self, row: int, column: int) -> Value:
        """Return the value of a cell as it is stored: only a merged block's first cell has one."""
        return self.values.get((row, column))

    def place(self, row: int, column: int) -> Place:
        """Return where a cell is, for messages."""
        return Place(self.file, self.name, row, column)

    def is_blank(self, row: int) -> bool:
        """Return whether no cell of a row holds anything, merged blocks from above aside."""
        return all(tidy(self.at(row, column)) == "" for column in range(1, self.columns + 1))


def read_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of an .xlsx workbook, or a .csv file as the only sheet.

    Raises:
        NoWorkbook: the file cannot be read as what its name says.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NoWorkbook(f"{path}: {error.strerror or error}", "check the name") from None
    if len(raw) > MAX_BYTES:
        raise NoWorkbook(f"{path}: more than {MAX_BYTES} bytes", "keep only the sheets that matter")
    match path.suffix.lower():
        case ".csv":
            return [_csv(path, raw)]
        case ".xlsx":
            return _workbook(path, raw)
    raise NoWorkbook(
        f"{path}: neither .xlsx nor .csv", "save it as 'Excel 工作簿 (.xlsx)' or 'CSV UTF-8'"
    )


def tidy(value: Value) -> str:
    """Return what a cell says as text on one line: no stray blanks, breaks or invisible signs.

    Chinese is written without blanks: a break inside a cell is dropped where it parts Chinese
    words, and is a blank otherwise. A formula says nothing.
    """
    match value:
        case None | Formula():
            return ""
        case bool():
            return "是" if value else "否"
        case str():
            lines = [INVISIBLE.sub("", line) for line in value.splitlines()]
            return _joined([" ".join(line.split()) for line in lines])
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case Percent():
            return str(value)
    return value.isoformat()


def _joined(lines: list[str]) -> str:
    text = ""
    for line in filter(None, lines):
        between = " " if text and text[-1].isascii() and line[0].isascii() else ""
        text += between + line
    return text


def _csv(path: Path, raw: bytes) -> Sheet:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoWorkbook(
            f"{path}: not UTF-8 text", "save it as 'CSV UTF-8'; GBK is not read"
        ) from None
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            rows.append(row)
            cells += len(row) + 1
            if cells > MAX_CELLS:
                raise _too_many(path.name)
    except csv.Error as error:
        raise NoWorkbook(f"{path}: not CSV: {error}", "save it as 'CSV UTF-8' again") from None
    values: dict[tuple[int, int], Value] = {
        (r, c): cell for r, row in enumerate(rows, 1) for c, cell in enumerate(row, 1) if cell
    }
    return Sheet(path.name, path.stem, len(rows), max(map(len, rows), default=0), values, {})


def _workbook(path: Path, raw: bytes) -> list[Sheet]:
    openpyxl = extra()
    try:
        check_package(raw)
        with warnings.catch_warnings(action="ignore"):  # of what the library does not support
            # data_only=False: a formula stays one, and the value stored beside it is not taken.
            book = openpyxl.load_workbook(io.BytesIO(raw), data_only=False)
    # A damaged or hostile file can make the library stumble anywhere, with any error.
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise NoWorkbook(
            f"{path}: not an .xlsx workbook: {said}",
            "open it in Excel or WPS and save it as .xlsx",
        ) from None
    return [_sheet(path.name, sheet) for sheet in book.worksheets]


def extra() -> Any:
    """Return openpyxl; raises NoWorkbook that says how to install it."""
    try:
        return import_module("openpyxl")
    except ImportError:
        raise NoWorkbook("workbooks need the extra `reports`", NEEDS_EXTRA) from None


def _sheet(file: str, sheet: Any) -> Sheet:
    if sheet.max_row * sheet.max_column > MAX_CELLS:
        raise _too_many(f"{file}: sheet {sheet.title}")
    values = {
        (cell.row, cell.column): _value(cell)
        for row in sheet.iter_rows() for cell in row if cell.value is not None
    }  # fmt: skip
    merged = {
        (row, column): (block.min_row, block.min_col)
        for block in sheet.merged_cells.ranges
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
    return Sheet(file, sheet.title, sheet.max_row, sheet.max_column, values, merged)


def _too_many(what: str) -> NoWorkbook:
    return NoWorkbook(
        f"{what} spreads over more than {MAX_CELLS} cells",
        "delete the empty rows and columns behind the table",
    )


def _value(cell: Any) -> Value:
    value = cell.value
    if cell.data_type in ("f", "e"):
        return Formula(str(getattr(value, "text", value)))
    if "%" in cell.number_format and isinstance(value, int | float) and not isinstance(value, bool):
        return Percent(value)
    if isinstance(value, str | bool | int | float | datetime | date | time):
        return value
    return str(value)  # a length of time: shown as Excel's own
