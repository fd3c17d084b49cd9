"""Shape of deduction tables and scores in a ruleset."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Text, Word


class RowSpec(Sourced):
    """A row of a deduction table: findings deduct `each` until nothing is left of `full`."""

    id: Slug
    full: Decimal
    each: Decimal | None = None
    at: tuple[Word, ...] = ()
    at_if: dict[Slug, tuple[Word, ...]] = Field(default_factory=dict)
    find: tuple[Word, ...] = ()
    find_if: dict[Slug, tuple[Word, ...]] = Field(
        default_factory=dict, description="categories that count only while this flag is true"
    )
    supplied_by: Text | None = Field(default=None, description="organ that awards the points")
    not_supplied: Literal["no_score", "full", "zero"] = Field(
        default="no_score", description="the organ has not awarded anything by the close"
    )

    @model_validator(mode="after")
    def _deducts_or_is_supplied(self) -> RowSpec:
        if (self.supplied_by is None) == (self.each is None):
            raise ValueError("give either each (points per finding) or supplied_by (an organ)")
        return self


class BonusSpec(Sourced):
    """Points on top that count only once a body has approved them."""

    approved_by: Text
    account: Text | None = None


class ScoreSpec(Sourced):
    """A figure per unit and period, from a table, from outside, or from shorter periods."""

    unit: tuple[Slug, ...] = Field(min_length=1)
    period: Literal["week", "month", "quarter", "year"]
    table: Slug | None = None
    supplied_by: Text | None = None
    full: ParamRef | None = Field(
        default=None, description="most points that the organ may report as a total"
    )
    mean_of: Slug | None = None
    weighted: dict[Slug, ParamRef] = Field(
        default_factory=dict,
        description="scores of the same or a shorter period and their weights; each counts as the "
        "mean of its assessed periods",
    )
    checklist: Slug | None = Field(
        default=None, description="points of the items that an inspection found met"
    )
    indicator: Slug | None = Field(default=None, description="the figure of an indicator")
    min_share: ParamRef | None = Field(
        default=None, description="share of the sub-periods that must have been assessed"
    )
    counts: tuple[Word, ...] = Field(
        default=(), description="kinds of inspection whose findings deduct"
    )
    several: Literal["mean", "sum", "latest", "worst"] = "mean"
    not_assessed: Literal["no_score", "full"] = "no_score"
    min_presence: ParamRef | None = Field(
        default=None, description="share of the period that a unit must have existed to take part"
    )
    bonus: BonusSpec | None = None
    finder: dict[Word, ParamRef] = Field(
        default_factory=dict, description="level of the finder (source_level) to a multiplier"
    )
    own_found: ParamRef | None = Field(
        default=None, description="multiplier of what the unit reported itself"
    )
    repeat: Slug | None = Field(
        default=None,
        description="deadline before which the same issue does not deduct a second time",
    )
    restore: ParamRef | None = Field(
        default=None, description="share of the points given back if put right by the deadline"
    )
    restore_by: Slug | None = Field(default=None, description="the deadline that `restore` means")

    @model_validator(mode="after")
    def _one_origin(self) -> ScoreSpec:
        origins = (self.table, self.supplied_by, self.mean_of, self.checklist, self.indicator)
        if sum(v is not None for v in origins) + bool(self.weighted) != 1:
            raise ValueError(
                "give exactly one of table, supplied_by, mean_of, weighted, checklist, indicator"
            )
        if (self.restore is None) != (self.restore_by is None):
            raise ValueError("give restore and restore_by together")
        return self
