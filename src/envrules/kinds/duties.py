"""Duties: what must be done once in every cycle, by whom, and what shows that it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.campaigns import Campaign
from envrules.kinds.common import ParamRef, Slug, Sourced, Spec, Word
from envrules.kinds.compiled import Parameter
from envrules.model.base import Instant
from envrules.model.events import Event, Inspection, ReportFiled
from envrules.model.values import Citation


class MetBySpec(Spec):
    """What fulfils the duty: an inspection of the unit, or a report that it files."""

    inspection: tuple[Word, ...] = ()
    report: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> MetBySpec:
        if not self.inspection and not self.report:
            raise ValueError("give inspection or report")
        return self


class DutySpec(Sourced):
    """Each unit of these types owes this once in every cycle."""

    unit: tuple[Slug, ...] = Field(min_length=1)
    every: Literal["day", "week", "month", "quarter", "year"]
    days: Literal["all", "working"] = Field(
        default="all", description="daily duties: every day, or only on working days"
    )
    during: Slug | None = Field(
        default=None, description="campaign: owed only in cycles that it touches, and done inside"
    )
    by: ParamRef | None = Field(default=None, description="yearly duties: last day to be in time")
    not_before: ParamRef | None = Field(
        default=None, description="yearly duties: first day on which it can be done"
    )
    signed: bool = Field(default=False, description="a report without a signature does not count")
    fields: tuple[Word, ...] = Field(
        default=(), description="fields that a report must fill, or it does not count"
    )
    met_by: MetBySpec


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


def judge(
    duty: Duty, events: Iterable[Event], end: Instant
) -> tuple[Literal["met", "late"], Event] | None:
    """Return how the cycle ending at `end` (exclusive) was fulfilled, or None: not at all."""
    done = min(
        (e for e in events if duty.meets(e)), key=lambda e: (e.occurred_at, e.id), default=None
    )
    if done is None:
        return None
    return ("met" if done.occurred_at < end else "late"), done
