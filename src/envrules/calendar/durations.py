"""Limits as documents write them, and the scale on which each is counted.

A `Duration` is what a document says, 「3工作日」. A `Scale` is that limit laid over a calendar
from one start: a clock, which stands still when the limit does not run, and `mark(n)`, the
clock's reading after n whole units. Between marks the scale is linear. Deadlines, pauses and
the share of a limit that is used are then plain sums on the clock.

| unit | clock | mark(n) |
|---|---|---|
| working_hours 工作时 | W | n hours of work on |
| working_days 工作日 | W | n working days on; `working_day` says how, see `WorkingDay` |
| emergency_hours 紧急工作时, hours, minutes | time | n of them on, day and night |
| emergency_days 紧急工作日 | time | n × 24 hours on, weekends and nights too |
| calendar_days 自然日 | time | the same time of day n dates on, whatever the clocks do between |
| same_day | time | the n-th end of a local day, or the n-th cut-off, after the start |

With `counting: whole_days` the day of the start is not counted, the clock runs from the first
counted day, and mark(n) is the end of the n-th: for working days the end of its working hours,
for others 24:00. (民法典 201 and 203 read a limit in days so, business hours included.)

A limit in working time that starts while no work is done starts when work next does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from envrules.calendar.errors import CalendarError
from envrules.calendar.localtime import (
    clock_time,
    day_bounds,
    days_after,
    local_date,
    local_instant,
    time_of_day,
)
from envrules.calendar.worktime import Boundary, WorkCalendar
from envrules.model.base import HOUR, MINUTE, Frozen, Instant


class Unit(StrEnum):
    """What a limit counts; see the table above."""

    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    EMERGENCY_HOURS = "emergency_hours"
    EMERGENCY_DAYS = "emergency_days"
    HOURS = "hours"
    MINUTES = "minutes"
    CALENDAR_DAYS = "calendar_days"
    SAME_DAY = "same_day"


class Counting(StrEnum):
    """Whether a limit runs from the moment of its start or from the day after."""

    ELAPSED = "elapsed"
    WHOLE_DAYS = "whole_days"


class Due(StrEnum):
    """Whether finishing exactly at the due instant is on time."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class WorkingDay(StrEnum):
    """What one elapsed working day is, for it is not simply eight working hours.

    The two agree where every working day has the same hours. They part where summer hours turn
    into winter hours, and where the document fixes how many hours a working day has.
    """

    SAME_TIME = "same_time"  # until the same time of day on the next working day
    WORKED_TIME = "worked_time"  # `hours_per_day`, or as long as the day of the start is worked


UNIT_TITLES: dict[Unit, str] = {
    Unit.WORKING_HOURS: "工作时",
    Unit.WORKING_DAYS: "工作日",
    Unit.EMERGENCY_HOURS: "紧急工作时",
    Unit.EMERGENCY_DAYS: "紧急工作日",
    Unit.HOURS: "小时",
    Unit.MINUTES: "分钟",
    Unit.CALENDAR_DAYS: "自然日",
    Unit.SAME_DAY: "当日",
}

_WORKING = {Unit.WORKING_HOURS, Unit.WORKING_DAYS}
_IN_DAYS = {Unit.WORKING_DAYS, Unit.CALENDAR_DAYS, Unit.EMERGENCY_DAYS}
_FIXED = {
    Unit.WORKING_HOURS: HOUR,
    Unit.EMERGENCY_HOURS: HOUR,
    Unit.EMERGENCY_DAYS: 24 * HOUR,
    Unit.HOURS: HOUR,
    Unit.MINUTES: MINUTE,
}


class Duration(Frozen, frozen=True):
    """A limit: so many of a unit, and how it is read.

    `amount` is exact and may have a fraction unless days are counted whole. `boundary` matters
    where the limit is used up just as the office shuts. `due` left out is `exclusive` for a
    limit that ends with the day itself, at 24:00, since that instant is the next day's, and
    `inclusive` otherwise. `working_day` and `hours_per_day` are for elapsed working days;
    `cut_off` ("HH:MM") for `same_day`: what starts at the cut-off or later has until the next
    day's. Raises CalendarError for a combination that means nothing.
    """

    amount: Decimal
    unit: Unit
    boundary: Boundary = Boundary.CLOSE
    counting: Counting = Counting.ELAPSED
    due: Due | None = None
    working_day: WorkingDay = WorkingDay.SAME_TIME
    hours_per_day: Decimal | None = None
    cut_off: str | None = None

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if not self.amount.is_finite() or self.amount < 0:
            raise CalendarError(f"a limit cannot be {self.amount} {self.unit}")
        if self.counting == Counting.WHOLE_DAYS:
            if self.unit not in _IN_DAYS:
                raise CalendarError(f"whole_days cannot count {self.unit}")
            if self.amount != int(self.amount) or self.amount < 1:
                raise CalendarError(f"whole_days needs a whole number of days, not {self.amount}")
        if self.unit == Unit.SAME_DAY and self.amount != 1:
            raise CalendarError(f"same_day is one day, not {self.amount}")
        if self.cut_off is not None:
            if self.unit != Unit.SAME_DAY:
                raise CalendarError(f"a cut-off belongs to same_day, not to {self.unit}")
            clock_time(self.cut_off)
        if self.hours_per_day is not None:
            if self.working_day != WorkingDay.WORKED_TIME:
                raise CalendarError("hours_per_day belongs to working_day: worked_time")
            if not 0 < self.hours_per_day <= 24:
                raise CalendarError(f"a working day cannot have {self.hours_per_day} hours")
        if self.working_day == WorkingDay.WORKED_TIME and (
            self.unit != Unit.WORKING_DAYS or self.counting == Counting.WHOLE_DAYS
        ):
            raise CalendarError("working_day: worked_time belongs to elapsed working_days")

    def __str__(self) -> str:
        """Return the limit as an official writes it, e.g. 「3工作日」."""
        amount = "" if self.unit == Unit.SAME_DAY else f"{self.amount:f}"
        return amount + UNIT_TITLES[self.unit]

    @property
    def in_working_time(self) -> bool:
        """Whether the limit runs only while work is done."""
        return self.unit in _WORKING

    @property
    def ends_a_day(self) -> bool:
        """Whether the limit ends at the end of a day's work, or of the day or at its cut-off."""
        return self.unit == Unit.SAME_DAY or self.counting == Counting.WHOLE_DAYS

    @property
    def is_inclusive(self) -> bool:
        """Whether finishing exactly at the due instant is on time."""
        if self.due is not None:
            return self.due == Due.INCLUSIVE
        return self.in_working_time or not self.ends_a_day or self.cut_off not in (None, "24:00")


@dataclass(frozen=True)
class Scale:
    """A limit laid over a calendar. `origin` is the instant from which it counts."""

    calendar: WorkCalendar
    duration: Duration
    origin: Instant
    mark: Callable[[int], int]

    def reading(self, instant: Instant) -> int:
        """Return the clock's reading in microseconds; only differences mean anything."""
        return self.calendar.worked(instant) if self.duration.in_working_time else instant

    def instant_at(self, reading: int, boundary: Boundary) -> Instant:
        """Return the earliest (`close`) or latest (`next_open`) instant of this reading."""
        if self.duration.in_working_time:
            return self.calendar.instant_at(reading, boundary)
        return reading

    def limit(self) -> int:
        """Return the reading at which the limit is used up if nothing stops the clock."""
        amount = self.duration.amount
        whole = int(amount)
        reading = self.mark(whole)
        if amount == whole:
            return reading
        rest = Fraction(amount) - whole
        return reading + _rounded(rest * (self.mark(whole + 1) - reading))

    def units(self, reading: int) -> Fraction:
        """Return how many units have passed at `reading`, at or after the origin: exactly."""
        below, above = 0, 1
        while self.mark(above) <= reading:
            below, above = above, above * 2
        while above - below > 1:
            middle = (below + above) // 2
            if self.mark(middle) <= reading:
                below = middle
            else:
                above = middle
        start, end = self.mark(below), self.mark(above)
        return below + Fraction(reading - start, end - start)

    def day_end(self, reading: int) -> int:
        """Return the reading at the end of the day that `reading` falls in, for whole days."""
        return self.mark(-(-self.units(reading) // 1))


def scale(
    calendar: WorkCalendar, start: Instant, duration: Duration, *, extends: bool = False
) -> Scale:
    """Return the scale of a limit from `start`.

    With `extends`, `start` is when an earlier limit ran out, so its last day is that of the
    moment before: an extension of a limit up to 24:00 begins the next day, not a day later.
    """
    last_day = local_date(calendar.tz, start - 1 if extends else start)
    if duration.counting == Counting.WHOLE_DAYS:
        return _whole_days(calendar, last_day, duration)
    if duration.unit == Unit.SAME_DAY:
        return _same_day(calendar, start, duration)
    if duration.in_working_time:
        start = calendar.next_open(start)
    if duration.unit == Unit.CALENDAR_DAYS or (
        duration.unit == Unit.WORKING_DAYS and duration.working_day == WorkingDay.SAME_TIME
    ):
        return _same_time(calendar, start, duration)
    return _steps(calendar, start, duration)


def _steps(calendar: WorkCalendar, start: Instant, duration: Duration) -> Scale:
    if duration.unit != Unit.WORKING_DAYS:
        step = _FIXED[duration.unit]
    elif duration.hours_per_day is not None:
        step = _rounded(Fraction(duration.hours_per_day) * HOUR)
    else:
        step = calendar.worked_on(local_date(calendar.tz, start))
    first = calendar.worked(start) if duration.in_working_time else start
    return Scale(calendar, duration, start, lambda n: first + n * step)


def _same_time(calendar: WorkCalendar, start: Instant, duration: Duration) -> Scale:
    tz = calendar.tz
    day, of_day = local_date(tz, start), time_of_day(tz, start)
    working = duration.in_working_time

    def mark(n: int) -> int:
        if n == 0:  # not by the time of day, which clocks going back show twice
            instant = start
        else:
            later = calendar.working_day(day, n) if working else days_after(day, n)
            instant = local_instant(tz, later, of_day)
        return calendar.worked(instant) if working else instant

    return Scale(calendar, duration, start, mark)


def _whole_days(calendar: WorkCalendar, last_day: date, duration: Duration) -> Scale:
    tz = calendar.tz
    working = duration.in_working_time

    def end_of(n: int) -> Instant:
        later = calendar.working_day(last_day, n) if working else days_after(last_day, n)
        return day_bounds(tz, later)[1]

    start = day_bounds(tz, last_day)[1]
    if not working:
        return Scale(calendar, duration, start, lambda n: end_of(n) if n else start)
    first = calendar.worked(start)
    origin = calendar.next_open(start)
    return Scale(calendar, duration, origin, lambda n: calendar.worked(end_of(n)) if n else first)


def _same_day(calendar: WorkCalendar, start: Instant, duration: Duration) -> Scale:
    tz = calendar.tz
    cut_off = clock_time(duration.cut_off or "24:00")
    day = local_date(tz, start)
    if local_instant(tz, day, cut_off) <= start:
        day = days_after(day, 1)

    def mark(n: int) -> Instant:
        return local_instant(tz, days_after(day, n - 1), cut_off) if n else start

    return Scale(calendar, duration, start, mark)


def _rounded(microseconds: Fraction) -> int:
    """Return the nearest whole microsecond, a half upwards."""
    return (2 * microseconds.numerator + microseconds.denominator) // (2 * microseconds.denominator)
