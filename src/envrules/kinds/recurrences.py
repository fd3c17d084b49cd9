"""Recurrence: the same again at the same place within a window, after it had been put right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from envrules import calendar as cal
from envrules.kinds.common import ParamRef, Sourced, Where
from envrules.kinds.compiled import Filter, Parameter, cite, cite_value, plain
from envrules.kinds.deadlines import Limit, unpublished
from envrules.kinds.distance import Place, metres_between, surely_beyond
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.events import IssueFound
from envrules.model.values import Citation

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
    within: ParamRef
    near: ParamRef | None = Field(
        default=None, description="metres: only issues with coordinates this close are the same"
    )
    reopens: bool = Field(default=False, description="the earlier issue counts as open again")

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
    def order(self) -> tuple[Instant, str]:
        """Where it stands among the others: by when it was found, then by its event."""
        return self.found, self.event

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


@dataclass(frozen=True, slots=True)
class History:
    """The issues of one place, by when a window begins with them: found, or put right."""

    recurrence: Recurrence
    windows: Sequence[tuple[Instant, Sighting]]

    @classmethod
    def of(cls, recurrence: Recurrence, sightings: Iterable[Sighting]) -> History:
        """Return the history of these issues, in whatever order they come."""
        begun = ((s.ended if recurrence.since == "ended" else s.found, s) for s in sightings)
        windows = [(since, s) for since, s in begun if since is not None]
        return cls(recurrence, sorted(windows, key=lambda w: (w[0], w[1].order)))

    def judge(self, new: Sighting, day: date, calendar: cal.WorkCalendar) -> Again | None:
        """Return of which earlier issue the new one is a recurrence: the latest it can be of.

        `day` is the local date on which the new one was found: its values are in force.

        Raises:
            NoValueInForce: window or distance has no value on that day.
        """
        last = bisect_right(self.windows, new.found, key=lambda w: w[0])
        for since, before in reversed(self.windows[:last]):
            if before.order >= new.order:
                continue
            within = self.recurrence.within.at(day)
            duration: Any = within.value
            window = cal.deadline(calendar, since, duration)
            if not Limit(window.due, window.inclusive, ()).keeps(new.found):
                return None  # a window that began earlier is over as well
            close = self._near(before, new, day)
            if close is not None:
                ended = "" if window.due is None else f"，至 {_show(calendar, window.due)}"
                note = f"自案件 {before.issue} {self.word} {_show(calendar, since)} 起算{ended}"
                steps = (
                    *self.recurrence.where.steps(day), cite(self.recurrence.citation),
                    cite_value(self.recurrence.within, within, note), *close,
                )  # fmt: skip
                length = self.recurrence.within.text(within.value)
                return Again(new, before, since, length, steps, unpublished(window))
        return None

    @property
    def word(self) -> str:
        """What the window begins with."""
        return "办结" if self.recurrence.since == "ended" else "发现"

    def _near(self, before: Sighting, new: Sighting, day: date) -> tuple[Step, ...] | None:
        """Return what says that the two are as close as they must be; None: they are not."""
        near = self.recurrence.near
        if near is None:
            return ()
        held = near.at(day)
        metres = Decimal(str(held.value))
        here, there = before.place, new.place
        if here is None or there is None or surely_beyond(here, there, metres):
            return None
        apart = metres_between(here, there)
        return (cite_value(near, held, f"相距 {plain(apart)} 米"),) if apart <= metres else None


def _show(calendar: cal.WorkCalendar, at: Instant) -> str:
    return f"{cal.local_datetime(calendar.tz, at):%Y-%m-%d %H:%M}"
