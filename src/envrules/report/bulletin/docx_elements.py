"""What python-docx has no words for: elements of WordprocessingML. Extra `reports`."""

from __future__ import annotations

from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor


def set_style(style: Any, family: str, size: float, *, bold: bool = False) -> None:
    """Give a style its font, in black, and no lines around it."""
    style.font.size, style.font.bold = Pt(size), bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    set_font(style, family)
    for border in style.element.iter(qn("w:pBdr")):
        border.getparent().remove(border)


def set_font(styled: Any, family: str) -> None:
    """Set the font of Chinese text too; themed fonts would win over it."""
    styled.font.name = family
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:eastAsia"), family)


def _element(name: str, **attributes: str) -> Any:
    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def draw_red_line(paragraph: Any) -> None:
    """Draw the red line of a letterhead below a paragraph."""
    borders = _element("pBdr")
    borders.append(_element("bottom", val="single", sz="18", space="4", color="C8102E"))
    paragraph._p.get_or_add_pPr().append(borders)


def shade_cell(cell: Any, colour: str) -> None:
    """Fill a cell with a colour (`#rrggbb`), and write in white on a dark one."""
    fill = colour.removeprefix("#").upper()
    cell._tc.get_or_add_tcPr().append(_element("shd", val="clear", color="auto", fill=fill))
    red, green, blue = (int(fill[i : i + 2], 16) for i in (0, 2, 4))
    if 3 * red + 6 * green + blue < 1280:  # dark: half of the brightest, as the eye weighs it
        for run in cell.paragraphs[0].runs:
            run.font.color.rgb = RGBColor(255, 255, 255)


def repeat_on_each_page(row: Any) -> None:
    """Let a row be the head of its table on every page."""
    row._tr.get_or_add_trPr().append(_element("tblHeader", val="true"))


def keep_together(row: Any) -> None:
    """Let no page end within a row."""
    row._tr.get_or_add_trPr().append(_element("cantSplit", val="true"))


def add_link(paragraph: Any, text: str, bookmark: str) -> None:
    """Add a small link to a bookmark of the same document."""
    link = _element("hyperlink", anchor=bookmark)
    run = paragraph.add_run(text)
    run.font.size = Pt(8)
    link.append(run._r)
    paragraph._p.append(link)


def add_bookmark(paragraph: Any, name: str, number: int) -> None:
    """Make a paragraph the target of links; `number` is its own among the bookmarks."""
    start, end = (_element(f"bookmark{which}", id=str(number)) for which in ("Start", "End"))
    start.set(qn("w:name"), name)
    paragraph._p.insert(1 if paragraph._p.pPr is not None else 0, start)
    paragraph._p.append(end)


def add_page_number(paragraph: Any) -> None:
    """Write the number of the page into a footer."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run("— ")
    field = _element("fldSimple", instr="PAGE")
    number = _element("r")
    text = OxmlElement("w:t")
    text.text = "1"
    number.append(text)
    field.append(number)
    paragraph._p.append(field)
    paragraph.add_run(" —")
