"""Indicators: a figure per unit and period, measured or counted, against a target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from envrules.kinds.compiled import (
    Comparison,
    Filter,
    Parameter,
    Rounding,
    cite_value,
    hold_against,
    plain,
    whole,
)
from envrules.kinds.rounding import round_half_up
from envrules.model.base import Frozen
from envrules.model.decisions import Step
from envrules.model.events import IndicatorMeasured
from envrules.model.values import Citation


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
class Counts:
    """Additive: how many things there are, and how many of them count."""

    of: int
    counting: int


@dataclass(frozen=True, slots=True)
class Visits:
    """Additive: visits, and what they found, by whether they were announced."""

    announced: int
    found_announced: int
    unannounced: int
    found_unannounced: int


Tally: TypeAlias = Counts | Visits | IndicatorMeasured | None
"""What an indicator's figure is made of. A measurement is no sum: the last in Order stands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An indicator's figure before it is held against its target."""

    figure: Decimal | None
    """As printed: two places, percent for a share; None: nothing measured, or nothing to divide."""
    missing: Literal["", "not_measured", "not_applicable"] = ""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    required: Decimal | None = None
    """Of a headcount: the heads that there ought to be."""
    steps: tuple[Step, ...] = ()
    """The values that the figure rests on."""


NOT_MEASURED = Reading(None, "not_measured")
NOT_APPLICABLE = Reading(None, "not_applicable")


def is_share(origin: Origin) -> bool:
    """Return whether the figure is a percentage."""
    if isinstance(origin, CountedIssues):
        return bool(origin.of)
    return not isinstance(origin, ComparedVisits) and origin.form == "percent"


def among(things: Iterable[Counted], of: frozenset[str]) -> list[Counted]:
    """Return the things in any of these states, which are the denominator; none: all of them."""
    return [thing for thing in things if not of or not of.isdisjoint(thing.states)]


def count(things: Sequence[Counted], counting: frozenset[str]) -> Counts:
    """Return the tally of things, of which those in any of these states count."""
    return Counts(len(things), sum(1 for thing in things if counting & set(thing.states)))


def visits(announced: Mapping[str, bool], found: Iterable[str]) -> Visits:
    """Return the tally of visits, each announced or not, and of the visits that found something.

    `found` names a visit once for each finding; what belongs to no visit is not counted.
    """
    findings = [announced[visit] for visit in found if visit in announced]
    known, shown = sum(announced.values()), sum(findings)
    return Visits(known, shown, len(announced) - known, len(findings) - shown)


def judge(origin: Origin, tally: Tally, day: date) -> Reading:
    """Return the figure that a tally amounts to, by the values in force on the period's last day."""
    if isinstance(origin, Measured) and isinstance(tally, IndicatorMeasured):
        return _measured(origin, tally, day)
    if isinstance(tally, Visits):
        return _compared(tally)
    if isinstance(tally, Counts):
        if is_share(origin):
            return _share(Decimal(tally.counting), Decimal(tally.of))
        return Reading(_printed(tally.counting), numerator=Decimal(tally.counting))
    return NOT_MEASURED


def on_target(
    indicator: Indicator, reading: Reading, day: date
) -> tuple[Literal["met", "missed", "reported"], tuple[Step, ...]]:
    """Return what a figure amounts to: every bound must hold; a headcount must not fall short."""
    assert reading.figure is not None
    if reading.required is not None:
        return ("met" if reading.figure >= 0 else "missed"), ()
    if not indicator.bounds:
        return "reported", ()
    held = [hold_against(reading.figure, how, bound, day) for how, bound in indicator.bounds]
    return ("met" if all(holds for holds, _ in held) else "missed"), tuple(step for _, step in held)


def _measured(origin: Measured, given: IndicatorMeasured, day: date) -> Reading:
    if origin.form == "headcount":
        return _headcount(origin, given, day)
    if origin.form == "percent" and given.numerator is not None and given.denominator is not None:
        return _share(given.numerator, given.denominator)
    return NOT_MEASURED if given.value is None else Reading(_printed(given.value))


def _share(numerator: Decimal, denominator: Decimal) -> Reading:
    if not denominator:
        return Reading(None, "not_applicable", numerator, denominator)
    percent = 100 * Fraction(numerator) / Fraction(denominator)
    return Reading(round_half_up(percent), "", numerator, denominator)


def _headcount(origin: Measured, given: IndicatorMeasured, day: date) -> Reading:
    """Return heads less those required: one for so many, a started number by the rounding."""
    assert origin.per is not None
    assert origin.rounding is not None
    if given.numerator is None or given.denominator is None:
        return NOT_MEASURED
    per, rounding = origin.per.at(day), origin.rounding.at(day)
    for_so_many: Any = per.value
    how: Any = rounding.value
    required = whole(Fraction(given.denominator) / Fraction(for_so_many), how)
    note = f"{plain(given.denominator)} ÷ {plain(for_so_many)}，应配 {required}"
    steps = (
        cite_value(origin.per, per, note), cite_value(origin.rounding, rounding, _ROUNDED[how])
    )  # fmt: skip
    heads = given.numerator
    return Reading(
        _printed(heads - required), "", heads, given.denominator, Decimal(required), steps
    )


_ROUNDED: Mapping[Rounding, str] = {
    "up": "有余数的进一", "down": "余数舍去", "half_up": "四舍五入",
}  # fmt: skip


def _compared(visits: Visits) -> Reading:
    """Return how much more an unannounced visit finds than an announced one."""
    if not visits.announced or not visits.unannounced:
        return NOT_APPLICABLE
    hidden = Fraction(visits.found_unannounced, visits.unannounced)
    return Reading(round_half_up(hidden - Fraction(visits.found_announced, visits.announced)))


def _printed(figure: Decimal | int) -> Decimal:
    return round_half_up(Fraction(figure))
