"""Deadlines: one limit on one stretch of an issue's life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field

from envrules import calendar as cal
from envrules.kinds.common import ParamRef, Sourced, Start, Stop, Where
from envrules.kinds.compiled import Filter, Parameter, cite, cite_value
from envrules.kinds.issue_record import IssueState, Pause
from envrules.kinds.lifecycle import WORDS
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import Event, IssueMoved
from envrules.model.values import Citation


class DeadlineSpec(Sourced):
    """An issue that `where` describes must reach `stops` within the limit from `starts` on."""

    where: Where = Where()
    starts: Start = Field(default="found", description="step that starts the clock")
    stops: Stop = Field(
        default="verified",
        description="what stops it; verified: the claim, at its own time, once a check passes it",
    )
    within: ParamRef | None = Field(default=None, description="limit; none: only the host's")
    host_deadline: Literal["ignore", "prefer"] = Field(
        default="ignore", description="`prefer`: the host's own deadline wins where it is given"
    )
    without_limit: Literal["no_deadline", "on_time"] = Field(
        default="no_deadline",
        description="an issue with neither limit nor host deadline: not judged, or on time",
    )
    only_if: ParamRef | None = Field(
        default=None, description="flag: judged only where it is true when the limit starts"
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
    only_if: Parameter | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """When a clock runs out, and why then."""

    due: Instant | None
    """None: an open pause keeps it from running out."""
    inclusive: bool
    """Whether finishing exactly at `due` is in time."""
    steps: tuple[Step, ...]
    events: tuple[str, ...] = ()
    """The pauses and extensions that moved it."""
    warnings: tuple[str, ...] = ()

    def keeps(self, at: Instant) -> bool:
        """Return whether what was done at `at` was in time."""
        return self.due is None or at < self.due or (self.inclusive and at == self.due)

    @property
    def runs_out(self) -> Instant | None:
        """The first instant that is too late."""
        return self.due + 1 if self.due is not None and self.inclusive else self.due


_Outcome = Literal["running", "on_time", "overdue", "suspended", "force_closed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an issue stands against a limit at `now`."""

    outcome: _Outcome
    at: Instant
    """When this became true."""
    due: Instant | None
    stopped: Instant | None
    steps: tuple[Step, ...]
    events: tuple[str, ...] = ()
    """The pauses and extensions that the limit rests on."""
    warnings: tuple[str, ...] = ()
    wake_at: Instant | None = None
    runs_out: Instant | None = None
    """The first instant that is too late; None: nothing keeps it from being in time."""


def judge(
    deadline: Deadline,
    state: IssueState,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
    now: Instant,
) -> Verdict | None:
    """Return the verdict on one issue, or None where this limit does not bind it.

    The limit is the one in force on the local date of the start. Pauses stop the clock; an
    extension or deferral approved while it runs replaces the limit by its own date if that is
    later. An issue that was closed by force is never in time: overdue if the limit had passed.
    """
    start = state.start_of(deadline.starts)
    if start is None or state.out is not None or state.found is None:
        return None
    day = day_of(state.found.occurred_at)
    if not deadline.where.holds(state.payload, day):
        return None
    began = start.occurred_at
    flag = deadline.only_if
    binding: tuple[Step, ...] = ()
    if flag is not None:
        held = flag.at(day_of(began))
        if held.value is not True:
            return None
        binding = (cite_value(flag, held),)
    stopped, final = state.stop_of(deadline.stops)
    forced = state.forced_stop(deadline.stops)
    if forced and state.closed is not None:
        stopped = state.closed.occurred_at
    limit = _limit(deadline, state, began, calendar, day_of)
    wake: Instant | None = None
    outcome: _Outcome
    if limit is None:
        if deadline.without_limit == "no_deadline":
            return None
        limit = Limit(None, True, (cite(deadline.citation, note="没有规定期限，按期"),))
        outcome, at = "on_time", stopped if stopped is not None and final else began
        if forced:
            outcome = "force_closed"
    elif forced and stopped is not None and limit.keeps(stopped):
        outcome, at = "force_closed", stopped
    elif limit.due is None:
        outcome, at, stopped = "suspended", began, None
    elif stopped is not None and limit.keeps(stopped):
        outcome, at = ("on_time", stopped) if final else ("running", began)
    elif stopped is None and limit.keeps(now):
        outcome, at, wake = "running", began, limit.runs_out
    else:
        outcome, at = "overdue", limit.due
    steps = (*deadline.where.steps(day), *binding, *limit.steps)
    return Verdict(
        outcome, at, limit.due, stopped, steps, limit.events, limit.warnings, wake, limit.runs_out
    )


def _limit(
    deadline: Deadline,
    state: IssueState,
    start: Instant,
    calendar: cal.WorkCalendar,
    day_of: Callable[[Instant], date],
) -> Limit | None:
    """Return the limit of an issue: the host's own, or the ruleset's; None: there is none."""
    host = state.payload.host_deadline if deadline.prefer_host else None
    if host is not None:
        due = _shifted(host, start, state.pauses)
        step = cite(deadline.citation, note="按平台给定的期限")
        return moved(deadline.citation, state, start, Limit(due, True, (step,)), calendar)
    if deadline.within is None:
        return None
    return limit_of(deadline.citation, deadline.within, state, start, day_of(start), calendar)


def limit_of(
    citation: Citation, within: Parameter, state: IssueState, start: Instant, day: date,
    calendar: cal.WorkCalendar,
) -> Limit:  # fmt: skip
    """Return when a clock of an issue runs out that began at `start`, by the value of `day`.

    Raises:
        NoValueInForce: the parameter has no value on that day.
    """
    held = within.at(day)
    duration: Any = held.value
    pauses = tuple((pause.since, pause.until) for pause in state.pauses)
    computed = cal.deadline(calendar, start, duration, pauses)
    counted = f"自 {_show(calendar, start)} 起算"
    steps = (cite(citation), cite_value(within, held, counted))
    bare = Limit(computed.due, computed.inclusive, steps, (), unpublished(computed))
    return moved(citation, state, start, bare, calendar)


def unpublished(computed: cal.Deadline) -> tuple[str, ...]:
    """Return the warnings about years whose holidays nobody has published."""
    return tuple(
        f"{year} 年节假日安排尚未公布，期限按周历推算" for year in computed.unpublished_years
    )


def moved(
    citation: Citation, state: IssueState, start: Instant, limit: Limit, calendar: cal.WorkCalendar
) -> Limit:
    """Return a limit, pauses counted, after the extensions; with what moved it as steps.

    An extension counts only for a clock that had not run out when it was approved: what a late
    one grants comes too late for what has already followed.
    """
    due, inclusive = limit.due, limit.inclusive
    steps, causes = list(limit.steps), list(limit.events)
    for pause in state.pauses:
        ended = pause.until is not None and pause.until <= start
        if not ended and (due is None or pause.since < due):
            end = _show(calendar, pause.until) if pause.until is not None else "今未恢复"
            note = f"挂账 {_show(calendar, pause.since)} 至 {end}，{_approved(pause.events[0])}"
            steps.append(cite(citation, note=note))
            causes += [event.id for event in pause.events]
    for event in state.extensions:
        assert isinstance(event.payload, IssueMoved)
        until = event.payload.until
        if due is None or until is None or until <= due:
            continue
        if not Limit(due, inclusive, ()).keeps(event.occurred_at):
            continue
        due, inclusive = until, True
        word = WORDS[event.payload.move]
        note = f"{word}至 {cal.limit_text(calendar.tz, until)}，{_approved(event)}"
        steps.append(cite(citation, note=note))
        causes.append(event.id)
    return Limit(due, inclusive, tuple(steps), tuple(causes), limit.warnings)


def _shifted(due: Instant, start: Instant, pauses: Sequence[Pause]) -> Instant | None:
    """Return the host's deadline after the pauses, which follow one another, in calendar time."""
    for pause in pauses:
        since = max(pause.since, start)
        if since >= due or (pause.until is not None and pause.until <= since):
            continue
        if pause.until is None:
            return None
        due += pause.until - since
    return due


def _approved(event: Event) -> str:
    assert isinstance(event.payload, IssueMoved)
    return f"经{event.payload.approver}批准"


def _show(calendar: cal.WorkCalendar, at: Instant) -> str:
    return cal.local_text(calendar.tz, at)
