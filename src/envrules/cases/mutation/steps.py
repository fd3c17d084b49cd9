"""The smallest step of a value, up and down: how far a threshold moves.

| value | step |
|---|---|
| points, money, percent, ratio; a number in a table | 0.01, as figures are printed |
| any other number: counts, durations, metres, years | 1 |
| either, if it is written finer than that | its own last place |
| a time of day, and each end of a span of hours | one minute |
| a day of the year, a date, also one from which a value holds | one day |
| a flag | the other value |
| a word of a fixed choice | the words before and after it in the schema |

Other text has no smallest step. A step out of what `check` accepts (a limit of 0 days, 24:01) is
for it to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from envrules.ruleset.source import Data

_FINE = frozenset({"", "points", "money", "percent", "ratio"})
"""Units that figures with two places are compared in; a number in a table has none: points."""

_HUNDREDTH = Decimal("0.01")
_CLOCK = re.compile(r"\d{2}:\d{2}")
_SPAN = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_OF_YEAR = re.compile(r"\d{2}-\d{2}")


def moved(value: Data, unit: str = "", words: Sequence[str] = ()) -> Iterator[Data]:
    """Yield the value a step down and a step up; `words` are what may stand there, in order."""
    match value:
        case bool():
            yield not value
        case Decimal():
            step = min(_HUNDREDTH if unit in _FINE else Decimal(1), _last_place(value))
            yield value - step
            yield value + step
        case str() if value in words:
            place = words.index(value)
            yield from words[max(place - 1, 0) : place]
            yield from words[place + 1 : place + 2]
        case str() if unit != "text":
            yield from _moved_time(value)


def is_date(key: str) -> bool:
    """Tell whether a key is written as a date."""
    return _DATE.fullmatch(key) is not None


def _last_place(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else Decimal(1)


def _moved_time(text: str) -> Iterator[str]:
    for sign in (-1, 1):
        if _CLOCK.fullmatch(text):
            yield _minute(text, sign)
        elif span := _SPAN.fullmatch(text):
            yield f"{_minute(span[1], sign)}-{span[2]}"
            yield f"{span[1]}-{_minute(span[2], sign)}"
        elif _DATE.fullmatch(text):
            yield _day(text, sign)
        elif _DAY_OF_YEAR.fullmatch(text):
            yield _day(f"2000-{text}", sign)[5:]


def _minute(clock: str, sign: int) -> str:
    hours, minutes = clock.split(":")
    total = int(hours) * 60 + int(minutes) + sign
    return f"{total // 60:02}:{total % 60:02}" if total >= 0 else clock


def _day(text: str, sign: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=sign)).isoformat()
    except (ValueError, OverflowError):  # a day that does not exist: `check` has said so
        return text
