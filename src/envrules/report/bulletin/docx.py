"""A document as docx, for offices to edit: real styles, headings and tables. Extra `reports`."""

from __future__ import annotations

import io
from typing import Any

import docx
from docx.enum.section import WD_ORIENTATION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt, RGBColor

from envrules.report.bulletin.document import (
    Basis,
    Blanks,
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Letterhead,
    Map,
    Paragraph,
    Section,
    Table,
    printable,
    shown,
)
from envrules.report.bulletin.docx_elements import (
    add_bookmark,
    add_link,
    add_page_number,
    draw_red_line,
    keep_together,
    repeat_on_each_page,
    set_font,
    set_style,
    shade_cell,
)
from envrules.report.bulletin.docx_widths import column_widths, is_broad

_SONG, _HEI, _FANGSONG = "SimSun", "SimHei", "FangSong"
_RED = RGBColor(0xC8, 0x10, 0x2E)
_MARGIN = 24
"""Millimetres left and right."""
_PORTRAIT = 210 - 2 * _MARGIN
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


def as_docx(document: Document) -> bytes:
    """Return the file."""
    writer = _Writer(broad=is_broad(document, _PORTRAIT))
    writer.write(document)
    out = io.BytesIO()
    writer.file.save(out)
    return out.getvalue()


class _Writer:
    """Writes one document."""

    def __init__(self, *, broad: bool) -> None:
        self.file = docx.Document()
        page = self.file.sections[0]
        page.page_width, page.page_height = Mm(210), Mm(297)
        if broad:
            page.orientation = WD_ORIENTATION.LANDSCAPE
            page.page_width, page.page_height = page.page_height, page.page_width
        page.top_margin, page.bottom_margin = Mm(30), Mm(26)
        page.left_margin = page.right_margin = Mm(_MARGIN)
        self._across = (297 if broad else 210) - 2 * _MARGIN
        set_style(self.file.styles["Normal"], _FANGSONG, 14)
        self.file.styles["Normal"].paragraph_format.space_after = Pt(4)
        set_style(self.file.styles["Title"], _SONG, 20, bold=True)
        for name, size in (("Heading 1", 15), ("Heading 2", 12)):
            set_style(self.file.styles[name], _HEI, size, bold=True)
        set_style(self.file.styles["Caption"], _FANGSONG, 10)
        self._bookmarks = 0

    def write(self, document: Document) -> None:
        """Write it from its head to its annex."""
        self.file.core_properties.title = printable(document.title)
        self.file.core_properties.author = printable(document.head.issuer)
        self._masthead(document)
        for section in document.sections:
            self._section(section)
        self._close(document.head)
        if document.annex:
            annex = self.file.add_heading("附件　数字所依据的决定和案件", 1)
            annex.paragraph_format.page_break_before = True
            for entry in document.annex:
                self._entry(entry)
        add_page_number(self.file.sections[0].footer.paragraphs[0])

    # ── head and end ──

    def _masthead(self, document: Document) -> None:
        head = document.head
        if head.issuer:
            run = self._paragraph(head.issuer, align=_CENTRE).runs[0]
            run.font.size, run.font.bold, run.font.color.rgb = Pt(30), True, _RED
            set_font(run, _SONG)
        if head.number or head.signatory:
            line = self._paragraph(f"{head.number}\t{head.signed}")
            line.paragraph_format.tab_stops.add_tab_stop(Mm(self._across), 2)  # 2: right
            draw_red_line(line)
        self.file.add_paragraph(printable(document.title), style="Title").alignment = _CENTRE
        self._paragraph(document.reading, style="Caption", align=_CENTRE)
        if document.warning:
            self._paragraph(document.warning).runs[0].font.bold = True
        if head.addressed:
            self._paragraph(head.addressed)

    def _close(self, head: Letterhead) -> None:
        for n, line in enumerate(filter(None, (head.issuer, head.date))):
            placed = self._paragraph(line, align=_RIGHT).paragraph_format
            placed.right_indent, placed.keep_with_next = Mm(12), n == 0
            placed.space_before = Pt(0 if n else 36)
        if head.copied:
            self._paragraph(head.copied)

    # ── body ──

    def _section(self, section: Section) -> None:
        self.file.add_heading(printable(section.title), 1)
        for block in section.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._paragraph(block.text).paragraph_format.first_line_indent = Pt(28)
            case Table():
                self._table(block)
            case Chart():
                self._table(block.table())
            case Map():
                self._table(_legend(block))
            case Blanks():
                for name in block.names:
                    self._paragraph(f"{name}：{'＿' * 20}")

    def _table(self, table: Table) -> None:
        self.file.add_heading(printable(table.title), 2).alignment = _CENTRE
        if not table.rows:
            self._paragraph(table.absent, align=_CENTRE)
            return
        made = self.file.add_table(rows=1, cols=len(table.columns), style="Table Grid")
        made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        for cell, column in zip(made.rows[0].cells, table.columns, strict=True):
            self._fill(cell, column.title, _CENTRE).runs[0].font.bold = True
        repeat_on_each_page(made.rows[0])
        for row in table.rows:
            added = made.add_row()
            keep_together(added)
            for place, cell, column in zip(added.cells, row, table.columns, strict=True):
                self._cell(place, cell, column)
        widths = map(Mm, column_widths(table, self._across))
        for across, added_column in zip(widths, made.columns, strict=True):
            added_column.width = across  # Word reads the cells' widths, LibreOffice the column's
            for place in added_column.cells:
                place.width = across

    def _cell(self, place: Any, cell: Cell, column: Column) -> None:
        align = _RIGHT if column.is_figure else None
        paragraph = self._fill(place, shown(cell, column.kind), align)
        if cell.basis:
            add_link(paragraph, f"〔{cell.basis}〕", f"basis_{cell.basis}")
        if cell.colour:
            shade_cell(place, cell.colour)

    def _fill(self, place: Any, text: str, align: Any) -> Any:
        paragraph = place.paragraphs[0]
        paragraph.alignment = align
        paragraph.paragraph_format.space_after = Pt(0)
        run = paragraph.add_run(printable(text))
        run.font.size = Pt(10.5)
        return paragraph

    def _entry(self, entry: Basis) -> None:
        paragraph = self._paragraph(f"〔{entry.number}〕{entry.about}", style="Caption")
        paragraph.runs[0].font.bold = True
        self._bookmarks += 1
        add_bookmark(paragraph, f"basis_{entry.number}", self._bookmarks)
        for ground in entry.decisions:
            said = f"{ground.id}　{ground.said}"
            self._paragraph(said.rstrip(), style="Caption")
        if entry.issues:
            self._paragraph(f"案件：{'、'.join(entry.issues)}", style="Caption")

    def _paragraph(self, text: str, *, style: str | None = None, align: Any = None) -> Any:
        paragraph = self.file.add_paragraph(style=style)
        paragraph.add_run(printable(text))
        paragraph.alignment = align
        return paragraph


def _legend(drawn: Map) -> Table:
    """Return what a map shows as a table: Word draws no outlines."""
    columns = (Column("单位"), Column("得分"), Column("等次"))
    rows = tuple(
        (Cell(area.title), Cell(area.caption), Cell(area.band, area.colour)) for area in drawn.areas
    )
    return Table(drawn.title, columns, rows)
