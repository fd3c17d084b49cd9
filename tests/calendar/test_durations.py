"""Limits by hand: each unit, each way of counting, each end."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from envrules.calendar import (
    Boundary,
    CalendarError,
    Counting,
    DaySource,
    Due,
    Duration,
    Season,
    Unit,
    WorkCalendar,
    WorkingDay,
    day_table,
    deadline,
    is_on_time,
)
from envrules.calendar.localtime import to_instant

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
CHINA = day_table(DaySource.CHINESECALENDAR)
OFFICE = WorkCalendar(SHANGHAI, CHINA, [("08:30", "12:00"), ("14:30", "18:00")])  # 7 hours
SEASONAL = WorkCalendar(
    SHANGHAI,
    CHINA,
    [
        Season("05-01", "09-30", (("08:00", "12:00"), ("15:00", "18:30"))),  # 7.5 hours
        Season("10-01", "04-30", (("08:30", "12:00"), ("14:30", "18:00"))),
    ],
)
CITY_HALL = WorkCalendar(NEW_YORK, day_table(DaySource.WEEKDAYS), [("08:30", "17:00")])


def at(text: str, tz: str = SHANGHAI) -> int:
    """Return the instant of a local ISO time."""
    return to_instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)))


def limit(amount: str, unit: Unit, **how: Any) -> Duration:
    """Return a limit."""
    return Duration(Decimal(amount), unit, **how)


@pytest.mark.parametrize(
    ("start", "amount", "close", "next_open"),
    [
        ("2026-07-14T09:00", "2", "2026-07-14T11:00", "2026-07-14T11:00"),
        ("2026-07-14T11:00", "2", "2026-07-14T15:30", "2026-07-14T15:30"),  # over the break
        ("2026-07-14T11:30", "0.5", "2026-07-14T12:00", "2026-07-14T14:30"),
        ("2026-07-14T12:40", "1", "2026-07-14T15:30", "2026-07-14T15:30"),  # starts in the break
        ("2026-07-16T22:00", "2", "2026-07-17T10:30", "2026-07-17T10:30"),  # starts at night
        ("2026-07-17T17:00", "1", "2026-07-17T18:00", "2026-07-20T08:30"),
        ("2026-07-17T17:00", "4", "2026-07-20T11:30", "2026-07-20T11:30"),  # over a weekend
        ("2026-02-14T16:00", "4", "2026-02-24T10:30", "2026-02-24T10:30"),  # Spring Festival
        ("2026-09-30T16:00", "4", "2026-10-08T10:30", "2026-10-08T10:30"),  # National Day
        ("2026-10-09T17:00", "2", "2026-10-10T09:30", "2026-10-10T09:30"),  # a made-up Saturday
        ("2028-02-28T17:00", "2", "2028-02-29T09:30", "2028-02-29T09:30"),  # a leap day
        ("2026-07-14T09:00", "0", "2026-07-14T09:00", "2026-07-14T09:00"),
        ("2026-07-18T09:00", "0", "2026-07-18T09:00", "2026-07-20T08:30"),  # never before its start
    ],
)
def test_working_hours(start: str, amount: str, close: str, next_open: str) -> None:
    """A limit in working hours is used up when that much work time has passed."""
    for boundary, due in ((Boundary.CLOSE, close), (Boundary.NEXT_OPEN, next_open)):
        hours = limit(amount, Unit.WORKING_HOURS, boundary=boundary)
        assert deadline(OFFICE, at(start), hours).due == at(due)


@pytest.mark.parametrize(
    ("start", "amount", "close", "next_open"),
    [
        ("2026-07-14T10:15", "1", "2026-07-15T10:15", "2026-07-15T10:15"),
        ("2026-07-17T10:15", "1", "2026-07-20T10:15", "2026-07-20T10:15"),  # over a weekend
        ("2026-02-13T10:00", "3", "2026-02-25T10:00", "2026-02-25T10:00"),  # 14, 24, 25 Feb
        ("2026-09-30T16:00", "3", "2026-10-10T16:00", "2026-10-10T16:00"),  # 8, 9, 10 Oct
        ("2026-07-14T08:30", "1", "2026-07-14T18:00", "2026-07-15T08:30"),  # one whole day
        ("2026-07-14T20:00", "1", "2026-07-15T18:00", "2026-07-16T08:30"),  # starts at night
        ("2026-07-14T13:00", "1", "2026-07-15T12:00", "2026-07-15T14:30"),  # or in the break
        ("2026-07-18T13:00", "2", "2026-07-21T18:00", "2026-07-22T08:30"),  # or at a weekend
        ("2026-07-14T08:30", "0.5", "2026-07-14T12:00", "2026-07-14T14:30"),  # 3.5 of 7 hours
        ("2026-07-14T16:00", "1.5", "2026-07-16T10:00", "2026-07-16T10:00"),
        ("2028-02-28T10:00", "1", "2028-02-29T10:00", "2028-02-29T10:00"),
    ],
)
def test_elapsed_working_days(start: str, amount: str, close: str, next_open: str) -> None:
    """Elapsed working days end at the same time of day, N working days after the clock starts."""
    for boundary, due in ((Boundary.CLOSE, close), (Boundary.NEXT_OPEN, next_open)):
        for how in WorkingDay:  # the two agree where all days have the same hours
            days = limit(amount, Unit.WORKING_DAYS, boundary=boundary, working_day=how)
            assert deadline(OFFICE, at(start), days).due == at(due)


@pytest.mark.parametrize(
    ("start", "how", "due"),
    [
        # 30 April has winter hours, 6 May summer hours, and the holiday lies between.
        ("2026-04-30T10:00", {}, "2026-05-06T10:00"),
        ("2026-04-30T10:00", {"working_day": WorkingDay.WORKED_TIME}, "2026-05-06T09:30"),
        (
            "2026-04-30T10:00",
            {"working_day": WorkingDay.WORKED_TIME, "hours_per_day": Decimal(8)},
            "2026-05-06T10:30",
        ),
        # 18:15 is within summer hours only: the winter day ends first.
        ("2026-09-30T18:15", {}, "2026-10-08T18:00"),
        ("2026-09-30T18:15", {"boundary": Boundary.NEXT_OPEN}, "2026-10-09T08:30"),
        ("2026-09-30T18:15", {"working_day": WorkingDay.WORKED_TIME}, "2026-10-09T08:45"),
    ],
)
def test_what_a_working_day_is(start: str, how: dict[str, Any], due: str) -> None:
    """Where hours change, a working day is a time of day or an amount of work, as is stated."""
    assert deadline(SEASONAL, at(start), limit("1", Unit.WORKING_DAYS, **how)).due == at(due)


def test_part_of_a_working_day_when_hours_change() -> None:
    """Half a working day is half the work between the same time on the two days around it."""
    # One day ends on 6 May at 16:00, and from there to the next 16:00 are 7.5 hours of work.
    result = deadline(SEASONAL, at("2026-04-30T16:00"), limit("1.5", Unit.WORKING_DAYS))
    assert result.due == at("2026-05-07T09:15")


@pytest.mark.parametrize(
    ("start", "amount", "due", "counted_from"),
    [
        ("2026-07-14T09:00", "1", "2026-07-15T18:00", "2026-07-15T08:30"),
        ("2026-07-14T20:00", "1", "2026-07-15T18:00", "2026-07-15T08:30"),  # a night start too
        ("2026-07-17T09:00", "2", "2026-07-21T18:00", "2026-07-20T08:30"),
        ("2026-07-18T09:00", "1", "2026-07-20T18:00", "2026-07-20T08:30"),  # starts on Saturday
        ("2026-09-30T09:00", "3", "2026-10-10T18:00", "2026-10-08T08:30"),
        ("2026-10-03T09:00", "1", "2026-10-08T18:00", "2026-10-08T08:30"),  # in the holiday
    ],
)
def test_whole_working_days(start: str, amount: str, due: str, counted_from: str) -> None:
    """The day of the start is not counted; the limit ends with the N-th working day's hours."""
    days = limit(amount, Unit.WORKING_DAYS, counting=Counting.WHOLE_DAYS)
    result = deadline(OFFICE, at(start), days)
    assert (result.due, result.counted_from) == (at(due), at(counted_from))
    assert result.inclusive


@pytest.mark.parametrize(
    ("tz", "start", "limit_", "due"),
    [
        (SHANGHAI, "2026-07-17T22:00", limit("2", Unit.EMERGENCY_HOURS), "2026-07-18T00:00"),
        (SHANGHAI, "2026-10-01T22:00", limit("2", Unit.EMERGENCY_DAYS), "2026-10-03T22:00"),
        (SHANGHAI, "2026-07-17T22:00", limit("0.5", Unit.EMERGENCY_DAYS), "2026-07-18T10:00"),
        (SHANGHAI, "2026-07-17T22:00", limit("1.5", Unit.HOURS), "2026-07-17T23:30"),
        (SHANGHAI, "2026-07-17T22:00", limit("90", Unit.MINUTES), "2026-07-17T23:30"),
        (SHANGHAI, "2028-02-28T10:00", limit("2", Unit.CALENDAR_DAYS), "2028-03-01T10:00"),
        (SHANGHAI, "2026-07-17T10:00", limit("0.5", Unit.CALENDAR_DAYS), "2026-07-17T22:00"),
        # Clocks go forward at 02:00 on 8 March 2026 and back at 02:00 on 1 November.
        (NEW_YORK, "2026-03-07T12:00", limit("24", Unit.EMERGENCY_HOURS), "2026-03-08T13:00"),
        (NEW_YORK, "2026-03-07T12:00", limit("1", Unit.EMERGENCY_DAYS), "2026-03-08T13:00"),
        (NEW_YORK, "2026-03-07T12:00", limit("1", Unit.CALENDAR_DAYS), "2026-03-08T12:00"),
        (NEW_YORK, "2026-03-07T02:30", limit("1", Unit.CALENDAR_DAYS), "2026-03-08T03:00"),
        (NEW_YORK, "2026-10-31T12:00", limit("24", Unit.HOURS), "2026-11-01T11:00"),
        (NEW_YORK, "2026-10-31T12:00", limit("1", Unit.CALENDAR_DAYS), "2026-11-01T12:00"),
        (NEW_YORK, "2026-10-31T01:30", limit("1", Unit.CALENDAR_DAYS), "2026-11-01T01:30"),
        (NEW_YORK, "2026-03-06T12:00", limit("1", Unit.WORKING_DAYS), "2026-03-09T12:00"),
        (NEW_YORK, "2026-10-30T12:00", limit("8.5", Unit.WORKING_HOURS), "2026-11-02T12:00"),
    ],
)
def test_clocks_and_calendars(tz: str, start: str, limit_: Duration, due: str) -> None:
    """Hours and emergency days run on through nights and clock changes; dates keep their time."""
    calendar = OFFICE if tz == SHANGHAI else CITY_HALL
    result = deadline(calendar, at(start, tz), limit_)
    assert result.due == at(due, tz)
    assert result.counted_from == at(start, tz)


def test_start_in_the_repeated_hour() -> None:
    """A limit that starts at the second 01:30 of the night counts from there."""
    second = to_instant(datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo(NEW_YORK)))
    for unit in (Unit.CALENDAR_DAYS, Unit.EMERGENCY_DAYS):
        assert deadline(CITY_HALL, second, limit("0", unit)).due == second
        assert deadline(CITY_HALL, second, limit("1", unit)).due == at("2026-11-02T01:30", NEW_YORK)
        noon = deadline(CITY_HALL, second, limit("0.5", unit)).due
        assert noon == at("2026-11-01T13:30", NEW_YORK)


@pytest.mark.parametrize("unit", [Unit.CALENDAR_DAYS, Unit.EMERGENCY_DAYS])
def test_whole_calendar_days(unit: Unit) -> None:
    """Whole days begin at the next midnight and end at a later one, holidays or not."""
    days = limit("3", unit, counting=Counting.WHOLE_DAYS)
    result = deadline(OFFICE, at("2026-09-30T15:00"), days)
    assert result.counted_from == at("2026-10-01T00:00")
    assert result.due == at("2026-10-04T00:00")
    assert not is_on_time(result, at("2026-10-04T00:00")), "24:00 is the next day's"
    assert is_on_time(result, at("2026-10-04T00:00") - 1)


@pytest.mark.parametrize(
    ("start", "cut_off", "due"),
    [
        ("2026-07-18T10:00", None, "2026-07-19T00:00"),
        ("2026-07-18T23:59", "24:00", "2026-07-19T00:00"),
        ("2026-07-18T00:00", None, "2026-07-19T00:00"),
        ("2026-07-18T10:00", "18:00", "2026-07-18T18:00"),
        ("2026-07-18T18:00", "18:00", "2026-07-19T18:00"),
        ("2026-07-18T20:00", "18:00", "2026-07-19T18:00"),
    ],
)
def test_same_day(start: str, cut_off: str | None, due: str) -> None:
    """What is found today is due by midnight, or by the next cut-off."""
    day = limit("1", Unit.SAME_DAY, cut_off=cut_off)
    result = deadline(OFFICE, at(start), day)
    assert result.due == at(due)
    assert result.inclusive is (cut_off == "18:00")


@pytest.mark.parametrize(
    ("due", "at_the_instant"), [(None, True), (Due.INCLUSIVE, True), (Due.EXCLUSIVE, False)]
)
def test_finishing_exactly_when_due(due: Due | None, at_the_instant: bool) -> None:
    """Whether the due instant itself is on time is stated; a microsecond either side is plain."""
    result = deadline(OFFICE, at("2026-07-14T09:00"), limit("1", Unit.WORKING_HOURS, due=due))
    assert is_on_time(result, at("2026-07-14T10:00") - 1)
    assert is_on_time(result, at("2026-07-14T10:00")) is at_the_instant
    assert not is_on_time(result, at("2026-07-14T10:00") + 1)


def test_stated_due_beats_the_default_at_midnight() -> None:
    """A limit to the end of the day may be declared inclusive."""
    day = limit("1", Unit.SAME_DAY, due=Due.INCLUSIVE)
    result = deadline(OFFICE, at("2026-07-18T10:00"), day)
    assert is_on_time(result, at("2026-07-19T00:00"))


def test_rounding_to_a_microsecond() -> None:
    """A third of an hour that no decimal gives exactly is rounded to the nearest microsecond."""
    start = at("2026-07-14T09:00")
    third = limit("0.3333333333333333333333333333333333", Unit.WORKING_HOURS)
    assert deadline(OFFICE, start, third).due == start + 1_200_000_000
    tiny = limit("0.00000000013888888888888889", Unit.HOURS)  # half a microsecond
    assert deadline(OFFICE, start, tiny).due == start + 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": "-1", "unit": Unit.HOURS}, "cannot be -1"),
        ({"amount": "NaN", "unit": Unit.HOURS}, "cannot be NaN"),
        ({"amount": "Infinity", "unit": Unit.HOURS}, "cannot be Infinity"),
        ({"unit": Unit.WORKING_HOURS, "counting": Counting.WHOLE_DAYS}, "cannot count"),
        ({"unit": Unit.SAME_DAY, "counting": Counting.WHOLE_DAYS}, "cannot count same_day"),
        ({"amount": "1.5", "counting": Counting.WHOLE_DAYS}, "whole number of days, not 1.5"),
        ({"amount": "0", "counting": Counting.WHOLE_DAYS}, "whole number of days, not 0"),
        ({"amount": "2", "unit": Unit.SAME_DAY}, "same_day is one day, not 2"),
        ({"cut_off": "18:00"}, "a cut-off belongs to same_day"),
        ({"unit": Unit.SAME_DAY, "cut_off": "6pm"}, "'6pm' is no time of day"),
        ({"hours_per_day": Decimal(8)}, "belongs to working_day: worked_time"),
        (
            {"working_day": WorkingDay.WORKED_TIME, "hours_per_day": Decimal(0)},
            "cannot have 0 hours",
        ),
        (
            {"working_day": WorkingDay.WORKED_TIME, "counting": Counting.WHOLE_DAYS},
            "belongs to elapsed working_days",
        ),
        (
            {"working_day": WorkingDay.WORKED_TIME, "unit": Unit.WORKING_HOURS},
            "belongs to elapsed working_days",
        ),
    ],
)
def test_limits_that_mean_nothing(fields: dict[str, Any], message: str) -> None:
    """A limit that cannot be read is refused, saying why."""
    known = {"amount": "1", "unit": Unit.WORKING_DAYS} | fields
    with pytest.raises(CalendarError, match=message):
        limit(**known)


def test_limits_beyond_all_calendars() -> None:
    """A limit that would end after all known years is refused, quickly."""
    start = at("2026-07-14T09:00")
    for unit in (Unit.WORKING_HOURS, Unit.WORKING_DAYS, Unit.CALENDAR_DAYS):
        with pytest.raises(CalendarError, match=r"2100|9999"):
            deadline(OFFICE, start, limit("100000000", unit))


def test_limits_travel_as_json() -> None:
    """A limit survives JSON, and a nonsensical one is refused on the way in."""
    days = limit("1.5", Unit.WORKING_DAYS, boundary=Boundary.NEXT_OPEN, due=Due.EXCLUSIVE)
    assert msgspec.json.decode(msgspec.json.encode(days), type=Duration) == days
    with pytest.raises(msgspec.ValidationError, match="cannot be -1"):
        msgspec.json.decode(b'{"amount": "-1", "unit": "hours"}', type=Duration)


def test_limits_as_officials_write_them() -> None:
    """A limit reads as in the documents."""
    assert str(limit("3", Unit.WORKING_DAYS)) == "3工作日"
    assert str(limit("0.5", Unit.EMERGENCY_HOURS)) == "0.5紧急工作时"
    assert str(limit("1E+1", Unit.CALENDAR_DAYS)) == "10自然日"
    assert str(limit("1", Unit.SAME_DAY)) == "当日"
