"""W(t) by hand: breaks, holidays, seasons, clock changes, ranges."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from envrules.calendar import (
    Boundary,
    CalendarError,
    DaySource,
    Overlay,
    Season,
    WorkCalendar,
    day_table,
)
from envrules.calendar.localtime import to_instant
from envrules.model.base import HOUR, MINUTE

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
CHINA = day_table(DaySource.CHINESECALENDAR)
EVERY_DAY = day_table(DaySource.EVERY_DAY)
SPLIT_DAY = [("08:30", "12:00"), ("14:30", "18:00")]
OFFICE = WorkCalendar(SHANGHAI, CHINA, SPLIT_DAY)
SEASONS = [
    Season("05-01", "09-30", (("08:00", "12:00"), ("15:00", "18:30"))),  # 夏季 7.5 h
    Season("10-01", "04-30", tuple(SPLIT_DAY)),  # 冬季 7 h
]


def at(text: str, tz: str = SHANGHAI) -> int:
    """Return the instant of a local ISO time."""
    return to_instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)))


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-07-14T08:30", "2026-07-14T18:00", 7),  # the midday break does not count
        ("2026-07-14T11:00", "2026-07-14T15:00", 1.5),
        ("2026-07-14T12:00", "2026-07-14T14:30", 0),
        ("2026-07-14T18:00", "2026-07-15T08:30", 0),  # nor does the night
        ("2026-07-17T17:00", "2026-07-20T09:00", 1.5),  # nor the weekend
        ("2026-09-28T00:00", "2026-10-12T00:00", 6 * 7),  # 28–30 Sep, 8–10 Oct: 10 Oct made up
        ("2026-02-13T00:00", "2026-03-01T00:00", 7 * 7),  # 13, 14, 24–28 Feb
        ("1999-12-30T08:30", "2000-01-04T08:30", 3 * 7),  # where W happens to be 0
        ("2028-02-28T00:00", "2028-03-01T00:00", 2 * 7),  # a leap day is a Tuesday here
    ],
)
def test_working_time(start: str, end: str, hours: float) -> None:
    """Between two instants W grows by the working time between them."""
    assert OFFICE.worked(at(end)) - OFFICE.worked(at(start)) == hours * HOUR


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2026-07-14T09:10", "2026-07-14T09:10"),
        ("2026-07-14T06:00", "2026-07-14T08:30"),
        ("2026-07-14T12:00", "2026-07-14T14:30"),  # spans are half-open
        ("2026-07-14T11:59:59.999999", "2026-07-14T11:59:59.999999"),
        ("2026-09-30T18:00", "2026-10-08T08:30"),
        ("2026-12-31T20:00", "2027-01-01T08:30"),  # unpublished: the weekday rule
    ],
)
def test_next_open(instant: str, opens: str) -> None:
    """Work is next done at the instant itself or when the next span opens."""
    assert OFFICE.next_open(at(instant)) == at(opens)


def test_two_inverses() -> None:
    """The inverses agree while work is done and span the rest where W is flat."""
    evening = OFFICE.worked(at("2026-07-17T18:00"))
    assert OFFICE.instant_at(evening, Boundary.CLOSE) == at("2026-07-17T18:00")
    assert OFFICE.instant_at(evening, Boundary.NEXT_OPEN) == at("2026-07-20T08:30")
    for boundary in Boundary:
        assert OFFICE.instant_at(evening - MINUTE, boundary) == at("2026-07-17T17:59")
        assert OFFICE.instant_at(evening + MINUTE, boundary) == at("2026-07-20T08:31")


def test_seasons_change_the_hours() -> None:
    """The last winter day has winter hours, the first working summer day summer hours."""
    office = WorkCalendar(SHANGHAI, CHINA, SEASONS)
    assert office.worked_on(date(2026, 4, 30)) == 7 * HOUR
    assert office.worked_on(date(2026, 5, 6)) == 7.5 * HOUR
    assert office.worked_on(date(2028, 2, 29)) == 7 * HOUR
    assert office.next_open(at("2026-04-30T18:00")) == at("2026-05-06T08:00")
    assert office.next_open(at("2026-09-30T18:30")) == at("2026-10-08T08:30")


@pytest.mark.parametrize(
    ("span", "forward", "back"),
    [
        (("00:00", "24:00"), 23, 25),
        (("00:00", "04:00"), 3, 5),
        (("01:30", "03:30"), 1, 3),
        (("02:15", "02:45"), 0, 0.5),  # skipped whole; read once at its first 02:15
        (("02:30", "04:00"), 1, 1.5),  # opens at the jump
        (("01:30", "02:30"), 0.5, 2),
        (("08:30", "17:00"), 8.5, 8.5),
    ],
)
def test_clock_changes(span: tuple[str, str], forward: float, back: float) -> None:
    """On 8 March and 1 November 2026 in New York a span lasts as long as it really does."""
    calendar = WorkCalendar(NEW_YORK, EVERY_DAY, [span])
    for day, hours in ((date(2026, 3, 8), forward), (date(2026, 11, 1), back)):
        assert calendar.worked_on(day) == hours * HOUR
        start, end = at(f"{day}T00:00", NEW_YORK), at(f"{day}T23:59", NEW_YORK) + MINUTE
        assert calendar.worked(end) - calendar.worked(start) == hours * HOUR


def test_round_the_clock_is_time_itself() -> None:
    """With every day open for 24 hours W differs from time by a constant, clock changes or not."""
    calendar = WorkCalendar(NEW_YORK, EVERY_DAY, [("00:00", "24:00")])
    start = at("2026-02-01T00:00", NEW_YORK)
    for days in range(0, 400, 7):
        instant = start + days * 24 * HOUR
        assert calendar.worked(instant) - calendar.worked(start) == instant - start
        for boundary in Boundary:
            assert calendar.instant_at(calendar.worked(instant), boundary) == instant


def test_answers_do_not_depend_on_the_order_of_questions() -> None:
    """A calendar asked first for a late or an early year gives the same W as any other."""
    late, early = (WorkCalendar(SHANGHAI, CHINA, SPLIT_DAY) for _ in range(2))
    instants = [at(f"{year}-06-15T10:00") for year in (1988, 1995, 2003, 2026, 2040)]
    assert [late.worked(t) for t in reversed(instants)] == [early.worked(t) for t in instants][::-1]
    assert late.breakpoints(2025, 2026) == early.breakpoints(2025, 2026)


def test_breakpoints() -> None:
    """The breakpoints of a range are its spans, with the W that the calendar itself gives."""
    instants, worked = OFFICE.breakpoints(2025, 2026)
    assert len(instants) == len(worked) == 4 * 496  # 248 working days a year, 2 spans each
    assert instants[:4] == [at(f"2025-01-02T{t}") for t in ("08:30", "12:00", "14:30", "18:00")]
    assert instants[-1] == at("2026-12-31T18:00")
    assert instants == sorted(instants)
    assert worked == [OFFICE.worked(t) for t in instants]


def test_the_nth_working_day() -> None:
    """Working days are counted over make-up days, and on into years not built yet."""
    office = WorkCalendar(SHANGHAI, CHINA, SPLIT_DAY)
    assert office.working_day(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert office.working_day(date(2026, 10, 3), 1) == date(2026, 10, 8)
    assert office.working_day(date(2026, 12, 31), 262) == date(2028, 1, 3)  # 261 in 2027


@pytest.mark.parametrize("year", [1969, 2101])
def test_years_without_working_time(year: int) -> None:
    """A year outside the range is refused instead of building tables without end."""
    with pytest.raises(CalendarError, match=f"not for {year}"):
        OFFICE.worked(at(f"{year}-06-15T10:00"))
    with pytest.raises(CalendarError, match="1970 to 2100"):
        OFFICE.instant_at(10**18 if year > 2000 else -(10**18), Boundary.CLOSE)


def test_a_year_without_a_working_day() -> None:
    """A calendar whose first year has no working day at all still answers."""
    closed = [date.fromordinal(date(2000, 1, 1).toordinal() + n) for n in range(366)]
    calendar = WorkCalendar(
        SHANGHAI,
        day_table(DaySource.WEEKDAYS, Overlay(holidays=dict.fromkeys(closed, "停工"))),
        SPLIT_DAY,
    )
    assert calendar.worked(at("2000-06-15T10:00")) == 0
    assert calendar.next_open(at("2000-06-15T10:00")) == at("2001-01-01T08:30")


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ([], "at least one span"),
        ([("8:30", "12:00")], "'8:30' is no time of day"),
        ([("22:00", "06:00")], "22:00-06:00 ends before it starts"),
        ([("08:00", "08:00")], "ends before it starts"),
        ([("08:00", "12:00"), ("11:00", "15:00")], "overlap or are out of order"),
        ([("14:00", "18:00"), ("08:00", "12:00")], "overlap or are out of order"),
        ([SEASONS[0]], "no season holds 01-01"),
        ([*SEASONS, Season("07-01", "07-02", (("08:00", "12:00"),))], "two seasons hold 07-01"),
        ([SEASONS[0], Season("10-01", "04-31", SEASONS[0].spans)], "'04-31' is no day"),
        ([SEASONS[0], Season("10-01", "04-30", ())], "at least one span"),
        ([SEASONS[0], ("08:30", "12:00")], "spans or seasons, not both"),
    ],
)
def test_broken_hours(hours: list[Any], message: str) -> None:
    """Hours that are none are refused, naming what is wrong."""
    with pytest.raises(CalendarError, match=message):
        WorkCalendar(SHANGHAI, CHINA, hours)


def test_unknown_zone_is_refused_at_once() -> None:
    """A calendar in a zone that does not exist cannot be made."""
    with pytest.raises(CalendarError, match="unknown time zone 'Asia/Atlantis'"):
        WorkCalendar("Asia/Atlantis", CHINA, SPLIT_DAY)
