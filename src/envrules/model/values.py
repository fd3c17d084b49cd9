"""Values that hold from a date on, and where each one is written.

Valid time: a value is asked for at a local date. `always` is a value without a date. A date
for which nothing is in force is an error (`NoValueInForce`), never zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from envrules.model.base import Frozen

T = TypeVar("T")
ALWAYS = "always"


class Citation(Frozen):
    """Where a rule or a value comes from: the clause of the document and the line of the file."""

    id: str
    """Dotted path in the ruleset, e.g. `parameters.warning_line`."""
    title: str
    location: str
    """`file:line` of the definition."""
    ref: str = ""
    """Clause of the source document, empty when it is our default."""
    not_from_source: str = ""
    """Why there is no clause: the document is silent and this is a shipped default."""


class NoValueInForce(Exception):
    """No value of this parameter or table is in force on the date asked for."""

    def __init__(self, citation: Citation, day: date) -> None:
        super().__init__(f"{citation.id} has no value in force on {day.isoformat()}")
        self.citation = citation
        self.day = day


@dataclass(frozen=True, slots=True)
class InForce(Generic[T]):
    """A value, since when it has been in force (`always` or an ISO date), and its citation."""

    value: T
    since: str
    citation: Citation


class Dated(Generic[T]):
    """A value that changes on stated local dates."""

    __slots__ = ("_starts", "_values", "citation")

    def __init__(
        self,
        citation: Citation,
        values: Mapping[str, T],
        locations: Mapping[str, str] | None = None,
    ) -> None:
        """`values` maps `always` or ISO dates to values; `locations` the same keys to file:line."""
        self.citation = citation
        starts = {k: date.min if k == ALWAYS else date.fromisoformat(k) for k in values}
        keys = sorted(values, key=starts.__getitem__)
        self._starts = [starts[k] for k in keys]
        where = locations or {}
        self._values = [
            InForce(values[k], k, Citation(
                id=citation.id, title=citation.title, ref=citation.ref,
                not_from_source=citation.not_from_source,
                location=where.get(k, citation.location)))
            for k in keys
        ]  # fmt: skip

    def at(self, day: date) -> InForce[T]:
        """Return what is in force on the local date `day`.

        Raises:
            NoValueInForce: nothing is in force on that date.
        """
        i = bisect_right(self._starts, day) - 1
        if i < 0:
            raise NoValueInForce(self.citation, day)
        return self._values[i]

    def segment(self, day: date) -> int:
        """Return the index of the parameter segment that `day` falls in (-1: none)."""
        return bisect_right(self._starts, day) - 1

    def all(self) -> tuple[InForce[T], ...]:
        """Return every value with its start, in order of time."""
        return tuple(self._values)
