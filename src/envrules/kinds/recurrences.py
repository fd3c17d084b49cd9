"""Recurrence: the same again at the same place within a window, after it had been put right."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator

from envrules import calendar as cal
from envrules.kinds.common import ParamRef, Sourced, Where
from envrules.kinds.compiled import Filter, Parameter, Value, cite, cite_value, plain
from envrules.kinds.deadlines import Limit, unpublished
from envrules.kinds.distance import Place, latitudes_within, metres_between
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.events import IssueFound
from envrules.model.values import Citation, InForce

Field_ = Literal["unit", "place", "category", "point", "grid"]


class RecurrenceSpec(Sourced):
    """An issue that `where` describes comes again where an earlier one of the same kind was."""

    where: Where = Where()
    same: tuple[Field_, ...] = Field(
        min_length=1, description="what makes it the same: unit, place, category, point, grid"
    )
    since: Literal["ended", "found"] = Field(
        default="ended",
        description="the window begins when the earlier issue was put right, or when it was found",
    )
    within: ParamRef = Field(description="how long the window is")
    near: ParamRef | None = Field(
        default=None, description="metres: only issues with coordinates this close are the same"
    )
    reopens: bool = Field(
        default=False, description="say of the earlier issue that it is open again"
    )

    @model_validator(mode="after")
    def _ended_before_reopened(self) -> RecurrenceSpec:
        if self.reopens and self.since == "found":
            raise ValueError("leave out `since: found`: only an issue that has ended is reopened")
        return self


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Compiled `recurrences` entry."""

    id: str
    citation: Citation
    where: Filter
    same: tuple[str, ...]
    since: Literal["ended", "found"]
    within: Parameter
    near: Parameter | None
    reopens: bool

    def key_of(self, found: IssueFound, unit: str) -> tuple[str, ...] | None:
        """Return what tells places and kinds apart; None where the finding does not say it."""
        values = tuple(unit if name == "unit" else getattr(found, name) for name in self.same)
        return values if all(values) else None


class Sighting(Frozen):
    """One issue as recurrence reads it."""

    issue: str
    event: str
    unit: str
    unit_type: str
    found: Instant
    ended: Instant | None = None
    """When it was put right for good."""
    proof: tuple[str, ...] = ()
    """The events that say so."""
    longitude: Decimal | None = None
    latitude: Decimal | None = None

    @property
    def place(self) -> Place | None:
        """Its coordinates, if it has any."""
        if self.longitude is None or self.latitude is None:
            return None
        return self.longitude, self.latitude


@dataclass(frozen=True, slots=True)
class Again:
    """An issue that is a recurrence, and of which one."""

    again: Sighting
    before: Sighting
    since: Instant
    """When the window began that it falls into."""
    window: str
    """How long that is, as an official writes it."""
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()


class Window(NamedTuple):
    """A stretch of time that begins with an issue; windows sort by when they begin."""

    since: Instant
    order: tuple[Instant, str]
    """Where the issue stands among the others: by when it was found, then by its event."""
    before: Sighting


@dataclass(frozen=True, slots=True)
class History:
    """The issues of one place, by when a window begins with them: found, or put right."""

    recurrence: Recurrence
    windows: Sequence[Window]

    @classmethod
    def of(cls, recurrence: Recurrence, sightings: Iterable[Sighting]) -> History:
        """Return the history of these issues, in whatever order they come."""
        begun = ((s.ended if recurrence.since == "ended" else s.found, s) for s in sightings)
        windows = [Window(at, (s.found, s.event), s) for at, s in begun if at is not None]
        return cls(recurrence, sorted(windows, key=lambda w: w[:2]))

    def judge(self, new: Sighting, day: date, calendar: cal.WorkCalendar) -> Again | None:
        """Return of which earlier issue the new one is a recurrence: the latest it can be of.

        `day` is the local date on which the new one was found: its values are in force.

        Raises:
            NoValueInForce: window or distance has no value on that day.
        """
        order = (new.found, new.event)
        last = bisect_right(self.windows, new.found, key=lambda w: w.since)
        if not last or self.windows[0].order >= order:
            return None
        within = self.recurrence.within.at(day)

        def limit(window: Window) -> cal.Deadline:
            duration: Any = within.value
            return cal.deadline(calendar, window.since, duration)

        # A window that began earlier is over earlier, so those that still run are the latest ones.
        first = bisect_left(
            self.windows, True, hi=last, key=lambda window: _keeps(limit(window), new.found)
        )
        near = _Near.of(self.recurrence.near, new, day)
        for place in range(last - 1, first - 1, -1):
            window = self.windows[place]
            if window.order < order and (close := near.steps(window.before)) is not None:
                return self._again(window, new, within, limit(window), close, day, calendar)
        return None

    def _again(
        self, window: Window, new: Sighting, within: InForce[Value], limit: cal.Deadline,
        close: tuple[Step, ...], day: date, calendar: cal.WorkCalendar,
    ) -> Again:  # fmt: skip
        rule, before = self.recurrence, window.before
        until = "" if limit.due is None else f"，至 {cal.limit_text(calendar.tz, limit.due)}"
        note = f"自案件 {before.issue} {self.word} {_show(calendar, window.since)} 起算{until}"
        steps = (
            *rule.where.steps(day), cite(rule.citation), cite_value(rule.within, within, note),
            *close,
        )  # fmt: skip
        length = rule.within.text(within.value)
        return Again(new, before, window.since, length, steps, unpublished(limit))

    @property
    def word(self) -> str:
        """What the window begins with."""
        return "办结" if self.recurrence.since == "ended" else "发现"


@dataclass(frozen=True, slots=True)
class _Near:
    """How close an earlier issue must be to the new one."""

    new: Sighting
    parameter: Parameter | None
    """None: anywhere is close enough."""
    held: InForce[Value] | None
    metres: Decimal
    latitudes: Decimal

    @classmethod
    def of(cls, near: Parameter | None, new: Sighting, day: date) -> _Near:
        """Return the distance in force on `day`, if there is one at all."""
        if near is None:
            return cls(new, None, None, Decimal(0), Decimal(0))
        held = near.at(day)
        metres = Decimal(str(held.value))
        return cls(new, near, held, metres, latitudes_within(metres))

    def steps(self, before: Sighting) -> tuple[Step, ...] | None:
        """Return what says that an earlier issue is close; None: it is not."""
        if self.parameter is None or self.held is None:
            return ()
        here, there = before.place, self.new.place
        # The latitudes alone tell most of them apart, and soon.
        if here is None or there is None or abs(here[1] - there[1]) > self.latitudes:
            return None
        apart = metres_between(here, there)
        if apart > self.metres:
            return None
        return (cite_value(self.parameter, self.held, f"相距 {plain(apart)} 米"),)


def _keeps(window: cal.Deadline, at: Instant) -> bool:
    return Limit(window.due, window.inclusive, ()).keeps(at)


def _show(calendar: cal.WorkCalendar, at: Instant) -> str:
    return f"{cal.local_datetime(calendar.tz, at):%Y-%m-%d %H:%M}"
