"""Working hours of a day, the same all year or by seasons (夏季, 冬季作息)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeAlias

from envrules.calendar.errors import CalendarError
from envrules.calendar.localtime import clock_time
from envrules.model.base import Frozen

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Spans of work in microseconds after 00:00, half-open and in order."""

_LEAP_YEAR = [date(2000, 1, 1) + timedelta(days=n) for n in range(366)]


class Season(Frozen, frozen=True):
    """Working hours from one day of the year to another, both included ("MM-DD"), e.g. 夏季.

    A season may run over the turn of the year. `spans` are local ("HH:MM", "HH:MM"), half-open,
    in order, and within one day; "24:00" ends a day.
    """

    first: str
    last: str
    spans: tuple[tuple[str, str], ...]


def spans_by_day(
    hours: Sequence[tuple[str, str]] | Sequence[Season],
) -> dict[tuple[int, int], Spans]:
    """Return the spans of each (month, day), 29 February included; raise CalendarError."""
    result: dict[tuple[int, int], Spans] = {}
    names = [f"{day:%m-%d}" for day in _LEAP_YEAR]
    for season in _seasons(hours):
        spans = _parsed(season.spans)
        for name in (season.first, season.last):
            if name not in names:
                raise CalendarError(f"working hours: {name!r} is no day of the year (MM-DD)")
        first, last = names.index(season.first), names.index(season.last)
        length = (last - first) % 366 + 1
        for day in (_LEAP_YEAR[(first + n) % 366] for n in range(length)):
            if (day.month, day.day) in result:
                raise CalendarError(f"working hours: two seasons hold {day:%m-%d}")
            result[day.month, day.day] = spans
    for day in _LEAP_YEAR:
        if (day.month, day.day) not in result:
            raise CalendarError(f"working hours: no season holds {day:%m-%d}")
    return result


def _seasons(hours: Sequence[tuple[str, str]] | Sequence[Season]) -> list[Season]:
    seasons = [entry for entry in hours if isinstance(entry, Season)]
    spans = [entry for entry in hours if not isinstance(entry, Season)]
    if seasons and spans:
        raise CalendarError("working hours: give spans or seasons, not both")
    return seasons or [Season("01-01", "12-31", tuple(spans))]


def _parsed(spans: tuple[tuple[str, str], ...]) -> Spans:
    if not spans:
        raise CalendarError("working hours: at least one span is needed")
    parsed = tuple((clock_time(start), clock_time(end)) for start, end in spans)
    for (start, end), text in zip(parsed, spans, strict=True):
        if start >= end:
            raise CalendarError(
                f"working hours: {text[0]}-{text[1]} ends before it starts; split it at 24:00"
            )
    for (_, end), (start, _) in pairwise(parsed):
        if start < end:
            raise CalendarError(f"working hours: {spans} overlap or are out of order")
    return parsed
