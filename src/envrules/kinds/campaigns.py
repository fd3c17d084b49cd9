"""Campaigns: windows of days, fixed to a date or hung on a festival. Half-open: [first, after)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Sourced
from envrules.kinds.compiled import Parameter, cite, cite_value
from envrules.model.decisions import Step
from envrules.model.values import Citation, NoValueInForce


class CampaignSpec(Sourced):
    """A window: from `starts` for as long as `lasts` or to `until`, or the time before a day."""

    starts: ParamRef | None = Field(
        default=None, description="first day; a `month_day` comes every year"
    )
    until: ParamRef | None = Field(default=None, description="last day, itself inside")
    before: ParamRef | None = Field(
        default=None, description="a day such as a festival: the window ends the day before"
    )
    lasts: ParamRef | None = Field(default=None, description="length of the window")

    @model_validator(mode="after")
    def _one_window(self) -> CampaignSpec:
        given = tuple(
            name for name in ("starts", "until", "before", "lasts") if getattr(self, name)
        )
        if given not in (("starts", "until"), ("starts", "lasts"), ("before", "lasts")):
            raise ValueError("give starts and until, or starts and lasts, or before and lasts")
        return self


@dataclass(frozen=True, slots=True)
class Campaign:
    """Compiled `campaigns` entry."""

    id: str
    citation: Citation
    starts: Parameter | None
    until: Parameter | None
    before: Parameter | None
    lasts: Parameter | None

    def covers(self, day: date) -> bool:
        """Return whether the local date `day` lies inside a window."""
        return any(first <= day < after for first, after in self.windows(day, day))

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return the window that the local date lies in, with its values; nothing outside."""
        for first, after in self.windows(day, day):
            if first <= day < after:
                note = f"{first} 至 {after - timedelta(days=1)}"
                anchor = first if self.starts is not None else after
                held = (cite_value(p, p.at(date(anchor.year, 12, 31))) for p in self.parameters())
                return cite(self.citation, note=note), *held
        return ()

    def windows(self, first: date, last: date) -> list[tuple[date, date]]:
        """Return the windows [first, after) that touch the days from `first` to `last`."""
        found = (self._of(year) for year in self._years(first, last))
        return list(dict.fromkeys(w for w in found if w and w[0] <= last and w[1] > first))

    def parameters(self) -> list[Parameter]:
        """Return the parameters that the window rests on."""
        given = (self.starts, self.until, self.before, self.lasts)
        return [parameter for parameter in given if parameter is not None]

    def _years(self, first: date, last: date) -> Iterable[int]:
        """Return the years in which a window may begin (or end, before a festival).

        One that is fixed to a date may have begun many years ago.
        """
        anchor = self.starts or self.before
        assert anchor is not None
        if anchor.unit == "date":
            return sorted({date.fromisoformat(str(v.value)).year for v in anchor.dated.all()})
        return range(first.year - 1, last.year + 2)

    def _of(self, year: int) -> tuple[date, date] | None:
        """Return the window whose anchor falls in `year`, by the values in force on 31 December.

        A day of the calendar (month_day) recurs every year; a date is one window only.
        """
        anchor = self.starts or self.before
        assert anchor is not None
        try:
            start = _day(anchor, year)
            if start is None:
                return None
            if self.until is not None:
                end = _end(self.until, start)
                return (start, end + timedelta(days=1)) if end >= start else None
            assert self.lasts is not None
            amount = _amount(self.lasts, year)
        except NoValueInForce:
            return None
        if self.before is not None:
            return _shifted(start, -amount, self.lasts.unit), start
        return start, _shifted(start, amount, self.lasts.unit)


def _day(parameter: Parameter, year: int) -> date | None:
    """Return the day that a parameter names in `year`; None for a date in another year."""
    text = str(parameter.at(date(year, 12, 31)).value)
    if parameter.unit == "date":
        day = date.fromisoformat(text)
        return day if day.year == year else None
    month, number = text.split("-")
    return _clipped(year, int(month), int(number))


def _end(parameter: Parameter, start: date) -> date:
    """Return the last day of a window: a date, or the next such day of the calendar."""
    if parameter.unit == "date":
        return date.fromisoformat(str(parameter.at(date(start.year, 12, 31)).value))
    end = _day(parameter, start.year)
    if end is not None and end < start:  # over the turn of the year
        end = _day(parameter, start.year + 1)
    assert end is not None
    return end


def _amount(parameter: Parameter, year: int) -> int:
    value = parameter.at(date(year, 12, 31)).value
    amount = getattr(value, "amount", value)
    return int(amount)  # type: ignore[arg-type]


def _shifted(day: date, amount: int, unit: str) -> date:
    """Return the day `amount` months or days away; the 31st becomes a shorter month's last day."""
    if unit != "months":
        return day + timedelta(days=amount)
    months = day.year * 12 + day.month - 1 + amount
    return _clipped(months // 12, months % 12 + 1, day.day)


def _clipped(year: int, month: int, day: int) -> date:
    after = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), after - timedelta(days=1))
