"""Checklists: what an inspection ticks off, all of it or enough of it by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Sourced, Word
from envrules.kinds.compiled import Parameter, compare
from envrules.model.values import Citation


class ItemSpec(Sourced):
    """One criterion; `points` is what it weighs where the checklist is weighted."""

    id: Word = Field(description="key, as the inspection answers it")
    points: Decimal | None = Field(
        default=None, description="points if it is met; all items have some, or none has"
    )


class ChecklistSpec(Sourced):
    """Criteria that an inspection of these kinds answers with yes or no."""

    inspections: tuple[Word, ...] = Field(
        min_length=1, description="kinds of inspection that answer it"
    )
    items: tuple[ItemSpec, ...] = Field(min_length=1, description="the criteria")
    at_least: ParamRef | None = Field(
        default=None, description="points from which it is passed; without it: every item met"
    )

    @model_validator(mode="after")
    def _weighted_or_not(self) -> ChecklistSpec:
        weighted = [item.points is not None for item in self.items]
        if any(weighted) and not all(weighted):
            raise ValueError("give points to every item, or to none")
        if self.at_least is not None and not all(weighted):
            raise ValueError("at_least needs items with points")
        return self


@dataclass(frozen=True, slots=True)
class Item:
    """Compiled item."""

    id: str
    citation: Citation
    points: Decimal | None


@dataclass(frozen=True, slots=True)
class Checklist:
    """Compiled `checklists` entry."""

    id: str
    citation: Citation
    inspections: frozenset[str]
    items: tuple[Item, ...]
    at_least: Parameter | None

    @property
    def weighted(self) -> bool:
        """Whether its items carry points."""
        return self.items[0].points is not None


@dataclass(frozen=True, slots=True)
class Checked:
    """How an inspection answered a checklist."""

    outcome: Literal["passed", "failed", "incomplete"]
    unmet: tuple[Item, ...]
    unanswered: tuple[Item, ...]
    points: Decimal | None
    """Sum of the items that are met; None where they carry none."""


def judge(checklist: Checklist, answers: Mapping[str, bool], least: Decimal | None) -> Checked:
    """Return the verdict on one inspection's answers. `least`: the points that pass, if any.

    An item that was not answered is neither met nor unmet: the checklist is incomplete.
    """
    unanswered = tuple(item for item in checklist.items if item.id not in answers)
    unmet = tuple(item for item in checklist.items if answers.get(item.id) is False)
    points = None
    if checklist.weighted:
        met = (i.points for i in checklist.items if answers.get(i.id) and i.points is not None)
        points = sum(met, Decimal(0))
    if unanswered:
        return Checked("incomplete", unmet, unanswered, points)
    passed = not unmet if least is None or points is None else compare(points, "at_least", least)
    return Checked("passed" if passed else "failed", unmet, (), points)
