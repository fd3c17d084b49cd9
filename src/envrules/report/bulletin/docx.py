"""A document as docx, for offices to edit: real styles, headings and tables. Extra `reports`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import docx
from docx.enum.section import WD_ORIENTATION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
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
    width,
)

_SONG, _HEI, _FANGSONG = "SimSun", "SimHei", "FangSong"
_RED = RGBColor(0xC8, 0x10, 0x2E)
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


def as_docx(document: Document) -> bytes:
    """Return the file."""
    writer = _Writer(broad=_is_broad(document))
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
        _style(self.file.styles["Normal"], _FANGSONG, 14)
        self.file.styles["Normal"].paragraph_format.space_after = Pt(4)
        _style(self.file.styles["Title"], _SONG, 20, bold=True)
        for name, size in (("Heading 1", 15), ("Heading 2", 12)):
            _style(self.file.styles[name], _HEI, size, bold=True)
        _style(self.file.styles["Caption"], _FANGSONG, 10)
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
        _page_number(self.file.sections[0].footer.paragraphs[0])

    # ── head and end ──

    def _masthead(self, document: Document) -> None:
        head = document.head
        if head.issuer:
            run = self._paragraph(head.issuer, align=_CENTRE).runs[0]
            run.font.size, run.font.bold, run.font.color.rgb = Pt(30), True, _RED
            _font(run, _SONG)
        if head.number or head.signatory:
            line = self._paragraph(f"{head.number}\t{head.signed}")
            line.paragraph_format.tab_stops.add_tab_stop(Mm(self._across), 2)  # 2: right
            _red_line(line)
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
        _repeat_on_each_page(made.rows[0])
        for row in table.rows:
            added = made.add_row()
            _keep_together(added)
            for place, cell, column in zip(added.cells, row, table.columns, strict=True):
                self._cell(place, cell, column)
        for across, added_column in zip(_widths(table, self._across), made.columns, strict=True):
            added_column.width = across  # Word reads the cells' widths, LibreOffice the column's
            for place in added_column.cells:
                place.width = across

    def _cell(self, place: Any, cell: Cell, column: Column) -> None:
        align = _RIGHT if column.is_figure else None
        paragraph = self._fill(place, shown(cell, column.kind), align)
        if cell.basis:
            _link(paragraph, f"〔{cell.basis}〕", f"basis_{cell.basis}")
        if cell.colour:
            _shade(place, cell.colour)

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
        self._bookmark(paragraph, f"basis_{entry.number}")
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

    def _bookmark(self, paragraph: Any, name: str) -> None:
        self._bookmarks += 1
        number = str(self._bookmarks)
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        start.set(qn("w:id"), number)
        start.set(qn("w:name"), name)
        end.set(qn("w:id"), number)
        paragraph._p.insert(1 if paragraph._p.pPr is not None else 0, start)
        paragraph._p.append(end)


def _legend(drawn: Map) -> Table:
    """Return what a map shows as a table: Word draws no outlines."""
    columns = (Column("单位"), Column("得分"), Column("等次"))
    rows = tuple(
        (Cell(area.title), Cell(area.caption), Cell(area.band, area.colour)) for area in drawn.areas
    )
    return Table(drawn.title, columns, rows)


def _widths(table: Table, across: float) -> list[Mm]:
    """Return how wide each column is: what is short stays on one line, the long ones share the rest.

    `across`: millimetres between the margins.
    """
    wanted = _wanted(table)
    level = _level(wanted, across)
    given = [min(share, level) for share in wanted]
    return [Mm(across * share / sum(given)) for share in given]


def _wanted(table: Table) -> list[float]:
    """Return how many millimetres each column asks for: by the longest text in it, within reason."""
    longest = [
        max(width(column.title), *(_taken(row[i], column) for row in table.rows))
        for i, column in enumerate(table.columns)
    ]
    return [_HALF_WIDTH * min(length, _WIDEST) + _PADDING for length in longest]


def _level(wanted: Sequence[float], across: float) -> float:
    """Return what no column may exceed, so that all together are no wider than the page."""
    left, narrower = across, sorted(wanted)
    for n, share in enumerate(narrower):
        level = left / (len(narrower) - n)
        if share > level:
            return level
        left -= share
    return narrower[-1]


def _is_broad(document: Document) -> bool:
    """Return whether a table has so many columns that the page is better laid on its side."""
    tables = (b for section in document.sections for b in section.blocks if isinstance(b, Table))
    return any(sum(_wanted(table)) > _TOO_BROAD * _PORTRAIT for table in tables if table.rows)


def _taken(cell: Cell, column: Column) -> int:
    """Return how wide a cell is, with the number of what it rests on."""
    return width(shown(cell, column.kind)) + (5 if cell.basis else 0)


_HALF_WIDTH = 1.9
"""Millimetres that half a Chinese character takes in a table."""
_PADDING = 4.5
"""Millimetres beside the text of a cell, and what fonts differ by."""
_WIDEST = 36
"""Half-widths of a character that a column asks for at most."""
_MARGIN = 24
_PORTRAIT = 210 - 2 * _MARGIN
_TOO_BROAD = 1.6


# ── what python-docx has no words for ──


def _style(style: Any, font: str, size: float, *, bold: bool = False) -> None:
    style.font.size, style.font.bold = Pt(size), bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    _font(style, font)
    for border in style.element.iter(qn("w:pBdr")):
        border.getparent().remove(border)


def _font(styled: Any, font: str) -> None:
    """Set the font of Chinese text too; themed fonts would win over it."""
    styled.font.name = font
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:eastAsia"), font)


def _element(name: str, **attributes: str) -> Any:
    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def _red_line(paragraph: Any) -> None:
    borders = _element("pBdr")
    borders.append(_element("bottom", val="single", sz="18", space="4", color="C8102E"))
    paragraph._p.get_or_add_pPr().append(borders)


def _shade(cell: Any, colour: str) -> None:
    fill = colour.removeprefix("#").upper()
    cell._tc.get_or_add_tcPr().append(_element("shd", val="clear", color="auto", fill=fill))
    red, green, blue = (int(fill[i : i + 2], 16) for i in (0, 2, 4))
    if 3 * red + 6 * green + blue < 1280:  # dark: half of the brightest, as the eye weighs it
        for run in cell.paragraphs[0].runs:
            run.font.color.rgb = RGBColor(255, 255, 255)


def _repeat_on_each_page(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("tblHeader", val="true"))


def _keep_together(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("cantSplit", val="true"))


def _link(paragraph: Any, text: str, bookmark: str) -> None:
    link = _element("hyperlink", anchor=bookmark)
    run = paragraph.add_run(text)
    run.font.size = Pt(8)
    link.append(run._r)
    paragraph._p.append(link)


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = _CENTRE
    paragraph.add_run("— ")
    field = _element("fldSimple", instr="PAGE")
    number = _element("r")
    text = OxmlElement("w:t")
    text.text = "1"
    number.append(text)
    field.append(number)
    paragraph._p.append(field)
    paragraph.add_run(" —")
