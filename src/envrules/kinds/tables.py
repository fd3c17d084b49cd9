"""Tables: the rows that a score deducts by, or that an organ awards.

A checklist that scores is a table too: its items are the rows, and one that is not met loses all
its points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Literal

from envrules.kinds.compiled import Parameter, plain
from envrules.model.values import Citation

Number = int | Fraction
"""How many findings, each by its weight: whole numbers are quicker, and few weights are not whole."""


def as_number(weight: Fraction) -> Number:
    """Return a weight as the whole number that it is, if it is one."""
    return weight.numerator if weight.denominator == 1 else weight


@dataclass(frozen=True, slots=True)
class Row:
    """Compiled row. `flags` maps a category or place to the parameter that switches it on."""

    id: str
    citation: Citation
    full: Decimal
    each: Decimal | None
    supplied_by: str
    not_supplied: Literal["no_score", "full", "zero"]
    at: frozenset[str]
    find: frozenset[str]
    at_if: Mapping[str, Parameter]
    find_if: Mapping[str, Parameter]
    marks: str = field(init=False, compare=False)
    """What it is worth, as every deduction says it; made once."""
    scale: int = field(init=False, compare=False)
    """How many of the parts that its marks are reckoned in make a point: no mark needs a smaller."""
    whole: int = field(init=False, compare=False)
    """The full mark, in these parts."""
    step: int = field(init=False, compare=False)
    """What a finding costs, in these parts."""

    def __post_init__(self) -> None:
        """Put the marks into words, and into whole numbers."""
        full, step = self.full.as_integer_ratio(), (self.each or Decimal(0)).as_integer_ratio()
        scale = lcm(full[1], step[1])
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "whole", full[0] * (scale // full[1]))
        object.__setattr__(self, "step", step[0] * (scale // step[1]))
        each = f"每处 {plain(self.each)} 分，" if self.each is not None else ""
        object.__setattr__(self, "marks", f"{each}满分 {plain(self.full)} 分")

    def kept(self, number: Number) -> Number:
        """Return what so many findings leave of the full mark, in parts."""
        return max(self.whole - self.step * number, 0)


class Table:
    """The rows in force together, with an index from (place, category) to the candidate rows."""

    __slots__ = ("_index", "deducting", "rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = {row.id: row for row in rows}
        self.deducting = tuple(row for row in self.rows.values() if row.each is not None)
        self._index: dict[tuple[str, str], list[tuple[Row, tuple[Parameter, ...]]]] = {}
        for row in rows:
            if row.each is None:
                continue
            places = {**dict.fromkeys(row.at or {""}), **row.at_if}
            categories = {**dict.fromkeys(row.find or {""}), **row.find_if}
            for place, place_flag in places.items():
                for category, category_flag in categories.items():
                    flags = tuple(f for f in (place_flag, category_flag) if f is not None)
                    self._index.setdefault((place, category), []).append((row, flags))

    def match(self, place: str, category: str) -> Sequence[tuple[Row, tuple[Parameter, ...]]]:
        """Return the rows, in table order, that could deduct for this finding, with their flags."""
        index = self._index
        return (
            index.get((place, category)) or index.get((place, "")) or index.get(("", category))
            or index.get(("", "")) or ()
        )  # fmt: skip

    def needs_place(self, category: str) -> bool:
        """Return whether some row would deduct for this category, if the place were known."""
        return any(place and found in ("", category) for place, found in self._index)
