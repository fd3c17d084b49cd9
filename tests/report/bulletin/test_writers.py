"""The three writers: what they write opens again and says the same, safely."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import docx
import openpyxl
import pytest
from docx.document import Document as WordFile
from docx.oxml.ns import qn
from tests.report import messages
from tests.report.bulletin.page import Page

from envrules.report.bulletin import Document, Letterhead, as_html, statement_document
from envrules.report.bulletin.document import (
    Area,
    Basis,
    Cell,
    Chart,
    Column,
    Ground,
    Map,
    Paragraph,
    Section,
    Table,
    shown,
)
from envrules.report.bulletin.docx import as_docx
from envrules.report.bulletin.drawing import map_svg
from envrules.report.bulletin.xlsx import as_xlsx

EVIL = '</style><script>alert("x")</script>&\x07\ud800'


def tables(document: Document) -> list[Table]:
    """The tables of a document, its charts among them."""
    blocks = (block for section in document.sections for block in section.blocks)
    return [
        block.table() if isinstance(block, Chart) else block
        for block in blocks if isinstance(block, Table | Chart)
    ]  # fmt: skip


def evil() -> Document:
    """A document all of whose texts are hostile."""
    cell = Cell(EVIL, "#d62728", 1)
    outline = {"type": "MultiPoint", "coordinates": [[120.0, 31.0]]}
    blocks = (
        Paragraph(EVIL), Table(EVIL, (Column(EVIL), Column("=1+1")), ((cell, Cell("=1+1")),)),
        Table(EVIL, (Column(EVIL),), ((cell,),)),
        Chart(EVIL, (EVIL, "b"), ((EVIL, (Decimal("1.5"), None)),)),
        Map(EVIL, (Area(EVIL, EVIL, EVIL, "#d62728", outline),)),
    )  # fmt: skip
    return Document(
        EVIL, EVIL, Letterhead(EVIL, EVIL, EVIL, EVIL, (EVIL,), EVIL), (Section(EVIL, blocks),),
        (Basis(1, EVIL, (Ground(EVIL, EVIL),), (EVIL,)),), EVIL,
    )  # fmt: skip


# ── HTML ──


def test_the_page_is_well_formed_and_complete_in_itself(document: Document) -> None:
    """Elements close in order, ids are single, links lead to them, and nothing is fetched."""
    text = as_html(document)
    page = Page(text)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = page.values("href")
    assert len(links) == len(document.annex)
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert not page.values("src")
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert "://" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_says_all(document: Document) -> None:
    """The letterhead, every cell of every table, and every decision of the annex are on the page."""
    said = set(Page(as_html(document)).said)
    head = document.head
    assert {head.issuer, head.number, f"签发人：{head.signatory}", head.date} <= said
    assert "抄送：镇党委，县城管局。" in said
    for table in tables(document):
        for row in table.rows:
            for cell, column in zip(row, table.columns, strict=True):
                assert shown(cell, column.kind) in said | {""}
    assert {ground.id for entry in document.annex for ground in entry.decisions} <= said


def test_charts_and_map_are_drawn(document: Document) -> None:
    """Two charts with a mark for each figure, and a shape for each unit."""
    page = Page(as_html(document))
    names = [tag for tag, _ in page.tags]
    assert names.count("svg") == 3
    assert names.count("path") == 4
    assert names.count("circle") == 2 + 3
    assert names.count("polyline") == 1 + 3


@pytest.mark.parametrize("across", [2, 10, 24])
def test_names_on_a_map_are_no_wider_than_the_units(across: int) -> None:
    """Where units are many their names are small; where they are few, no larger than the text."""
    areas = tuple(
        Area("第37村", "", "正常", "#2ca02c", {"type": "Polygon", "coordinates": [
            [[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]
        ]})
        for n in range(across)
    )  # fmt: skip
    page = Page(str(map_svg(Map("图", areas))))
    sizes = {float(has["font-size"] or 0) for tag, has in page.tags if has.get("class") == "name"}
    wide = (400 - 2 * 16) / across / len("第37村")
    assert sizes == {round(min(15, max(6, wide)), 1)}


def test_hostile_text_stays_text() -> None:
    """Markup in names is escaped, in styles too, and no unprintable character gets through."""
    text = as_html(evil())
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert not {"\x07", "\ud800"} & set(text)
    text.encode()


# ── docx ──


def opened(content: bytes) -> WordFile:
    """A file as Word opens it."""
    return docx.Document(io.BytesIO(content))


def test_the_document_opens_with_styles_and_tables(document: Document) -> None:
    """Headings are headings, tables are tables whose first row is repeated, cells say the same."""
    file = opened(as_docx(document))
    headings = [
        p.text for p in file.paragraphs if p.style is not None and p.style.name == "Heading 1"
    ]
    assert headings[: len(document.sections)] == [section.title for section in document.sections]
    assert [p.text for p in file.paragraphs if p.style is not None and p.style.name == "Title"] == [
        document.title
    ]
    filled = [table for table in tables(document) if table.rows]
    drawn = [t for t in file.tables if t.rows[0].cells[0].text != "单位" or len(t.columns) != 3
             or t.rows[0].cells[2].text != "等次"]  # fmt: skip
    assert len(drawn) == len(filled) == len(file.tables) - 1, "and the map's table"
    for made, table in zip(drawn, filled, strict=True):
        assert len(list(made._tbl.tr_lst[0].iter(qn("w:tblHeader")))) == 1
        assert [cell.text for cell in made.rows[0].cells] == [c.title for c in table.columns]
        for row, cells in zip(made.rows[1:], table.rows, strict=True):
            for place, cell, column in zip(row.cells, cells, table.columns, strict=True):
                basis = f"〔{cell.basis}〕" if cell.basis else ""
                assert place.text == shown(cell, column.kind) + basis


def test_the_document_has_its_letterhead_and_links(document: Document) -> None:
    """Issuer, number, signatory, copies and date; every link leads to a bookmark of the annex."""
    file = opened(as_docx(document))
    said = "\n".join(p.text for p in file.paragraphs)
    for wanted in (document.head.issuer, "云政办〔2026〕7号", "签发人：周某", "抄送：镇党委，县城管局。",
                   "2026年8月3日"):  # fmt: skip
        assert wanted in said
    body = file.element.body
    links = {link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))}
    marks = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks)) == len(document.annex)
    assert links == set(marks)


def some_table(*columns: tuple[str, str]) -> Document:
    """A document of one table of a row: the title and the text of each column."""
    row = tuple(Cell(text) for _, text in columns)
    table = Table("表", tuple(Column(title) for title, _ in columns), (row,))
    return Document("题", "", Letterhead(), (Section("一", (table,)),))


def test_a_short_column_is_on_one_line_beside_long_ones() -> None:
    """Columns are together as wide as the page; only those that ask for most are cut short."""
    long = "主干公路两侧可视范围发现白色垃圾，扣分"
    document = some_table(("问题", "白色垃圾"), ("地点", long), ("说明", long * 3), ("扣", "-1"))
    file = docx.Document(io.BytesIO(as_docx(document)))
    page: Any = file.sections[0]
    assert page.page_width < page.page_height
    cells: Any = file.tables[0].rows[0].cells
    short, place, said, points = (cell.width.mm for cell in cells)
    assert short + place + said + points == pytest.approx(162, abs=0.1)
    assert short > 4 * 3.7, "four characters of 10.5 points"
    assert points < short < place == pytest.approx(said)


def test_a_broad_table_lies_on_its_side() -> None:
    """A table with more columns than fit an upright page has a broad one, and all of its width."""
    document = some_table(*((f"第{n}栏", "进村路及村路两侧第十一处") for n in range(9)))
    file = docx.Document(io.BytesIO(as_docx(document)))
    page: Any = file.sections[0]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (297, 210)
    cells: Any = file.tables[0].rows[0].cells
    widths = [cell.width.mm for cell in cells]
    assert sum(widths) == pytest.approx(297 - 48, abs=0.1)


def test_a_workbook_prints_as_wide_as_it_is(document: Document) -> None:
    """Each sheet is fitted to the width of A4, with its head on each page; long texts have room."""
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(document)))
    for sheet in book.worksheets:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)
        assert sheet.print_title_rows == ("$1:$1" if sheet.freeze_panes else None)
    told = some_table(("情况", "长" * 100), ("数", "1"))
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(told))).worksheets[1]
    assert sheet["A2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height == 60, "four lines"


def test_a_hostile_document_opens() -> None:
    """What no XML can hold is replaced, the rest is text."""
    assert any("alert" in p.text for p in opened(as_docx(evil())).paragraphs)


# ── xlsx ──


def test_the_workbook_has_a_sheet_for_each_table(document: Document) -> None:
    """Numbers are numbers, shares are fractions shown in percent, and each row tells its basis."""
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(document)))
    assert book.sheetnames == ["封面", *(t.title for t in tables(document)), "依据"]
    assert {row[0].value: row[1].value for row in book["封面"].rows}["文号"] == "云政办〔2026〕7号"
    ranking = book["月度考核排名表"]
    first = {head.value: cell for head, cell in zip(ranking[1], ranking[2], strict=True)}
    assert (first["名次"].value, first["得分"].value, first["名次升降"].value) == (1, 100, 1)
    assert first["得分"].number_format == "0.00"
    assert "↑" in first["名次升降"].number_format
    assert first["依据"].value == 1
    assert first["依据"].hyperlink.location == "'依据'!A2"
    rates = {row[0].value: row[4] for row in book["案件办理比率表"].rows}
    assert (rates["按期结案率"].value, rates["按期结案率"].number_format) == (0.4, "0.00%")
    assert len(book["平均得分走势"]._charts) == 1
    starts = {row[0].value: row[0].row for row in reversed(list(book["依据"].rows)[1:])}
    for sheet in book.worksheets:
        for cell in (c for row in sheet.iter_rows() for c in row if c.hyperlink):
            assert cell.hyperlink.location == f"'依据'!A{starts[cell.value]}"


def test_hostile_texts_are_no_formulas() -> None:
    """A cell that begins with `=` is text; sheets with one title have names of their own."""
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(evil())))
    assert len(set(book.sheetnames)) == 1 + 3 + 1
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s", "s"]
    assert not any(cell.data_type == "f" for cell in cells)


# ── statements ──


def test_a_statement_in_each_format() -> None:
    """Each line with the event to appeal against, the rows, and lines to sign on."""
    statement = messages.statement()
    titles = {("scheme_x", "monthly"): "村庄考核：月度"}
    made = statement_document([statement], Letterhead(), messages.ZONE, titles)
    assert made.title == "东湾村2026年10月考核对账单"
    said = Page(as_html(made)).said
    assert {"村庄考核：月度", "93.50", "2026-10-20 09:15", "申诉中", "核对人"} <= set(said)
    assert "请逐条核对" in "".join(said)
    file = opened(as_docx(made))
    assert "核对人" in "".join(p.text for p in file.paragraphs)
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(made)))
    lines = list(book["逐条（3）"].values)
    heads = list(lines[0])
    points, counted = heads.index("扣分"), heads.index("计入")
    assert [(row[points], row[counted]) for row in lines[1:]] == [(-1, -1), (-1, 0), (0, 0)]


@pytest.mark.parametrize("kind", ["Point", "LineString", "Polygon", "MultiPolygon"])
def test_every_kind_of_outline_is_drawn(kind: str) -> None:
    """A point, a road, a field, several fields: each is a shape, wherever it lies."""
    ring = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.0]]
    coordinates = {
        "Point": ring[0],
        "LineString": ring,
        "Polygon": [ring],
        "MultiPolygon": [[ring]],
    }
    outline = json.loads(json.dumps({"type": kind, "coordinates": coordinates[kind]}))
    area = Area("某村", "90 分", "合格", "#2ca02c", outline)
    made = Document("图", "", Letterhead(), (Section("图", (Map("图", (area,)),)),))
    shapes = {"Point": "circle"}.get(kind, "path")
    assert [tag for tag, _ in Page(as_html(made)).tags].count(shapes) == 1
    assert as_html(replace(made, title="另"))
