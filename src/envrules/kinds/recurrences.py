"""Recurrence: the same again at the same place within a window, after it had been put right."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field

from envrules.kinds.common import ParamRef, Sourced, Where
from envrules.kinds.compiled import Filter, Parameter
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.events import IssueFound
from envrules.model.values import Citation

Field_ = Literal["unit", "place", "category", "point", "grid"]


class RecurrenceSpec(Sourced):
    """An issue that `where` describes comes again where an earlier one of the same kind was."""

    where: Where = Where()
    same: tuple[Field_, ...] = Field(
        min_length=1, description="what makes it the same: unit, place, category, point, grid"
    )
    since: Literal["ended", "found"] = Field(
        default="ended",
        description="the window begins when the earlier issue was put right, or when it was found",
    )
    within: ParamRef
    near: ParamRef | None = Field(
        default=None, description="metres: only issues with coordinates this close are the same"
    )
    reopens: bool = Field(default=False, description="the earlier issue counts as open again")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Compiled `recurrences` entry."""

    id: str
    citation: Citation
    where: Filter
    same: tuple[str, ...]
    since: Literal["ended", "found"]
    within: Parameter
    near: Parameter | None
    reopens: bool

    def key_of(self, found: IssueFound, unit: str) -> tuple[str, ...] | None:
        """Return what tells places and kinds apart; None where the finding does not say it."""
        values = tuple(unit if name == "unit" else getattr(found, name) for name in self.same)
        return values if all(values) else None


class Sighting(Frozen):
    """One issue as recurrence reads it."""

    issue: str
    event: str
    unit: str
    found: Instant
    ended: Instant | None = None
    ended_by: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """An issue that is a recurrence, and of which one."""

    again: Sighting
    before: Sighting
    since: Instant
    steps: tuple[Step, ...]
