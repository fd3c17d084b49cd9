"""A document as one HTML page: no script, nothing fetched, laid out for A4 as well."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

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
from envrules.report.bulletin.drawing import chart_svg, map_svg
from envrules.report.markup import Html, css_string, el, together

_STYLE = files(__package__).joinpath("bulletin.css").read_text(encoding="utf-8")


def as_html(document: Document) -> str:
    """Return the whole page."""
    running = f"@page {{ @top-left {{ content: {css_string(printable(document.title))}; }} }}"
    head = el(
        "head",
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        el("title", document.title),
        el("style", Html(_STYLE + running)),
    )
    body = el("body", *_body(document))
    return printable(f"<!DOCTYPE html>\n{el('html', head, body, lang='zh-CN')}\n")


def _body(document: Document) -> Iterator[Html]:
    yield _masthead(document)
    yield el("main", *(_section(section) for section in document.sections))
    yield from _close(document.head)
    if document.annex:
        entries = (_entry(entry) for entry in document.annex)
        note = "正文中的〔编号〕指本附件的条目；决定编号可用 envrules explain 查询全部依据。"
        yield el(
            "section", el("h2", "附件　数字所依据的决定和案件"), el("p", note, class_="note"),
            el("ol", *entries), id="annex", class_="long" if len(document.annex) > _SHORT else "",
        )  # fmt: skip


def _masthead(document: Document) -> Html:
    head = document.head
    parts: list[Html] = []
    if head.issuer:
        parts.append(el("p", head.issuer, class_="issuer"))
    if head.number or head.signatory:
        signed = el("span", head.signed) if head.signed else Html()
        parts.append(el("p", el("span", head.number), signed, class_="docnumber"))
    if head.issuer or head.number:
        parts.append(Html("<hr>"))
    parts += [el("h1", document.title), el("p", document.reading, class_="reading")]
    if document.warning:
        parts.append(el("p", document.warning, class_="warning"))
    if head.addressed:
        parts.append(el("p", head.addressed, class_="to"))
    return el("header", *parts)


def _close(head: Letterhead) -> Iterator[Html]:
    if head.issuer or head.date:
        lines = (el("p", line) for line in (head.issuer, head.date) if line)
        yield el("div", *lines, class_="seal")
    if head.copied:
        yield el("p", head.copied, class_="copies")


def _section(section: Section) -> Html:
    return el("section", el("h2", section.title), *map(_block, section.blocks))


def _block(block: Block) -> Html:
    match block:
        case Paragraph():
            return el("p", block.text)
        case Table():
            return _table(block)
        case Chart():
            caption = el("figcaption", block.title)
            return el("figure", caption, chart_svg(block), _rows(block.table()))
        case Map():
            return el("figure", el("figcaption", block.title), map_svg(block), class_="map")
        case Blanks():
            rows = (together(el("dt", name), el("dd")) for name in block.names)
            return el("dl", *rows, class_="blanks")


def _table(table: Table) -> Html:
    title = el("h3", table.title)
    return together(title, _rows(table) if table.rows else el("p", table.absent, class_="absent"))


def _rows(table: Table) -> Html:
    head = el("tr", *(el("th", c.title, class_=_class(c)) for c in table.columns))
    body = (
        el("tr", *(_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)))
        for row in table.rows
    )
    short = "short" if len(table.rows) <= _SHORT else ""
    return el("table", el("thead", head), el("tbody", *body), class_=short)


_SHORT = 12
"""Rows of a table that is printed on one page rather than broken; entries of an annex that needs
no page of its own."""


def _class(column: Column) -> str:
    if column.is_figure:
        return "number"
    return "wide" if column.wide else "" if column.kind == "text" else column.kind


def _cell(cell: Cell, column: Column) -> Html:
    content = [shown(cell, column.kind)]
    if cell.colour:
        swatch = el("span", class_="swatch", style=f"background:{cell.colour}")
        content = [el("span", swatch, *content, class_="time")]
    if cell.basis:
        content.append(el("a", f"〔{cell.basis}〕", href=f"#basis-{cell.basis}", class_="basis"))
    kind = "change" if column.kind == "change" else ""
    if kind and isinstance(cell.value, int):
        kind = "up" if cell.value > 0 else "down" if cell.value < 0 else ""
    return el("td", *content, class_=" ".join(filter(None, (_class(column), kind))))


def _entry(entry: Basis) -> Html:
    parts = [el("strong", entry.about)]
    told = [ground for ground in entry.decisions if ground.said]
    if told:
        items = (el("li", el("code", ground.id), f" {ground.said}") for ground in told)
        parts.append(el("ul", *items))
    bare = [el("code", ground.id) for ground in entry.decisions if not ground.said]
    if bare:
        parts.append(el("p", *bare))
    if entry.issues:
        parts.append(el("p", "案件：", "、".join(entry.issues)))
    return el("li", *parts, id=f"basis-{entry.number}", value=str(entry.number))
