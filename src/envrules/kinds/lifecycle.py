"""Issue lifecycle: which steps may follow which, and what a record must hold for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import Cited, ParamRef, Slug, Sourced, Spec, Where, Word
from envrules.kinds.compiled import Filter, Parameter
from envrules.model.values import Citation

MoveWord = Literal[
    "accepted", "not_filed", "verified_before_filing", "filed", "registered", "dispatched",
    "returned", "reassigned", "handled", "check_passed", "check_failed", "closed",
    "force_closed", "voided", "merged", "supervised", "extended", "deferred", "suspended",
    "resumed", "called_back",
]  # fmt: skip


class OrderSpec(Cited):
    """Steps none of which may be skipped: each needs the one before it."""

    steps: tuple[MoveWord, ...] = Field(
        min_length=2, description="the steps, in their order; others may come in between"
    )


class RequiredSpec(Cited):
    """Ledger fields that must be filled when a step is taken."""

    fields: tuple[Word, ...] = Field(
        min_length=1,
        description="fields; an empty one is reported, and keeps the issue from closing",
    )


class ConditionSpec(Sourced):
    """A step that is refused unless the ledger says what the clause asks for."""

    id: Slug = Field(description="key, as in the fact `refused: id`")
    at: MoveWord = Field(description="step that is refused")
    where: Where = Where()
    fields: dict[Word, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="ledger fields, each with the values that satisfy it; none: any text does",
    )
    until: bool = Field(default=False, description="the step must also name a time limit")

    @model_validator(mode="after")
    def _something(self) -> ConditionSpec:
        if not self.fields and not self.until:
            raise ValueError("give fields, or until: true")
        return self


Role = Literal["place", "handler", "supervisor"]


class IssuesSpec(Spec):
    """How issues live in this scheme."""

    charge: Role = Field(
        default="place",
        description="who answers for an issue, as its finding names it: its place's unit, the "
        "handling unit, or the competent department; a later reassignment does not move it",
    )
    shares: dict[Role, ParamRef] = Field(
        default_factory=dict,
        description="points of a finding divided among several; none: all to `charge`",
    )
    order: OrderSpec | None = None
    required: dict[MoveWord | Literal["found"], RequiredSpec] = Field(default_factory=dict)
    conditions: tuple[ConditionSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Compiled condition of a step."""

    id: str
    citation: Citation
    at: str
    where: Filter
    fields: Mapping[str, tuple[str, ...]]
    until: bool


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Compiled `issues` section."""

    charge: Role
    shares: Mapping[Role, Parameter]
    order: tuple[str, ...]
    order_citation: Citation
    required: Mapping[str, tuple[tuple[str, ...], Citation]]
    """Step → the ledger fields it needs and the clause that says so."""
    direct_issue: Mapping[str, frozenset[str]]
    """Rung id → organs, or types of unit, that may issue it at once."""
    conditions: tuple[Condition, ...] = ()


WORDS = {
    "found": "发现", "accepted": "受理", "not_filed": "不予立案", "verified_before_filing": "立案核实",
    "filed": "立案", "registered": "登记", "dispatched": "派遣", "returned": "回退",
    "reassigned": "改派", "handled": "处置反馈", "check_passed": "核查通过", "check_failed": "核查不通过",
    "closed": "结案", "force_closed": "强制结案", "voided": "作废", "merged": "并案",
    "supervised": "督办", "extended": "延期", "deferred": "缓办", "suspended": "挂账",
    "resumed": "恢复", "called_back": "撤回",
}  # fmt: skip
