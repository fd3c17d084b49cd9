"""What became of a locality's issues in one period: which were accepted, due, closed, sent back.

A period's figures are those of its end: what came afterwards, or was stored after its close, does
not change them. An open period is seen as it stands at `as_of`; a limit that still runs then is
not due yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from msgspec import structs

from envrules import calendar as cal
from envrules.engine.context import Context, Records, live
from envrules.engine.issue import set_aside, state_of
from envrules.engine.judging import Bench
from envrules.engine.nodes import issue_node, parse_node
from envrules.engine.projection import Projection
from envrules.engine.readers import charged_unit
from envrules.engine.registry import FOREVER
from envrules.kinds import deadlines
from envrules.kinds.deadlines import Deadline, Verdict
from envrules.kinds.issue_record import IssueState
from envrules.kinds.issue_states import deferred
from envrules.model.base import HOUR, Frozen, Instant
from envrules.model.events import AppealDecided, Event, EventWithdrawn, IssueMoved
from envrules.model.values import NoValueInForce

Due = Literal["", "due", "deferred", "suspended"]

_STOPS = ("closed", "verified", "handled")
"""From the end of an issue's life backwards: its limit is the one that reaches furthest."""
_CHUNK = 500
_ZONES = 26 * HOUR
"""No two time zones are further apart, should revisions have different ones."""


class Case(Frozen, frozen=True, array_like=True):
    """One issue, as a period's figures count it."""

    issue: str
    unit: str
    category: str
    found_at: Instant
    accepted: bool = False
    """受理 inside the period. A record that was void or a duplicate does not count."""
    filed: bool = False
    due: Due = ""
    """应结案: its limit ran out inside the period; or would have, but for 缓办 or 挂账."""
    closed: bool = False
    """It had reached what its limit asks for: being closed, verified or handled."""
    on_time: bool = False
    forced: bool = False
    """强制结案, which is never on time."""
    reworked: bool = False
    """Some verification has sent it back."""
    open: bool = False
    """Neither verified nor closed."""


def caseload(
    projection: Projection, scheme: str, period: str, *,
    as_of: Instant | None = None, known_at: int | None = None,
) -> list[Case]:  # fmt: skip
    """Return the issues of which a period tells anything, as they stood at its end, by number.

    Args:
        projection: the locality's projection; it is only read.
        scheme: the scheme's slug.
        period: name of the period, in the scheme's time zone.
        as_of: last instant at which events count, where the period is not over; None: no limit.
        known_at: last log entry that is known; None: no limit.
    """
    keys = _keys(projection, scheme, period, as_of, known_at)
    reader = _Reader(projection, period, as_of, FOREVER if known_at is None else known_at)
    found: list[Case] = []  # few of all there are: most issues are long done
    for first in range(0, len(keys), _CHUNK):
        some = keys[first : first + _CHUNK]
        projection.state.prefetch(some, ())
        found += filter(None, map(reader.case, some))
        projection.state.forget()
    return found


def _keys(
    projection: Projection, scheme: str, period: str, as_of: Instant | None, known_at: int | None
) -> list[str]:
    """Return the keys of the issues that the period may tell of: but those long over, or unknown.

    What an issue's `over_at` says was known by the locality's time then. For a look at what was
    known earlier, only those are left out that were over by the time of the last close before it.
    """
    locality = projection.state.locality
    zone = projection.rules(scheme, period).timezone
    since = cal.period_bounds(zone, period)[0] - _ZONES
    if as_of is not None:
        since = min(since, as_of)
    if known_at is not None:
        closes = locality.closes_of(scheme).values()
        since = min(since, max((c.at for c in closes if c.seq <= known_at), default=0))
    return projection.state.keys_not_over(issue_node(scheme, "").key(), since, known_at)


@dataclass(frozen=True)
class _Reader:
    """Reads issues as they stood at the end of a period."""

    projection: Projection
    period: str
    as_of: Instant | None
    cut: int
    """Last log entry that is known."""

    def case(self, key: str) -> Case | None:
        """Return an issue as the period counts it; None: it is not judged, or none of its matter."""
        node = parse_node(key)
        bench, inputs = self.projection.view(node)
        begin, end = cal.period_bounds(bench.scheme.timezone, self.period)
        until = end if self.as_of is None else min(end, self.as_of + 1)
        closes, since = bench.context.closes, bench.context.since
        bench = replace(bench, context=Context(until, self._records, closes, since))
        events = live([
            e for e in inputs.events if e.seq <= self.cut and _has_occurred(e, until)
        ])  # fmt: skip
        state = state_of(bench, node, events)
        if state.found is None or set_aside(bench, state, events) is not None:
            return None
        case = _counted(bench, state, begin, until)
        found = begin <= case.found_at < end
        return case if found or case.accepted or case.due or case.open else None

    @cached_property
    def _records(self) -> Records:
        """Return the records of units and exemptions that are known, the same for all issues."""
        return Records(e for e in self.projection.records().events if e.seq <= self.cut)


def _counted(bench: Bench, state: IssueState, begin: Instant, until: Instant) -> Case:
    assert state.found is not None
    case = Case(
        state.issue, charged_unit(bench.scheme, state.payload), state.payload.category,
        state.found.occurred_at,
    )  # fmt: skip
    if state.out is None or _not_filed(state.out):
        accepted = state.starts.get("accepted")
        case = structs.replace(
            case, accepted=accepted is not None and begin <= accepted.occurred_at < until,
            filed="filed" in state.starts and state.out is None,
        )  # fmt: skip
    if state.out is not None:
        return case
    case = structs.replace(case, open=state.verified is None and state.closed is None)
    limit = _limit(bench, state)
    return case if limit is None else _against(bench, state, case, *limit, begin, until)


def _has_occurred(event: Event, until: Instant) -> bool:
    """Return whether an event counts; what takes another back says what was true all along."""
    taken_back = isinstance(event.payload, EventWithdrawn | AppealDecided)
    return taken_back or event.occurred_at < until


def _not_filed(out: Event) -> bool:
    return isinstance(out.payload, IssueMoved) and out.payload.move == "not_filed"


def _limit(bench: Bench, state: IssueState) -> tuple[Deadline, Verdict] | None:
    """Return the limit that the issue is held to: of several, the one nearest its end, then time."""
    judged = [(d, v) for d in bench.scheme.deadlines if (v := _judge(bench, d, state)) is not None]
    return min(
        judged, default=None,
        key=lambda one: (
            _STOPS.index(one[0].stops), FOREVER if one[1].runs_out is None else one[1].runs_out,
            one[0].id,
        ),
    )  # fmt: skip


def _judge(bench: Bench, deadline: Deadline, state: IssueState) -> Verdict | None:
    scheme = bench.scheme
    try:
        return deadlines.judge(deadline, state, scheme.calendar, scheme.day, bench.context.now)
    except NoValueInForce:
        return None  # a decision of its own says so


def _against(
    bench: Bench, state: IssueState, case: Case, deadline: Deadline, verdict: Verdict,
    begin: Instant, until: Instant,
) -> Case:  # fmt: skip
    """Return how an issue stands against its limit, if that falls into the period."""
    held = _held(state, verdict, until)
    runs_out = verdict.runs_out
    if held:
        usual = _judge(bench, deadline, _as_usual(state, until))
        runs_out = usual.runs_out if usual is not None else None
    if runs_out is None or not begin < runs_out <= until:
        return case
    if held == "suspended" and state.pauses[-1].since >= runs_out:
        held = ""  # it was too late already
    return structs.replace(
        case, due=held or "due", closed=_reached(state, deadline),
        on_time=verdict.outcome == "on_time", forced=state.forced_stop(deadline.stops),
        reworked=bool(state.failed_checks),
    )  # fmt: skip


def _held(state: IssueState, verdict: Verdict, until: Instant) -> Due:
    """Return whether a deferral or a suspension that still lasts keeps the limit from counting."""
    if deferred(state, verdict):
        return "deferred"
    return "suspended" if any(_lasts(state, until)) else ""


def _lasts(state: IssueState, until: Instant) -> Iterator[bool]:
    """Yield of each suspension whether it is still on."""
    yield from (pause.until is None or pause.until >= until for pause in state.pauses)


def _as_usual(state: IssueState, until: Instant) -> IssueState:
    """Return the issue as if nobody had deferred it, nor suspended it until now."""
    return replace(
        state, pauses=[p for p, lasts in zip(state.pauses, _lasts(state, until), strict=True) if not lasts],
        extensions=[e for e in state.extensions if not _is_deferral(e)],
    )  # fmt: skip


def _is_deferral(event: Event) -> bool:
    return isinstance(event.payload, IssueMoved) and event.payload.move == "deferred"


def _reached(state: IssueState, deadline: Deadline) -> bool:
    """Return whether the issue has come to what its limit asks for, for good."""
    return state.closed is not None or state.ended(deadline.stops)[0] is not None


@dataclass(frozen=True, slots=True)
class Count:
    """How many issues something is true of."""

    id: str
    title: str
    value: int
    issues: tuple[str, ...] = ()
    """Which: of what is counted apart, and of what went wrong."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One count of another."""

    id: str
    title: str
    numerator: int
    denominator: int
    """0: the rate is 不适用."""
    issues: tuple[str, ...] = ()
    """Those that spoil it: all but the numerator, or for rework the numerator."""


def figures(cases: Sequence[Case]) -> tuple[Count | Rate, ...]:
    """Return the figures of a locality's issues in a period."""
    accepted = {c.issue for c in cases if c.accepted}
    filed = {c.issue for c in cases if c.accepted and c.filed}
    due = {c.issue for c in cases if c.due == "due"}
    closed = {c.issue for c in cases if c.issue in due and c.closed}
    on_time = {c.issue for c in cases if c.issue in due and c.on_time}
    reworked = {c.issue for c in cases if c.issue in due and c.reworked}

    def rate(id: str, title: str, part: set[str], whole: set[str]) -> Rate:
        return Rate(id, title, len(part), len(whole), tuple(sorted(whole - part)))

    def apart(id: str, title: str, which: set[str]) -> Count:
        return Count(id, title, len(which), tuple(sorted(which)))

    return (
        Count("accepted", "受理数", len(accepted)),
        Count("filed", "立案数", len(filed)),
        rate("filed_rate", "立案率", filed, accepted),
        Count("due", "应结案数", len(due)),
        Count("closed", "结案数", len(closed)),
        rate("closed_rate", "结案率", closed, due),
        Count("on_time", "按期结案数", len(on_time)),
        rate("on_time_rate", "按期结案率", on_time, due),
        apart("reworked", "返工数", reworked),
        Rate("rework_rate", "返工率", len(reworked), len(due), tuple(sorted(reworked))),
        apart(
            "force_closed", "强制结案数", {c.issue for c in cases if c.issue in due and c.forced}
        ),
        apart("deferred", "缓办数", {c.issue for c in cases if c.due == "deferred"}),
        apart("suspended", "挂账数", {c.issue for c in cases if c.due == "suspended"}),
    )
