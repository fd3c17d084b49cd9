"""What a locality's log says about everything at once: units, exemptions, closes, the last tick.

Built from events by `Context.of`, never changed afterwards. A question about a closed period is
asked "as of" the log entry that closed it (`cut`): later entries do not answer it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """The units of a locality, over time: each is a sequence of spans, one a declaration."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Read unit events in any order: ends are laid over declarations, however late these are."""
        self._spans: dict[str, list[Unit]] = {}
        self._titles: dict[str, list[tuple[Instant, str]]] = {}
        known = sorted(events, key=order_key)
        for event in known:
            if isinstance(event.payload, UnitDeclared):
                self._declare(event.payload, event.occurred_at)
        for event in known:
            self._end_or_rename(event)

    def _declare(self, given: UnitDeclared, at: Instant) -> None:
        """Begin a span: what was declared before holds until then, or is replaced if it began then."""
        since = at if given.since is None else given.since
        earlier = [s for s in self._spans.get(given.unit, ()) if s.since < since]
        earlier = [replace(s, until=min(s.until, since)) for s in earlier]
        new = Unit(given.unit, given.title, given.type, given.parent, since,
                   FOREVER if given.until is None else given.until,
                   attributes=given.attributes)  # fmt: skip
        self._spans[given.unit] = [*earlier, new]
        self._titles.setdefault(given.unit, []).append((since, given.title))

    def _end_or_rename(self, event: Event) -> None:
        payload, at = event.payload, event.occurred_at
        if isinstance(payload, UnitRenamed):
            self._titles.setdefault(payload.unit, []).append((at, payload.title))
        elif isinstance(payload, UnitMerged):
            for unit in payload.units:
                self._end(unit, at, payload.into)
        elif isinstance(payload, UnitSplit):
            self._end(payload.unit, at, payload.into[0] if payload.into else "")

    def _end(self, unit: str, at: Instant, successor: str) -> None:
        if unit != successor and unit in self._spans:
            self._spans[unit] = [
                replace(s, until=min(s.until, at), successor=successor) if s.since < at else s
                for s in self._spans[unit]
            ]

    def knows(self, unit: str) -> bool:
        """Return whether the unit was ever declared."""
        return unit in self._spans

    def with_unit(self, event: Event) -> Registry:
        """Return the registry with a unit that was not known before; nothing else may change."""
        more = Registry(())
        more._spans, more._titles = dict(self._spans), dict(self._titles)
        assert isinstance(event.payload, UnitDeclared)
        more._declare(event.payload, event.occurred_at)
        return more

    def unit(self, unit: str, at: Instant) -> Unit | None:
        """Return the unit as it is at `at`, or None if it does not exist then."""
        return next((s for s in self._spans.get(unit, ()) if s.since <= at < s.until), None)

    def responsible(self, unit: str, at: Instant) -> str:
        """Return who answers for the unit's open issues at `at`: itself or its successor."""
        seen: set[str] = set()
        while unit not in seen:
            seen.add(unit)
            spans = self._spans.get(unit)
            if not spans or at < spans[-1].until or not spans[-1].successor:
                return unit
            unit = spans[-1].successor
        return unit

    def lineage(self, unit: str, at: Instant) -> list[Unit]:
        """Return the unit as it is at `at` and those above it, nearest first; none twice."""
        line: list[Unit] = []
        known = self.unit(unit, at)
        while known is not None and all(known.id != below.id for below in line):
            line.append(known)
            known = self.unit(known.parent, at) if known.parent else None
        return line

    def below(self, units: Iterable[str]) -> set[str]:
        """Return these units and all that have ever been declared below one of them."""
        return self._reaching(units, lambda span: span.parent)

    def before(self, units: Iterable[str]) -> set[str]:
        """Return these units and all for which one of them answers, directly or in the end."""
        return self._reaching(units, lambda span: span.successor)

    def _reaching(self, units: Iterable[str], next_of: Callable[[Unit], str]) -> set[str]:
        found, waiting = set(), list(units)
        while waiting:
            unit = waiting.pop()
            if unit not in found:
                found.add(unit)
                waiting += [
                    name for name, spans in self._spans.items()
                    if any(next_of(span) == unit for span in spans)
                ]  # fmt: skip
        return found

    def next_change(self, types: frozenset[str], after: Instant) -> Instant | None:
        """Return when next a unit of these types begins, ends or gets another title."""
        changes = [
            at
            for unit, spans in self._spans.items() if any(s.type in types for s in spans)
            for at in (*(s.since for s in spans), *(s.until for s in spans),
                       *(since for since, _ in self._titles[unit]))
            if after < at < FOREVER
        ]  # fmt: skip
        return min(changes, default=None)

    def title(self, unit: str, at: Instant) -> str:
        """Return the unit's title at `at`; its code if it has none."""
        titles = sorted(self._titles.get(unit, ()), key=lambda t: t[0])
        before = bisect_right([since for since, _ in titles], at) - 1
        return titles[max(before, 0)][1] if titles else unit

    def life(self, unit: str, types: frozenset[str], start: Instant, end: Instant) -> Unit | None:
        """Return the unit for as long as it is of these types within [start, end), or None."""
        spans = [
            s for s in self._spans.get(unit, ())
            if s.type in types and s.since < end and s.until > start and s.since < s.until
        ]  # fmt: skip
        return replace(spans[-1], since=spans[0].since) if spans else None

    def of_types(self, types: frozenset[str], start: Instant, end: Instant) -> list[Unit]:
        """Return the units of these types that exist at some time of [start, end), by id."""
        lives = (self.life(unit, types, start, end) for unit in sorted(self._spans))
        return [unit for unit in lives if unit is not None]


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
        more = Records((*self.events, event))
        latest = self._views.get(FOREVER)
        if latest is not None and self._only_declares(event):
            more._views[FOREVER] = (latest[0].with_unit(event), latest[1])
        return more

    def _only_declares(self, event: Event) -> bool:
        """Return whether the event declares a new unit where nothing but declarations is known."""
        payload = event.payload
        if not isinstance(payload, UnitDeclared) or self.as_of(FOREVER)[0].knows(payload.unit):
            return False
        return all(isinstance(e.payload, UnitDeclared | Exemption) for e in self.events)

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
