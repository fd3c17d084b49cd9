"""Deadlines: one limit on one stretch of an issue's life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field

from envrules import calendar as cal
from envrules.kinds.common import ParamRef, Sourced, Start, Stop, Where
from envrules.kinds.compiled import Filter, Parameter, cite, cite_value
from envrules.kinds.lifecycle import IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.values import Citation


class DeadlineSpec(Sourced):
    """An issue that `where` describes must reach `stops` within the limit from `starts` on."""

    where: Where = Where()
    starts: Start = "found"
    stops: Stop = "verified"
    within: ParamRef | None = Field(default=None, description="limit; none: only the host's")
    host_deadline: Literal["ignore", "prefer"] = Field(
        default="ignore", description="`prefer`: the host's own deadline wins where it is given"
    )
    without_limit: Literal["no_deadline", "on_time"] = Field(
        default="no_deadline",
        description="an issue with neither limit nor host deadline: not judged, or on time",
    )


@dataclass(frozen=True, slots=True)
class Deadline:
    """Compiled `deadlines` entry."""

    id: str
    citation: Citation
    where: Filter
    starts: str
    stops: str
    within: Parameter | None
    prefer_host: bool
    without_limit: Literal["no_deadline", "on_time"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an issue stands against a limit at `now`."""

    outcome: Literal["running", "on_time", "overdue", "suspended"]
    at: Instant
    """When this became true."""
    due: Instant | None
    stopped: Instant | None
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    wake_at: Instant | None = None


def judge(
    deadline: Deadline,
    state: IssueState,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
    now: Instant,
) -> Verdict | None:
    """Return the verdict on one issue, or None where this limit does not bind it.

    The limit is the one in force on the local date of the start. Pauses stop the clock; an
    extension or deferral replaces the limit by its own date if that is later.
    """
    start = state.start_of(deadline.starts)
    if start is None or state.out is not None or not deadline.where.holds(state.payload):
        return None
    stopped, final = state.stop_of(deadline.stops)
    limit = _limit(deadline, state, start.occurred_at, calendar, day_of)
    if limit is None:
        if deadline.without_limit == "no_deadline":
            return None
        note = (cite(deadline.citation, note="没有规定期限，按期"),)
        done = stopped is not None and final and not state.forced
        at = stopped if done and stopped is not None else start.occurred_at
        return Verdict("on_time", at, None, stopped, note)
    due, on_time, steps, warnings = limit
    if due is None:
        return Verdict("suspended", start.occurred_at, None, None, steps, warnings)
    if state.forced:
        assert state.closed is not None
        at = min(max(due, start.occurred_at), state.closed.occurred_at)
        return Verdict("overdue", at, due, stopped, steps, warnings)
    wake = due + 1 if on_time(due) else due
    if stopped is not None and on_time(stopped):
        outcome: Literal["running", "on_time"] = "on_time" if final else "running"
        return Verdict(
            outcome, stopped if final else start.occurred_at, due, stopped, steps, warnings
        )
    if on_time(now) and stopped is None:
        return Verdict("running", start.occurred_at, due, None, steps, warnings, wake)
    return Verdict("overdue", due, due, stopped, steps, warnings)


_Limit = tuple[Instant | None, Callable[[Instant], bool], tuple[Step, ...], tuple[str, ...]]


def _limit(
    deadline: Deadline,
    state: IssueState,
    start: Instant,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
) -> _Limit | None:
    """Return the instant, the test for being in time, the steps and warnings; None: no limit."""
    host = state.payload.host_deadline if deadline.prefer_host else None
    if host is not None:
        due = host if state.extended_to is None else max(host, state.extended_to)
        return due, lambda t: t <= due, (cite(deadline.citation, note="按平台给定的期限"),), ()
    if deadline.within is None:
        return None
    held = deadline.within.at(day_of(start))
    duration: Any = held.value
    computed = cal.deadline(calendar, start, duration, pauses=tuple(state.pauses))
    counted = f"自 {cal.local_datetime(calendar.tz, start):%Y-%m-%d %H:%M} 起算"
    steps: tuple[Step, ...] = (cite(deadline.citation), cite_value(deadline.within, held, counted))
    warnings = tuple(
        f"{year} 年节假日安排尚未公布，期限按周历推算" for year in computed.unpublished_years
    )
    if computed.due is None:
        return None, lambda _: True, steps, warnings
    if state.extended_to is not None and state.extended_to > computed.due:
        until = state.extended_to
        return (
            until,
            lambda t: t <= until,
            (*steps, cite(deadline.citation, note="按批准的延期")),
            warnings,
        )
    return computed.due, lambda t: cal.is_on_time(computed, t), steps, warnings
