"""Parameters and deduction tables as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO
from typing import Any

from envrules.excel.layout import (
    BASIS,
    COLUMNS,
    FIXED,
    PARAMETERS,
    TABLE,
    TITLE,
    UNIT_TITLES,
    basis,
    heading_of,
    shown,
)
from envrules.excel.problems import letters
from envrules.excel.sheets import extra
from envrules.kinds.compiled import plain
from envrules.model.values import ALWAYS
from envrules.ruleset.schema import RulesetSpec, TableSpec

_TEXT_UNITS = frozenset({"text", "date", "month_day", "same_day"})
_WIDTHS = {TITLE: 32, BASIS: 44, "地点": 24, "类别": 36, "类别（开关）": 28, "地点（开关）": 24}
_SHEET_NAME = 31  # characters, for Excel


def tables_workbook(spec: RulesetSpec) -> bytes:
    """Return an .xlsx workbook of a ruleset's numbers; raises NoWorkbook without the extra."""
    writer = _Writer(extra())
    writer.parameters(spec)
    for name, table in spec.tables.items():
        for day in table.values:
            writer.table(name, table, day)
    return writer.saved()


class _Writer:
    """Fills a workbook sheet by sheet. What may be changed is white, the rest grey."""

    def __init__(self, openpyxl: Any) -> None:
        self.styles = openpyxl.styles
        self.validation = openpyxl.worksheet.datavalidation.DataValidation
        self.book = openpyxl.Workbook()
        self.book.remove(self.book.active)
        self.grey = self.styles.PatternFill("solid", fgColor="EEEEEE")

    def parameters(self, spec: RulesetSpec) -> None:
        """Write the sheet of parameters."""
        days = sorted(
            {day for item in spec.parameters.values() for day in item.values} | {ALWAYS},
            key=lambda day: "" if day == ALWAYS else day,
        )
        sheet = self._sheet(PARAMETERS, [*FIXED, *map(heading_of, days)], 1)
        flags = self.validation(type="list", formula1='"是,否"', allow_blank=True)
        for row, (name, item) in enumerate(spec.parameters.items(), 2):
            fixed = name, item.title, UNIT_TITLES[item.unit], basis(item)
            for column, value in enumerate(fixed, 1):
                self._put(sheet, row, column, value, editable=False)
            for column, day in enumerate(days, len(FIXED) + 1):
                cell = self._put(sheet, row, column, item.values.get(day))
                cell.alignment = self.styles.Alignment(horizontal="right")
                if item.unit in _TEXT_UNITS:
                    cell.number_format = "@"
                elif item.unit == "flag":
                    flags.add(cell)
        sheet.add_data_validation(flags)
        sheet.freeze_panes = f"{letters(len(FIXED) + 1)}2"

    def table(self, name: str, table: TableSpec, day: str) -> None:
        """Write the sheet of a deduction table as it is from one date on."""
        title = f"{name}@{day}"
        title = title if len(title) <= _SHEET_NAME else f"{TABLE}{len(self.book.sheetnames)}"
        sheet = self._sheet(title, [column.heading for column in COLUMNS], 3)
        for column, value in enumerate((TABLE, name, "自", heading_of(day)), 1):
            self._put(sheet, 1, column, value, editable=False)
        for column, value in enumerate((TITLE, table.title), 1):
            self._put(sheet, 2, column, value, editable=False)
        for row, item in enumerate(table.values[day], 4):
            for place, field in enumerate(COLUMNS, 1):
                value = shown(item, field.field)
                self._put(sheet, row, place, value, editable=field.form is not None)
        sheet.freeze_panes = "C4"

    def saved(self) -> bytes:
        """Return the workbook's bytes."""
        buffer = BytesIO()
        self.book.save(buffer)
        return buffer.getvalue()

    def _sheet(self, title: str, headings: Iterable[str], row: int) -> Any:
        sheet = self.book.create_sheet(title)
        for column, heading in enumerate(headings, 1):
            cell = self._put(sheet, row, column, heading, editable=False)
            cell.font = self.styles.Font(bold=True)
            cell.number_format = "@"
            sheet.column_dimensions[letters(column)].width = _WIDTHS.get(heading, 16)
        return sheet

    def _put(self, sheet: Any, row: int, column: int, value: Any, *, editable: bool = True) -> Any:
        cell = sheet.cell(row, column)
        stored = _stored(value)
        cell.value = stored
        if isinstance(stored, str):
            cell.data_type = "s"  # also what begins with "=": text, and never a formula
        if not editable:
            cell.fill = self.grey
        return cell


def _stored(value: Any) -> str | int | float | None:
    """Return what the cell holds; a number that Excel would round is written as text."""
    match value:
        case None | "":
            return None
        case bool():
            return "是" if value else "否"
        case Decimal():
            if len(value.as_tuple().digits) <= 15 and Decimal(repr(float(value))) == value:
                return int(value) if value == int(value) else float(value)
            return plain(value)
    return str(value)
