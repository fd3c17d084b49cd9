"""From a cell to the value that it means, by the unit of its parameter: exactly, or not at all."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

from envrules.excel.sheets import Formula, Percent, Value, tidy
from envrules.ruleset.check_values import misfit

Simple = bool | Decimal | str
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FLAGS = {"是": True, "否": False, "true": True, "false": False}


class BadCell(Exception):
    """A cell does not hold what it should; `fix` says what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def parameter_value(value: Value, unit: str) -> Simple:
    """Return the value of a parameter of this unit; raises BadCell."""
    meant: Simple
    match unit:
        case "flag":
            meant = _flag(value)
        case "text" | "date" | "month_day" | "same_day":
            meant = _text(value, unit)
        case _:
            meant = number(value)
    if wrong := misfit(unit, meant):
        raise BadCell(f"“{tidy(value)}” is {wrong[0]}", wrong[1].replace(", in quotes", ""))
    return meant


def number(value: Value) -> Decimal:
    """Return the number that a cell shows: 0.1 is a tenth; raises BadCell."""
    _no_formula(value)
    if isinstance(value, Percent):
        raise BadCell(
            f"the cell shows {value} and holds {value.value}",
            "format the cell as a number, and write it in the unit of the row",
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = Decimal(repr(value))
        if shown.is_finite() and len(shown.as_tuple().digits) <= 15:
            return shown
    if isinstance(value, str):
        text = unicodedata.normalize("NFKC", tidy(value))
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    raise BadCell(f"“{tidy(value)}” is not a number", "write digits, such as 70 or 0.5")


def plain_text(value: Value) -> str:
    """Return the text of a cell on one line; raises BadCell."""
    _no_formula(value)
    if isinstance(value, datetime | date | time):
        raise BadCell(f"“{tidy(value)}” is a date or time, not text", "format the cell as text")
    return tidy(value)


def _flag(value: Value) -> bool:
    _no_formula(value)
    if isinstance(value, bool):
        return value
    said = _FLAGS.get(tidy(value).lower())
    if said is None:
        raise BadCell(f"“{tidy(value)}” is neither 是 nor 否", "write 是 or 否")
    return said


def _text(value: Value, unit: str) -> str:
    match value:
        case datetime() if unit == "date" and value.time() == time():
            return value.date().isoformat()
        case time() if unit == "same_day" and not (value.second or value.microsecond):
            return value.isoformat("minutes")
    return plain_text(value)


def _no_formula(value: Value) -> None:
    if isinstance(value, Formula):
        raise BadCell(
            f"a formula ({value.text[:40]}) is not calculated",
            "put the value itself there: copy, then paste as values",
        )
