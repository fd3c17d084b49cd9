"""Consequences: the catalogue of actions, and the rules that chain facts into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from envrules.kinds.common import Cited, Slug, Sourced, Spec, Then
from envrules.kinds.compiled import Outcome
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.values import Citation

Action = Literal[
    "remind", "rectification_notice", "supervise", "warn", "interview", "warning_education",
    "criticise_publicly", "expose", "self_criticism", "televised_inquiry",
    "organisational_measure", "hold_accountable", "commend", "reward", "plaque",
    "pay_adjustment", "pledge", "stop_work", "demolish", "release_funds", "stop_funds",
    "recover_funds", "veto", "register", "investigate",
]  # fmt: skip

SELF_PUBLISHING = frozenset({"remind", "rectification_notice", "pledge", "register", "investigate"})
"""Actions that need no approval unless the scheme says so; everything else waits for one."""


class ConsequenceSpec(Cited):
    """The scheme's own word for an action of the general catalogue."""

    action: Action = Field(description="what hosts are told to do")
    approve: bool | None = Field(
        default=None, description="whether it waits for approval; default: by the action"
    )


FactName = Annotated[str, StringConstraints(pattern=r"^[^\s$]+$", max_length=128)]

FactKind = Literal[
    "band", "list", "slip", "overdue", "late", "missed", "met", "not_accepted", "recheck_failed",
    "found", "category", "classified", "refused", "recurred", "checklist", "indicator", "gate",
    "rule",
]  # fmt: skip


class PatternSpec(Spec):
    """One fact. Exactly one field names it; `any` as a value takes every fact of that kind."""

    exactly_one = get_args(FactKind)

    band: FactName | None = Field(
        default=None, description="a unit's band at the close: score.band"
    )
    list: FactName | None = Field(default=None, description="a unit's place on this list")
    slip: FactName | None = Field(default=None, description="a slip that fell due: ladder.rung")
    overdue: FactName | None = Field(default=None, description="an issue that missed this deadline")
    late: FactName | None = Field(
        default=None, description="a required report that is overdue, or a duty done late"
    )
    missed: FactName | None = Field(default=None, description="a duty not done in its cycle")
    recheck_failed: FactName | None = Field(
        default=None, description="a check that an issue failed: write any"
    )
    met: FactName | None = Field(default=None, description="a duty done in its cycle")
    not_accepted: FactName | None = Field(
        default=None, description="a report for this duty that does not count"
    )
    found: FactName | None = Field(default=None, description="an issue with this source")
    category: FactName | None = Field(default=None, description="an issue of this category")
    classified: FactName | None = Field(default=None, description="an issue of this class")
    refused: FactName | None = Field(default=None, description="a step that this condition refused")
    recurred: FactName | None = Field(default=None, description="an issue that came again")
    checklist: FactName | None = Field(
        default=None,
        description="answers of one inspection: checklist.passed, .failed, .incomplete",
    )
    indicator: FactName | None = Field(
        default=None, description="a figure at the close: indicator.met, .missed or .not_measured"
    )
    gate: FactName | None = Field(default=None, description="a step that was released: gate.step")
    rule: FactName | None = Field(default=None, description="a rule that has fired")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("name exactly one fact")
        return self

    def fact(self) -> tuple[str, str]:
        """Return the fact's kind and name."""
        (kind,) = self.model_fields_set
        return kind, getattr(self, kind)


class WhenSpec(PatternSpec):
    """One fact, or `any` / `all` of several, with `none` of others."""

    exactly_one = (*get_args(FactKind), "any", "all")

    any: tuple[PatternSpec, ...] = Field(default=(), description="one of these facts holds")
    all: tuple[PatternSpec, ...] = Field(
        default=(), description="these facts hold together, three at most"
    )
    none: tuple[PatternSpec, ...] = Field(
        default=(), description="besides: none of these facts holds"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        named = self.model_fields_set - {"none"}
        if len(named) != 1:
            raise ValueError("give one fact, or any, or all")
        return self


class RuleSpec(Sourced):
    """When these facts hold of a unit, these consequences follow."""

    id: Slug = Field(description="key, as in the fact `rule: id`")
    when: WhenSpec
    then: Then = Field(
        min_length=1, description="what follows: keys of `consequences`, reports that are required"
    )
    approve: bool | None = Field(
        default=None, description="whether it waits for approval; default: as its consequences do"
    )


class Fact(Frozen):
    """Something that holds of a unit in a period, which rules may build on."""

    kind: FactKind
    name: str
    unit: str
    period: str
    at: Instant
    anchor: str = ""
    """Issue that the fact belongs to; empty for a fact of the whole period."""
    events: tuple[str, ...] = ()
    note: str = ""
    """What happened, in Chinese, for the reason of a consequence."""
    held: bool = False
    """An appeal against the decision that says so is pending."""
    steps: tuple[Step, ...] = ()
    """The reasoning of the decision that says so."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way for a rule to fire: these facts, and none of those. An empty name takes any."""

    present: tuple[tuple[str, str], ...]
    absent: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Compiled rule."""

    id: str
    citation: Citation
    alternatives: tuple[Alternative, ...]
    then: tuple[Outcome, ...]
    needs_approval: bool
