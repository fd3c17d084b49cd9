"""Which local dates are working days, who says so, and which years nobody has published.

A `DayTable` is plain data. Three sources fill it:

- `chinesecalendar`: the State Council's notices, make-up days (调休) included, for the years
  that the package of that name covers;
- `weekdays`: Monday to Friday, and nothing published until an overlay says so;
- `every_day`: all days alike.

An operator's overlay states single dates and wins over any source. A year that neither source
nor overlay has published is no error: Monday to Friday is assumed, and `unpublished_years`
lets a deadline say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from chinese_calendar import constants as notices

from envrules.calendar.errors import CalendarError
from envrules.model.base import Frozen


class DaySource(StrEnum):
    """Where the kinds of days come from before an overlay."""

    CHINESECALENDAR = "chinesecalendar"
    WEEKDAYS = "weekdays"
    EVERY_DAY = "every_day"


class DayKind(StrEnum):
    """Why a date is a working day or is not."""

    WORKDAY = "workday"
    MAKE_UP = "make_up"  # 调休上班: stated to be worked
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # stated to be free


class Overlay(Frozen, frozen=True):
    """What a locality states itself: single dates with their titles, and whole years published.

    A published year needs no weekends listed. To work on a day that the source calls a holiday,
    list it under `workdays`.
    """

    published_years: frozenset[int] = frozenset()
    holidays: dict[date, str] = {}
    workdays: dict[date, str] = {}

    def __post_init__(self) -> None:
        """Refuse a date that is both worked and free."""
        if both := sorted(self.holidays.keys() & self.workdays.keys()):
            raise CalendarError(f"{both[0]} is listed as a holiday and as a workday")


class DayTable(Frozen, frozen=True):
    """The working days of a locality; build it with `day_table`."""

    source: DaySource
    published: frozenset[int] | None
    """Years whose holidays are known; None when every year is (no holidays to publish)."""
    holidays: dict[date, str]
    workdays: dict[date, str]

    def is_working(self, day: date) -> bool:
        """Tell whether work is done on the local date `day`."""
        if day in self.workdays:
            return True
        if day in self.holidays:
            return False
        return self.source == DaySource.EVERY_DAY or day.weekday() < 5

    def describe(self, day: date) -> tuple[DayKind, str]:
        """Return the kind of `day` and its title, empty for ordinary days and weekends."""
        if day in self.workdays:
            return DayKind.MAKE_UP, self.workdays[day]
        if day in self.holidays:
            return DayKind.HOLIDAY, self.holidays[day]
        return (DayKind.WORKDAY if self.is_working(day) else DayKind.WEEKEND), ""

    def unpublished_years(self, first: int, last: int) -> tuple[int, ...]:
        """Return the years from `first` to `last`, both included, that nobody has published."""
        if self.published is None:
            return ()
        return tuple(year for year in range(first, last + 1) if year not in self.published)

    def as_data(self) -> dict[str, Any]:
        """Return all that decides a day as plain JSON data, for the hash of a revision."""
        return {
            "source": str(self.source),
            "published": None if self.published is None else sorted(self.published),
            "holidays": {day.isoformat(): title for day, title in self.holidays.items()},
            "workdays": {day.isoformat(): title for day, title in self.workdays.items()},
        }


def day_table(source: DaySource, overlay: Overlay | None = None) -> DayTable:
    """Return the table of `source` with the dates of `overlay` put over it."""
    overlay = overlay or Overlay()
    published: frozenset[int] | None = frozenset()
    holidays: dict[date, str] = {}
    workdays: dict[date, str] = {}
    if source == DaySource.CHINESECALENDAR:
        published, holidays, workdays = _notices()
    elif source == DaySource.EVERY_DAY:
        published = None
    return DayTable(
        source,
        None if published is None else published | overlay.published_years,
        _without(holidays, overlay.workdays) | overlay.holidays,
        _without(workdays, overlay.holidays) | overlay.workdays,
    )


def overlay_from_data(data: Mapping[str, Any]) -> Overlay:
    """Return the overlay that parsed operator data states, or raise CalendarError naming the key.

    `data` has `published_years` (list of years), `holidays` and `workdays` (date → title), each
    optional; dates may be `date` values, as YAML gives them, or ISO text.
    """
    if unknown := sorted(str(key) for key in data.keys() - {*Overlay.__struct_fields__}):
        raise CalendarError(f"calendar: unknown key {unknown[0]!r}")
    years = data.get("published_years") or ()
    if not isinstance(years, list | tuple | set | frozenset):
        raise CalendarError("calendar: published_years must be a list of years")
    for year in years:
        if type(year) is not int or not 1 <= year <= 9999:
            raise CalendarError(f"calendar: published_years holds {year!r}, which is no year")
    return Overlay(
        frozenset(years), _titled_dates(data, "holidays"), _titled_dates(data, "workdays")
    )


def _titled_dates(data: Mapping[str, Any], key: str) -> dict[date, str]:
    stated = data.get(key) or {}
    if not isinstance(stated, Mapping):
        raise CalendarError(f"calendar: {key} must map dates to titles")
    result: dict[date, str] = {}
    for day, title in stated.items():
        if not isinstance(title, str):
            raise CalendarError(f"calendar: {key}: the title of {day} must be text, not {title!r}")
        known = _as_date(day, key)
        if known in result:  # once as text and once as a date
            raise CalendarError(f"calendar: {key}: {known} is listed twice")
        result[known] = title
    return result


def _as_date(value: object, key: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # ISO has other spellings: one is enough
        raise CalendarError(f"calendar: {key}: {value!r} is no date (YYYY-MM-DD)")
    return day


def _notices() -> tuple[frozenset[int], dict[date, str], dict[date, str]]:
    """Return published years, holidays and make-up days of chinesecalendar, titled in Chinese.

    Its tables are read instead of its functions, which raise for other years.
    """

    def titled(days: Mapping[date, str], suffix: str) -> dict[date, str]:
        return {day: f"{notices.Holiday(name).chinese}{suffix}" for day, name in days.items()}

    years = frozenset(day.year for day in notices.holidays)
    return years, titled(notices.holidays, ""), titled(notices.workdays, "调休上班")


def _without(days: Mapping[date, str], dropped: Mapping[date, str]) -> dict[date, str]:
    return {day: title for day, title in days.items() if day not in dropped}
