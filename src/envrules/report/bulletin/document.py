"""A document before it is written: what a bulletin or a statement says, in tables and charts.

One model, three writers (`html`, `docx`, `xlsx`). Numbers stay numbers until a writer prints them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

Value: TypeAlias = str | int | Decimal | None
"""None: there is nothing to say."""
Kind = Literal["text", "time", "id", "number", "percent", "change"]
"""`time`: text on one line; `id`: text that may be broken anywhere; `percent`: a fraction, shown in
percent; `change`: places gained (positive) or lost."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is about, and what stands in it."""

    title: str
    kind: Kind = "text"
    wide: bool = False
    """It holds sentences."""

    @property
    def is_figure(self) -> bool:
        """Whether figures stand in it, to be set to the right."""
        return self.kind in ("number", "percent", "change")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table."""

    value: Value = None
    colour: str = ""
    """`#rrggbb` of what it names, such as a band."""
    basis: int = 0
    """Number of the entry in the annex that it rests on; 0: none."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; a row has a cell for each column."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    absent: str = "无。"
    """What is said where there are no rows."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over time; None where there is no figure."""

    title: str
    labels: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Decimal | None, ...]], ...]
    kind: Kind = "number"

    def table(self) -> Table:
        """Return the same as a table, for who cannot see the lines."""
        columns = (Column("期间"), *(Column(name, self.kind) for name, _ in self.lines))
        rows = tuple(
            (Cell(label), *(Cell(values[i]) for _, values in self.lines))
            for i, label in enumerate(self.labels)
        )
        return Table(self.title, columns, rows)


@dataclass(frozen=True, slots=True)
class Area:
    """A unit on a map."""

    title: str
    caption: str
    band: str
    colour: str
    geometry: Mapping[str, Any]
    """GeoJSON: type and coordinates."""


@dataclass(frozen=True, slots=True)
class Map:
    """Units in the colours of their bands."""

    title: str
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or several."""

    text: str


@dataclass(frozen=True, slots=True)
class Blanks:
    """Lines to be filled in by hand."""

    names: tuple[str, ...]


Block: TypeAlias = Table | Chart | Map | Paragraph | Blanks


@dataclass(frozen=True, slots=True)
class Section:
    """A part under its heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What an office adds to a document: all of it may be empty."""

    issuer: str = ""
    """发文单位."""
    number: str = ""
    """文号."""
    signatory: str = ""
    """签发人."""
    to: str = ""
    """主送."""
    copies: tuple[str, ...] = ()
    """抄送."""
    date: str = ""
    """日期, as printed."""

    @property
    def signed(self) -> str:
        """Who signs, in words; empty if nobody is named."""
        return f"签发人：{self.signatory}" if self.signatory else ""

    @property
    def addressed(self) -> str:
        """To whom it goes, in words."""
        return f"{self.to}：" if self.to else ""

    @property
    def copied(self) -> str:
        """Who gets copies, in words."""
        return f"抄送：{'，'.join(self.copies)}。" if self.copies else ""


@dataclass(frozen=True, slots=True)
class Ground:
    """A decision that something rests on."""

    id: str
    said: str


@dataclass(frozen=True, slots=True)
class Basis:
    """An entry of the annex: what some figure rests on."""

    number: int
    about: str
    decisions: tuple[Ground, ...]
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole document."""

    title: str
    reading: str
    """On what its figures rest."""
    head: Letterhead
    sections: tuple[Section, ...]
    annex: tuple[Basis, ...] = ()
    warning: str = ""
    """What must be said before anything else: that it is no more than a preview."""


@dataclass(slots=True)
class Annex:
    """Collects what figures rest on, and numbers it in the order of the document."""

    entries: list[Basis] = field(default_factory=list)

    def cite(self, about: str, decisions: Sequence[Ground] = (), issues: Sequence[str] = ()) -> int:
        """Return the number under which this is listed; 0 if there is nothing to list."""
        if not decisions and not issues:
            return 0
        number = len(self.entries) + 1
        self.entries.append(Basis(number, about, tuple(decisions), tuple(issues)))
        return number


def shown(cell: Cell, kind: Kind) -> str:
    """Return a cell as a person reads it."""
    value = cell.value
    if value is None or isinstance(value, str):
        return printable(value or "")
    if kind == "percent":
        return f"{Decimal(value) * 100:.2f}%"
    if kind == "change":
        return f"↑{value}" if value > 0 else f"↓{-value}" if value < 0 else "—"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def printable(text: str) -> str:
    """Return text without the characters that no document format can hold."""
    return _UNPRINTABLE.sub("�", text)


def width(text: str) -> int:
    """Return how wide a text is, in half-widths: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
