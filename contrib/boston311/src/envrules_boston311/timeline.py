"""From requests to what happened, in order of time, and in batches that a watermark may follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby, islice, pairwise

from envrules.v1 import events_pb2 as pb
from envrules_boston311.rows import ZONE, Request

SOURCE = "boston311"
"""The source system of all events, whose watermark the importer advances."""

DEPARTMENTS = {
    "BTDT": "Boston Transportation Department",
    "BWSC": "Boston Water and Sewer Commission",
    "ISD": "Inspectional Services Department",
    "PARK": "Parks & Recreation Department",
    "PROP": "Property Management",
    "PWDx": "Public Works Department",
}
"""Titles of the departments; any other bears its code."""

_DECLARED = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any file, and the same for all of them: declaring a department again changes nothing."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event and the row that it comes from."""

    at: datetime
    place: str
    """`file:line`; empty for what no row says by itself."""
    event: pb.Event


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, earliest first, and the span of time that it covers."""

    units: tuple[Happening, ...]
    happenings: tuple[Happening, ...]
    start: datetime
    end: datetime
    """Everything before this moment is there. A local midnight."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once. When it is stored, everything before `until` has been sent."""

    happenings: Sequence[Happening]
    until: datetime


def month_of(text: str) -> tuple[datetime, datetime]:
    """Return the first moment of the month, `2015-03`, and of the next, as Boston's clocks have it.

    Raises:
        ValueError: it is no month.
    """
    try:
        if not re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
            raise ValueError(text)
        first = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=ZONE)
    except ValueError:
        raise ValueError(f"{text!r} is no month like 2015-03") from None
    following = (first + timedelta(days=31)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


def timeline(requests: Iterable[Request], month: tuple[datetime, datetime] | None) -> Timeline:
    """Return what happened to the requests.

    With a month (its first moment, and the next month's) only what happened before its end to
    requests that were open in it or came in: the stock and the flow. So month after month gives
    what the whole year at once does.

    Raises:
        ValueError: nothing happened.
    """
    if month is not None:
        requests = [r for r in requests if r.closed is None or r.closed >= month[0]]
    found = [h for r in requests for h in _life(r) if month is None or h.at < month[1]]
    if not found:
        raise ValueError("nothing happened then")
    # Opened before closed where both are one moment, as the sort is stable.
    found.sort(key=lambda happening: happening.at)
    codes = {h.event.issue_found.handling_unit for h in found} - {""}
    units = tuple(_unit(code) for code in sorted(codes))
    start = midnight(found[0].at)
    end = month[1] if month else midnight(found[-1].at, days=1)
    return Timeline(units, tuple(found), start, end)


def batches(line: Timeline, size: int) -> Iterator[Batch]:
    """Yield the happenings, days apart and at most `size` at once."""
    cut: list[list[Happening]] = []
    for _, day in groupby(line.happenings, key=lambda h: h.at.astimezone(ZONE).date()):
        while part := list(islice(day, size)):
            cut.append(part)
    for part, following in pairwise(cut):
        yield Batch(part, following[0].at)
    yield Batch(cut[-1], line.end)


def midnight(moment: datetime, days: int = 0) -> datetime:
    """Return the start of the moment's local day, or of one some days later."""
    day = moment.astimezone(ZONE).date() + timedelta(days=days)
    return datetime.combine(day, time(), tzinfo=ZONE).astimezone(UTC)


def _life(request: Request) -> Iterator[Happening]:
    opened = _event(f"{request.case}-opened", request.opened)
    found = pb.IssueFound(
        issue=request.case, category=request.category, handling_unit=request.department
    )
    if request.target is not None:
        found.host_deadline.FromDatetime(request.target)
    opened.issue_found.CopyFrom(found)
    yield Happening(request.opened, request.place, opened)
    if request.closed is not None:
        closed = _event(f"{request.case}-closed", request.closed)
        closed.issue_moved.CopyFrom(
            pb.IssueMoved(issue=request.case, move=pb.MOVE_CLOSED, by_unit=request.department)
        )
        yield Happening(request.closed, request.place, closed)


def _unit(code: str) -> Happening:
    title = DEPARTMENTS.get(code, code)
    event = _event(f"department-{code}", _DECLARED)
    event.unit_declared.CopyFrom(pb.UnitDeclared(unit=code, title=title, type="department"))
    return Happening(_DECLARED, "", event)


def _event(event_id: str, at: datetime) -> pb.Event:
    event = pb.Event(id=event_id, source=SOURCE)
    event.occurred_at.FromDatetime(at)
    return event
