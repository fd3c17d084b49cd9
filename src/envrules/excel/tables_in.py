"""What a workbook of parameters and deduction tables changes in the ruleset that it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from envrules.excel.cell_values import BadCell, number, parameter_value, plain_text
from envrules.excel.layout import (
    COLUMNS,
    FIRST_ROW,
    FIXED,
    NAME,
    SINCE_EVER,
    TABLE,
    TABLE_HEADINGS_ROW,
    UNIT_TITLES,
    Column,
    basis,
    shown,
)
from envrules.excel.problems import CellProblem, Place, WorkbookError
from envrules.excel.sheets import Sheet, Value, tidy
from envrules.kinds.score_specs import RowSpec
from envrules.model.values import ALWAYS
from envrules.ruleset.check_values import is_date
from envrules.ruleset.edit import CannotEdit, Simple, edited
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import ParameterSpec, RulesetSpec
from envrules.ruleset.source import Path

_BY_HAND = "change it in the ruleset file"


def changed_text(loaded: LoadedRuleset, sheets: Iterable[Sheet]) -> str:
    """Return the ruleset's text with the values that a workbook changes.

    Raises:
        WorkbookError: cells that cannot be read, or that say what only the file itself can.
    """
    reader = _Reader(loaded.spec)
    for sheet in sheets:
        reader.sheet(sheet)
    reader.complete()
    if reader.problems:
        raise WorkbookError(reader.problems)
    try:
        return edited(loaded.text, {path: value for path, (value, _) in reader.changes.items()})
    except CannotEdit as error:
        place = reader.changes[error.path][1]
        raise WorkbookError(
            [CellProblem(place, "the file writes this value over several lines", _BY_HAND)]
        ) from None


@dataclass(slots=True)
class _Reader:
    """Compares sheets with the ruleset, cell by cell."""

    spec: RulesetSpec
    changes: dict[Path, tuple[Simple, Place]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    seen: dict[Path, Place] = field(default_factory=dict)
    """Parameters, and tables by date, that the workbook has."""
    last: Place | None = None

    def sheet(self, sheet: Sheet) -> None:
        """Compare one sheet, whichever of the two kinds it is."""
        self.last = sheet.place(1, 1)
        first = tidy(sheet.at(1, 1))
        if first == NAME:
            self._parameters(sheet)
        elif first == TABLE:
            self._table(sheet)
        elif any(not sheet.is_blank(row) for row in range(1, sheet.rows + 1)):
            self._bad(
                sheet.place(1, 1), "the sheet is neither the parameters nor a deduction table",
                f"take it out, or put {NAME} or {TABLE} back into A1",
            )  # fmt: skip

    def complete(self) -> None:
        """Report what the ruleset has and the workbook has not: leaving out is no deletion."""
        wanted: list[Path] = [("parameters", name) for name in self.spec.parameters]
        wanted += [("tables", n, day) for n, t in self.spec.tables.items() for day in t.values]
        for path in wanted:
            if path not in self.seen and self.last is not None:
                self._bad(
                    self.last, f"{'.'.join(map(str, path))} is missing from the workbook",
                    "export again and change that, or remove it in the ruleset file itself",
                )  # fmt: skip

    # ── parameters ──

    def _parameters(self, sheet: Sheet) -> None:
        if tuple(tidy(sheet.at(1, c)) for c in range(1, len(FIXED) + 1)) != FIXED:
            self._bad(
                sheet.place(1, 1), "the headings were changed", f"{'、'.join(FIXED)} come first"
            )
            return
        days = dict(self._days(sheet))
        for row in range(2, sheet.rows + 1):
            if sheet.is_blank(row):
                continue
            name = tidy(sheet.at(row, 1))
            item = self.spec.parameters.get(name)
            if item is None:
                self._bad(sheet.place(row, 1), f"there is no parameter “{name}”", _BY_HAND)
            elif self._once(("parameters", name), sheet.place(row, 1)):
                self._parameter(sheet, row, name, item, days)

    def _days(self, sheet: Sheet) -> Iterator[tuple[int, str]]:
        """Yield the columns of dates: those of the ruleset, and new ones."""
        seen: set[str] = set()
        for column in range(len(FIXED) + 1, sheet.columns + 1):
            heading = sheet.at(1, column)
            used = any(tidy(sheet.at(row, column)) for row in range(1, sheet.rows + 1))
            if not used:
                continue
            day = _day(heading)
            if day is None:
                self._bad(
                    sheet.place(1, column), f"“{tidy(heading)}” is not a date",
                    f"head the column with a date such as 2027-01-01, or {SINCE_EVER}",
                )  # fmt: skip
            elif day in seen:
                self._bad(sheet.place(1, column), f"{tidy(heading)} is there twice", "keep one")
            else:
                seen.add(day)
                yield column, day

    def _parameter(
        self, sheet: Sheet, row: int, name: str, item: ParameterSpec, days: dict[int, str]
    ) -> None:
        fixed = name, item.title, UNIT_TITLES[item.unit], basis(item)
        for column, text in enumerate(fixed, 1):
            self._unchanged(sheet, row, column, text)
        missing = set(item.values) - set(days.values())
        for day in sorted(missing):
            self._bad(
                sheet.place(row, 1), f"{name} has a value from {day}, whose column is missing",
                "put the column back, or remove the value in the ruleset file",
            )  # fmt: skip
        for column, day in days.items():
            cell, now = sheet.at(row, column), item.values.get(day)
            if cell is None or cell == "":
                if now is not None:
                    self._gone(sheet.place(row, column))
                continue
            place = sheet.place(row, column)
            try:
                value = parameter_value(cell, item.unit)
            except BadCell as error:
                self._bad(place, str(error), error.fix)
                continue
            if value != now and not (isinstance(now, str) and value == tidy(now)):
                self.changes["parameters", name, "values", day] = value, place

    # ── deduction tables ──

    def _table(self, sheet: Sheet) -> None:
        name, day = tidy(sheet.at(1, 2)), _day(sheet.at(1, 4))
        table = self.spec.tables.get(name)
        if table is None or day is None or day not in table.values:
            self._bad(
                sheet.place(1, 2), f"the ruleset has no table {name} from {tidy(sheet.at(1, 4))}",
                "put B1 and D1 back; a table from a new date is begun in the ruleset file",
            )  # fmt: skip
            return
        headings = tuple(tidy(sheet.at(TABLE_HEADINGS_ROW, c + 1)) for c in range(len(COLUMNS)))
        if headings != tuple(column.heading for column in COLUMNS):
            self._bad(
                sheet.place(TABLE_HEADINGS_ROW, 1), "the headings were changed", "put them back"
            )
            return
        if not self._once(("tables", name, day), sheet.place(1, 2)):
            return
        self._unchanged(sheet, 2, 2, table.title)
        places = {item.id: index for index, item in enumerate(table.values[day])}
        for row in range(FIRST_ROW, sheet.rows + 1):
            if sheet.is_blank(row):
                continue
            index = places.pop(tidy(sheet.at(row, 1)), None)
            if index is None:
                self._bad(
                    sheet.place(row, 1), f"“{tidy(sheet.at(row, 1))}” is no row of this table, or "
                    "stands here again", f"a new row is begun in the file; {_BY_HAND}",
                )  # fmt: skip
                continue
            self._row(sheet, row, ("tables", name, "values", day, index), table.values[day][index])
        for left in places:
            self._bad(sheet.place(FIRST_ROW, 1), f"the row {left} is missing", _BY_HAND)

    def _row(self, sheet: Sheet, row: int, path: Path, item: RowSpec) -> None:
        for place, column in enumerate(COLUMNS, 1):
            cell, now = sheet.at(row, place), shown(item, column.field)
            if column.form is None:
                self._unchanged(sheet, row, place, now)
            elif now is None or now == "":
                if tidy(cell) or (cell is not None and not isinstance(cell, str)):
                    self._bad(sheet.place(row, place), "the row has no such field", _BY_HAND)
            elif cell is None or cell == "":
                self._gone(sheet.place(row, place))
            else:
                self._field(sheet.place(row, place), cell, column, (*path, column.field), item)

    def _field(self, place: Place, cell: Value, column: Column, path: Path, item: RowSpec) -> None:
        value: Simple
        try:
            match column.form:
                case "number":
                    value = number(cell)
                case "words":
                    value = tuple(plain_text(cell).split())
                case _:
                    value = plain_text(cell)
        except BadCell as error:
            self._bad(place, str(error), error.fix)
            return
        now = getattr(item, column.field)
        if value != now and not (isinstance(now, str) and value == tidy(now)):
            self.changes[path] = value, place

    # ── what both share ──

    def _once(self, path: Path, place: Place) -> bool:
        before = self.seen.setdefault(path, place)
        if before is not place:
            self._bad(place, f"it is at {before.cell} already", "keep one of the two")
        return before is place

    def _unchanged(self, sheet: Sheet, row: int, column: int, value: Any) -> None:
        """Report a cell for reading that no longer says what the ruleset says."""
        text = "" if value is None else str(value)
        if tidy(sheet.at(row, column)) != tidy(text):
            self._bad(
                sheet.place(row, column), f"“{tidy(sheet.at(row, column))}” was “{text}”, which is "
                "not changed from here", f"put it back, or {_BY_HAND}",
            )  # fmt: skip

    def _gone(self, place: Place) -> None:
        self._bad(place, "the value is gone", f"write one; to remove it, {_BY_HAND}")

    def _bad(self, place: Place, message: str, fix: str) -> None:
        self.problems.append(CellProblem(place, message, fix))


def _day(value: Value) -> str | None:
    """Return the key of a dated value that a heading means."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    text = tidy(value)
    if text in (SINCE_EVER, ALWAYS):
        return ALWAYS
    return text if is_date(text) else None
