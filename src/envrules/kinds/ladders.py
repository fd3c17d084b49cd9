"""Ladders of slips: rungs that follow one another while an issue stays uncorrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from envrules import calendar as cal
from envrules.kinds.common import (
    ParamRef,
    Slug,
    Sourced,
    Start,
    Then,
    Where,
    Word,
)
from envrules.kinds.compiled import Filter, Outcome, Parameter, cite
from envrules.kinds.deadlines import Limit, limit_of
from envrules.kinds.issue_record import IssueState
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.events import Event
from envrules.model.values import Citation


class RungSpec(Sourced):
    """One slip, and when it falls due."""

    exactly_one = ("at", "after", "after_service")

    id: Slug = Field(description="key, as in the fact `slip: ladder.id`")
    at: Literal["start"] | None = Field(default=None, description="at once when the clock starts")
    after: ParamRef | None = Field(default=None, description="this long after the start")
    after_service: ParamRef | None = Field(
        default=None, description="this long after the previous rung's slip was served"
    )
    then: Then = Field(default=(), description="what the slip says is done: keys of `consequences`")
    approve: bool | None = Field(
        default=None, description="whether it waits for approval; default: as its consequences do"
    )


class LadderSpec(Sourced):
    """Slips of one kind for issues that `where` describes."""

    where: Where = Where()
    starts: Start = Field(default="registered", description="step that starts the clock")
    stops: Literal["verified", "closed"] = Field(
        default="verified", description="what stops it, as for a deadline: no later rung falls due"
    )
    merge: tuple[Literal["unit", "rung", "day"], ...] = Field(
        default=(),
        description="[unit, rung, day]: one slip a unit, rung and day; else one an issue",
    )
    service: Literal["publication", "receipt"] = Field(
        default="publication",
        description="a slip is served when published, or only when a slip_served event says so",
    )
    direct_issue_by: tuple[Word, ...] = Field(
        default=(),
        description="organs, or types of unit, that may issue a rung at once (move `supervised`)",
    )
    rungs: tuple[RungSpec, ...] = Field(min_length=1, description="the slips, in their order")

    @model_validator(mode="after")
    def _merged_whole_or_not(self) -> LadderSpec:
        if self.merge and set(self.merge) != {"unit", "rung", "day"}:
            raise ValueError("write merge: [unit, rung, day], or leave it out")
        return self


@dataclass(frozen=True, slots=True)
class Rung:
    """Compiled rung: `clock` says what `limit` counts from."""

    id: str
    citation: Citation
    clock: Literal["start", "after", "after_service"]
    limit: Parameter | None
    then: tuple[Outcome, ...]
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """Compiled `ladders` entry."""

    id: str
    citation: Citation
    where: Filter
    starts: str
    stops: str
    merged: bool
    served_on_publication: bool
    rungs: tuple[Rung, ...]


class Firing(Frozen):
    """A rung fell due for an issue."""

    rung: str
    at: Instant
    issue: str
    unit: str
    events: tuple[str, ...]
    steps: tuple[Step, ...]
    direct: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Climb:
    """How far an issue has climbed, and when the next rung would be due."""

    firings: tuple[Firing, ...]
    wake_at: Instant | None


class Service(Frozen):
    """A slip was served: handed over, or made public."""

    at: Instant
    words: str
    """How it was served, in Chinese."""
    event: str = ""
    """The event that says so, if one does."""


ServiceOf = Callable[[Rung, Instant], Service | None]
"""From a rung and the time its slip fell due to the slip's service, None while not served."""


def climb(
    ladder: Ladder,
    state: IssueState,
    unit: str,
    service_of: ServiceOf,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
    now: Instant,
) -> Climb:
    """Return the rungs that have fallen due for one issue by `now`.

    Limits are those in force on the local date of the ladder's start. A clock that has stopped
    for good, or provisionally by a claim, holds all rungs due later. A slip that an authorised
    organ issues directly passes over the lower rungs that have not fired by then.
    """
    start = state.start_of(ladder.starts)
    if state.found is None or state.out is not None:
        return Climb((), None)
    day = day_of(state.found.occurred_at)
    if not ladder.where.holds(state.payload, day):
        return Climb((), None)
    described = ladder.where.steps(day)
    stopped, _ = state.stop_of(ladder.stops)
    direct = [state.direct.get(rung.id) for rung in ladder.rungs]
    firings: list[Firing] = []
    wake_at: Instant | None = None
    served: tuple[Rung, Service] | None = None
    for place, rung in enumerate(ladder.rungs):
        due = _due(rung, start, state, served, calendar, day_of)
        fires = due.runs_out if due is not None else None
        passed = min((e.occurred_at for e in direct[place + 1 :] if e is not None), default=None)
        if fires is not None and (
            (stopped is not None and stopped < fires) or (passed is not None and passed < fires)
        ):
            fires = None
        served = None
        issued = direct[place]
        if issued is not None and (fires is None or issued.occurred_at < fires):
            step = cite(rung.citation, note=f"由{issued.payload.by_unit}直接下发")  # type: ignore[union-attr]
            due = Limit(issued.occurred_at, False, (step,), (issued.id,))
        elif fires is None:
            continue
        elif fires > now and rung.clock != "start":
            wake_at = fires if wake_at is None else min(wake_at, fires)
            continue
        else:
            issued = None
        assert due is not None
        assert due.due is not None
        begun = (state.found.id,) if start is None else (state.found.id, start.id)
        causes = tuple(dict.fromkeys((*begun, *due.events)))
        firings.append(Firing(rung.id, due.due, state.issue, unit, causes,
                              (*described, *due.steps), issued is not None, due.warnings))  # fmt: skip
        service = service_of(rung, due.due)
        served = None if service is None else (rung, service)
    return Climb(tuple(firings), wake_at)


def _due(
    rung: Rung,
    start: Event | None,
    state: IssueState,
    served: tuple[Rung, Service] | None,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
) -> Limit | None:
    """Return when the rung falls due by its own clock, or None while that clock has not begun."""
    if start is None:
        return None
    if rung.clock == "start":
        return Limit(start.occurred_at, False, (cite(rung.citation),))
    begin = start.occurred_at
    if rung.clock == "after_service":
        if served is None:
            return None
        begin = served[1].at
    assert rung.limit is not None
    limit = limit_of(rung.citation, rung.limit, state, begin, day_of(start.occurred_at), calendar)
    if rung.clock == "after" or served is None:
        return limit
    before, service = served
    when = f"{cal.local_datetime(calendar.tz, service.at):%Y-%m-%d %H:%M}"
    step = cite(before.citation, note=f"{before.citation.title}于 {when} {service.words}")
    events = (service.event, *limit.events) if service.event else limit.events
    return replace(limit, steps=(step, *limit.steps), events=events)
