"""Rankings and lists: the best and the worst of a partition at the close of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Then
from envrules.kinds.compiled import (
    Comparison,
    Outcome,
    Parameter,
    Rounding,
    cite,
    cite_value,
    compare,
    whole,
)
from envrules.model.base import Frozen
from envrules.model.decisions import Step
from envrules.model.values import Citation


class ListSpec(Sourced):
    """A list of the first or the last units by a score."""

    of: Slug
    top: ParamRef | None = None
    bottom: ParamRef | None = None
    split: ParamRef | None = Field(
        default=None, description="flag: one list for each type of unit instead of one for all"
    )
    ties: Literal["include", "exclude"] = Field(
        default="include", description="equals at the edge: all listed, or none of them"
    )
    only_if_below: ParamRef | None = None
    top_share: ParamRef | None = Field(default=None, description="share of the ranked units")
    bottom_share: ParamRef | None = None
    rounding: Rounding = Field(
        default="half_up", description="of a share that gives no whole number of units"
    )
    only_if_at_least: ParamRef | None = None
    never_with: Slug | None = Field(default=None, description="units on that list stay off this")
    unless: tuple[str, ...] = Field(
        default=(), description="facts of the period that bar a unit, e.g. slips.red"
    )
    then: Then = ()
    approve: bool | None = None

    @model_validator(mode="after")
    def _one_end(self) -> ListSpec:
        ends = (self.top, self.bottom, self.top_share, self.bottom_share)
        if sum(end is not None for end in ends) != 1:
            raise ValueError("give exactly one of top, bottom, top_share, bottom_share")
        return self


@dataclass(frozen=True, slots=True)
class ListRule:
    """Compiled `lists` entry."""

    id: str
    citation: Citation
    of: str
    end: Literal["top", "bottom"]
    places: Parameter
    split: Parameter | None
    ties: Literal["include", "exclude"]
    only_if_below: Parameter | None
    never_with: str
    unless: frozenset[str]
    then: tuple[Outcome, ...]
    needs_approval: bool
    rounding: Literal[""] | Rounding = ""
    """How `places`, a share of the ranked units, becomes a number; empty: it is a number."""
    only_if_at_least: Parameter | None = None


class Standing(Frozen):
    """A unit's figure at the close, as ranking reads it."""

    unit: str
    unit_type: str
    title: str
    status: str
    figure: Decimal | None = None
    band: str = ""
    held: bool = False
    """An appeal that bears on the figure is pending."""
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit with its competition rank (1, 2, 2, 4) within its partition."""

    standing: Standing
    rank: int
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """A unit's place on a list, or why it is kept off in spite of its rank."""

    ranked: Ranked
    steps: tuple[Step, ...]
    barred: str = ""


def rank(standings: Iterable[Standing]) -> list[Ranked]:
    """Return the scored units, best first; equal figures share a rank (1, 2, 2, 4)."""
    scored = sorted(
        (s for s in standings if s.figure is not None), key=lambda s: (-_figure(s), s.unit)
    )
    ranked: list[Ranked] = []
    for position, standing in enumerate(scored, start=1):
        tie = ranked and ranked[-1].standing.figure == standing.figure
        ranked.append(Ranked(standing, ranked[-1].rank if tie else position, len(scored)))
    return ranked


def partitions(
    rule: ListRule, standings: Sequence[Standing], day: date
) -> dict[str, list[Standing]]:
    """Return the standings by partition: by type of unit where the split flag is on."""
    if rule.split is None or rule.split.at(day).value is not True:
        return {"": list(standings)}
    groups: dict[str, list[Standing]] = {}
    for standing in standings:
        groups.setdefault(standing.unit_type, []).append(standing)
    return groups


def places(
    rule: ListRule,
    ranked: Sequence[Ranked],
    day: date,
    elsewhere: frozenset[str],
    facts: Mapping[str, frozenset[str]],
) -> list[Place]:
    """Return who is on the list. `elsewhere`: units on the list this one excludes.

    `facts` maps a unit to the facts of the period that may bar it. Who is kept off is not
    replaced: nobody is promoted into a freed place.
    """
    wanted, share = _wanted(rule, len(ranked), day)
    limits = _limits(rule)
    found: list[Place] = []
    for r in _edge(rule, ranked, wanted):
        note = "，".join(filter(None, (_edge_note(rule, r), share)))
        steps = [cite(rule.citation), cite_value(rule.places, rule.places.at(day), note)]
        if rule.split is not None:
            steps.append(cite_value(rule.split, rule.split.at(day)))
        figure = _figure(r.standing)
        held = [(comparison, limit, limit.at(day)) for comparison, limit in limits]
        if not all(compare(figure, comparison, value.value) for comparison, _, value in held):
            continue
        steps += [
            cite_value(limit, value, f"{figure} {_SIGNS[comparison]} {value.value}")
            for comparison, limit, value in held
        ]
        if r.standing.unit in elsewhere:
            continue
        reasons = facts.get(r.standing.unit, frozenset()) & rule.unless
        barred = "、".join(sorted(reasons))
        found.append(Place(r, tuple(steps), barred))
    return found


_SIGNS = {"below": "<", "at_least": "≥"}


def _limits(rule: ListRule) -> list[tuple[Comparison, Parameter]]:
    """Return the bounds that a figure must keep to be listed at all."""
    given: list[tuple[Comparison, Parameter | None]] = [
        ("below", rule.only_if_below), ("at_least", rule.only_if_at_least),
    ]  # fmt: skip
    return [(comparison, limit) for comparison, limit in given if limit is not None]


_ROUNDED = {"up": "进一", "down": "舍去零数", "half_up": "四舍五入"}


def _wanted(rule: ListRule, ranked: int, day: date) -> tuple[int, str]:
    """Return how many places there are among so many ranked units, and how a share gave them."""
    value: Any = rule.places.at(day).value
    if not rule.rounding:
        return int(value), ""
    wanted = whole(rule.places.share(value) * ranked, rule.rounding)
    return wanted, f"{ranked} 个单位按比例取 {wanted} 个（{_ROUNDED[rule.rounding]}）"


def _edge(rule: ListRule, ranked: Sequence[Ranked], wanted: int) -> list[Ranked]:
    """Return the units within `wanted` places of the list's end, ties by the rule."""

    worst: dict[Decimal, int] = {}
    for place, r in enumerate(reversed(ranked), start=1):
        worst.setdefault(_figure(r.standing), place)

    def position(r: Ranked) -> int:
        return r.rank if rule.end == "top" else worst[_figure(r.standing)]

    inside = [r for r in ranked if position(r) <= wanted]
    if rule.ties == "exclude" and len(inside) > wanted:
        edge = max(position(r) for r in inside)
        inside = [r for r in inside if position(r) < edge]
    return inside


def _edge_note(rule: ListRule, r: Ranked) -> str:
    end = "前" if rule.end == "top" else "后"
    return f"{r.size} 个单位中排第 {r.rank} 名，取{end}列"


def _figure(standing: Standing) -> Decimal:
    assert standing.figure is not None
    return standing.figure
