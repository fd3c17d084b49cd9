"""W(t), the working time elapsed at instant t, and its two inverses.

W is piecewise linear: it rises with t inside working hours and is flat outside them. It is
kept as breakpoints, two parallel lists, `instants` and `worked` = W at those instants, both in
microseconds: even positions open a span of work, odd ones close it. Then, for n = len(instants),

    W(t):  i = bisect_right(instants, t); worked[i] if i is even,
           else worked[i - 1] + t - instants[i - 1]
    the earliest t with W(t) = w:  j = bisect_left(worked, w);   instants[j] - (worked[j] - w)
    the latest t with W(t) = w:    j = bisect_right(worked, w);  instants[j] - (worked[j] - w)

each O(log n), and the same with `searchsorted` over columns. The two inverses differ only where
W is flat: work that is done when the office shuts on Friday is done at that moment (`close`)
or, as some offices count, when it opens on Monday (`next_open`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from envrules.calendar.days import DayTable
from envrules.calendar.errors import CalendarError
from envrules.calendar.hours import Season, Spans, spans_by_day
from envrules.calendar.localtime import day_bounds, local_date, local_instant, zone
from envrules.model.base import HOUR, Instant

FIRST_YEAR, LAST_YEAR = 1970, 2100
_ANCHOR_YEAR = 2000  # W is 0 when it begins; any year would do, for only differences mean anything
_DAY = timedelta(days=1)


class Boundary(StrEnum):
    """Which end of a rest a limit falls on when it is used up just as that rest begins."""

    CLOSE = "close"
    NEXT_OPEN = "next_open"


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """The working time of a locality, in the zone `tz`.

    `hours` are the spans of every working day, or seasons that cover each day of the year once.
    Breakpoints are built for the years that somebody asks for, and kept; the calendar is
    otherwise immutable, and safe to share between threads.
    """

    tz: str
    days: DayTable
    hours: Sequence[tuple[str, str]] | Sequence[Season]
    _spans: dict[tuple[int, int], Spans] = field(init=False, compare=False, repr=False)
    _table: _Table = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check zone and hours, and find the hours of each day of the year."""
        zone(self.tz)
        object.__setattr__(self, "hours", tuple(self.hours))
        object.__setattr__(self, "_spans", spans_by_day(self.hours))
        object.__setattr__(self, "_table", self._tabulated(_ANCHOR_YEAR, _ANCHOR_YEAR - 1, 0))

    def worked(self, instant: Instant) -> int:
        """Return W(instant) in microseconds; only differences mean anything."""
        table = self._table
        if not table.start <= instant < table.end:
            year = local_date(self.tz, instant).year
            table = self._covering(year, year)
        i = bisect_right(table.instants, instant)
        if i % 2:
            return table.worked[i - 1] + instant - table.instants[i - 1]
        return table.worked[i] if i < len(table.worked) else table.worked_after

    def instant_at(self, worked: int, boundary: Boundary) -> Instant:
        """Return the earliest (`close`) or latest (`next_open`) instant t with W(t) = worked."""
        bisect = bisect_left if boundary == Boundary.CLOSE else bisect_right
        table = self._covering(_ANCHOR_YEAR, _ANCHOR_YEAR)
        while not 0 < (j := bisect(table.worked, worked)) < len(table.worked):
            year = table.last + 1 if j == len(table.worked) else table.first - 1
            table = self._covering(year, year)
        return table.instants[j] - (table.worked[j] - worked)

    def next_open(self, instant: Instant) -> Instant:
        """Return the first instant at or after `instant` at which work is being done."""
        return self.instant_at(self.worked(instant), Boundary.NEXT_OPEN)

    def worked_on(self, day: date) -> int:
        """Return the working time in microseconds of the local date `day` if it is worked."""
        return sum(end - start for start, end in self._spans_on(day))

    def working_day(self, day: date, n: int) -> date:
        """Return the n-th working day (n ≥ 1) after the local date `day`."""
        table = self._covering(day.year, day.year)
        at = bisect_right(table.dates, day.toordinal()) + n - 1
        while at >= len(table.dates):
            table = self._covering(table.first, table.last + 1)
        return date.fromordinal(table.dates[at])

    def unpublished_years(self, start: Instant, end: Instant) -> tuple[int, ...]:
        """Return the local years from `start` to `end` whose holidays nobody has published."""
        first, last = local_date(self.tz, start).year, local_date(self.tz, end).year
        return self.days.unpublished_years(first, last)

    def breakpoints(self, first_year: int, last_year: int) -> tuple[list[Instant], list[int]]:
        """Return `instants` and W at them, for the working days of these local years.

        W is the same function as in `worked`, whatever range is asked for.
        """
        table = self._covering(first_year, last_year)
        start, end = self._new_year(first_year), self._new_year(last_year + 1)
        # From the first span that opens in the range to before the first that opens after it.
        low, high = (bisect_left(table.instants[::2], t) * 2 for t in (start, end))
        return table.instants[low:high], table.worked[low:high]

    def _covering(self, first: int, last: int) -> _Table:
        """Return a table that covers these years, and make it the calendar's own."""
        table = self._table
        if table.first <= first and last <= table.last:
            return table
        first, last = min(first, table.first), max(last, table.last)
        if not FIRST_YEAR <= first <= last <= LAST_YEAR:
            year = first if first < FIRST_YEAR else last
            raise CalendarError(
                f"working time is known for the years {FIRST_YEAR} to {LAST_YEAR}, not for {year}"
            )
        later = self._tabulated(table.last + 1, last, table.worked_after)
        earlier = self._tabulated(first, table.first - 1, 0)
        earlier = earlier.raised_by(table.worked_before - earlier.worked_after)
        table = earlier.followed_by(table).followed_by(later)
        # One assignment, so another thread sees the old table or the new one, never half of it.
        object.__setattr__(self, "_table", table)
        return table

    def _tabulated(self, first: int, last: int, total: int) -> _Table:
        """Return the table of these years (none if `last` < `first`), W beginning at `total`."""
        table = _Table(first, last, self._new_year(first), self._new_year(last + 1), total, total)
        day, instants, worked = date(first, 1, 1), table.instants, table.worked
        while day.year <= last:
            if self.days.is_working(day):
                table.dates.append(day.toordinal())
                for opens, closes in self._spans_on(day):
                    instants.extend((opens, closes))
                    worked.extend((total, total := total + closes - opens))
            day += _DAY
        return replace(table, worked_after=total)

    def _new_year(self, year: int) -> Instant:
        return local_instant(self.tz, date(year, 1, 1))

    def _spans_on(self, day: date) -> list[tuple[Instant, Instant]]:
        """Return the spans of work of a day in instants; one that clocks skip is empty."""
        spans = self._spans[day.month, day.day]
        start, end = day_bounds(self.tz, day)
        if end - start == 24 * HOUR:  # no clock change: nearly every day, and quicker
            return [(start + opens, start + closes) for opens, closes in spans]
        return [
            (local_instant(self.tz, day, opens), local_instant(self.tz, day, closes))
            for opens, closes in spans
        ]


@dataclass(frozen=True)
class _Table:
    """Breakpoints and working days (as ordinals) of the local years `first` to `last`."""

    first: int
    last: int
    start: Instant
    end: Instant
    worked_before: int
    worked_after: int
    instants: list[Instant] = field(default_factory=list)
    worked: list[int] = field(default_factory=list)
    dates: list[int] = field(default_factory=list)

    def raised_by(self, more: int) -> _Table:
        """Return the table with W larger by `more` throughout."""
        return replace(
            self,
            worked_before=self.worked_before + more,
            worked_after=self.worked_after + more,
            worked=[total + more for total in self.worked],
        )

    def followed_by(self, later: _Table) -> _Table:
        """Return one table of two that meet."""
        return _Table(
            self.first,
            later.last,
            self.start,
            later.end,
            self.worked_before,
            later.worked_after,
            self.instants + later.instants,
            self.worked + later.worked,
            self.dates + later.dates,
        )
