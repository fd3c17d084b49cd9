"""Capped additive scores: points lost per finding, items supplied from outside, bonus, means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.checklists import Checklist
from envrules.kinds.common import ParamRef, Slug, Sourced, Text, Word
from envrules.kinds.compiled import Parameter, plain
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
    full: ParamRef | None = Field(
        default=None, description="most points that the organ may report as a total"
    )
    mean_of: Slug | None = None
    weighted: dict[Slug, ParamRef] = Field(
        default_factory=dict,
        description="scores of the same or a shorter period and their weights; each counts as the "
        "mean of its assessed periods",
    )
    checklist: Slug | None = Field(
        default=None, description="points of the items that an inspection found met"
    )
    indicator: Slug | None = Field(default=None, description="the figure of an indicator")
    min_share: ParamRef | None = Field(
        default=None, description="share of the sub-periods that must have been assessed"
    )
    counts: tuple[Word, ...] = Field(
        default=(), description="kinds of inspection whose findings deduct"
    )
    several: Literal["mean", "sum", "latest", "worst"] = "mean"
    not_assessed: Literal["no_score", "full"] = "no_score"
    min_presence: ParamRef | None = Field(
        default=None, description="share of the period that a unit must have existed to take part"
    )
    bonus: BonusSpec | None = None
    finder: dict[Word, ParamRef] = Field(
        default_factory=dict, description="level of the finder (source_level) to a multiplier"
    )
    own_found: ParamRef | None = Field(
        default=None, description="multiplier of what the unit reported itself"
    )
    repeat: Slug | None = Field(
        default=None,
        description="deadline before which the same issue does not deduct a second time",
    )
    restore: ParamRef | None = Field(
        default=None, description="share of the points given back if put right by the deadline"
    )
    restore_by: Slug | None = Field(default=None, description="the deadline that `restore` means")

    @model_validator(mode="after")
    def _one_origin(self) -> ScoreSpec:
        origins = (self.table, self.supplied_by, self.mean_of, self.checklist, self.indicator)
        if sum(v is not None for v in origins) + bool(self.weighted) != 1:
            raise ValueError(
                "give exactly one of table, supplied_by, mean_of, weighted, checklist, indicator"
            )
        if (self.restore is None) != (self.restore_by is None):
            raise ValueError("give restore and restore_by together")
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

    def needs_place(self, category: str) -> bool:
        """Return whether some row would deduct for this category, if the place were known."""
        return any(place and found in ("", category) for place, found in self._index)


@dataclass(frozen=True, slots=True)
class Score:
    """Compiled `scores` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    period: Literal["month", "quarter", "year"]
    table: Dated[Table] | None
    supplied_by: str
    full: Parameter | None
    mean_of: str
    min_share: Parameter | None
    min_presence: Parameter | None
    counts: frozenset[str]
    several: Literal["mean", "sum", "latest", "worst"]
    not_assessed: Literal["no_score", "full"]
    bonus_by: str
    bonus_citation: Citation | None
    rank: int
    """Depth over the scores and indicators that it reads: 0 for a score that reads events."""
    weighted: Mapping[str, Parameter] = field(default_factory=dict)
    checklist: Checklist | None = None
    indicator: str = ""
    finder: Mapping[str, Parameter] = field(default_factory=dict)
    own_found: Parameter | None = None
    repeat: str = ""
    restore: Parameter | None = None
    restore_by: str = ""

    @property
    def parts(self) -> frozenset[str]:
        """The scores that this one is made of."""
        return frozenset(self.weighted) | ({self.mean_of} if self.mean_of else set())


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
    deducted, _ = _deducted(score, tally, fallback)
    supplied, missing = _supplied(fallback, tally)
    rows = {**deducted, **supplied}
    if missing:
        return Figure("incomplete", rows=_printed_rows(rows), missing=missing)
    return _figure(sum(rows.values(), Fraction(0)), rows)


Weights = Mapping[tuple[str, str], Fraction]
"""(assessment, row) → the share of what was lost there that reaches the figure."""


def _deducted(
    score: Score, tally: Tally, fallback: Table | None = None
) -> tuple[dict[str, Fraction], Weights]:
    """Return the points each deducting row keeps in the period, and how assessments weigh in."""
    tables = {a: table for a, (_, table) in tally.assessments.items()}
    if not tables and fallback is not None:
        tables = {"": fallback}
    kept = {a: _assess(a, table, tally) for a, table in tables.items()}
    if score.several in ("latest", "worst") and len(kept) > 1:
        times = [time for time, _ in tally.assessments.values()]
        one = _one_of(score.several, kept, times)
        return kept[one], {(one, row): Fraction(1) for row in kept[one]}
    counts: dict[str, list[str]] = {}
    for assessment, rows in kept.items():
        for row in rows:
            counts.setdefault(row, []).append(assessment)
    if score.several == "sum":
        whole = {(a, row): Fraction(1) for row, seen in counts.items() for a in seen}
        return {row: _summed(row, seen, tables, tally) for row, seen in counts.items()}, whole
    weights = {(a, row): Fraction(1, len(seen)) for row, seen in counts.items() for a in seen}
    means = {
        row: sum((kept[a][row] for a in seen), Fraction(0)) / len(seen)
        for row, seen in counts.items()
    }
    return means, weights


def _assess(assessment: str, table: Table, tally: Tally) -> dict[str, Fraction]:
    """Return the points each deducting row keeps in one assessment."""
    kept = {}
    for row in table.rows.values():
        if row.each is not None:
            lost = row.each * tally.counts.get((assessment, row.id), 0)
            kept[row.id] = Fraction(row.full - min(row.full, lost))
    return kept


def _one_of(several: str, kept: Mapping[str, Mapping[str, Fraction]], times: Sequence[int]) -> str:
    """Return the assessment that alone counts: the latest, or the worst (the first of equals)."""
    names = list(kept)
    if several == "latest":
        return max(zip(times, range(len(names)), names, strict=True))[2]
    return min(names, key=lambda name: sum(kept[name].values(), Fraction(0)))


def _summed(
    row: str, assessments: Sequence[str], tables: Mapping[str, Table], tally: Tally
) -> Fraction:
    """Return what one full mark, that of the last assessment, keeps of all assessments' losses."""
    full = _one_full(row, tables)
    lost = sum(
        ((tables[a].rows[row].each or Decimal(0)) * tally.counts.get((a, row), 0)
         for a in assessments), Decimal(0),
    )  # fmt: skip
    return Fraction(full - min(full, lost))


def _one_full(row: str, tables: Mapping[str, Table]) -> Decimal:
    """Return the full mark of a row in the last of these tables that has it."""
    return [table.rows[row].full for table in tables.values() if row in table.rows][-1]


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


@dataclass(frozen=True, slots=True)
class Share:
    """What of one finding's points reaches the figure, and why not all of them."""

    counted: Decimal
    """Exact to two places: the shares of a row add up to what the figure lost in it."""
    why: str = ""
    """As a clause, Chinese; empty where all of it counts."""


def counted(score: Score, tally: Tally, charges: Sequence[Charge]) -> dict[str, Share]:
    """Return how many points of each finding count, by anchor: caps are used up in Order.

    Of a mean each assessment's findings count in part; where one assessment alone counts, the
    others' do not. Where a mean does not come out even, hundredths go to findings in Order.
    """
    kept, weights = _deducted(score, tally)
    used: dict[tuple[str, str], Decimal] = {}
    rows: dict[str, list[tuple[Charge, Fraction, str]]] = {}
    tables = {a: table for a, (_, table) in tally.assessments.items()}
    for charge in sorted(charges, key=lambda c: c.order):
        row, each = charge.row, charge.row.each
        assert each is not None
        summed = score.several == "sum"
        full = _one_full(row.id, tables) if summed else row.full
        key = ("" if summed else charge.assessment, row.id)
        before = used.get(key, Decimal(0))
        share = min(each, max(full - before, Decimal(0)))
        used[key] = before + share
        weight = weights.get((charge.assessment, row.id), Fraction(0))
        why = _why(score, tally, weight, f"该项 {plain(full)} 分已扣完" if share < each else "")
        rows.setdefault(row.id, []).append((charge, Fraction(share) * weight, why))
    printed = _printed_rows(kept)
    return {
        charge.anchor: Share(points, why)
        for row, parts in rows.items()
        for (charge, _, why), points in zip(
            parts,
            _hundredths([lost for _, lost, _ in parts], kept.get(row, _NONE), printed.get(row)),
            strict=True,
        )
    }


_NONE = Fraction(0)


def _why(score: Score, tally: Tally, weight: Fraction, capped: str) -> str:
    """Return why a finding counts in part only, as a clause."""
    several = len(tally.assessments)
    if not weight:
        return f"{several} 次考核取{'最近' if score.several == 'latest' else '最低'}一次，本次不计"
    mean = f"{several} 次考核取平均" if weight < 1 else ""
    return "；".join(filter(None, (capped, mean)))


def _hundredths(lost: Sequence[Fraction], kept: Fraction, printed: Decimal | None) -> list[Decimal]:
    """Return the losses of one row to two places each, adding up to what its print shows lost."""
    total = sum(lost, Fraction(0))
    shown = Fraction(round_half_up(kept + total)) - Fraction(printed or 0)
    points: list[Decimal] = []
    run, given = Fraction(0), Decimal(0)
    for part in lost:
        run += part
        upto = round_half_up(shown * run / total) if total else Decimal(0)
        points.append(upto - given)
        given = upto
    return points


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
    """Return the rows to two places each, so that they add up to the printed figure."""
    printed: dict[str, Decimal] = {}
    run, given = Fraction(0), Decimal(0)
    for row, points in rows.items():
        run += points
        upto = round_half_up(run)
        printed[row] = upto - given
        given = upto
    return printed
