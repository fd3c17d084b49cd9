"""Indicators: a figure per unit and period, measured or counted, against a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Spec, Text, Where, Word
from envrules.kinds.compiled import Comparison, Filter, Parameter
from envrules.model.base import Frozen
from envrules.model.values import Citation

IssueStateWord = Literal[
    "found", "filed", "registered", "handled", "verified", "closed", "open", "unaccounted",
    "on_time", "overdue", "deferred", "suspended", "force_closed", "due", "failed_check",
]  # fmt: skip
"""What an issue may count as. `unaccounted`: neither put right nor in the ledger. `due`: its
deadline was judged, less deferred and suspended ones."""


class MeasuredSpec(Spec):
    """Reported by an organ as an `indicator_measured` event."""

    organ: Text | None = Field(default=None, description="only this organ's figures count")
    form: Literal["value", "percent", "headcount"] = Field(
        default="value",
        description="the value itself; numerator / denominator in percent; or heads for so many",
    )
    per: ParamRef | None = Field(default=None, description="headcount: one head for so many")
    rounding: ParamRef | None = Field(
        default=None, description="headcount: up, down or half_up for a started number"
    )

    @model_validator(mode="after")
    def _headcount(self) -> MeasuredSpec:
        heads = self.form == "headcount"
        if heads != (self.per is not None) or heads != (self.rounding is not None):
            raise ValueError("give per and rounding for a headcount, and for nothing else")
        return self


class CountedIssuesSpec(Spec):
    """Counted from the issues found in the period: how many, or how many of how many."""

    where: Where = Where()
    count: tuple[IssueStateWord, ...] = Field(min_length=1)
    of: tuple[IssueStateWord, ...] = Field(default=(), description="denominator; none: a number")
    deadline: Slug | None = Field(default=None, description="deadline that on_time … due are about")


class CountedBandsSpec(Spec):
    """Counted from the bands of the units below this one: a number, or a share of those units."""

    score: Slug
    bands: tuple[Slug, ...] = Field(min_length=1)
    form: Literal["count", "percent"] = "percent"
    among: dict[Text, tuple[Text, ...]] = Field(
        default_factory=dict, description="only units with one of these values of an attribute"
    )


class CountedDutiesSpec(Spec):
    """Counted from what the units below this one owe: how many met it, or which share."""

    duty: Slug
    form: Literal["count", "percent"] = "percent"


class ComparedVisitsSpec(Spec):
    """Findings per unannounced visit less those per announced one: good only when announced?"""

    inspections: tuple[Word, ...] = Field(min_length=1)


class IndicatorSpec(Sourced):
    """A figure with a target: bounds that it must keep. Exactly one origin."""

    unit: tuple[Slug, ...] = Field(min_length=1)
    period: Literal["month", "quarter", "year"]
    measured: MeasuredSpec | None = None
    issues: CountedIssuesSpec | None = None
    bands: CountedBandsSpec | None = None
    duties: CountedDutiesSpec | None = None
    visits: ComparedVisitsSpec | None = None
    at_least: ParamRef | None = None
    above: ParamRef | None = None
    at_most: ParamRef | None = None
    below: ParamRef | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> IndicatorSpec:
        origins = (self.measured, self.issues, self.bands, self.duties, self.visits)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of measured, issues, bands, duties, visits")
        bounds = (self.at_least, self.above, self.at_most, self.below)
        heads = self.measured is not None and self.measured.form == "headcount"
        if heads and any(bounds):
            raise ValueError("a headcount has its target in `per`: remove the bounds")
        return self


@dataclass(frozen=True, slots=True)
class Measured:
    """Compiled `measured`."""

    organ: str
    form: Literal["value", "percent", "headcount"]
    per: Parameter | None
    rounding: Parameter | None


@dataclass(frozen=True, slots=True)
class CountedIssues:
    """Compiled `issues`."""

    where: Filter
    count: frozenset[str]
    of: frozenset[str]
    deadline: str


@dataclass(frozen=True, slots=True)
class CountedBands:
    """Compiled `bands`: `units` are the types of unit that the score is about."""

    score: str
    bands: frozenset[str]
    form: Literal["count", "percent"]
    among: Mapping[str, tuple[str, ...]]
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class CountedDuties:
    """Compiled `duties`: `units` are the types of unit that owe the duty."""

    duty: str
    form: Literal["count", "percent"]
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class ComparedVisits:
    """Compiled `visits`."""

    inspections: frozenset[str]


Origin: TypeAlias = Measured | CountedIssues | CountedBands | CountedDuties | ComparedVisits


@dataclass(frozen=True, slots=True)
class Indicator:
    """Compiled `indicators` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    period: Literal["month", "quarter", "year"]
    origin: Origin
    bounds: Sequence[tuple[Comparison, Parameter]]
    rank: int
    """Depth over the scores and indicators that it reads: 0 if it reads events and facts only."""


class Counted(Frozen):
    """One thing that an indicator counts: an issue, a unit's band, a unit's duty in a cycle."""

    id: str
    """Issue, or unit, or unit and cycle: what is counted once."""
    states: tuple[str, ...]
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """An indicator's figure before it is held against its target."""

    figure: Decimal | None
    """As printed: two places, percent for a share; None: nothing measured, or nothing to divide."""
    missing: Literal["", "not_measured", "not_applicable"] = ""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
