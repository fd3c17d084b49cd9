"""Compiling the working-time calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from envrules import calendar as cal
from envrules.ruleset.schema import CalendarSpec


def work_calendar(timezone: str, spec: CalendarSpec) -> cal.WorkCalendar:
    """Return the office's working-time calendar: one for all rulesets that write it alike.

    What a calendar has counted is kept with it, a megabyte soon, and revisions come and go.
    """
    return _shared(timezone, spec.model_dump_json(by_alias=True, exclude_defaults=True))


@lru_cache(maxsize=256)
def _shared(timezone: str, written: str) -> cal.WorkCalendar:
    spec = CalendarSpec.model_validate_json(written)
    overlay = cal.overlay_from_data({
        "published_years": list(spec.years), "holidays": dict(spec.holidays),
        "workdays": dict(spec.workdays),
    })  # fmt: skip
    source = {
        "china": cal.DaySource.CHINESECALENDAR, "weekdays": cal.DaySource.WEEKDAYS,
        "every_day": cal.DaySource.EVERY_DAY,
    }[spec.days]  # fmt: skip
    table = cal.day_table(source, overlay)
    return cal.WorkCalendar(timezone, table, _hours(spec))


def _hours(spec: CalendarSpec) -> Sequence[tuple[str, str]] | Sequence[cal.Season]:
    """Return the spans of a working day, or the seasons that cover the year once."""
    if not spec.seasons:
        return [_span(text) for text in spec.hours]
    seasons = sorted(spec.seasons, key=lambda s: s.start)
    ends = [_day_before(s.start) for s in (*seasons[1:], seasons[0])]
    return [
        cal.Season(first=s.start, last=end, spans=tuple(_span(text) for text in s.hours))
        for s, end in zip(seasons, ends, strict=True)
    ]


def _span(text: str) -> tuple[str, str]:
    start, end = text.split("-")
    return start, end


def _day_before(month_day: str) -> str:
    """Return the day of the year before `MM-DD`, in a leap year so that 29 Feb has a season."""
    day = date.fromisoformat(f"2000-{month_day}") - timedelta(days=1)
    return f"{day:%m-%d}"
