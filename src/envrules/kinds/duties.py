"""Duties: what must be done once in every cycle, by whom, and what shows that it was."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import Field, model_validator

from envrules import calendar as cal
from envrules.kinds.campaigns import Campaign
from envrules.kinds.common import ParamRef, Slug, Sourced, Spec, Word
from envrules.kinds.compiled import Parameter
from envrules.model.base import Instant
from envrules.model.events import Event, Inspection, ReportFiled
from envrules.model.values import Citation


class MetBySpec(Spec):
    """What fulfils the duty: an inspection of the unit, or a report that it files."""

    inspection: tuple[Word, ...] = Field(
        default=(), description="kinds of inspection, of the unit or made by it"
    )
    report: tuple[Word, ...] = Field(
        default=(), description="reports that it files: the `duty` of their events"
    )

    @model_validator(mode="after")
    def _something(self) -> MetBySpec:
        if not self.inspection and not self.report:
            raise ValueError("give inspection or report")
        return self


class DutySpec(Sourced):
    """Each unit of these types owes this once in every cycle."""

    unit: tuple[Slug, ...] = Field(min_length=1, description="types of unit that owe it")
    every: Literal["day", "week", "month", "quarter", "year"] = Field(
        description="cycle; a week begins on Monday"
    )
    days: Literal["all", "working"] = Field(
        default="all", description="daily duties: every day, or only on working days"
    )
    during: Slug | None = Field(
        default=None, description="campaign: owed only in cycles that it touches, and done inside"
    )
    by: ParamRef | None = Field(default=None, description="yearly duties: last day that is in time")
    not_before: ParamRef | None = Field(
        default=None, description="yearly duties: first day on which it can be done"
    )
    signed: bool = Field(default=False, description="a report without a signature does not count")
    fields: tuple[Word, ...] = Field(
        default=(), description="fields that a report must fill, or it does not count"
    )
    met_by: MetBySpec

    @model_validator(mode="after")
    def _fitting(self) -> DutySpec:
        if self.every != "year" and (self.by is not None or self.not_before is not None):
            raise ValueError("leave out by and not_before: they are days of a yearly duty")
        if self.every != "day" and self.days == "working":
            raise ValueError("leave out days: working, which is for a daily duty")
        if not self.met_by.report and (self.signed or self.fields):
            raise ValueError("leave out signed and fields: no report fulfils this duty")
        return self


@dataclass(frozen=True, slots=True)
class Duty:
    """Compiled `duties` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    every: Literal["day", "week", "month", "quarter", "year"]
    working_days_only: bool
    inspections: frozenset[str]
    reports: frozenset[str]
    during: Campaign | None = None
    by: Parameter | None = None
    not_before: Parameter | None = None
    signed: bool = False
    fields: tuple[str, ...] = ()

    def meets(self, event: Event) -> bool:
        """Return whether this event is of a kind that fulfils the duty."""
        payload = event.payload
        if isinstance(payload, Inspection):
            return payload.kind in self.inspections
        return isinstance(payload, ReportFiled) and payload.duty in self.reports

    def lacks(self, event: Event) -> tuple[str, ...]:
        """Return what keeps a report from counting: the signature, or fields left empty."""
        report = event.payload
        if not isinstance(report, ReportFiled):
            return ()
        unsigned = ("负责人签字",) if self.signed and not report.signed_by else ()
        return unsigned + tuple(name for name in self.fields if not report.fields.get(name))

    def span(self, cycle: str) -> Span | None:
        """Return the days of a cycle on which the duty can be done in time; None: it is not owed.

        The values are those in force on the cycle's last day.
        """
        first, last = cal.period_dates(cycle)
        after = last + _DAY
        if self.during is not None:
            windows = self.during.windows(first, last)
            if not windows:
                return None
            window = windows[-1]  # of a year: the one that begins in it, not last year's rest
            first, after = max(first, window[0]), min(after, window[1])
        closes = after if self.during is not None else None
        if self.not_before is not None:
            first = max(first, _in_year(self.not_before, last))
        if self.by is not None:
            after = min(after, _in_year(self.by, last) + _DAY)
        return Span(first, after, closes) if first < after else None


@dataclass(frozen=True, slots=True)
class Span:
    """When a duty can be done: local days [first, after); what is done later is late."""

    first: date
    after: date
    closes: date | None
    """From this day on it cannot be done at all; None: it can still be done late."""


_DAY = timedelta(days=1)


def _in_year(parameter: Parameter, last: date) -> date:
    """Return the day of the year of `last` that a parameter names; 29 February becomes the 28th."""
    month, day = str(parameter.at(last).value).split("-")
    if (month, day) == ("02", "29") and not isleap(last.year):
        day = "28"
    return date(last.year, int(month), int(day))


def judge(
    duty: Duty, events: Iterable[Event], opens: Instant, due: Instant, closes: Instant | None
) -> tuple[Literal["met", "late"], Event] | None:
    """Return how a cycle was fulfilled, or None: not at all.

    What counts was done from `opens` on and before `closes`; before `due` it is in time.
    """
    done = min(
        (
            e for e in events
            if duty.meets(e) and not duty.lacks(e) and e.occurred_at >= opens
            and (closes is None or e.occurred_at < closes)
        ),
        key=lambda e: (e.occurred_at, e.id), default=None,
    )  # fmt: skip
    if done is None:
        return None
    return ("met" if done.occurred_at < due else "late"), done
