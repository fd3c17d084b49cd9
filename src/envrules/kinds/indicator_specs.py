"""Indicators as a ruleset writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Spec, Text, Where, Word

IssueStateWord = Literal[
    "found", "filed", "registered", "handled", "verified", "closed", "open", "unaccounted",
    "on_time", "overdue", "deferred", "suspended", "force_closed", "due", "failed_check",
]  # fmt: skip
"""What an issue may count as. `unaccounted`: neither put right nor in the ledger. `due`: its
deadline was judged, less deferred and suspended ones."""

ABOUT_A_DEADLINE: frozenset[str] = frozenset(
    {"on_time", "overdue", "deferred", "suspended", "force_closed", "due"}
)
"""States that an issue is in only as one deadline sees it."""


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
    count: tuple[IssueStateWord, ...] = Field(
        min_length=1, description="what counts: issues in one of these states"
    )
    of: tuple[IssueStateWord, ...] = Field(
        default=(),
        description="denominator: issues in one of these; none: the figure is a number, no share",
    )
    deadline: Slug | None = Field(default=None, description="deadline that on_time … due are about")

    @model_validator(mode="after")
    def _deadline(self) -> CountedIssuesSpec:
        about = ABOUT_A_DEADLINE.intersection(self.count + self.of)
        if about and self.deadline is None:
            raise ValueError(f"name the deadline, for {' and '.join(sorted(about))}")
        if self.deadline is not None and not about:
            raise ValueError("remove deadline, or count a state that is about it, such as on_time")
        return self


class CountedBandsSpec(Spec):
    """Counted from the bands of the units below this one: a number, or a share of those units."""

    score: Slug = Field(description="score whose bands are counted, of the same period")
    bands: tuple[Slug, ...] = Field(min_length=1, description="bands that count")
    form: Literal["count", "percent"] = Field(
        default="percent", description="how many units, or their share of all units below"
    )
    among: dict[Text, tuple[Text, ...]] = Field(
        default_factory=dict, description="only units with one of these values of an attribute"
    )


class CountedDutiesSpec(Spec):
    """Counted from what the units below this one owe: how many met it, or which share."""

    duty: Slug = Field(description="duty whose cycles are counted")
    form: Literal["count", "percent"] = Field(
        default="percent", description="how often it was met, or the share of what was owed"
    )


class ComparedVisitsSpec(Spec):
    """Findings per unannounced visit less those per announced one: good only when announced?"""

    inspections: tuple[Word, ...] = Field(min_length=1, description="kinds of inspection")


class IndicatorSpec(Sourced):
    """A figure with a target: bounds that it must keep."""

    exactly_one = ("measured", "issues", "bands", "duties", "visits")

    unit: tuple[Slug, ...] = Field(min_length=1, description="types of unit that have the figure")
    period: Literal["month", "quarter", "year"] = Field(description="what it is reckoned for")
    measured: MeasuredSpec | None = None
    issues: CountedIssuesSpec | None = None
    bands: CountedBandsSpec | None = None
    duties: CountedDutiesSpec | None = None
    visits: ComparedVisitsSpec | None = None
    at_least: ParamRef | None = Field(default=None, description="target: this or more")
    above: ParamRef | None = Field(default=None, description="target: more than this")
    at_most: ParamRef | None = Field(default=None, description="target: this or less")
    below: ParamRef | None = Field(default=None, description="target: less than this")

    @model_validator(mode="after")
    def _fitting_bounds(self) -> IndicatorSpec:
        bounds = (self.at_least, self.above, self.at_most, self.below)
        heads = self.measured is not None and self.measured.form == "headcount"
        if (self.at_least and self.above) or (self.at_most and self.below):
            raise ValueError("give at_least or above, at_most or below: not both of two")
        if heads and any(bounds):
            raise ValueError("a headcount has its target in `per`: remove the bounds")
        return self

    def facts(self) -> tuple[str, ...]:
        """Return the verdicts that rules may ask for."""
        silent = ("not_measured",) if self.measured is not None else ()
        heads = self.measured is not None and self.measured.form == "headcount"
        bound = heads or any((self.at_least, self.above, self.at_most, self.below))
        return (("met", "missed") if bound else ()) + silent
