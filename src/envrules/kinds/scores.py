"""Capped additive scores: points lost per finding, items supplied from outside, bonus, means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import ParamRef, Slug, Sourced, Text, Word
from envrules.kinds.compiled import Parameter
from envrules.model.events import Event
from envrules.model.values import Citation, Dated


class RowSpec(Sourced):
    """A row of a deduction table: findings deduct `each` until nothing is left of `full`."""

    id: Slug
    full: Decimal
    each: Decimal | None = None
    at: tuple[Word, ...] = ()
    at_if: dict[Slug, tuple[Word, ...]] = Field(default_factory=dict)
    find: tuple[Word, ...] = ()
    find_if: dict[Slug, tuple[Word, ...]] = Field(
        default_factory=dict, description="categories that count only while this flag is true"
    )
    supplied_by: Text | None = Field(default=None, description="organ that awards the points")
    not_supplied: Literal["no_score", "full", "zero"] = Field(
        default="no_score", description="the organ has not awarded anything by the close"
    )

    @model_validator(mode="after")
    def _deducts_or_is_supplied(self) -> RowSpec:
        if (self.supplied_by is None) == (self.each is None):
            raise ValueError("give either each (points per finding) or supplied_by (an organ)")
        return self


class BonusSpec(Sourced):
    """Points on top that count only once a body has approved them."""

    approved_by: Text
    account: Text | None = None


class ScoreSpec(Sourced):
    """A figure per unit and period, from a table, from outside, or from shorter periods."""

    unit: tuple[Slug, ...] = Field(min_length=1)
    period: Literal["month", "quarter", "year"]
    table: Slug | None = None
    supplied_by: Text | None = None
    mean_of: Slug | None = None
    min_share: ParamRef | None = Field(
        default=None, description="share of the sub-periods that must have been assessed"
    )
    counts: tuple[Word, ...] = Field(
        default=(), description="kinds of inspection whose findings deduct"
    )
    several: Literal["mean", "sum", "latest", "worst"] = "mean"
    not_assessed: Literal["no_score", "full"] = "no_score"
    restore: Literal["none"] = "none"
    min_presence: ParamRef | None = Field(
        default=None, description="share of the period that a unit must have existed to take part"
    )
    bonus: BonusSpec | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> ScoreSpec:
        if sum(v is not None for v in (self.table, self.supplied_by, self.mean_of)) != 1:
            raise ValueError("give exactly one of table, supplied_by, mean_of")
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """Compiled row. `flags` maps a category or place to the parameter that switches it on."""

    id: str
    citation: Citation
    full: Decimal
    each: Decimal | None
    supplied_by: str
    not_supplied: Literal["no_score", "full", "zero"]
    at: frozenset[str]
    find: frozenset[str]
    at_if: Mapping[str, Parameter]
    find_if: Mapping[str, Parameter]


class Table:
    """The rows in force together, with an index from (place, category) to the candidate rows."""

    __slots__ = ("_index", "rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = {row.id: row for row in rows}
        self._index: dict[tuple[str, str], list[tuple[Row, tuple[Parameter, ...]]]] = {}
        for row in rows:
            if row.each is None:
                continue
            places = {**dict.fromkeys(row.at or {""}), **row.at_if}
            categories = {**dict.fromkeys(row.find or {""}), **row.find_if}
            for place, place_flag in places.items():
                for category, category_flag in categories.items():
                    flags = tuple(f for f in (place_flag, category_flag) if f is not None)
                    self._index.setdefault((place, category), []).append((row, flags))

    def match(self, place: str, category: str) -> Sequence[tuple[Row, tuple[Parameter, ...]]]:
        """Return the rows, in table order, that could deduct for this finding, with their flags."""
        index = self._index
        return (
            index.get((place, category)) or index.get((place, "")) or index.get(("", category))
            or index.get(("", "")) or ()
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """Compiled `scores` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    period: Literal["month", "quarter", "year"]
    table: Dated[Table] | None
    supplied_by: str
    mean_of: str
    min_share: Parameter | None
    min_presence: Parameter | None
    counts: frozenset[str]
    several: Literal["mean", "sum", "latest", "worst"]
    not_assessed: Literal["no_score", "full"]
    bonus_by: str
    bonus_citation: Citation | None
    rank: int
    """Depth over shorter scores: 0 for a score that reads events."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One finding that deducts: where it stands in Order, in which assessment and row."""

    order: tuple[int, int, int, str, str]
    assessment: str
    row: Row
    event: Event
    finding: str
    """Finding id within an inspection, or empty where the event itself is the finding."""
    flags: tuple[Parameter, ...] = ()

    @property
    def anchor(self) -> str:
        """Return the anchor of the deduction's slot."""
        return f"{self.event.id}#{self.finding}" if self.finding else self.event.id


@dataclass(frozen=True, slots=True)
class Tally:
    """Additive counts of one unit and period: equal however the events were ordered or split."""

    counts: Mapping[tuple[str, str], int]
    """(assessment, row) → findings."""
    assessments: Mapping[str, tuple[int, Table]]
    """Assessment → (time, table in force)."""
    supplied: Mapping[str, tuple[Decimal, ...]]
    """Item → points awarded, in Order; the last one stands."""
    bonus: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """The judged figure: `value` is exact, `printed` is what bands and ranks use."""

    status: Literal["scored", "not_assessed", "incomplete"]
    value: Fraction | None = None
    printed: Decimal | None = None
    rows: Mapping[str, Decimal] | None = None
    """Row → points kept (mean over assessments), for the statement."""
    missing: tuple[str, ...] = ()
    """Titles of the rows that an organ has not awarded yet."""


def count(charges: Iterable[Charge]) -> dict[tuple[str, str], int]:
    """Return the additive part of the tally: findings per assessment and row."""
    counts: dict[tuple[str, str], int] = {}
    for charge in charges:
        key = (charge.assessment, charge.row.id)
        counts[key] = counts.get(key, 0) + 1
    return counts


def judge(score: Score, tally: Tally, fallback: Table | None) -> Figure:
    """Return the figure that a tally amounts to. Pure, and the only judge there is.

    `fallback` is the table in force on the period's last day, for supplied rows and for units
    that were not assessed.
    """
    if score.table is None:
        given = tally.supplied.get("total", ())
        return _figure(Fraction(given[-1]), {}) if given else Figure("not_assessed")
    if not tally.assessments and score.not_assessed == "no_score":
        return Figure("not_assessed")
    tables = dict(tally.assessments) or ({"": (0, fallback)} if fallback is not None else {})
    per_assessment = [_assess(a, table, tally) for a, (_, table) in tables.items()]
    times = [time for time, _ in tables.values()]
    deducted = _combine(score.several, per_assessment, times)
    supplied, missing = _supplied(fallback, tally)
    rows = {**deducted, **supplied}
    if missing:
        return Figure("incomplete", rows=_printed_rows(rows), missing=missing)
    return _figure(sum(rows.values(), Fraction(0)), rows)


def _assess(assessment: str, table: Table, tally: Tally) -> dict[str, Fraction]:
    """Return the points each deducting row keeps in one assessment."""
    kept = {}
    for row in table.rows.values():
        if row.each is not None:
            lost = row.each * tally.counts.get((assessment, row.id), 0)
            kept[row.id] = Fraction(row.full - min(row.full, lost))
    return kept


def _combine(
    several: str, assessments: Sequence[Mapping[str, Fraction]], times: Sequence[int]
) -> dict[str, Fraction]:
    """Return one figure a row from all assessments of the period."""
    if len(assessments) == 1:
        return dict(assessments[0])
    if several == "latest":
        return dict(max(zip(times, range(len(times)), assessments, strict=True))[2])
    if several == "worst":
        return dict(assessments[min(range(len(assessments)), key=lambda i: _total(assessments[i]))])
    rows = {
        row: [kept[row] for kept in assessments if row in kept]
        for kept in assessments
        for row in kept
    }
    if several == "sum":
        return {row: sum(values, Fraction(0)) for row, values in rows.items()}
    return {row: sum(values, Fraction(0)) / len(values) for row, values in rows.items()}


def _supplied(table: Table | None, tally: Tally) -> tuple[dict[str, Fraction], tuple[str, ...]]:
    """Return the supplied rows' points, and the rows whose organ has not awarded any yet."""
    points: dict[str, Fraction] = {}
    missing: list[str] = []
    for row in table.rows.values() if table is not None else ():
        if row.each is not None:
            continue
        given = tally.supplied.get(row.id, ())
        if given:
            points[row.id] = Fraction(min(max(given[-1], Decimal(0)), row.full))
        elif row.not_supplied == "no_score":
            missing.append(row.citation.title)
        else:
            points[row.id] = Fraction(row.full if row.not_supplied == "full" else 0)
    return points, tuple(missing)


def _total(kept: Mapping[str, Fraction]) -> Fraction:
    return sum(kept.values(), Fraction(0))


def mean(parts: Sequence[Fraction], expected: int, min_share: Decimal, bonus: Decimal) -> Figure:
    """Return the figure of a longer period: the mean of its assessed parts, plus the bonus."""
    if not parts or Fraction(len(parts), expected) < Fraction(min_share):
        return Figure("not_assessed")
    return _figure(sum(parts, Fraction(0)) / len(parts) + Fraction(bonus), {})


def with_adjustments(figure: Figure, adjustments: Iterable[Decimal]) -> Figure:
    """Return the figure with earlier periods' corrections added, outside every cap."""
    total = sum(adjustments, Decimal(0))
    if not total or figure.value is None:
        return figure
    return Figure(figure.status, figure.value + Fraction(total),
                  round_half_up(figure.value + Fraction(total)), figure.rows, figure.missing)  # fmt: skip


def counted(charges: Sequence[Charge]) -> dict[str, Decimal]:
    """Return how many points of each finding count: the cap is used up in Order."""
    used: dict[tuple[str, str], Decimal] = {}
    shares: dict[str, Decimal] = {}
    for charge in sorted(charges, key=lambda c: c.order):
        key = (charge.assessment, charge.row.id)
        before = used.get(key, Decimal(0))
        assert charge.row.each is not None
        share = min(charge.row.each, charge.row.full - before)
        used[key] = before + share
        shares[charge.anchor] = share
    return shares


def round_half_up(value: Fraction, places: int = 2) -> Decimal:
    """Return `value` rounded once, half up (away from zero), to `places` decimals."""
    scale = 10**places
    scaled = abs(value) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = -1 if value < 0 else 1
    return Decimal(sign * whole).scaleb(-places)


def _figure(value: Fraction, rows: Mapping[str, Fraction]) -> Figure:
    return Figure("scored", value, round_half_up(value), _printed_rows(rows))


def _printed_rows(rows: Mapping[str, Fraction]) -> dict[str, Decimal]:
    return {row: round_half_up(points) for row, points in rows.items()}
