"""How a figure takes sightings from a log: what its tally depends on, whatever is made of it then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from envrules import calendar as cal
from envrules.kinds.compiled import Parameter
from envrules.kinds.indicators import ComparedVisits, Indicator
from envrules.kinds.lifecycle import Role
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.values import ALWAYS
from envrules.ruleset.compile import Scheme

SIGHTINGS = ("inspection", "issue_found")
"""Types of event that assess: the bulk of a log, read by column."""

CODES = ("condition", "small_class", "large_class", "object_class")
"""What a host calls an issue, beside its category."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a score takes sightings from a log, whatever it makes of them then."""

    timezone: str
    period: cal.PeriodKind
    counts: frozenset[str]
    several: str
    items: tuple[str, ...]
    """The items of its checklist, if it adds up answers; else it adds up findings."""
    charge: str
    roles: tuple[Role, ...]
    """Whose shares of an issue's points there are; none: one unit bears all."""
    own: bool
    """Whether it matters that a unit has reported the issue itself."""
    level: bool
    """Whether the level of the finder matters."""
    announced: bool = False
    """Whether it matters that a visit was announced: announced ones are compared with others."""


def compares(scheme: Scheme, indicator: Indicator) -> Reading:
    """Return how an indicator that compares visits takes sightings."""
    assert isinstance(indicator.origin, ComparedVisits)
    return Reading(
        scheme.timezone, indicator.period, indicator.origin.inspections, "", (),
        scheme.lifecycle.charge, (), False, False, True,
    )  # fmt: skip


def reading(scheme: Scheme, score: Score) -> Reading:
    """Return how a score takes sightings."""
    answers = score.checklist
    return Reading(
        scheme.timezone, score.period, score.counts, score.several,
        () if answers is None else tuple(sorted(item.id for item in answers.items)),
        scheme.lifecycle.charge, tuple(sorted(scheme.lifecycle.shares)),
        score.own_found is not None, bool(score.finder),
    )  # fmt: skip


def starts(scheme: Scheme, score: Score) -> set[Instant]:
    """Return when what the score makes of a finding may change: its table, a flag, a multiplier."""
    assert score.table is not None
    days = {held.since for held in score.table.all()}
    used: list[Parameter | None] = [*score.finder.values(), score.own_found]
    used += scheme.lifecycle.shares.values()
    for held in score.table.all():
        for row in held.value.rows.values():
            used += (*row.at_if.values(), *row.find_if.values())
    days |= {value.since for one in used if one is not None for value in one.dated.all()}
    return {cal.day_bounds(scheme.timezone, date.fromisoformat(day))[0] for day in days - {ALWAYS}}
