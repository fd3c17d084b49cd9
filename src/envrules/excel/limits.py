"""Time limits as standards write them: 「2紧急工作时」, 「5天」."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

DayUnit = Literal["working_days", "calendar_days"]
HourUnit = Literal["working_hours", "hours"]

_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)个?(\D+)")
_CLEAR: Mapping[str, str] = {
    "工作时": "working_hours", "工作日": "working_days", "紧急工作时": "emergency_hours",
    "紧急工作日": "emergency_days", "自然日": "calendar_days", "分钟": "minutes",
}  # fmt: skip
_AS: Mapping[str, str] = {
    "working_days": "工作日", "calendar_days": "自然日",
    "working_hours": "工作时", "hours": "小时（昼夜连续）",
}  # fmt: skip


class Limit(NamedTuple):
    """A limit, its unit as parameters have it, and the words for the unit in the standard."""

    amount: Decimal
    unit: str
    word: str


class Reading(NamedTuple):
    """How the words are read that standards use for two things: 天 and 小时."""

    days: DayUnit
    hours: HourUnit

    def unit(self, word: str) -> str | None:
        """Return the unit that a word of a standard means, or None."""
        if word == "天":
            return self.days
        return self.hours if word == "小时" else _CLEAR.get(word)

    def note(self, word: str) -> str:
        """Return how an ambiguous word is read, in Chinese; '' for a clear one."""
        unit = self.unit(word)
        return "" if word in _CLEAR or unit is None else f"{word}按{_AS[unit]}计"

    @property
    def known(self) -> str:
        """The words that are read, for messages."""
        return "、".join((*_CLEAR, "天", "小时"))


def read_limit(text: str, reading: Reading) -> Limit | None:
    """Return the limit in a cell, or None where it says anything but a number and its unit."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    match = _LIMIT.fullmatch(plain)
    unit = reading.unit(match[2]) if match else None
    if match is None or unit is None or not Decimal(match[1]):
        return None
    return Limit(Decimal(match[1]).normalize(), unit, match[2])
