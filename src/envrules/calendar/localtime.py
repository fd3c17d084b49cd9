"""Between instants and a locality's wall clock.

Instants are whole microseconds since the epoch, UTC; `tz` is always an IANA zone name.
One rule settles every oddity of the clocks: *a local time is the first instant at which the
local clock reads that much or more*. So a time that clocks going forward skip is the moment
of the jump, and a time that clocks going back repeat is its first occurrence.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from envrules.calendar.errors import CalendarError
from envrules.model.base import HOUR, MINUTE, Instant

SECOND: Instant = 1_000_000
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone(tz: str) -> ZoneInfo:
    """Return the zone that is named `tz`; raise CalendarError for a name nobody knows."""
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        raise CalendarError(f"unknown time zone {tz!r}") from error


def local_datetime(tz: str, instant: Instant) -> datetime:
    """Return what calendar and clock of `tz` show at `instant`."""
    try:
        return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone(tz))
    except OverflowError as error:
        raise CalendarError(f"instant {instant} lies outside the years 1 to 9999") from error


def to_instant(moment: datetime) -> Instant:
    """Return the instant of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


# Memos of pure functions: the same days and instants are asked for again and again.
@lru_cache(maxsize=8192)
def local_date(tz: str, instant: Instant) -> date:
    """Return the date in `tz` at `instant`."""
    return local_datetime(tz, instant).date()


@lru_cache(maxsize=8192)
def local_text(tz: str, instant: Instant) -> str:
    """Return what calendar and clock of `tz` show at `instant`, for people: 2026-07-03 17:30."""
    return f"{local_datetime(tz, instant):%Y-%m-%d %H:%M}"


@lru_cache(maxsize=1024)
def limit_text(tz: str, instant: Instant) -> str:
    """Return when a limit ends, for people: with the end of a day, that day, 2026-07-03 24:00."""
    last = local_date(tz, instant - 1)
    return local_text(tz, instant) if last == local_date(tz, instant) else f"{last} 24:00"


def time_of_day(tz: str, instant: Instant) -> int:
    """Return what the clock of `tz` reads at `instant`, in microseconds after 00:00."""
    shown = local_datetime(tz, instant)
    midnight = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    return (shown - midnight) // _MICROSECOND  # one zone: a difference of readings


@lru_cache(maxsize=4096)  # eleven years of days
def local_instant(tz: str, day: date, of_day: int = 0) -> Instant:
    """Return the first instant when `tz` shows `day` and `of_day` microseconds past 00:00, or more.

    `of_day` may be a whole day: 24:00 is the end of `day`.
    """
    wall = datetime.combine(day, time(), tzinfo=zone(tz)) + timedelta(microseconds=of_day)
    instant = to_instant(wall)
    if local_datetime(tz, instant).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    return _jump_between(tz, to_instant(wall.replace(fold=1)), instant)


def day_bounds(tz: str, day: date) -> tuple[Instant, Instant]:
    """Return the half-open instants (start, end) of the local day: 23, 24 or 25 hours, or other.

    A date that a zone skipped (Apia, 2011-12-30) is empty.
    """
    return local_instant(tz, day), local_instant(tz, days_after(day, 1))


def days_after(day: date, n: int) -> date:
    """Return the date n days after `day`; raise CalendarError after the year 9999."""
    try:
        return day + timedelta(days=n)
    except OverflowError as error:
        raise CalendarError(f"{n} days after {day} is later than the year 9999") from error


def clock_time(text: str) -> int:
    """Return "HH:MM" in microseconds after 00:00, up to "24:00"; raise CalendarError."""
    if not _CLOCK.fullmatch(text):
        raise CalendarError(f"{text!r} is no time of day (HH:MM, 00:00 to 24:00)")
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE


def _jump_between(tz: str, before: Instant, after: Instant) -> Instant:
    """Return the instant in (before, after] at which the clocks of `tz` went forward."""
    old = local_datetime(tz, before).utcoffset()
    while after - before > SECOND:  # zones change on whole seconds
        middle = (before + after) // 2
        if local_datetime(tz, middle).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after - after % SECOND
