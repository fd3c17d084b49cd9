"""What a locality's log says about everything at once: units, exemptions, closes, the last tick.

A question about a closed period is asked "as of" the log entry that closed it (`cut`): later
entries do not answer it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from envrules.engine.registry import FOREVER, Registry
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Exemption,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
    UnitSplit,
    order_key,
)

CONTEXT_PAYLOADS = (UnitDeclared, UnitRenamed, UnitMerged, UnitSplit, Exemption)


@dataclass(frozen=True, slots=True)
class Close:
    """A closed period: frozen at log entry `seq`, under `revision`, at the locality's time `at`."""

    period: str
    seq: int
    revision: str
    at: Instant


_CUTS = 8
"""Views of the past that are kept: those of the closes that are asked about now."""


class Records:
    """The unit and exemption events of a locality, withdrawn ones and their withdrawals included.

    Grows as they arrive, at a cost that does not depend on how many there are already: cities
    declare a hundred thousand units in a row.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self._seqs: list[int] = []
        """Their places in the log, in order."""
        self._types: dict[str, set[str]] = {}
        self._only_declarations = True
        self._views: dict[int, tuple[Registry, tuple[Event, ...]]] = {}
        """How many events they know, or FOREVER → what they come to."""
        for event in events:
            self._note(event)

    def __contains__(self, seq: int) -> bool:
        """Return whether the event at this place of the log is recorded."""
        place = bisect_left(self._seqs, seq)
        return place < len(self._seqs) and self._seqs[place] == seq

    def add(self, event: Event) -> None:
        """Record an event; views of the log before it stay as they are."""
        latest = self._views.get(FOREVER)
        before = bisect_left(self._seqs, event.seq)
        self._views = {number: view for number, view in self._views.items() if number <= before}
        if latest is not None and self._is_new_unit(event, latest[0]):
            latest[0].declare(event)
            self._views[FOREVER] = latest
        self._note(event)

    def _note(self, event: Event) -> None:
        payload = event.payload
        self.events.append(event)
        insort(self._seqs, event.seq)
        if isinstance(payload, UnitDeclared):
            self._types.setdefault(payload.unit, set()).add(payload.type)
        elif not isinstance(payload, Exemption):
            self._only_declarations = False

    def _is_new_unit(self, event: Event, known: Registry) -> bool:
        """Return whether the event declares a new unit where nothing but declarations is known."""
        payload = event.payload
        new = isinstance(payload, UnitDeclared) and not known.knows(payload.unit)
        return new and self._only_declarations

    def types(self, units: Iterable[str]) -> set[str]:
        """Return all types under which these units have ever been declared."""
        return {one for unit in units for one in self._types.get(unit, ())}

    def as_of(self, cut: int) -> tuple[Registry, tuple[Event, ...]]:
        """Return the units and the exemptions known at log entry `cut`.

        Cuts between which nothing of these was said have one view; the latest is its own, as it grows.
        """
        number = FOREVER if cut == FOREVER else bisect_right(self._seqs, cut)
        known = self._views.get(number)
        if known is None:
            alive = live([e for e in self.events if e.seq <= cut])
            units = [e for e in alive if not isinstance(e.payload, Exemption)]
            exemptions = tuple(e for e in alive if isinstance(e.payload, Exemption))
            known = (Registry(units), exemptions)
            while len(self._views) >= _CUTS:
                del self._views[next(iter(self._views))]
            self._views[number] = known
        return known


@dataclass(frozen=True)
class Context:
    """The locality as of a place in its log, for one scheme."""

    now: Instant
    """The last tick."""
    records: Records
    closes: Mapping[str, Close] = field(default_factory=dict)
    """Closed periods of the scheme."""
    since: Instant = 0
    """When the locality first bound the scheme: nothing was owed before."""

    def as_of(self, cut: int) -> tuple[Registry, tuple[Event, ...]]:
        """Return the units and the exemptions known at log entry `cut`."""
        return self.records.as_of(cut)

    @property
    def registry(self) -> Registry:
        """The units known now."""
        return self.records.as_of(FOREVER)[0]

    @property
    def exemptions(self) -> tuple[Event, ...]:
        """The exemptions known now."""
        return self.records.as_of(FOREVER)[1]

    @cached_property
    def closes_in_order(self) -> tuple[Close, ...]:
        """Closes by their place in the log."""
        return tuple(sorted(self.closes.values(), key=lambda c: c.seq))


def live(events: Sequence[Event]) -> list[Event]:
    """Return the events that no withdrawal among them takes back, in Order, withdrawals left out."""
    if all(type(e.payload) is not EventWithdrawn for e in events):
        return sorted(events, key=order_key)
    gone = {e.payload.target for e in events if isinstance(e.payload, EventWithdrawn)}
    kept = [e for e in events if not isinstance(e.payload, EventWithdrawn) and e.id not in gone]
    return sorted(kept, key=order_key)


def exempts(
    exemptions: Iterable[Event], unit: str, at: Instant, category: str = "", issue: str = ""
) -> Event | None:
    """Return the exemption that covers this unit, category or issue at `at`, if there is one.

    Every list that an exemption gives must contain the value asked about; the time is half-open.
    """
    for event in exemptions:
        given = event.payload
        assert isinstance(given, Exemption)
        if not given.since <= at < given.until:
            continue
        scopes = ((given.units, unit), (given.categories, category), (given.issues, issue))
        if all(not wanted or value in wanted for wanted, value in scopes):
            return event
    return None
