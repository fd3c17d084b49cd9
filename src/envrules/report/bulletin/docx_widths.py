"""How broad the columns of a table are on paper: Word and LibreOffice must be told."""

from __future__ import annotations

from collections.abc import Sequence

from envrules.report.bulletin.document import Cell, Column, Document, Table, shown, width

_HALF_WIDTH = 1.9
"""Millimetres that half a Chinese character takes in a table."""
_PADDING = 4.5
"""Millimetres beside the text of a cell, and what fonts differ by."""
_WIDEST = 36
"""Half-widths of a character that a column asks for at most."""
_TOO_BROAD = 1.6


def column_widths(table: Table, across: float) -> list[float]:
    """Return how many millimetres each column gets, of the `across` between the margins.

    What is short stays on one line, and the long ones share the rest.
    """
    wanted = _wanted(table)
    level = _level(wanted, across)
    given = [min(share, level) for share in wanted]
    return [across * share / sum(given) for share in given]


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


def is_broad(document: Document, portrait: float) -> bool:
    """Return whether a table has so many columns that the page is better laid on its side.

    `portrait`: millimetres between the margins of one that stands.
    """
    tables = (b for section in document.sections for b in section.blocks if isinstance(b, Table))
    return any(sum(_wanted(table)) > _TOO_BROAD * portrait for table in tables if table.rows)


def _taken(cell: Cell, column: Column) -> int:
    """Return how wide a cell is, with the number of what it rests on."""
    return width(shown(cell, column.kind)) + (5 if cell.basis else 0)
