"""A document as a workbook: a sheet for each table, numbers as numbers. Extra `reports`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties

from envrules.report.bulletin.document import (
    Basis,
    Cell,
    Chart,
    Column,
    Document,
    Paragraph,
    Table,
    printable,
    width,
)

_BASIS = "依据"
_SHEET_LIMIT = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_WIDEST = 60
"""Half-widths of a character in a column, at most: longer text takes more lines."""
_LINE = 15.0
"""Points from line to line."""


def as_xlsx(document: Document) -> bytes:
    """Return the file."""
    book = Workbook()
    first = book.active
    assert first is not None
    _cover(first, document)
    starts = _starts(document)
    for table, chart in _tables(document):
        sheet = book.create_sheet(_name(table.title, book.sheetnames))
        _fill(sheet, table, starts)
        if chart is not None:
            _draw(sheet, chart)
    if document.annex:
        _annex(book.create_sheet(_BASIS), document)
    for sheet in book.worksheets:
        _lay_out(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _tables(document: Document) -> Iterator[tuple[Table, Chart | None]]:
    """Yield each table, and each chart as one; what a map shows is in the ranking."""
    for section in document.sections:
        for block in section.blocks:
            match block:
                case Table():
                    yield block, None
                case Chart():
                    yield block.table(), block
                case _:
                    pass


def _lay_out(sheet: Any) -> None:
    """Let it print on A4 sheets as wide as it is, with its first row on each."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = sheet.ORIENTATION_LANDSCAPE
    sheet.page_setup.fitToHeight = 0  # as many as it takes
    if sheet.freeze_panes:
        sheet.print_title_rows = "1:1"


def _name(title: str, taken: list[str]) -> str:
    """Return a name for a sheet: allowed, and not taken yet."""
    plain = _FORBIDDEN.sub(" ", printable(title)).strip("' ")[:_SHEET_LIMIT] or "表"
    name, n = plain, 1
    while name.lower() in {other.lower() for other in taken} or name == _BASIS:
        n += 1
        name = f"{plain[: _SHEET_LIMIT - len(str(n)) - 1]} {n}"
    return name


def _cover(sheet: Any, document: Document) -> None:
    sheet.title = "封面"
    head = document.head
    facts = (
        ("标题", document.title), ("发文单位", head.issuer), ("文号", head.number),
        ("签发人", head.signatory), ("主送", head.to), ("抄送", "，".join(head.copies)),
        ("日期", head.date), ("数据", document.reading), ("注意", document.warning),
    )  # fmt: skip
    for name, value in facts:
        if value:
            sheet.append([None, None])
            _text(sheet.cell(sheet.max_row, 1), name).font = Font(bold=True)
            _text(sheet.cell(sheet.max_row, 2), value)
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                sheet.append([None, None])
                _text(sheet.cell(sheet.max_row, 1), section.title)
                _text(sheet.cell(sheet.max_row, 2), block.text)
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 90


def _fill(sheet: Any, table: Table, starts: Mapping[int, int]) -> None:
    """Write a table; a column of its own tells on what its rows rest."""
    cited = any(cell.basis for row in table.rows for cell in row)
    titles = [column.title for column in table.columns] + ([_BASIS] if cited else [])
    for n, title in enumerate(titles, start=1):
        cell = _text(sheet.cell(1, n), title)
        cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center")
        cell.fill = PatternFill("solid", fgColor="F1F2F4")
    for place, row in enumerate(table.rows, start=2):
        for n, (cell, column) in enumerate(zip(row, table.columns, strict=True), start=1):
            _value(sheet.cell(place, n), cell, column)
        sheet.row_dimensions[place].height = _LINE * max(map(_lines, row))
        numbers = [cell.basis for cell in row if cell.basis]
        if numbers:
            target = sheet.cell(place, len(titles))
            target.value = numbers[0]
            target.alignment = Alignment(vertical="top")
            place_there = f"'{_BASIS}'!A{starts[numbers[0]]}"
            target.hyperlink = Hyperlink(target.coordinate, location=place_there)
            target.font = Font(color="1F4E8C", underline="single")
    if not table.rows:
        _text(sheet.cell(2, 1), table.absent)
    sheet.freeze_panes = "A2"
    if table.rows:
        sheet.auto_filter.ref = sheet.dimensions
    for n, column in enumerate(table.columns, start=1):
        lengths = [width(str(row[n - 1].value)) for row in table.rows if row[n - 1].value]
        wide = min(_WIDEST, max([width(column.title) + 4, *lengths])) + 2
        sheet.column_dimensions[get_column_letter(n)].width = wide


def _lines(cell: Cell) -> int:
    """Return how many lines a cell takes: not every program finds out by itself."""
    return -(-width(cell.value) // _WIDEST) or 1 if isinstance(cell.value, str) else 1


def _value(place: Any, cell: Cell, column: Column) -> None:
    if isinstance(cell.value, str):
        _text(place, cell.value)
        place.alignment = Alignment(wrap_text=_lines(cell) > 1, vertical="top")
    elif cell.value is not None:
        place.value = cell.value
        place.alignment = Alignment(vertical="top")
        place.number_format = _format(cell.value, column)
    if cell.colour:
        place.fill = PatternFill("solid", fgColor=cell.colour.removeprefix("#").upper())


def _format(value: int | Decimal, column: Column) -> str:
    """Return how Excel shows a number: as many places as it has."""
    if column.kind == "percent":
        return "0.00%"
    if column.kind == "change":
        return '"↑"0;"↓"0;"—"'
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"0.{'0' * places}" if places else "0"


def _text(place: Any, text: str) -> Any:
    """Write text as text: what begins with `=` is no formula of ours."""
    place.value = printable(text)
    place.data_type = "s"
    return place


def _draw(sheet: Any, chart: Chart) -> None:
    drawn = LineChart()
    drawn.title = printable(chart.title)
    drawn.height, drawn.width = 8, 18
    last = len(chart.labels) + 1
    drawn.add_data(
        Reference(sheet, min_col=2, max_col=len(chart.lines) + 1, min_row=1, max_row=last),
        titles_from_data=True,
    )
    drawn.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    if chart.kind == "percent":
        drawn.y_axis.number_format, drawn.y_axis.scaling.max = "0%", 1
        drawn.y_axis.scaling.min = 0
    drawn.x_axis.delete = drawn.y_axis.delete = False  # openpyxl hides them by default
    sheet.add_chart(drawn, f"{get_column_letter(len(chart.lines) + 3)}2")


def _annex(sheet: Any, document: Document) -> None:
    """Write a decision or an issue a row, so that either can be looked for and counted."""
    for n, title in enumerate(("编号", "事项", "决定编号", "说明", "案件"), start=1):
        _text(sheet.cell(1, n), title).font = Font(bold=True)
    row = 1
    for entry in document.annex:
        for decision, said, issue in _grounds(entry):
            row += 1
            sheet.cell(row, 1).value = entry.number
            for n, text in enumerate((entry.about, decision, said, issue), start=2):
                _text(sheet.cell(row, n), text).alignment = Alignment(vertical="top")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for letter, across in zip("ABCDE", (8, 36, 28, 60, 24), strict=True):
        sheet.column_dimensions[letter].width = across


def _grounds(entry: Basis) -> list[tuple[str, str, str]]:
    """Return decision, what it says, and issue: one of the two for each row."""
    decisions = [(ground.id, ground.said, "") for ground in entry.decisions]
    return [*decisions, *(("", "", issue) for issue in entry.issues)]


def _starts(document: Document) -> dict[int, int]:
    """Return in which row of the annex each entry begins."""
    starts, row = {}, 2
    for entry in document.annex:
        starts[entry.number] = row
        row += len(_grounds(entry))
    return starts
