"""The events of every day, made from a story: always the same ones for the same seed.

Times are chosen at random between a story's lines, but a unit is what it is all month: some
clear things away at once, some are slow, and a few forget.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from envrules import calendar as cal
from envrules.demo.story import Assessment, Issues, Kind, Place, Rounds, Story, Supplied
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.wire.times import from_local, parse_instant

DAY = timedelta(days=1)
_CHECKS = frozenset({"check_passed", "check_failed"})


class Month:
    """Makes the events of one locality."""

    def __init__(self, story: Story, place: Place, seed: int, units: int | None = None) -> None:
        """`units`: at most so many of each type, for a short demo; incidents keep their units."""
        self.story, self.place = story, place
        self.zone = ZoneInfo(place.timezone)
        self._random = Random(f"{seed}:{place.id}")
        self._last = cal.period_dates(story.period)[1]
        self._end = self.instant(story.ends)
        # From 0 (clears everything away) to 1 (the worst of all), fixed for the month.
        self._neglect = {unit: self._random.betavariate(1.6, 4) for unit in place.unit_ids()}
        self._units = None if units is None else units

    def instant(self, text: str) -> Instant:
        """Return the instant of a local time."""
        return parse_instant(text, self.zone)

    def events(self) -> list[Event]:
        """Return all events that are not written out, in no particular order."""
        events = [*self._declared(), *self._issues(self.place.issues)]
        if self.place.rounds is not None:
            events += self._rounds(self.place.rounds)
        if self.place.assessment is not None:
            events += self._assessed(self.place.assessment)
        for supplied in self.place.supplied:
            events += self._supplied(supplied)
        return events

    def _busy(self, types: list[str]) -> list[str]:
        """Return the units of these types to which something happens every day."""
        found = [
            unit for prefix in self.place.units for unit in self.place.unit_ids(types)
            if unit.startswith(prefix)
        ]  # fmt: skip
        if self._units is None:
            return found
        return [unit for unit in found if int(unit[1:]) <= self._units]

    def _event(self, id: str, at: Instant, payload: Payload, flow: int = 0) -> Event:
        return Event(id, at, payload, flow, self.place.source)

    # ── units ──

    def _declared(self) -> Iterator[Event]:
        at = self.instant(self.story.begins)
        for prefix, units in self.place.units.items():
            for n, title in enumerate(units.titles, start=1):
                unit = f"{prefix}{n:02d}"
                yield self._event(f"unit-{unit}", at, UnitDeclared(unit, title, units.type))

    # ── issues ──

    def _issues(self, habit: Issues) -> Iterator[Event]:
        first = datetime.fromisoformat(self.story.begins).date()
        days = (self._last - first).days + 1
        number = 0
        for unit in self._busy(habit.unit_types):
            for _ in range(max(1, round(habit.each_unit * (0.5 + 2 * self._neglect[unit])))):
                number += 1
                found = self._working_time(first + self._random.randrange(days) * DAY)
                yield from self._issue(habit, f"{habit.prefix}-{number:04d}", unit, found)

    def _issue(self, habit: Issues, issue: str, unit: str, found: datetime) -> Iterator[Event]:
        (source,) = self._random.choices([*habit.sources], [*habit.sources.values()])
        kind = self._random.choice(habit.kinds)
        yield self._event(f"{issue}-0", self._at(found), IssueFound(
            issue, kind.category, kind.place, source=source, place_unit=unit,
        ))  # fmt: skip
        moves = self._moves(habit, unit, found)
        for flow, (move, at) in enumerate(moves, start=1):
            if self._at(at) >= self._end:
                return
            ledger = dict(habit.ledger.get(move, {}))
            by = "" if move in _CHECKS else unit
            payload = IssueMoved(issue, move, by_unit=by, ledger=ledger)  # type: ignore[arg-type]
            yield self._event(f"{issue}-{flow}", self._at(at), payload, flow)

    def _moves(self, habit: Issues, unit: str, found: datetime) -> Iterator[tuple[str, datetime]]:
        """Yield the steps of an issue and when each is taken."""
        neglect, random = self._neglect[unit], self._random
        forgets = random.random() < 0.04 * neglect
        slow = random.random() < 0.25 * neglect
        fails = random.random() < 0.12 * neglect
        at = found
        for step in habit.steps:
            if step == "handled":
                if forgets:
                    return
                low, high = habit.late_hours if slow else habit.handling_hours
                at = self._daytime(at + timedelta(minutes=random.randint(low * 60, high * 60)))
                if fails:
                    yield "handled", at
                    at = self._daytime(at + timedelta(minutes=random.randint(120, 900)))
                    yield "check_failed", at
                    at = self._daytime(at + timedelta(minutes=random.randint(120, 600)))
            elif step in _CHECKS:
                at = self._daytime(at + timedelta(minutes=random.randint(90, 1200)))
            else:
                at = at + timedelta(minutes=random.randint(5, 45))
            yield step, at

    def _working_time(self, day: date) -> datetime:
        minute = self._random.randint(7 * 60 + 30, 17 * 60 + 30)
        return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self.zone)

    def _daytime(self, at: datetime) -> datetime:
        """Return `at`, or some minutes after seven the next morning if nobody works then."""
        if 7 <= at.hour < 19:
            return at
        day = at if at.hour < 7 else at + DAY
        return day.replace(hour=7, minute=self._random.randint(5, 55))

    def _at(self, moment: datetime) -> Instant:
        return from_local(moment.replace(tzinfo=None), self.zone)

    # ── inspections and points ──

    def _rounds(self, rounds: Rounds) -> Iterator[Event]:
        first, after = (
            datetime.fromisoformat(text).date() for text in (self.story.begins, self.story.ends)
        )
        for n in range((after - first).days):
            day = first + n * DAY
            for unit in self.place.unit_ids([rounds.unit_type]):
                if rounds.missed.get(unit) == day:
                    continue
                name = f"{rounds.kind}-{day}-{unit}"
                payload = Inspection(name, unit, rounds.kind, organ=rounds.organ)
                yield self._event(name, self.instant(f"{day} {rounds.at}"), payload)

    def _assessed(self, habit: Assessment) -> Iterator[Event]:
        for i, unit in enumerate(self.place.unit_ids()):
            kinds = habit.written.get(unit)
            if kinds is None:
                count = round(habit.most * self._neglect[unit]) + 1
                kinds = [self._random.choice(habit.kinds) for _ in range(count)]
            name = f"check-{self.story.period}-{unit}"
            payload = Inspection(
                name, unit, habit.kind, organ=habit.organ, findings=tuple(_findings(kinds))
            )
            at = self._working_time(habit.days[i % len(habit.days)])
            yield self._event(name, self._at(at), payload)

    def _supplied(self, habit: Supplied) -> Iterator[Event]:
        for unit in self.place.unit_ids(habit.unit_types):
            given = habit.written.get(unit)
            if given is None:
                share = (1 - self._neglect[unit]) * self._random.uniform(0.8, 1)
                given = round(habit.low + (habit.high - habit.low) * share, 1)
            payload = ScoreSupplied(
                unit, habit.score, habit.item, self.story.period, Decimal(str(given)), habit.organ
            )
            name = f"{habit.item}-{self.story.period}-{unit}"
            yield self._event(name, self.instant(habit.at), payload)


def _findings(kinds: list[Kind]) -> Iterator[Finding]:
    places = [kind for kind in kinds for _ in range(kind.times)]
    for n, kind in enumerate(places, start=1):
        yield Finding(f"f{n:02d}", kind.category, kind.place, point=f"第 {n} 处")
