"""Bands: what a figure amounts to. Each boundary says which side it belongs to.

A figure falls in the band whose bounds hold. A band that needs checklists is passed over for the
next lower one while one of them has not been passed; then a recurrence lowers it further, never
below the lowest, and again to a band whose checklists have been passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pydantic import Field, model_validator

from envrules.kinds.checklists import Checklist
from envrules.kinds.common import Colour, ParamRef, Slug, Sourced
from envrules.kinds.compiled import Comparison, Parameter, cite, cite_value, compare
from envrules.model.decisions import Step
from envrules.model.values import Citation


class BandSpec(Sourced):
    """A band of a score: the unit's if the bounds hold and what it needs has been passed."""

    id: Slug = Field(description="key, as in the fact `band: score.id`")
    at_least: ParamRef | None = Field(default=None, description="figures from this one on")
    above: ParamRef | None = Field(default=None, description="figures above, this one not")
    at_most: ParamRef | None = Field(
        default=None, description="figures up to this one, it included"
    )
    below: ParamRef | None = Field(default=None, description="figures below, this one not")
    needs: tuple[Slug, ...] = Field(
        default=(),
        description="checklists that the unit's latest full answers of the period must pass; else "
        "the next lower band",
    )
    colour: Colour | None = Field(default=None, description="its units' colour on the map")

    @model_validator(mode="after")
    def _bounds(self) -> BandSpec:
        if self.at_least is not None and self.above is not None:
            raise ValueError("give at_least or above, not both")
        if self.at_most is not None and self.below is not None:
            raise ValueError("give at_most or below, not both")
        if not any((self.at_least, self.above, self.at_most, self.below)):
            raise ValueError("a band needs at least one bound")
        return self


class DemotionSpec(Sourced):
    """A recurrence at a unit in the period lowers its band."""

    recurred: Slug = Field(description="recurrence, found in the period")
    levels: ParamRef = Field(
        description="bands down, for one recurrence or several; never below the lowest"
    )


_WORDS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}


@dataclass(frozen=True, slots=True)
class Band:
    """Compiled band: every bound must hold."""

    id: str
    citation: Citation
    bounds: tuple[tuple[Comparison, Parameter], ...]
    needs: tuple[Checklist, ...] = ()
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Demotion:
    """Compiled `demotions` entry."""

    citation: Citation
    recurred: str
    levels: Parameter


@dataclass(frozen=True, slots=True)
class Need:
    """How a unit stands by its latest complete answers to a checklist that a band needs."""

    passed: bool
    event: str
    """The inspection that was answered."""
    step: Step


@dataclass(frozen=True, slots=True)
class Cause:
    """A recurrence that lowers the band."""

    citation: Citation
    events: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The band of a unit, and why."""

    band: Band
    steps: tuple[Step, ...]
    note: str = ""
    """Why it is not the band of the figure alone, as a clause, Chinese; empty where it is."""
    events: tuple[str, ...] = ()
    """Inspections and recurrences that it rests on."""


def place(
    bands: Sequence[Band], figure: Decimal, day: date, needs: Mapping[str, Need] | None = None,
    demotion: Demotion | None = None, causes: Iterable[Cause] = (),
) -> Placed | None:  # fmt: skip
    """Return the band of a printed figure by the values in force on `day`, or None.

    Args:
        bands: the score's, from high to low or from low to high.
        figure: the figure as printed.
        day: the period's last day.
        needs: how the unit stands by each checklist that it has answered.
        demotion: what lowers the score's bands, if anything does.
        causes: the recurrences at the unit in the period.
    """
    found = band_of(bands, figure, day)
    if found is None:
        return None
    downwards = from_high_to_low(bands)
    descent = _Descent(downwards, needs or {}, downwards.index(found[0]), list(found[1]))
    descent.to_fulfilled_needs()
    known = sorted(causes, key=lambda cause: (cause.events, cause.note))
    if demotion is not None and known:
        descent.down(demotion, known, day)
        descent.to_fulfilled_needs()
    return descent.placed()


def from_high_to_low(bands: Sequence[Band]) -> list[Band]:
    """Return the bands, best first: of their two ends the lowest has no lower bound."""
    lower = {"at_least", "above"}
    high_first = any(comparison in lower for comparison, _ in bands[0].bounds)
    return list(bands) if high_first else list(reversed(bands))


class _Descent:
    """A unit on its way down from the band of its figure."""

    def __init__(
        self, downwards: Sequence[Band], needs: Mapping[str, Need], at: int, steps: list[Step]
    ) -> None:
        self._bands, self._needs, self._at, self._steps = downwards, needs, at, steps
        self._notes: list[str] = []
        self._events: list[str] = []

    def to_fulfilled_needs(self) -> None:
        """Pass over bands until one's checklists have all been passed; there may be none."""
        while self._at < len(self._bands):
            band = self._bands[self._at]
            failed = [item for item in band.needs if not self._fulfils(item)]
            if not failed:
                return
            titles = "、".join(item.citation.title for item in failed)
            self._notes.append(f"{titles}未通过，不评{band.citation.title}")
            self._at += 1

    def _fulfils(self, checklist: Checklist) -> bool:
        need = self._needs.get(checklist.id)
        if need is None:
            self._cite(cite(checklist.citation, note="本期没有填报完整的检查，视为未通过"))
            return False
        self._cite(need.step)
        self._events.append(need.event)
        return need.passed

    def down(self, demotion: Demotion, causes: Sequence[Cause], day: date) -> None:
        """Go down so many bands at once, however many recurrences there are."""
        held = demotion.levels.at(day)
        levels = int(Fraction(str(held.value)))
        if not levels or self._at >= len(self._bands):
            return
        before, self._at = self._at, min(self._at + levels, len(self._bands) - 1)
        was, now = (self._bands[i].citation.title for i in (before, self._at))
        moved = f"由{was}降为{now}" if self._at != before else f"{was}已是最低，不再降"
        for cause in causes:
            self._cite(cite(cause.citation, note=cause.note))
            self._events += cause.events
        self._cite(cite(demotion.citation))
        self._cite(cite_value(demotion.levels, held, moved))
        self._notes.append(f"{demotion.citation.title}，{moved}")

    def _cite(self, step: Step) -> None:
        if step not in self._steps:
            self._steps.append(step)

    def placed(self) -> Placed | None:
        """Return where it has come to; None below the lowest band, which `check` rules out."""
        if self._at >= len(self._bands):
            return None
        band, note = self._bands[self._at], "；".join(self._notes)
        if note:
            self._cite(cite(band.citation, note=note))
        return Placed(band, tuple(self._steps), note, tuple(dict.fromkeys(self._events)))


def band_of(
    bands: Sequence[Band], figure: Decimal, day: date
) -> tuple[Band, tuple[Step, ...]] | None:
    """Return the band that the printed figure falls in by the values in force on `day`."""
    for band in bands:
        steps: list[Step] = [cite(band.citation)]
        for comparison, parameter in band.bounds:
            held = parameter.at(day)
            if not compare(figure, comparison, held.value):
                break
            note = f"{figure} {_WORDS[comparison]} {parameter.text(held.value)}"
            steps.append(cite_value(parameter, held, note))
        else:
            return band, tuple(steps)
    return None
