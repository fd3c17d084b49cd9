"""Names of periods, and their bounds in a locality's time.

A period is a name: "2026-07-14", "2026W30", "2026-07", "2026Q3", "2026". Weeks are those of
ISO 8601: they begin on Monday, and belong to the year, quarter or month of their Thursday.
Every function raises CalendarError for text that names no period.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

from envrules.calendar.errors import CalendarError
from envrules.calendar.localtime import local_date, local_instant
from envrules.model.base import Instant

PeriodKind: TypeAlias = Literal["day", "week", "month", "quarter", "year"]

_ORDER: tuple[PeriodKind, ...] = ("day", "week", "month", "quarter", "year")
_DAY = timedelta(days=1)
_YEARS = 1000, 9998  # so that the neighbours of a period are dates too
_NAME = re.compile(
    r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|W(?P<week>\d\d)|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?",
    re.ASCII,
)


@lru_cache(maxsize=8192)
def period_of(tz: str, instant: Instant, kind: PeriodKind) -> str:
    """Return the period of this kind that `instant` falls in, in the time zone `tz`."""
    return period_on(local_date(tz, instant), kind)


def period_on(day: date, kind: PeriodKind) -> str:
    """Return the period of this kind that holds the local date `day`."""
    match kind:
        case "day":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04d}W{week:02d}"
        case "month":
            return f"{day.year:04d}-{day.month:02d}"
        case "quarter":
            return f"{day.year:04d}Q{(day.month + 2) // 3}"
        case "year":
            return f"{day.year:04d}"
    raise CalendarError(f"{kind!r} is no kind of period")


def period_kind(period: str) -> PeriodKind:
    """Return which kind of period this is."""
    return _parsed(period)[0]


def period_dates(period: str) -> tuple[date, date]:
    """Return the first and the last local date of the period."""
    return _parsed(period)[1:]


def period_bounds(tz: str, period: str) -> tuple[Instant, Instant]:
    """Return the half-open instants (start, end) of the period in the time zone `tz`."""
    first, last = period_dates(period)
    return local_instant(tz, first), local_instant(tz, last + _DAY)


def next_period(period: str) -> str:
    """Return the period of the same kind that follows."""
    kind, _, last = _parsed(period)
    return period_on(last + _DAY, kind)


def previous_period(period: str) -> str:
    """Return the period of the same kind that comes before."""
    kind, first, _ = _parsed(period)
    return period_on(first - _DAY, kind)


@lru_cache(maxsize=8192)
def sub_periods(period: str, kind: PeriodKind) -> tuple[str, ...]:
    """Return the periods of a shorter kind, or of the same, that make up `period`, in order.

    Weeks of a month, quarter or year are those whose Thursday lies in it. A week has only days.
    """
    whole, first, last = _parsed(period)
    if kind not in _ORDER or _ORDER.index(kind) > _ORDER.index(whole):
        raise CalendarError(f"a {whole} is not made up of any {kind!r}")
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    if kind == "week":
        days = [day for day in days if day.isoweekday() == 4]
    return tuple(dict.fromkeys(period_on(day, kind) for day in days))


def period_around(period: str, kind: PeriodKind) -> str:
    """Return the period of a longer kind, or of the same, that `period` is one of the parts of."""
    part, first, _ = _parsed(period)
    if kind not in _ORDER or _ORDER.index(kind) < _ORDER.index(part):
        raise CalendarError(f"a {part} is no part of any {kind!r}")
    return period_on(first + 3 * _DAY if part == "week" else first, kind)


@lru_cache(maxsize=4096)
def _parsed(period: str) -> tuple[PeriodKind, date, date]:
    """Return kind, first and last date."""
    match = _NAME.fullmatch(period)
    if match and _YEARS[0] <= int(match["year"]) <= _YEARS[1]:
        try:
            kind, first, last = _dates(*(int(part) if part else 0 for part in match.groups()))
        except ValueError as error:
            raise CalendarError(f"{period!r} is no period: {error}") from error
        if period_on(first, kind) == period:  # 00 is no month, week or day
            return kind, first, last
    raise CalendarError(f"{period!r} is no period")


def _dates(
    year: int, quarter: int, week: int, month: int, day: int
) -> tuple[PeriodKind, date, date]:
    if week:
        monday = date.fromisocalendar(year, week, 1)
        return "week", monday, monday + 6 * _DAY
    if day:
        return "day", date(year, month, day), date(year, month, day)
    if month:
        return "month", date(year, month, 1), _last_of_month(year, month)
    if quarter:
        return "quarter", date(year, 3 * quarter - 2, 1), _last_of_month(year, 3 * quarter)
    return "year", date(year, 1, 1), date(year, 12, 31)


def _last_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - _DAY
