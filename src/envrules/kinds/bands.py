"""Bands: what a figure amounts to. Each boundary says which side it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pydantic import Field, model_validator

from envrules.kinds.checklists import Checklist
from envrules.kinds.common import Colour, ParamRef, Slug, Sourced
from envrules.kinds.compiled import Comparison, Parameter, cite, cite_value, compare
from envrules.model.decisions import Step
from envrules.model.values import Citation


class BandSpec(Sourced):
    """A band of a score; the first whose bounds hold is the unit's."""

    id: Slug
    at_least: ParamRef | None = None
    above: ParamRef | None = None
    at_most: ParamRef | None = None
    below: ParamRef | None = None
    needs: tuple[Slug, ...] = Field(
        default=(), description="checklists that the unit must have passed in the period"
    )
    colour: Colour | None = None

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

    recurred: Slug
    levels: ParamRef = Field(description="bands down, for one recurrence or several")


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
