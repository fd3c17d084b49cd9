"""Instants and wall clocks, where clocks change too."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from envrules.calendar import CalendarError, day_bounds, limit_text, local_date, local_instant
from envrules.calendar.localtime import clock_time, local_datetime, time_of_day, to_instant
from envrules.model.base import HOUR, MINUTE
from envrules.report.tables import local_end

NEW_YORK = "America/New_York"
ZONES = ["Asia/Shanghai", NEW_YORK, "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]


def utc(text: str) -> int:
    """Return the instant of an ISO time in UTC."""
    return to_instant(datetime.fromisoformat(f"{text}+00:00"))


@pytest.mark.parametrize(
    ("tz", "day", "clock", "expected"),
    [
        ("Asia/Shanghai", date(2026, 7, 14), "08:30", "2026-07-14T00:30"),
        ("Asia/Shanghai", date(2026, 7, 14), "24:00", "2026-07-14T16:00"),
        (NEW_YORK, date(2026, 3, 8), "01:59", "2026-03-08T06:59"),
        (NEW_YORK, date(2026, 3, 8), "02:00", "2026-03-08T07:00"),
        (NEW_YORK, date(2026, 3, 8), "02:30", "2026-03-08T07:00"),  # skipped: the jump itself
        (NEW_YORK, date(2026, 3, 8), "03:00", "2026-03-08T07:00"),
        (NEW_YORK, date(2026, 11, 1), "01:30", "2026-11-01T05:30"),  # twice: the first
        (NEW_YORK, date(2026, 11, 1), "02:00", "2026-11-01T07:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "00:00", "2018-11-04T03:00"),  # no midnight
    ],
)
def test_local_instant(tz: str, day: date, clock: str, expected: str) -> None:
    """A local time is the first instant at which the local clock reads that much or more."""
    assert local_instant(tz, day, clock_time(clock)) == utc(expected)


@pytest.mark.parametrize(
    ("tz", "instant", "expected"),
    [
        ("Asia/Shanghai", "2026-07-14T09:30", "2026-07-14 17:30"),
        ("Asia/Shanghai", "2026-07-14T16:00", "2026-07-14 24:00"),
        ("Asia/Shanghai", "2026-12-31T16:00", "2026-12-31 24:00"),
        ("Asia/Shanghai", "2026-07-14T16:01", "2026-07-15 00:01"),
        ("America/Sao_Paulo", "2018-11-04T03:00", "2018-11-03 24:00"),  # no midnight
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-29 24:00"),  # no 30th
    ],
)
def test_a_limit_ends_at_24(tz: str, instant: str, expected: str) -> None:
    """A limit that ends with a day is told as the end of that day, not the beginning of the next."""
    assert limit_text(tz, utc(instant)) == expected
    moment = Timestamp()
    moment.FromJsonString(f"{instant}:00Z")
    assert local_end(moment, ZoneInfo(tz)) == expected


@pytest.mark.parametrize(
    ("tz", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 7, 14), 24),
        (NEW_YORK, date(2026, 3, 8), 23),
        (NEW_YORK, date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the date that Samoa left out
    ],
)
def test_length_of_a_day(tz: str, day: date, hours: float) -> None:
    """A local day is as long as the clocks make it."""
    start, end = day_bounds(tz, day)
    assert end - start == hours * HOUR


@given(
    st.sampled_from(ZONES),
    st.integers(utc("2005-01-01T00:00"), utc("2030-01-01T00:00")),
)
@settings(max_examples=100, deadline=None)
def test_a_day_holds_its_instants(tz: str, instant: int) -> None:
    """Every instant lies within the bounds of its local date, and in no neighbour's."""
    day = local_date(tz, instant)
    start, end = day_bounds(tz, day)
    assert start <= instant < end
    assert day_bounds(tz, day - timedelta(days=1))[1] <= start
    assert 0 <= time_of_day(tz, instant) < 24 * HOUR


@given(
    st.sampled_from(ZONES),
    st.dates(date(2005, 1, 1), date(2029, 12, 31)),
    st.integers(0, 24 * 60).map(lambda minute: minute * MINUTE),
)
@settings(max_examples=100, deadline=None)
def test_local_instant_is_the_first(tz: str, day: date, of_day: int) -> None:
    """At a local instant the clock reads the time or more, and a microsecond before it less."""
    wall = datetime.combine(day, datetime.min.time()) + timedelta(microseconds=of_day)
    instant = local_instant(tz, day, of_day)
    assert local_datetime(tz, instant).replace(tzinfo=None) >= wall
    assert local_datetime(tz, instant - 1).replace(tzinfo=None) < wall


def test_microseconds_are_exact() -> None:
    """No float lies between an instant and a datetime."""
    moment = datetime(2262, 4, 11, 23, 47, 16, 854775, tzinfo=ZoneInfo(NEW_YORK))
    assert local_datetime(NEW_YORK, to_instant(moment)) == moment


@pytest.mark.parametrize("tz", ["Asia/Atlantis", "", "../etc", "Asia"])
def test_unknown_zone(tz: str) -> None:
    """A name that is no zone is refused."""
    with pytest.raises(CalendarError, match="unknown time zone"):
        local_date(tz, 0)


def test_instants_beyond_the_calendar() -> None:
    """An instant outside the years 1 to 9999 is refused, not wrapped."""
    with pytest.raises(CalendarError, match="1 to 9999"):
        local_date(NEW_YORK, 10**18)


@pytest.mark.parametrize("text", ["8:30", "24:01", "12:60", "noon", "08:30:00", "０８:30", ""])
def test_clock_times_are_strict(text: str) -> None:
    """A time of day is HH:MM in ASCII digits, up to 24:00."""
    with pytest.raises(CalendarError, match="no time of day"):
        clock_time(text)
