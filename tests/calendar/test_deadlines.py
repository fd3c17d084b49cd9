"""Deadlines by hand: pauses, extensions, years nobody has published, how much is used."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from envrules.calendar import (
    Boundary,
    CalendarError,
    Counting,
    DaySource,
    Due,
    Duration,
    Overlay,
    Pause,
    Unit,
    WorkCalendar,
    WorkingDay,
    day_table,
    deadline,
    elapsed,
    is_on_time,
    merged_pauses,
)
from envrules.calendar.localtime import to_instant

SHANGHAI = "Asia/Shanghai"
HOURS = [("08:30", "12:00"), ("14:30", "18:00")]  # 7 hours
OFFICE = WorkCalendar(SHANGHAI, day_table(DaySource.CHINESECALENDAR), HOURS)


def at(text: str) -> int:
    """Return the instant of an ISO time in Shanghai."""
    return to_instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(SHANGHAI)))


def limit(amount: str, unit: Unit = Unit.WORKING_DAYS, **how: Any) -> Duration:
    """Return a limit, in working days unless said otherwise."""
    return Duration(Decimal(amount), unit, **how)


def pause(since: str, until: str | None) -> Pause:
    """Return a pause."""
    return at(since), None if until is None else at(until)


WHOLE = Counting.WHOLE_DAYS
NEXT_OPEN = Boundary.NEXT_OPEN


@pytest.mark.parametrize(
    ("start", "duration", "pauses", "due"),
    [
        # A pause over the holiday alone takes no working time.
        (
            "2026-09-30T10:00",
            limit("1"),
            [pause("2026-10-01T00:00", "2026-10-08T00:00")],
            "2026-10-08T10:00",
        ),
        # One that lasts until noon of the first working day takes 3.5 hours of it.
        (
            "2026-09-30T10:00",
            limit("1"),
            [pause("2026-10-01T00:00", "2026-10-08T12:00")],
            "2026-10-08T16:00",
        ),
        # Emergency hours run through the holiday, so the whole pause counts.
        (
            "2026-09-30T22:00",
            limit("4", Unit.EMERGENCY_HOURS),
            [pause("2026-10-01T00:00", "2026-10-08T00:00")],
            "2026-10-08T02:00",
        ),
        # Overlapping and touching pauses, in any order, stop the clock once.
        (
            "2026-07-14T09:00",
            limit("4", Unit.WORKING_HOURS),
            [
                pause("2026-07-14T10:30", "2026-07-14T11:30"),
                pause("2026-07-14T10:00", "2026-07-14T11:00"),
                pause("2026-07-14T11:30", "2026-07-14T12:00"),
            ],
            "2026-07-14T17:30",
        ),
        # Two pauses, the second reached only because of the first.
        (
            "2026-07-14T09:00",
            limit("2", Unit.WORKING_HOURS),
            [
                pause("2026-07-14T09:30", "2026-07-14T11:00"),
                pause("2026-07-14T11:30", "2026-07-14T15:00"),
            ],
            "2026-07-14T16:00",
        ),
        # A pause from before the start counts from the start.
        (
            "2026-07-14T09:00",
            limit("1", Unit.WORKING_HOURS),
            [pause("2026-07-01T00:00", "2026-07-14T10:00")],
            "2026-07-14T11:00",
        ),
        # A pause before the start, an empty one, one from the due instant on: nothing.
        (
            "2026-07-14T09:00",
            limit("1", Unit.WORKING_HOURS),
            [
                pause("2026-07-13T09:00", "2026-07-14T09:00"),
                pause("2026-07-14T09:30", "2026-07-14T09:30"),
                pause("2026-07-14T10:00", None),
            ],
            "2026-07-14T10:00",
        ),
        # Used up on Friday evening, due on Monday morning, paused between until Monday 10:00.
        (
            "2026-07-17T17:00",
            limit("1", Unit.WORKING_HOURS, boundary=NEXT_OPEN),
            [pause("2026-07-18T09:00", "2026-07-20T10:00")],
            "2026-07-20T10:00",
        ),
        # With `close` it was due on Friday evening, before the pause.
        (
            "2026-07-17T17:00",
            limit("1", Unit.WORKING_HOURS),
            [pause("2026-07-18T09:00", "2026-07-20T10:00")],
            "2026-07-17T18:00",
        ),
        # Whole days stay whole: an hour lost on the last day gives the day after.
        (
            "2026-07-14T09:00",
            limit("2", counting=WHOLE),
            [pause("2026-07-16T09:00", "2026-07-16T10:00")],
            "2026-07-17T18:00",
        ),
        # A whole day lost gives exactly one, and two half days too.
        (
            "2026-07-14T09:00",
            limit("2", counting=WHOLE),
            [
                pause("2026-07-15T12:00", "2026-07-15T20:00"),
                pause("2026-07-16T00:00", "2026-07-16T13:00"),
            ],
            "2026-07-17T18:00",
        ),
        # A pause on the day that is not counted takes nothing.
        (
            "2026-07-14T09:00",
            limit("2", counting=WHOLE),
            [pause("2026-07-14T10:00", "2026-07-14T15:00")],
            "2026-07-16T18:00",
        ),
        (
            "2026-07-14T09:00",
            limit("2", Unit.CALENDAR_DAYS, counting=WHOLE),
            [pause("2026-07-16T12:00", "2026-07-17T11:00")],
            "2026-07-18T00:00",
        ),
        (
            "2026-07-14T09:00",
            limit("1", Unit.SAME_DAY, cut_off="18:00"),
            [pause("2026-07-14T10:00", "2026-07-14T12:00")],
            "2026-07-15T18:00",
        ),
    ],
)
def test_pauses(start: str, duration: Duration, pauses: list[Pause], due: str) -> None:
    """A pause moves a deadline by what it takes from the limit's own clock, and no more."""
    unpaused = deadline(OFFICE, at(start), duration)
    result = deadline(OFFICE, at(start), duration, pauses)
    assert result.due == at(due)
    assert result.counted_from == unpaused.counted_from
    assert deadline(OFFICE, at(start), duration, pauses[::-1]) == result


def test_open_pause() -> None:
    """While a pause has no end nothing is due, and whatever is finished is on time."""
    suspended = deadline(
        OFFICE, at("2026-07-14T09:00"), limit("1"), [pause("2026-07-14T10:00", None)]
    )
    assert suspended.due is None
    assert suspended.is_suspended
    assert is_on_time(suspended, at("2030-01-01T00:00"))
    later = pause("2026-07-15T09:00", None)
    running = deadline(OFFICE, at("2026-07-14T09:00"), limit("1"), [later])
    assert running.due == at("2026-07-15T09:00")
    assert not running.is_suspended


def test_open_pause_swallows_later_ones() -> None:
    """Whatever follows an open pause lies within it."""
    assert merged_pauses([(5, 6), (3, None), (1, 2), (0, 1), (4, 4)]) == [(0, 2), (3, None)]


def test_backward_pause_is_refused() -> None:
    """A pause that ends before it starts is an error."""
    with pytest.raises(CalendarError, match="ends at 1 before it starts at 2"):
        deadline(OFFICE, 0, limit("1"), [(2, 1)])


@pytest.mark.parametrize(
    ("start", "duration", "extensions", "due"),
    [
        ("2026-07-14T10:00", limit("1"), [limit("2")], "2026-07-17T10:00"),
        ("2026-07-14T10:00", limit("1"), [limit("1"), limit("1")], "2026-07-17T10:00"),
        ("2026-07-14T08:30", limit("1"), [limit("1")], "2026-07-15T18:00"),
        ("2026-07-14T08:30", limit("1", boundary=NEXT_OPEN), [limit("1")], "2026-07-16T08:30"),
        ("2026-07-14T10:00", limit("1"), [limit("3", Unit.WORKING_HOURS)], "2026-07-15T15:30"),
        ("2026-07-14T10:00", limit("1"), [limit("3", Unit.HOURS)], "2026-07-15T13:00"),
        ("2026-07-14T09:00", limit("3", counting=WHOLE), [limit("2", counting=WHOLE)],
         "2026-07-21T18:00"),
        ("2026-07-14T09:00", limit("3", counting=WHOLE, boundary=NEXT_OPEN),
         [limit("2", counting=WHOLE)], "2026-07-22T08:30"),
        ("2026-07-14T09:00", limit("3", Unit.CALENDAR_DAYS, counting=WHOLE),
         [limit("1", Unit.CALENDAR_DAYS, counting=WHOLE)], "2026-07-19T00:00"),
        ("2026-07-14T09:00", limit("1", Unit.SAME_DAY),
         [limit("1", Unit.CALENDAR_DAYS, counting=WHOLE)], "2026-07-16T00:00"),
        ("2026-09-29T10:00", limit("1"), [limit("2")], "2026-10-09T10:00"),
    ],
)  # fmt: skip
def test_extensions(start: str, duration: Duration, extensions: list[Duration], due: str) -> None:
    """An extension runs from where the limit ran out, and ends as the limit's boundary says."""
    assert deadline(OFFICE, at(start), duration, (), extensions).due == at(due)


def test_pauses_within_limit_and_extension() -> None:
    """A pause counts once, in the limit or in the extension that was running then."""
    both = [
        pause("2026-07-14T15:00", "2026-07-14T16:00"),  # within the limit: due 15 July 11:00
        pause("2026-07-15T11:00", "2026-07-15T12:00"),  # begins just as the extension does
    ]
    result = deadline(OFFICE, at("2026-07-14T10:00"), limit("1"), both, [limit("1")])
    assert result.due == at("2026-07-16T12:00")
    assert result.counted_from == at("2026-07-14T10:00")
    held = [pause("2026-07-15T14:00", None)]
    assert deadline(OFFICE, at("2026-07-14T10:00"), limit("1"), held, [limit("1")]).due is None


def test_extension_by_same_day_is_refused() -> None:
    """A same-day limit has no length to add."""
    with pytest.raises(CalendarError, match="same_day cannot extend"):
        deadline(OFFICE, 0, limit("1"), (), [limit("1", Unit.SAME_DAY)])


def test_how_an_extended_limit_is_due() -> None:
    """The limit's own statement holds; without one the last extension's default does."""
    day, hours = limit("1", Unit.SAME_DAY), limit("2", Unit.HOURS)
    start = at("2026-07-14T10:00")
    assert not deadline(OFFICE, start, day).inclusive
    assert deadline(OFFICE, start, day, (), [hours]).inclusive
    strict = limit("1", Unit.SAME_DAY, due=Due.EXCLUSIVE)
    assert not deadline(OFFICE, start, strict, (), [hours]).inclusive


def test_unpublished_year_is_a_warning() -> None:
    """A deadline that counts into 2027 uses weekdays and says that 2027 is not published."""
    result = deadline(OFFICE, at("2026-12-31T10:00"), limit("1"))
    assert result.due == at("2027-01-01T10:00")  # a Friday, which will be a holiday
    assert result.unpublished_years == (2027,)
    across = deadline(OFFICE, at("2026-12-31T10:00"), limit("300"))
    assert across.unpublished_years == (2027, 2028)


def test_no_warning_without_need() -> None:
    """Within published years, and for limits that count no working time, there is no warning."""
    assert deadline(OFFICE, at("2026-12-30T10:00"), limit("1")).unpublished_years == ()
    start = at("2026-12-31T10:00")
    for unit in (Unit.CALENDAR_DAYS, Unit.EMERGENCY_DAYS, Unit.HOURS, Unit.SAME_DAY):
        assert deadline(OFFICE, start, limit("1", unit)).unpublished_years == ()


def test_next_opening_in_an_unpublished_year() -> None:
    """The boundary alone can carry a deadline, and its warning, into the new year."""
    start = at("2026-12-31T17:00")
    hour = Unit.WORKING_HOURS
    assert deadline(OFFICE, start, limit("1", hour)).unpublished_years == ()
    late = deadline(OFFICE, start, limit("1", hour, boundary=NEXT_OPEN))
    assert late.due == at("2027-01-01T08:30")
    assert late.unpublished_years == (2027,)


def test_overlay_publishes_a_year() -> None:
    """With the operator's calendar for 2027 the holiday counts and the warning goes."""
    table = day_table(
        DaySource.CHINESECALENDAR,
        Overlay(frozenset({2027}), {date(2027, 1, 1): "元旦"}, {date(2027, 1, 3): "元旦调休"}),
    )
    office = WorkCalendar(SHANGHAI, table, HOURS)
    result = deadline(office, at("2026-12-31T10:00"), limit("1"))
    assert result.due == at("2027-01-03T10:00")  # a Sunday that is made up
    assert result.unpublished_years == ()


def test_warnings_of_extensions_and_suspended_limits() -> None:
    """An extension warns of the years it passes; a suspended limit of those until its pause."""
    start = at("2026-12-30T10:00")
    extended = deadline(OFFICE, start, limit("1"), (), [limit("1")])
    assert extended.unpublished_years == (2027,)
    held = deadline(OFFICE, start, limit("9"), [pause("2026-12-31T09:00", None)])
    assert held.unpublished_years == ()
    held = deadline(OFFICE, start, limit("9"), [pause("2027-01-05T09:00", None)])
    assert held.unpublished_years == (2027,)


@pytest.mark.parametrize(
    ("duration", "end", "pauses", "used"),
    [
        (limit("4", Unit.WORKING_HOURS), "2026-07-14T10:15", [], Fraction(1, 4)),
        (limit("4", Unit.WORKING_HOURS), "2026-07-15T08:30", [], Fraction(11, 2)),
        (limit("3"), "2026-07-14T10:00", [], Fraction(0)),
        (limit("3"), "2026-07-13T10:00", [], Fraction(0)),  # before the start
        (limit("3"), "2026-07-15T10:00", [], Fraction(1)),
        (limit("3"), "2026-07-20T10:00", [], Fraction(4)),
        (limit("3"), "2026-07-15T15:00", [], Fraction(19, 14)),
        (limit("3", working_day=WorkingDay.WORKED_TIME), "2026-07-15T15:00", [], Fraction(19, 14)),
        (limit("3", counting=WHOLE), "2026-07-15T12:00", [], Fraction(1, 2)),
        (limit("3", counting=WHOLE), "2026-07-17T18:00", [], Fraction(3)),
        (limit("2", Unit.CALENDAR_DAYS), "2026-07-15T22:00", [], Fraction(3, 2)),
        (limit("1", Unit.SAME_DAY), "2026-07-14T17:00", [], Fraction(1, 2)),
        (limit("90", Unit.MINUTES), "2026-07-14T12:00", [], Fraction(120)),
        (
            limit("4", Unit.WORKING_HOURS),
            "2026-07-14T12:00",
            [pause("2026-07-14T11:00", None)],
            Fraction(1),
        ),
        (
            limit("3"),
            "2026-07-16T10:00",
            [
                pause("2026-07-13T09:00", "2026-07-14T11:00"),
                pause("2026-07-15T15:00", "2026-07-16T11:00"),
            ],
            Fraction(17, 14),
        ),
    ],
)
def test_how_much_is_used(
    duration: Duration, end: str, pauses: list[Pause], used: Fraction
) -> None:
    """What is used of a limit from 14 July 2026, 10:00, is exact and in the limit's unit."""
    assert elapsed(OFFICE, at("2026-07-14T10:00"), at(end), duration, pauses) == used
