"""Periods: their names, bounds, neighbours and parts."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envrules.calendar import (
    CalendarError,
    PeriodKind,
    next_period,
    period_around,
    period_bounds,
    period_dates,
    period_kind,
    period_of,
    period_on,
    previous_period,
    sub_periods,
)
from envrules.calendar.localtime import to_instant
from envrules.model.base import HOUR

SHANGHAI = "Asia/Shanghai"
KINDS: list[PeriodKind] = ["day", "week", "month", "quarter", "year"]
some_dates = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("day", "2026-07-14"),
        ("week", "2026W29"),
        ("month", "2026-07"),
        ("quarter", "2026Q3"),
        ("year", "2026"),
    ],
)
def test_names(kind: PeriodKind, name: str) -> None:
    """14 July 2026, a Tuesday, has these names in local time, though UTC still has the 13th."""
    just_after_midnight = to_instant(datetime(2026, 7, 14, 0, 5, tzinfo=ZoneInfo(SHANGHAI)))
    assert period_of(SHANGHAI, just_after_midnight, kind) == name
    assert period_kind(name) == kind


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2028-02-29", date(2028, 2, 29), date(2028, 2, 29)),
        ("2028", date(2028, 1, 1), date(2028, 12, 31)),
    ],
)
def test_dates(period: str, first: date, last: date) -> None:
    """A period has these dates, leap days and ISO weeks over the new year included."""
    assert period_dates(period) == (first, last)


def test_bounds_across_a_clock_change() -> None:
    """A month in which clocks go forward is an hour short, and the next begins where it ends."""
    start, end = period_bounds("America/New_York", "2026-03")
    assert end - start == (31 * 24 - 1) * HOUR
    assert period_bounds("America/New_York", "2026-04")[0] == end


@given(some_dates, st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_neighbours_meet(day: date, kind: PeriodKind) -> None:
    """A period holds its day, starts where the one before ends, and next undoes previous."""
    period = period_on(day, kind)
    first, last = period_dates(period)
    assert first <= day <= last
    assert period_dates(next_period(period))[0] == last + timedelta(days=1)
    assert previous_period(next_period(period)) == period
    assert next_period(previous_period(period)) == period
    assert period_bounds(SHANGHAI, period)[1] == period_bounds(SHANGHAI, next_period(period))[0]


@given(some_dates, st.sampled_from(KINDS), st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_parts_make_up_the_whole(day: date, whole: PeriodKind, part: PeriodKind) -> None:
    """Parts follow each other without a gap and, weeks apart, fill the whole exactly."""
    period = period_on(day, whole)
    if KINDS.index(part) > KINDS.index(whole):
        with pytest.raises(CalendarError, match="is not made up of"):
            sub_periods(period, part)
        return
    parts = sub_periods(period, part)
    assert parts[1:] == tuple(next_period(name) for name in parts[:-1])
    if part != "week":
        assert period_dates(parts[0])[0] == period_dates(period)[0]
        assert period_dates(parts[-1])[1] == period_dates(period)[1]


def test_parts_by_hand() -> None:
    """Quarters have three months, and a month the weeks whose Thursday it holds."""
    assert sub_periods("2026Q3", "month") == ("2026-07", "2026-08", "2026-09")
    assert sub_periods("2026", "quarter") == ("2026Q1", "2026Q2", "2026Q3", "2026Q4")
    # July 2026 begins on a Wednesday: the week of 29 June is its first.
    assert sub_periods("2026-07", "week") == tuple(f"2026W{week}" for week in range(27, 32))
    assert len(sub_periods("2026", "week")) == 53
    assert sub_periods("2026-07", "month") == ("2026-07",)


@pytest.mark.parametrize(
    "name",
    [
        "", "26", "2026-7", "2026-13", "2026-00", "2026-07-00", "2026-02-29", "2026Q5", "2026Q0",
        "2025W53", "2026W00", "2026W54", "2026-W30", "2026W3", "2026-07 ", "２０２６", "0001",
        "9999W53",
    ],
)  # fmt: skip
def test_what_is_no_period(name: str) -> None:
    """Other spellings and dates that do not exist are refused."""
    with pytest.raises(CalendarError, match="is no period"):
        period_dates(name)


@given(some_dates, st.sampled_from(KINDS), st.sampled_from(KINDS))
@settings(max_examples=100, deadline=None)
def test_a_part_is_one_of_the_parts_of_what_is_around_it(
    day: date, part: PeriodKind, whole: PeriodKind
) -> None:
    """Every period is a part of exactly the longer one around it, weeks by their Thursday."""
    period = period_on(day, part)
    if KINDS.index(part) > KINDS.index(whole):
        with pytest.raises(CalendarError, match="is no part of"):
            period_around(period, whole)
        return
    around = period_around(period, whole)
    assert period_kind(around) == whole
    assert period in sub_periods(around, part)
