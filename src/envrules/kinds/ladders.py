"""Ladders of slips: rungs that follow one another while an issue stays uncorrected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from envrules import calendar as cal
from envrules.kinds.common import ParamRef, Slug, Sourced, Start, Stop, Then, Where, Word
from envrules.kinds.compiled import Filter, Outcome, Parameter, cite, cite_value
from envrules.kinds.lifecycle import IssueState
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.values import Citation


class RungSpec(Sourced):
    """One slip: exactly one of `at`, `after` and `after_service` says when it falls due."""

    id: Slug
    at: Literal["start"] | None = Field(default=None, description="at once when the clock starts")
    after: ParamRef | None = Field(default=None, description="this long after the start")
    after_service: ParamRef | None = Field(
        default=None, description="this long after the previous rung's slip was served"
    )
    then: Then = ()
    approve: bool | None = Field(
        default=None, description="wait for approval; default: as its consequences do"
    )

    @model_validator(mode="after")
    def _one_clock(self) -> RungSpec:
        if sum(v is not None for v in (self.at, self.after, self.after_service)) != 1:
            raise ValueError("give exactly one of at, after, after_service")
        return self


class LadderSpec(Sourced):
    """Slips of one kind for issues that `where` describes."""

    where: Where = Where()
    starts: Start = "registered"
    stops: Stop = "verified"
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
    rungs: tuple[RungSpec, ...] = Field(min_length=1)


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


def climb(
    ladder: Ladder,
    state: IssueState,
    unit: str,
    served: Mapping[str, Instant],
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
    now: Instant,
) -> Climb:
    """Return the rungs that have fallen due for one issue by `now`.

    `served` maps rung ids to the time a slip was handed over (or its approval was published).
    Limits are those in force on the local date of the ladder's start. A clock that has stopped
    for good, or provisionally by a claim, holds all rungs due later.
    """
    start = state.start_of(ladder.starts)
    if state.found is None or state.out is not None or not ladder.where.holds(state.payload):
        return Climb((), None)
    stopped, _ = state.stop_of(ladder.stops)
    firings: list[Firing] = []
    service: Instant | None = None
    for rung in ladder.rungs:
        direct = state.direct.get(rung.id)
        due = _due(rung, ladder, state, service, calendar, day_of)
        if direct is not None and (due is None or direct.occurred_at <= due[0]):
            step = cite(rung.citation, note=f"由{direct.payload.by_unit}直接下发")  # type: ignore[union-attr]
            due = (direct.occurred_at, direct.occurred_at, (step,), ())
        elif due is not None and stopped is not None and stopped < due[1]:
            due = None
        if due is None:
            service = None
            continue
        at, fires, steps, warnings = due
        if fires > now and direct is None and rung.clock != "start":
            return Climb(tuple(firings), fires)
        causes = (
            (state.found.id,)
            if start is None or start is state.found
            else (state.found.id, start.id)
        )
        if direct is not None:
            causes = (*causes, direct.id)
        firings.append(
            Firing(rung.id, at, state.issue, unit, causes, steps, direct is not None, warnings)
        )
        service = served.get(rung.id)
        if service is None and ladder.served_on_publication and not rung.needs_approval:
            service = at
    return Climb(tuple(firings), None)


_Due = tuple[Instant, Instant, tuple[Step, ...], tuple[str, ...]]
"""When the rung falls due, the first instant at which it fires, steps and warnings."""


def _due(
    rung: Rung,
    ladder: Ladder,
    state: IssueState,
    service: Instant | None,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
) -> _Due | None:
    """Return when the rung falls due by its own clock, or None while that clock has not begun.

    Where finishing exactly at the limit is in time, the rung fires one microsecond later.
    """
    start = state.start_of(ladder.starts)
    if start is None:
        return None
    if rung.clock == "start":
        return start.occurred_at, start.occurred_at, (cite(rung.citation),), ()
    begin = start.occurred_at if rung.clock == "after" else service
    if begin is None:
        return None
    assert rung.limit is not None
    held = rung.limit.at(day_of(start.occurred_at))
    duration: Any = held.value
    computed = cal.deadline(calendar, begin, duration, pauses=tuple(state.pauses))
    if computed.due is None:
        return None
    due, inclusive = computed.due, computed.inclusive
    if state.extended_to is not None and rung.clock == "after" and state.extended_to > due:
        due, inclusive = state.extended_to, True
    fires = due + 1 if inclusive else due
    warnings = tuple(
        f"{year} 年节假日安排尚未公布，期限按周历推算" for year in computed.unpublished_years
    )
    counted = f"自 {cal.local_datetime(calendar.tz, begin):%Y-%m-%d %H:%M} 起算"
    return due, fires, (cite(rung.citation), cite_value(rung.limit, held, counted)), warnings
