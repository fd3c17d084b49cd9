"""Single fields of the host's rows: what is written there as it is meant, or what is wrong with it.

A row arrives as a mapping of our column names to whatever the driver gives: text, numbers,
datetimes. An empty field is no fault; one that does not say what its column is for is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from envrules_grid_platform.config import Config

Raw = Mapping[str, Any]
TableName = Literal["case", "flow", "unit"]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_TRUE = frozenset({"1", "true", "t", "y", "yes", "是"})
_FALSE = frozenset({"", "0", "false", "f", "n", "no", "否"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a row that a person must put right."""

    table: TableName
    row: str
    """Its key."""
    column: str
    value: str
    """What stands there."""
    reason: str
    reason_zh: str


@dataclass(slots=True)
class Fields:
    """Reads the fields of one row, and collects their faults."""

    table: TableName
    row: str
    raw: Raw
    config: Config
    faults: list[Fault] = field(default_factory=list)

    def fault(self, column: str, reason: str, reason_zh: str) -> None:
        """Note a fault of a field."""
        value = self.raw.get(column)
        shown = "" if value is None else str(value)[:200]
        self.faults.append(Fault(self.table, self.row, column, shown, reason, reason_zh))

    def text(self, column: str, *, needed: bool = False) -> str:
        """Return a code or text, without the blanks that pad it."""
        value = self.raw.get(column)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # a code that the host keeps as a number
        found = "" if value is None else str(value).strip()
        if needed and not found:
            self.fault(column, "is empty", "为空")
        return found

    def many(self, column: str) -> list[str]:
        """Return the codes in a field that holds several."""
        parts = re.split(r"[,，、;；\s]+", self.text(column))
        return list(dict.fromkeys(filter(None, parts)))

    def number(self, column: str) -> str:
        """Return a decimal as text; a float as it is printed."""
        found = self.text(column)
        if not found:
            return ""
        try:
            value = Decimal(found)
            if not value.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            self.fault(column, "is not a number", "不是数")
            return ""
        return f"{value.normalize():f}"

    def integer(self, column: str) -> int | None:
        """Return a whole number."""
        found = self.text(column)
        if found and not re.fullmatch(r"\d{1,18}", found, re.ASCII):
            self.fault(column, "is not a whole number", "不是整数")
            return None
        return int(found) if found else None

    def flag(self, column: str) -> bool:
        """Return whether a flag is set."""
        found = self.text(column).lower()
        if found not in _TRUE | _FALSE:
            self.fault(column, "is neither yes nor no (1/0, 是/否)", "不是“是/否”（1/0）")
        return found in _TRUE

    def time(self, column: str) -> datetime | None:
        """Return a time, in UTC; one without an offset is in the host's zone.

        Of a local time that clocks going back show twice it is the first; one that clocks going
        forward skip is a fault.
        """
        value = self.raw.get(column)
        if isinstance(value, str):
            value = value.strip() or None
        if value is None:
            return None
        try:
            read = value if isinstance(value, datetime) else _parsed(value)
        except (ValueError, TypeError):
            self.fault(column, "is no time such as 2026-07-03 10:00:00", "不是时间")
            return None
        if read.tzinfo is None:
            local = read.replace(tzinfo=self.config.timezone)
            read = local.astimezone(UTC)
            if read.astimezone(self.config.timezone).replace(tzinfo=None) != local.replace(
                tzinfo=None
            ):
                self.fault(column, "is a local time that clocks skip", "当地没有这一时刻")
                return None
        read = read.astimezone(UTC)
        if read < EARLIEST:
            self.fault(column, "is before the year 2000", "早于 2000 年")
            return None
        return read

    def ledger(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the ledger fields that are filled in; they are read as `ledger:<field>`."""
        found = {name: self.text(f"ledger:{name}") for name in names}
        return {name: text for name, text in found.items() if text}


def _parsed(value: Any) -> datetime:
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the caller's zone
    text = str(value).replace("/", "-")
    if re.fullmatch(r"\d{14}", text, re.ASCII):
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the caller's zone
    if not re.match(r"\d{4}-", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)
