"""Milestone gates: sums released step by step, each on evidence, none before the one above it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Spec, Text, Then, Word
from envrules.kinds.compiled import Outcome, Parameter
from envrules.model.values import Citation


class ProgressSpec(Spec):
    """A measured indicator of the unit that must have reached a value."""

    indicator: Word = Field(description="the `indicator` of indicator_measured events")
    at_least: ParamRef = Field(description="value to reach, itself included; a lower one undoes it")


class GateStepSpec(Sourced):
    """A step: its share of the sum falls due when its evidence is there and all before it is."""

    id: Slug = Field(description="key, as in the fact `gate: gate.id`; `about` of an application")
    share: ParamRef = Field(description="its part of the sum")
    needs: tuple[Word, ...] = Field(default=(), description="reports that must have been filed")
    progress: ProgressSpec | None = None
    then: Then = Field(default=(), description="what follows once it is released")
    approve: bool | None = Field(
        default=None, description="whether it waits for approval; default: as its consequences do"
    )

    @model_validator(mode="after")
    def _some_evidence(self) -> GateStepSpec:
        if not self.needs and self.progress is None:
            raise ValueError("give needs (reports) or progress (an indicator)")
        return self


class GateSpec(Sourced):
    """A sum per unit that is released in steps."""

    unit: tuple[Slug, ...] = Field(min_length=1, description="types of unit that have such a sum")
    amount: ParamRef = Field(description="sum of a unit whose declaration names none")
    attribute: Text | None = Field(
        default=None, description="attribute of the unit's declaration that holds its own sum"
    )
    application: Word | None = Field(
        default=None, description="report by which a step's payment is applied for (about: step)"
    )
    chain: tuple[Text, ...] = Field(
        default=(), description="organs that pass an application, in this order"
    )
    steps: tuple[GateStepSpec, ...] = Field(min_length=1, description="the steps, in their order")

    @model_validator(mode="after")
    def _chain_needs_application(self) -> GateSpec:
        if bool(self.chain) != (self.application is not None):
            raise ValueError("give application and chain together")
        return self


@dataclass(frozen=True, slots=True)
class GateStep:
    """Compiled step."""

    id: str
    citation: Citation
    share: Parameter
    needs: tuple[str, ...]
    indicator: str
    at_least: Parameter | None
    then: tuple[Outcome, ...]
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """Compiled `gates` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    amount: Parameter
    attribute: str
    application: str
    chain: tuple[str, ...]
    steps: tuple[GateStep, ...]

    @property
    def reports(self) -> frozenset[str]:
        """Reports that the gate reads."""
        named = {word for step in self.steps for word in step.needs}
        return frozenset(named | ({self.application} if self.application else set()))

    @property
    def indicators(self) -> frozenset[str]:
        """Measured indicators that the gate reads."""
        return frozenset(step.indicator for step in self.steps if step.indicator)
