"""Checks of values: dates, units, the time zone, the working calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from zoneinfo import available_timezones

from envrules.calendar.errors import CalendarError
from envrules.calendar.localtime import zone
from envrules.errors import Problem
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated
from envrules.ruleset.words import nearest, quoted, shown

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")

_LIMITS: dict[str, tuple[Decimal | None, Decimal | None, str]] = {
    "points": (None, None, "a number of points, such as 70 or 0.5"),
    "money": (Decimal(0), None, "a sum of money, such as 700000 or 12.50"),
    "count": (Decimal(0), None, "a whole number from 0 on"),
    "ratio": (Decimal(0), Decimal(1), "a number from 0 to 1"),
    "percent": (Decimal(0), Decimal(100), "a number from 0 to 100"),
    "months": (Decimal(1), None, "a whole number of months from 1 on"),
    "metres": (Decimal(1), None, "a whole number of metres from 1 on"),
}
_WHOLE = frozenset({"count", "months", "metres"})
_TWO_PLACES = frozenset({"points", "money"})


def check_values(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of dates, values, time zone and calendar."""
    yield from _dates(loaded)
    yield from _parameter_values(loaded)
    yield from _timezone(loaded)
    yield from _calendar(loaded)


def misfit(unit: str, value: bool | Decimal | str) -> tuple[str, str] | None:
    """Return what is wrong with a value of a parameter and how to write it; None: it fits.

    The first text completes "… is the number 3.5, …": `not a whole number from 0 on`.
    """
    if unit == "flag":
        return None if isinstance(value, bool) else ("not a flag", "write true or false")
    if unit == "text":
        right = isinstance(value, str) and bool(value.strip())
        return None if right else ("not text", 'write text, in quotes: "..."')
    if unit in ("date", "month_day"):
        if isinstance(value, str) and is_date(value if unit == "date" else f"2000-{value}"):
            return None
        example = '"2026-04-10"' if unit == "date" else '"04-10"'
        return "not a day of the calendar", f"write it in quotes: {example}"
    if unit == "same_day":
        if isinstance(value, str) and _CLOCK.fullmatch(value) and value != "00:00":
            return None
        return "not a time of day after 00:00", 'write it in quotes, up to 24:00: "18:00"'
    if isinstance(value, bool) or not isinstance(value, Decimal):
        return f"not a number, as the unit {unit} needs", "write digits, without quotes"
    if unit in DURATION_UNITS:
        return None if value > 0 else ("not a duration", "write a number above 0")
    least, most, meaning = _LIMITS[unit]
    if (least is not None and value < least) or (most is not None and value > most):
        return f"not {meaning}", f"write {meaning}"
    if unit in _WHOLE and value != value.to_integral_value():
        return f"not {meaning}", f"write {meaning}"
    if unit in _TWO_PLACES and value != round(value, 2):
        return "finer than two places after the point", "round it to two places"
    return None


def is_date(text: str) -> bool:
    """Tell whether `text` is a calendar date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _dates(loaded: LoadedRuleset) -> Iterator[Problem]:
    spec = loaded.spec
    keys: list[Path] = [
        (section, name, "values", key)
        for section, dated in (("parameters", spec.parameters), ("tables", spec.tables))
        for name, item in dated.items()
        for key in item.values
        if key != ALWAYS
    ]
    keys += [("calendar", "holidays", key) for key in spec.calendar.holidays]
    keys += [("calendar", "workdays", key) for key in spec.calendar.workdays]
    for path in keys:
        if not is_date(str(path[-1])):
            yield loaded.problem_of(
                "ER401", path, f"{loaded.name(path[:-1])}: {quoted(str(path[-1]))} is not a date",
                "write a day that exists as YYYY-MM-DD, such as 2027-01-01",
            )  # fmt: skip


def _parameter_values(loaded: LoadedRuleset) -> Iterator[Problem]:
    whole_days = loaded.spec.calendar.working_days.counting == "whole_days"
    for name, parameter in loaded.spec.parameters.items():
        for key, value in parameter.values.items():
            path = ("parameters", name, "values", key)
            wrong = misfit(parameter.unit, value)
            if wrong is None and whole_days and parameter.unit == "working_days":
                assert isinstance(value, Decimal)
                if value != value.to_integral_value():
                    wrong = (
                        "not a whole number, and calendar.working_days counts whole days",
                        "write whole days, or let calendar.working_days count elapsed time",
                    )
            if wrong is not None:
                yield loaded.problem(
                    "ER402", path, f"{loaded.name(path)} is {shown(value)}, {wrong[0]}", wrong[1]
                )


def _timezone(loaded: LoadedRuleset) -> Iterator[Problem]:
    name = loaded.spec.timezone
    try:
        zone(name)
    except CalendarError:
        near = nearest(name, available_timezones())
        yield loaded.problem(
            "ER404", ("timezone",), f"there is no time zone {quoted(name)}",
            f"did you mean {near}?" if near else "write an IANA name such as Asia/Shanghai",
        )  # fmt: skip


def _calendar(loaded: LoadedRuleset) -> Iterator[Problem]:
    calendar = loaded.spec.calendar
    given = calendar.model_fields_set
    yield from _hours(loaded, ("calendar", "hours"), calendar.hours)
    for i, season in enumerate(calendar.seasons):
        path: Path = ("calendar", "seasons", i)
        yield from _hours(loaded, (*path, "hours"), season.hours)
        if not is_date(f"2001-{season.start}"):  # a day of every year
            yield loaded.problem(
                "ER401", (*path, "start"), f"{quoted(season.start)} is not a day of every year",
                'write month and day, such as "05-01"',
            )  # fmt: skip
    yield from repeated(
        loaded, "the starts of seasons",
        [(("calendar", "seasons", i, "start"), s.start) for i, s in enumerate(calendar.seasons)],
    )  # fmt: skip
    if calendar.seasons and "hours" in given:
        yield loaded.problem_of(
            "ER509", ("calendar", "hours"), "calendar.hours has no effect where there are seasons",
            "remove it, or the seasons",
        )  # fmt: skip
    for day in calendar.holidays.keys() & calendar.workdays.keys():
        yield loaded.problem_of(
            "ER406", ("calendar", "workdays", day), f"{day} is a holiday and a working day",
            "keep it in one of calendar.holidays and calendar.workdays",
        )  # fmt: skip
    for i, year in enumerate(calendar.years):
        if not 1970 <= year <= 2200:
            yield loaded.problem(
                "ER401", ("calendar", "years", i), f"{year} is no year of the calendar",
                "write a year such as 2027",
            )  # fmt: skip
    if calendar.working_hours.counting == "whole_days":
        yield loaded.problem(
            "ER406", ("calendar", "working_hours", "counting"),
            "working hours cannot be counted in whole days",
            "write elapsed, or give limits in working_days",
        )  # fmt: skip


def _hours(loaded: LoadedRuleset, path: Path, spans: tuple[str, ...]) -> Iterator[Problem]:
    """Spans of a working day are times of day, run forward, and come one after another."""
    if not spans:
        yield loaded.problem_of(
            "ER405", path, f"{loaded.name(path)} has no hours of work",
            'write spans such as ["08:30-12:00", "14:00-17:30"]',
        )  # fmt: skip
    times = [span.split("-") for span in spans]
    for i, (start, end) in enumerate(times):
        if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end)):
            yield loaded.problem(
                "ER405", (*path, i), f"{spans[i]} is not a span of times of day",
                "write times from 00:00 to 24:00",
            )  # fmt: skip
        elif start >= end:
            yield loaded.problem(
                "ER405", (*path, i), f"{spans[i]} does not end after it starts",
                "swap the times; split work over midnight at 24:00",
            )  # fmt: skip
    for i, ((_, end), (start, _)) in enumerate(pairwise(times), start=1):
        if start < end:
            yield loaded.problem(
                "ER405", (*path, i), f"{spans[i]} begins before {spans[i - 1]} ends",
                "put the spans in order, without overlap",
            )  # fmt: skip
