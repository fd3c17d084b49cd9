"""What a locality's log says about everything at once: units, exemptions, closes, the last tick.

Built from events by `Context.of`, never changed afterwards. A question about a closed period is
asked "as of" the log entry that closed it (`cut`): later entries do not answer it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

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

FOREVER = 1 << 62
"""Later than any instant or log entry."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as declared: half-open life [since, until)."""

    id: str
    title: str
    type: str
    parent: str
    since: Instant
    until: Instant
    successor: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Registry:
    """The units of a locality, over time."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._units: dict[str, Unit] = {}
        self._titles: dict[str, list[tuple[Instant, str]]] = {}
        for event in events:
            self._apply(event)

    def _apply(self, event: Event) -> None:
        payload, at = event.payload, event.occurred_at
        if isinstance(payload, UnitDeclared):
            since = at if payload.since is None else payload.since
            self._units[payload.unit] = Unit(
                payload.unit, payload.title, payload.type, payload.parent, since,
                payload.until or FOREVER, attributes=payload.attributes,
            )  # fmt: skip
            self._titles.setdefault(payload.unit, []).append((since, payload.title))
        elif isinstance(payload, UnitRenamed):
            self._titles.setdefault(payload.unit, []).append((at, payload.title))
        elif isinstance(payload, UnitMerged):
            for unit in payload.units:
                self._end(unit, at, payload.into)
        elif isinstance(payload, UnitSplit):
            self._end(payload.unit, at, payload.into[0] if payload.into else "")

    def _end(self, unit: str, at: Instant, successor: str) -> None:
        known = self._units.get(unit)
        if known is not None and unit != successor:
            self._units[unit] = Unit(
                known.id, known.title, known.type, known.parent, known.since,
                min(known.until, at), successor, known.attributes,
            )  # fmt: skip

    def unit(self, unit: str, at: Instant) -> Unit | None:
        """Return the unit if it exists at `at`, else None."""
        known = self._units.get(unit)
        return known if known is not None and known.since <= at < known.until else None

    def responsible(self, unit: str, at: Instant) -> str:
        """Return who answers for the unit's open issues at `at`: itself or its successor."""
        seen: set[str] = set()
        while unit not in seen:
            seen.add(unit)
            known = self._units.get(unit)
            if known is None or at < known.until or not known.successor:
                return unit
            unit = known.successor
        return unit

    def title(self, unit: str, at: Instant) -> str:
        """Return the unit's title at `at`; its code if it has none."""
        titles = sorted(self._titles.get(unit, ()), key=lambda t: t[0])
        before = bisect_right([since for since, _ in titles], at) - 1
        return titles[max(before, 0)][1] if titles else unit

    def of_types(self, types: frozenset[str], start: Instant, end: Instant) -> list[Unit]:
        """Return the units of these types that exist at some time of [start, end), by id."""
        return sorted(
            (
                u
                for u in self._units.values()
                if u.type in types and u.since < end and u.until > start
            ),
            key=lambda u: u.id,
        )

    def share_of(self, unit: Unit, start: Instant, end: Instant) -> float:
        """Return which part of [start, end) the unit existed."""
        return max(0, min(end, unit.until) - max(start, unit.since)) / (end - start)


CONTEXT_PAYLOADS = (UnitDeclared, UnitRenamed, UnitMerged, UnitSplit, Exemption)


@dataclass(frozen=True, slots=True)
class Close:
    """A closed period: frozen at log entry `seq`, under `revision`, at the locality's time `at`."""

    period: str
    seq: int
    revision: str
    at: Instant


class Records:
    """The unit and exemption events of a locality, withdrawn ones and their withdrawals included."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events = tuple(events)
        self._views: dict[int, tuple[Registry, tuple[Event, ...]]] = {}

    def with_event(self, event: Event) -> Records:
        """Return the records with one event more."""
        return Records((*self.events, event))

    def as_of(self, cut: int) -> tuple[Registry, tuple[Event, ...]]:
        """Return the units and the exemptions known at log entry `cut`."""
        known = self._views.get(cut)
        if known is None:
            alive = live([e for e in self.events if e.seq <= cut])
            units = [e for e in alive if not isinstance(e.payload, Exemption)]
            exemptions = tuple(e for e in alive if isinstance(e.payload, Exemption))
            known = self._views[cut] = (Registry(units), exemptions)
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
