"""When a limit runs out, with pauses and extensions, and how much of it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from envrules.calendar.durations import Duration, Scale, Unit, scale
from envrules.calendar.errors import CalendarError
from envrules.calendar.worktime import Boundary, WorkCalendar
from envrules.model.base import Frozen, Instant

Pause: TypeAlias = tuple[Instant, Instant | None]
"""From when until before when a limit stands still (挂账); without an end while it still does."""


class Deadline(Frozen, frozen=True):
    """When a limit runs out.

    `due` is None while an open pause keeps the limit from running out. `inclusive` says whether
    finishing exactly then is on time. `counted_from` is when the limit began to run: its start,
    the next opening of the office, or the first counted day; a pause does not move it.
    `unpublished_years` lists the local years that a count of working days passed through though
    nobody has published their holidays: Monday to Friday was assumed, and officials must see it.
    """

    due: Instant | None
    inclusive: bool
    counted_from: Instant
    unpublished_years: tuple[int, ...] = ()

    @property
    def is_suspended(self) -> bool:
        """Whether an open pause keeps the limit from running out."""
        return self.due is None

    @property
    def runs_out(self) -> Instant | None:
        """The first instant that is too late."""
        return self.due + 1 if self.due is not None and self.inclusive else self.due


def deadline(
    calendar: WorkCalendar,
    start: Instant,
    duration: Duration,
    pauses: Iterable[Pause] = (),
    extensions: Sequence[Duration] = (),
) -> Deadline:
    """Return when `duration` from `start` runs out.

    Pauses may overlap and come in any order; only what a pause takes from the limit's own clock
    counts, so one over a holiday moves no limit in working days. A pause that begins when the
    limit has run out, or later, moves nothing. A limit that ends with a day still does after
    pauses: at the end of the day on which its time is used up.

    Each extension runs from where the limit and the extensions before it ran out. The limit's
    own `boundary` and `due` hold for the whole, and an extension has any unit but `same_day`.
    Raises CalendarError.
    """
    return _deadline(calendar, start, duration, tuple(pauses), tuple(extensions))


# An issue's limit is asked for again at each of its events.
@lru_cache(maxsize=8192)
def _deadline(
    calendar: WorkCalendar,
    start: Instant,
    duration: Duration,
    pauses: tuple[Pause, ...],
    extensions: tuple[Duration, ...],
) -> Deadline:
    stops = merged_pauses(pauses)
    limits = [duration, *extensions]
    if any(extension.unit == Unit.SAME_DAY for extension in extensions):
        raise CalendarError("same_day cannot extend a limit: give a number of days or hours")
    due: Instant | None = start
    counted_from = start
    unpublished: set[int] = set()
    for n, limit in enumerate(limits):
        begins = due
        if begins is None:
            break
        # Until the last, a limit ends where it is used up: its rest belongs to the next.
        boundary = duration.boundary if n == len(limits) - 1 else Boundary.CLOSE
        counted = scale(calendar, begins, limit, extends=n > 0)
        if n == 0:
            counted_from = counted.origin
        due, reached = _run(counted, begins, stops, boundary)
        if limit.in_working_time:
            unpublished.update(calendar.unpublished_years(begins, reached))
    inclusive = duration.is_inclusive if duration.due else limits[-1].is_inclusive
    return Deadline(due, inclusive, counted_from, tuple(sorted(unpublished)))


def is_on_time(deadline: Deadline, finished_at: Instant) -> bool:
    """Tell whether what was finished at `finished_at` kept the deadline; a suspended one is."""
    if deadline.due is None:
        return True
    return finished_at < deadline.due or (deadline.inclusive and finished_at == deadline.due)


def elapsed(
    calendar: WorkCalendar,
    start: Instant,
    end: Instant,
    duration: Duration,
    pauses: Iterable[Pause] = (),
) -> Fraction:
    """Return how much of the limit from `start` is used at `end`, in its own unit and exactly.

    Divided by `duration.amount` it is the share used: 1 at the deadline (a limit in whole days
    that was paused reaches 1 when its time is used up, and is due at the end of that day).
    """
    counted = scale(calendar, start, duration)
    if end <= counted.origin:
        return Fraction(0)
    reading = counted.reading(end) - sum(
        counted.reading(min(until if until is not None else end, end))
        - counted.reading(max(since, counted.origin))
        for since, until in merged_pauses(pauses)
        if since < end and (until is None or until > counted.origin)
    )
    return counted.units(reading)


def merged_pauses(pauses: Iterable[Pause]) -> list[Pause]:
    """Return the pauses in order, none empty, overlapping or touching; raise CalendarError."""
    result: list[Pause] = []
    for since, until in sorted(pauses, key=lambda pause: pause[0]):
        if until is not None and until < since:
            raise CalendarError(f"a pause ends at {until} before it starts at {since}")
        if until == since:
            continue
        if not result or (result[-1][1] is not None and result[-1][1] < since):
            result.append((since, until))
            continue
        first, last = result[-1]
        result[-1] = (first, None if last is None or until is None else max(last, until))
    return result


def _run(
    counted: Scale, start: Instant, stops: list[Pause], boundary: Boundary
) -> tuple[Instant | None, Instant]:
    """Return when the limit runs out, or None, and the last instant that this depended on."""
    used_up = counted.limit()
    due = max(start, counted.instant_at(used_up, boundary))  # a limit of 0 is due at its start
    for since, until in stops:
        since = max(since, counted.origin)
        if until is not None and until <= since:
            continue
        if since >= due:
            break
        if until is None:
            return None, since
        used_up += counted.reading(until) - counted.reading(since)
        ends = counted.day_end(used_up) if counted.duration.ends_a_day else used_up
        due = counted.instant_at(ends, boundary)
    return due, due
