"""Shape of deduction tables and scores in a ruleset."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Text, Word


class RowSpec(Sourced):
    """A row of a deduction table: findings deduct `each` until nothing is left of `full`."""

    exactly_one = ("each", "supplied_by")

    id: Slug = Field(description="key; the `item` of score_supplied events")
    full: Decimal = Field(description="points that it can keep: above 0, two places at most")
    each: Decimal | None = Field(default=None, description="points that each finding takes")
    at: tuple[Word, ...] = Field(
        default=(), description="kinds of place; none: anywhere, where no row names the place"
    )
    at_if: dict[Slug, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="flag (without $) to places that count only while it is true",
    )
    find: tuple[Word, ...] = Field(
        default=(), description="categories; none: anything, where no row names it"
    )
    find_if: dict[Slug, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="flag (without $) to categories that count only while it is true",
    )
    supplied_by: Text | None = Field(
        default=None, description="organ that awards the points, 0 to `full`"
    )
    not_supplied: Literal["no_score", "full", "zero"] = Field(
        default="no_score", description="the organ has awarded nothing by the close"
    )


class BonusSpec(Sourced):
    """Points on top that count only once a body has approved them."""

    approved_by: Text = Field(description="body whose approval_given event makes them count")
    account: Text | None = Field(
        default=None, description="what they are paid into; for people only"
    )


class ScoreSpec(Sourced):
    """A figure per unit and period: of a table, an organ, a checklist, an indicator, other scores."""

    exactly_one = ("table", "supplied_by", "mean_of", "weighted", "checklist", "indicator")

    unit: tuple[Slug, ...] = Field(min_length=1, description="types of unit that are scored")
    period: Literal["week", "month", "quarter", "year"] = Field(
        description="what it is reckoned for"
    )
    table: Slug | None = Field(default=None, description="table of points that it reads")
    supplied_by: Text | None = Field(default=None, description="organ that reports the total")
    full: ParamRef | None = Field(
        default=None, description="most points that the organ may report as a total"
    )
    mean_of: Slug | None = Field(
        default=None, description="score of a shorter period: the mean of its assessed periods"
    )
    weighted: dict[Slug, ParamRef] = Field(
        default_factory=dict,
        description="scores of the same or a shorter period and their weights; each counts as the "
        "mean of its assessed periods",
    )
    checklist: Slug | None = Field(
        default=None, description="checklist with points: those of the items found met"
    )
    indicator: Slug | None = Field(
        default=None, description="indicator of the same period: its figure"
    )
    min_share: ParamRef | None = Field(
        default=None, description="share of the closed shorter periods that must have a figure"
    )
    counts: tuple[Word, ...] = Field(
        default=(), description="kinds of inspection that assess: their findings deduct"
    )
    several: Literal["mean", "sum", "latest", "worst"] = Field(
        default="mean",
        description="several inspections in a period: mean, all losses off one full mark, or the "
        "one that counts",
    )
    not_assessed: Literal["no_score", "full"] = Field(
        default="no_score", description="no inspection in the period: no figure, or nothing lost"
    )
    min_presence: ParamRef | None = Field(
        default=None, description="share of the period that a unit must have existed to take part"
    )
    bonus: BonusSpec | None = None
    finder: dict[Word, ParamRef] = Field(
        default_factory=dict,
        description="level of the finder (source_level) to what multiplies the points; others ×1",
    )
    own_found: ParamRef | None = Field(
        default=None, description="what multiplies the points of what the unit reported itself"
    )
    repeat: Slug | None = Field(
        default=None,
        description="deadline before which an issue does not deduct in a second inspection",
    )
    restore: ParamRef | None = Field(
        default=None, description="share of the points given back if put right by the deadline"
    )
    restore_by: Slug | None = Field(default=None, description="the deadline that `restore` means")

    @model_validator(mode="after")
    def _restored_by_what(self) -> ScoreSpec:
        if (self.restore is None) != (self.restore_by is None):
            raise ValueError("give restore and restore_by together")
        return self
