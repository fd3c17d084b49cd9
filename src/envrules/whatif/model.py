"""A what-if question and its answer. Plain frozen values: they travel as JSON or msgpack."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from envrules.model.base import Frozen, Instant


class Question(Frozen):
    """Which periods of which scheme are asked about. Names such as `2026-07`, `2026Q3`, `2026`."""

    scheme: str
    first: str
    last: str
    """Included. Every period counts that ends between the begin of `first` and the end of `last`."""


class Changed(Frozen):
    """One difference between the two rulesets, see `ruleset.diff`."""

    path: str
    title: str
    before: str
    after: str
    since: str
    words: str


class Side(Frozen):
    """Where a unit stands on one side."""

    status: str
    """`scored`, `not_assessed`, `incomplete`; `no_value`: a value is missing on a day."""
    points: Decimal | None = None
    band: str = ""
    band_title: str = ""
    rank: int | None = None
    lists: tuple[str, ...] = ()
    """Ids of the lists that it is on."""


class Row(Frozen):
    """One unit in one score and period, on both sides; None: it is not judged there."""

    score: str
    period: str
    unit: str
    title: str
    type: str
    before: Side | None = None
    after: Side | None = None

    @property
    def moves(self) -> bool:
        """Whether the two sides differ."""
        return self.before != self.after


class Said(Frozen):
    """What a decision says on one side."""

    outcome: str
    title: str
    reason: str
    points: Decimal | None = None
    counted: Decimal | None = None
    rank: int | None = None
    due: Instant | None = None
    consequences: tuple[str, ...] = ()
    """What follows, in the scheme's words."""


class Difference(Frozen):
    """A decision that would be different: another one, one more, or none."""

    kind: str
    rule: str
    subject: str
    anchor: str
    unit: str
    unit_title: str
    period: str
    at: Instant
    before: Said | None = None
    after: Said | None = None
    why: tuple[str, ...] = ()
    """The values and findings that make the difference, a clause each, Chinese."""


class Count(Frozen):
    """Decisions of one kind and outcome on both sides, where the numbers or the members differ."""

    kind: str
    outcome: str
    before: int
    after: int


class Part(Frozen):
    """How a part of the answer was reckoned."""

    name: str
    """A figure, as `scores.monthly`; sightings that are read one by one; or how all of it was done:
    `replayed`, `judged_again`."""
    how: Literal["exact", "columnar"]
    keys: int
    """Unit-periods, sightings or nodes that were reckoned so."""


class Answer(Frozen):
    """What would have been different."""

    locality: str
    question: Question
    before: str
    """Revision in force."""
    after: str
    """Revision that is tried."""
    known_at: int
    """Log entry at which both sides were read."""
    changes: tuple[Changed, ...] = ()
    rows: tuple[Row, ...] = ()
    """All units that either side judges, those that do not move included."""
    differences: tuple[Difference, ...] = ()
    counts: tuple[Count, ...] = ()
    parts: tuple[Part, ...] = ()
    as_if_closed: tuple[str, ...] = ()
    """Periods that are open and were read as if they had been closed at `known_at`."""

    @property
    def movers(self) -> tuple[Row, ...]:
        """The rows that move."""
        return tuple(row for row in self.rows if row.moves)
