"""The units of a locality over time: declared, renamed, merged, split."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from envrules.model.base import Instant
from envrules.model.events import (
    Event,
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
        self._under: dict[str, set[str]] = {}
        """Unit → those that were ever declared below it."""
        self._after: dict[str, set[str]] = {}
        """Unit → those that it succeeds."""
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
        if given.parent:
            self._under.setdefault(given.parent, set()).add(given.unit)

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
            if successor:
                self._after.setdefault(successor, set()).add(unit)

    def knows(self, unit: str) -> bool:
        """Return whether the unit was ever declared."""
        return unit in self._spans

    def declare(self, event: Event) -> None:
        """Add a unit that is not known yet, where nothing but declarations is: others stay."""
        assert isinstance(event.payload, UnitDeclared)
        self._declare(event.payload, event.occurred_at)

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
        return _reach(units, self._under)

    def before(self, units: Iterable[str]) -> set[str]:
        """Return these units and all for which one of them answers, directly or in the end."""
        return _reach(units, self._after)

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
        if len(spans) > 1:
            return replace(spans[-1], since=spans[0].since)
        return spans[0] if spans else None

    def of_types(
        self, types: frozenset[str], start: Instant, end: Instant,
        only: Collection[str] | None = None,
    ) -> list[Unit]:  # fmt: skip
        """Return the units of these types that exist at some time of [start, end), by id.

        `only`: of these units alone.
        """
        known = self._spans if only is None else only
        lives = (self.life(unit, types, start, end) for unit in sorted(known))
        return [unit for unit in lives if unit is not None]

    def since(self, only: Collection[str] | None = None) -> Instant:
        """Return when the first of the units (of `only` these) begins; FOREVER if there is none."""
        known = self._spans if only is None else only
        return min((s.since for unit in known for s in self._spans.get(unit, ())), default=FOREVER)


def _reach(units: Iterable[str], onward: Mapping[str, Collection[str]]) -> set[str]:
    """Return these units and all that can be reached from one of them."""
    found, waiting = set(), list(units)
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting += onward.get(unit, ())
    return found
