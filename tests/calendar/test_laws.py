"""Laws of W and of deadlines, and agreement with brute force on small calendars.

The oracle walks a fortnight in ticks of a quarter of an hour, and asks of each tick only
whether the office is open and the limit is not paused.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from envrules.calendar import (
    Boundary,
    Counting,
    DaySource,
    DayTable,
    Duration,
    Overlay,
    Pause,
    Season,
    Unit,
    WorkCalendar,
    WorkingDay,
    day_table,
    deadline,
    elapsed,
    is_on_time,
    local_date,
    merged_pauses,
)
from envrules.calendar.localtime import local_datetime, to_instant
from envrules.model.base import HOUR, MINUTE

TICK = 15 * MINUTE
DAYS = 14
SPLIT_DAY = [("08:30", "12:00"), ("14:30", "18:00")]
CHINA = day_table(DaySource.CHINESECALENDAR)
CALENDARS = [
    WorkCalendar("Asia/Shanghai", CHINA, SPLIT_DAY),
    WorkCalendar(
        "Asia/Shanghai",
        CHINA,
        [
            Season("05-01", "09-30", (("08:00", "12:00"), ("15:00", "18:30"))),
            Season("10-01", "04-30", tuple(SPLIT_DAY)),
        ],
    ),
    WorkCalendar("America/New_York", day_table(DaySource.WEEKDAYS), [("08:30", "17:00")]),
    WorkCalendar("America/New_York", day_table(DaySource.EVERY_DAY), [("00:00", "24:00")]),
    WorkCalendar("America/New_York", day_table(DaySource.EVERY_DAY), [("01:00", "03:00")]),
]
calendars = st.sampled_from(CALENDARS)
NEW_YEAR_2015, NEW_YEAR_2027 = (
    to_instant(datetime(year, 1, 1, tzinfo=ZoneInfo("UTC"))) for year in (2015, 2027)
)
instants = st.integers(NEW_YEAR_2015, NEW_YEAR_2027)
spans = st.integers(0, 60 * 24 * HOUR)
boundaries = st.sampled_from(Boundary)
LAW = settings(max_examples=100, deadline=None)  # a calendar's first answer builds its tables
BRUTE = settings(max_examples=60, deadline=None)


@LAW
@given(calendars, instants, spans)
def test_w_never_falls_nor_outruns_time(calendar: WorkCalendar, start: int, span: int) -> None:
    """W is monotone, and rises no faster than time."""
    assert 0 <= calendar.worked(start + span) - calendar.worked(start) <= span


@LAW
@given(calendars, instants)
def test_inverses_enclose_the_instant(calendar: WorkCalendar, t: int) -> None:
    """The earliest instant of a W, any instant of it, and the latest come in this order."""
    worked = calendar.worked(t)
    earliest = calendar.instant_at(worked, Boundary.CLOSE)
    latest = calendar.instant_at(worked, Boundary.NEXT_OPEN)
    assert earliest <= t <= latest
    assert calendar.worked(earliest) == worked == calendar.worked(latest)
    assert calendar.worked(earliest - 1) < worked < calendar.worked(latest + 1)


@LAW
@given(calendars, instants, st.integers(1, 500 * 60), boundaries)
def test_a_limit_in_working_hours_is_worked(
    calendar: WorkCalendar, start: int, minutes: int, boundary: Boundary
) -> None:
    """Between the start of a limit in working hours and its end lies exactly that much work."""
    amount = Decimal(minutes) / 50
    hours = Duration(amount, Unit.WORKING_HOURS, boundary=boundary)
    due = deadline(calendar, start, hours).due
    assert due is not None
    assert calendar.worked(due) - calendar.worked(start) == amount * HOUR
    assert elapsed(calendar, start, due, hours) == Fraction(amount)
    assert elapsed(calendar, start, due - 1, hours) <= Fraction(amount)


@LAW
@given(calendars, instants, st.integers(1, 30), boundaries, st.data())
def test_a_pause_moves_w_by_its_working_time(
    calendar: WorkCalendar, start: int, amount: int, boundary: Boundary, data: st.DataObject
) -> None:
    """A pause within a limit in working hours moves W at its end by the pause's working time."""
    hours = Duration(Decimal(amount), Unit.WORKING_HOURS, boundary=boundary)
    unpaused = deadline(calendar, start, hours).due
    assert unpaused is not None
    since = data.draw(st.integers(start, unpaused - 1), "since")
    until = since + data.draw(spans, "length")
    due = deadline(calendar, start, hours, [(since, until)]).due
    assert due is not None
    paused = calendar.worked(until) - calendar.worked(since)
    assert calendar.worked(due) == calendar.worked(unpaused) + paused
    assert elapsed(calendar, start, due, hours, [(since, until)]) == amount


@LAW
@given(calendars, instants, st.integers(1, 200), st.sampled_from(Unit), boundaries, st.booleans())
def test_elapsed_reaches_the_limit_when_due(
    calendar: WorkCalendar, start: int, tenths: int, unit: Unit, boundary: Boundary, fixed: bool
) -> None:
    """Whatever the unit, the limit is used up when it is due, within rounding, and not before."""
    amount = Decimal(1) if unit == Unit.SAME_DAY else Decimal(tenths) / 10
    how = WorkingDay.WORKED_TIME if fixed and unit == Unit.WORKING_DAYS else WorkingDay.SAME_TIME
    limit = Duration(amount, unit, boundary=boundary, working_day=how)
    result = deadline(calendar, start, limit)
    assert result.due is not None
    assert result.counted_from >= start
    # Half a microsecond of rounding is less than 1e-7 of the shortest unit, a minute.
    assert abs(elapsed(calendar, start, result.due, limit) - Fraction(amount)) < Fraction(1, 10**7)
    before = max(result.counted_from, result.due - MINUTE)
    assert elapsed(calendar, start, before, limit) <= Fraction(amount)


@LAW
@given(calendars, instants, st.integers(1, 40), st.lists(st.tuples(instants, spans), max_size=6))
def test_pauses_are_a_set_of_instants(
    calendar: WorkCalendar, start: int, days: int, drawn: list[tuple[int, int]]
) -> None:
    """Splitting a pause in two or stating it twice changes nothing."""
    pauses: list[Pause] = [(since, since + length) for since, length in drawn]
    halves: list[Pause] = [(since, since + length // 2) for since, length in drawn]
    halves += [(since + length // 2, since + length) for since, length in drawn]
    limit = Duration(Decimal(days), Unit.WORKING_DAYS)
    expected = deadline(calendar, start, limit, pauses)
    assert deadline(calendar, start, limit, halves) == expected
    assert deadline(calendar, start, limit, pauses + halves[::-1]) == expected


@dataclass
class Fortnight:
    """A small calendar in 2001 with what brute force knows of it."""

    calendar: WorkCalendar
    table: DayTable
    ticks: range
    open: set[int]

    def first_open(self, tick: int) -> int:
        """Return the first open tick at or after `tick`."""
        return next(later for later in self.ticks if later >= tick and later in self.open)


@st.composite
def fortnights(draw: st.DrawFn) -> Fortnight:
    """Draw zone, days, holidays and hours; clock changes and nights are among them."""
    tz, first = draw(
        st.sampled_from(
            [
                ("Asia/Shanghai", date(2001, 5, 7)),
                ("America/New_York", date(2001, 3, 26)),  # forward on 1 April
                ("America/New_York", date(2001, 10, 22)),  # back on 28 October
                ("Australia/Lord_Howe", date(2001, 3, 19)),  # back by half an hour on 25 March
                ("Asia/Shanghai", date(2001, 12, 24)),
            ]
        )
    )
    days = [first + timedelta(days=n) for n in range(DAYS)]
    holidays = draw(st.sets(st.sampled_from(days[:-1]), max_size=5))
    workdays = draw(st.sets(st.sampled_from(days[:-1]), max_size=2)) - holidays
    table = day_table(
        draw(st.sampled_from([DaySource.WEEKDAYS, DaySource.EVERY_DAY])),
        Overlay(
            holidays=dict.fromkeys(sorted(holidays), "假"),
            workdays=dict.fromkeys(sorted(workdays), "班"),
        ),
    )
    edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=6)))
    halves = list(zip(edges[::2], edges[1::2], strict=False))
    hours = [tuple(f"{edge // 2:02d}:{edge % 2 * 30:02d}" for edge in span) for span in halves]
    calendar = WorkCalendar(tz, table, [(start, end) for start, end in hours])
    begins = to_instant(datetime.combine(first, datetime.min.time(), ZoneInfo(tz)))
    ticks = range(begins, begins + DAYS * 24 * HOUR, TICK)
    shown = [local_datetime(tz, tick).replace(tzinfo=None) for tick in ticks]
    opened: set[int] = set()
    for day in days:
        if not table.is_working(day):
            continue
        midnight = datetime.combine(day, datetime.min.time())
        for span in halves:
            opens, closes = (
                next((n for n, wall in enumerate(shown) if wall >= at), len(shown))
                for at in (midnight + timedelta(minutes=30 * edge) for edge in span)
            )
            opened.update(ticks[opens:closes])
    assume(any(tick in opened for tick in ticks[-4 * 96 :]))  # open in the last four days
    return Fortnight(calendar, table, ticks, opened)


@BRUTE
@given(fortnights(), st.data())
def test_w_against_brute_force(fortnight: Fortnight, data: st.DataObject) -> None:
    """Between two ticks W grows by the open ticks between them."""
    ticks = st.sampled_from(fortnight.ticks)
    start, end = sorted((data.draw(ticks, "start"), data.draw(ticks, "end")))
    counted = sum(start <= tick < end for tick in fortnight.open) * TICK
    assert fortnight.calendar.worked(end) - fortnight.calendar.worked(start) == counted


@BRUTE
@given(fortnights(), st.integers(1, 40), boundaries, st.data())
def test_deadlines_against_brute_force(
    fortnight: Fortnight, quarters: int, boundary: Boundary, data: st.DataObject
) -> None:
    """A limit in working hours with pauses ends where counting open, unpaused ticks ends it."""
    ticks = fortnight.ticks
    start = data.draw(st.sampled_from(ticks[: len(ticks) // 2]), "start")
    pauses: list[Pause] = [
        (since, since + length * TICK)
        for since, length in data.draw(
            st.lists(
                st.tuples(st.sampled_from(ticks[: len(ticks) // 2]), st.integers(1, 60)), max_size=3
            ),
            "pauses",
        )
    ]
    paused = {tick for tick in ticks for since, until in pauses if until and since <= tick < until}
    running = [tick for tick in ticks if tick >= start and tick in fortnight.open - paused]
    assume(len(running) > quarters)
    due = running[quarters - 1] + TICK
    if boundary == Boundary.NEXT_OPEN:
        # The next open tick, unless a pause that began earlier still holds it.
        due = next(
            tick
            for tick in ticks
            if tick >= due
            and tick in fortnight.open
            and not (tick in paused and tick - TICK in paused)
        )
    limit = Duration(Decimal(quarters) / 4, Unit.WORKING_HOURS, boundary=boundary)
    assert deadline(fortnight.calendar, start, limit, pauses).due == due
    end = data.draw(st.sampled_from(ticks), "end")
    used = sum(tick < end for tick in running)
    assert elapsed(fortnight.calendar, start, end, limit, pauses) == Fraction(used, 4)


@BRUTE
@given(fortnights(), st.integers(1, 5), st.data())
def test_working_days_against_brute_force(
    fortnight: Fortnight, amount: int, data: st.DataObject
) -> None:
    """Working days end where stepping through the days one by one ends them."""
    calendar, ticks = fortnight.calendar, fortnight.ticks
    start = data.draw(st.sampled_from(ticks[: len(ticks) // 2]), "start")

    def step(day: date) -> date:
        """Return the N-th working day after `day`."""
        left = amount
        while left:
            day += timedelta(days=1)
            left -= fortnight.table.is_working(day)
        return day

    last = step(local_date(calendar.tz, start))
    closes = max(
        (tick + TICK for tick in fortnight.open if local_date(calendar.tz, tick) == last),
        default=None,
    )
    assume(closes is not None)  # all hours of that day skipped by a clock change, or out of sight
    whole = Duration(Decimal(amount), Unit.WORKING_DAYS, counting=Counting.WHOLE_DAYS)
    assert deadline(calendar, start, whole).due == closes

    begins = fortnight.first_open(start)
    shown = local_datetime(calendar.tz, begins)
    last = step(shown.date())
    same_time = datetime.combine(last, shown.time(), ZoneInfo(calendar.tz))
    assume(local_datetime(calendar.tz, to_instant(same_time)).time() == shown.time())
    assume(to_instant(same_time) in fortnight.open and last < local_date(calendar.tz, ticks[-1]))
    elapsing = Duration(Decimal(amount), Unit.WORKING_DAYS, boundary=Boundary.NEXT_OPEN)
    result = deadline(calendar, start, elapsing)
    assert result.counted_from == begins
    assert result.due == to_instant(same_time)
    assert is_on_time(result, to_instant(same_time))


@LAW
@given(st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 20)))))
def test_merged_pauses_against_brute_force(drawn: list[tuple[int, int | None]]) -> None:
    """Merged pauses hold the same instants as the pauses, in order, with gaps between."""
    pauses = [(since, None if length is None else since + length) for since, length in drawn]
    result = merged_pauses(pauses)

    def holds(some: list[Pause], t: int) -> bool:
        return any(since <= t and (until is None or t < until) for since, until in some)

    assert all(holds(result, t) == holds(pauses, t) for t in range(100))
    assert result == sorted(result, key=lambda pause: pause[0])
    for (_, until), (since, _) in pairwise(result):
        assert until is not None
        assert until < since
