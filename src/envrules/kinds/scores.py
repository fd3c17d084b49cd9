"""Capped additive scores: points lost per finding, items supplied from outside, means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from envrules.kinds.checklists import Checklist
from envrules.kinds.compiled import Parameter
from envrules.kinds.rounding import exact_sum, printed_rows, round_half_up
from envrules.kinds.tables import Number, Row, Table
from envrules.model.values import Citation, Dated


@dataclass(frozen=True, slots=True)
class Score:
    """Compiled `scores` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    period: Literal["week", "month", "quarter", "year"]
    table: Dated[Table] | None
    """Its table, or the items of its checklist."""
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

    @property
    def watches_issues(self) -> bool:
        """Whether what a finding costs depends on how its issue stands against a deadline."""
        return bool(self.repeat or self.restore_by)


_NONE = Fraction(0)

Award = tuple[tuple[int, int, int, str], Decimal]
"""Where an award stands in Order, and the points."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Additive counts of one unit and period: equal however the events were ordered or split."""

    counts: Mapping[tuple[str, str], Number]
    """(assessment, row) → findings, each by its weight."""
    assessments: Mapping[str, tuple[int, Table]]
    """Assessment → (time, table in force)."""
    supplied: Mapping[str, Award]
    """Item → the last award in Order, which stands."""


def merge(one: Tally, other: Tally) -> Tally:
    """Return the tally of all that two tallies were made of, which have no event in common."""
    counts = dict(one.counts)
    for key, number in other.counts.items():
        counts[key] = counts.get(key, 0) + number
    assessments = dict(one.assessments)
    for name, seen in other.assessments.items():
        assessments[name] = min(assessments.get(name, seen), seen, key=lambda known: known[0])
    supplied = dict(one.supplied)
    for item, award in other.supplied.items():
        supplied[item] = max(supplied.get(item, award), award)
    in_time = sorted(assessments.items(), key=lambda known: known[1][0])
    return Tally(counts, dict(in_time), supplied)


@dataclass(frozen=True, slots=True)
class Figure:
    """The judged figure: `value` is exact, `printed` is what bands and ranks use."""

    status: Literal["scored", "not_assessed", "incomplete"]
    value: Fraction | None = None
    printed: Decimal | None = None
    rows: Mapping[str, Decimal] | None = None
    """Row → points kept (mean over assessments), for the statement."""
    missing: tuple[str, ...] = ()
    """Titles of what it lacks: rows that an organ has not awarded yet, parts without a figure."""


def judge(score: Score, tally: Tally, fallback: Table | None) -> Figure:
    """Return the figure that a tally amounts to. Pure, and the only judge there is.

    `fallback` is the table in force on the period's last day, for supplied rows and for units
    that were not assessed.
    """
    if score.table is None:
        given = tally.supplied.get("total")
        return figure(Fraction(given[1])) if given else Figure("not_assessed")
    if score.not_assessed == "no_score" and not _assessed(tally, fallback):
        return Figure("not_assessed")
    supplied, missing = _supplied(fallback, tally)
    rows = {**deducted(score, tally, fallback), **supplied}
    if missing:
        return Figure("incomplete", rows=printed_rows(rows), missing=missing)
    return figure(exact_sum(rows.values()), rows)


def _assessed(tally: Tally, table: Table | None) -> bool:
    """Return whether anybody has assessed: where no row deducts, that is up to the organs."""
    return bool(tally.assessments if table is None or table.deducting else tally.supplied)


def deducted(score: Score, tally: Tally, fallback: Table | None = None) -> dict[str, Fraction]:
    """Return the points that each deducting row keeps in the period."""
    tables = {a: table for a, (_, table) in tally.assessments.items()}
    if not tables and fallback is not None:
        tables = {"": fallback}
    if score.several in ("latest", "worst") and len(tables) > 1:
        alone = _one_of(score.several, tables, tally)
        return _means({alone: tables[alone]}, tally)
    if score.several == "sum":
        rows = dict.fromkeys(row.id for table in tables.values() for row in table.deducting)
        return {row: _summed(row, tables, tally) for row in rows}
    return _means(tables, tally)


Weights = Mapping[tuple[str, str], Fraction]
"""(assessment, row) → the share of what was lost there that reaches the figure."""


def weights(score: Score, tally: Tally) -> Weights:
    """Return how assessments weigh in what `deducted` returns; what is not there weighs nothing."""
    tables = {a: table for a, (_, table) in tally.assessments.items()}
    if score.several in ("latest", "worst") and len(tables) > 1:
        alone = _one_of(score.several, tables, tally)
        tables = {alone: tables[alone]}
    seen: dict[str, list[str]] = {}
    for assessment, table in tables.items():
        for row in table.deducting:
            seen.setdefault(row.id, []).append(assessment)
    whole = score.several == "sum"
    return {
        (assessment, row): Fraction(1, 1 if whole else len(those))
        for row, those in seen.items() for assessment in those
    }  # fmt: skip


def _means(tables: Mapping[str, Table], tally: Tally) -> dict[str, Fraction]:
    """Return the mean of what each deducting row keeps in the assessments that have it."""
    assessments: dict[Table, list[str]] = {}
    for assessment, table in tables.items():
        assessments.setdefault(table, []).append(assessment)
    if len(assessments) > 1:
        return _means_of_several(assessments, tally)
    return {
        row.id: _ratio(_kept(row, seen, tally), row.scale * len(seen))
        for table, seen in assessments.items() for row in table.deducting
    }  # fmt: skip


def _means_of_several(
    assessments: Mapping[Table, Sequence[str]], tally: Tally
) -> dict[str, Fraction]:
    """Return the means where assessments were made under different tables."""
    kept: dict[str, Fraction] = {}
    number: dict[str, int] = {}
    for table, seen in assessments.items():
        for row in table.deducting:
            parts = _ratio(_kept(row, seen, tally), row.scale)
            kept[row.id] = kept.get(row.id, _NONE) + parts
            number[row.id] = number.get(row.id, 0) + len(seen)
    return {row: points / number[row] for row, points in kept.items()}


def _kept(row: Row, assessments: Iterable[str], tally: Tally) -> Number:
    """Return what a row keeps in these assessments together, in its parts."""
    counts, name = tally.counts, row.id
    return sum([row.kept(counts.get((a, name), 0)) for a in assessments])


@lru_cache(maxsize=4096)
def _ratio(parts: Number, whole: int) -> Fraction:
    """Return a share. Few different ones make up all of a year: they are remembered."""
    return Fraction(parts, whole)


def _one_of(several: str, tables: Mapping[str, Table], tally: Tally) -> str:
    """Return the assessment that alone counts: the latest, or the worst (the first of equals)."""
    if several == "latest":
        # Of those that began together the last one stands.
        return max(reversed(list(tables)), key=lambda name: tally.assessments[name][0])
    return min(tables, key=lambda name: exact_sum(_means({name: tables[name]}, tally).values()))


def _summed(row: str, tables: Mapping[str, Table], tally: Tally) -> Fraction:
    """Return what one full mark, that of the last assessment, keeps of all assessments' losses."""
    having = {a: table.rows[row] for a, table in tables.items() if row in table.rows}
    full = Fraction(one_full(row, tables))
    lost = exact_sum(
        Fraction(one.step * tally.counts.get((a, row), 0), one.scale) for a, one in having.items()
    )
    return max(full - lost, _NONE)


def one_full(row: str, tables: Mapping[str, Table]) -> Decimal:
    """Return the full mark of a row in the last of these tables that has it."""
    return [table.rows[row].full for table in tables.values() if row in table.rows][-1]


def _supplied(table: Table | None, tally: Tally) -> tuple[dict[str, Fraction], tuple[str, ...]]:
    """Return the supplied rows' points, and the rows whose organ has not awarded any yet."""
    points: dict[str, Fraction] = {}
    missing: list[str] = []
    for row in table.rows.values() if table is not None else ():
        if row.each is not None:
            continue
        given = tally.supplied.get(row.id)
        if given:
            points[row.id] = _exact(min(max(given[1], Decimal(0)), row.full))
        elif row.not_supplied == "no_score":
            missing.append(row.citation.title)
        else:
            points[row.id] = Fraction(row.full if row.not_supplied == "full" else 0)
    return points, tuple(missing)


@lru_cache(maxsize=4096)
def _exact(points: Decimal) -> Fraction:
    """Return points as a fraction. Awards repeat: they are remembered."""
    return Fraction(points)


def mean(parts: Sequence[Decimal], closed: int, min_share: Decimal) -> Fraction | None:
    """Return the mean of the assessed ones of so many closed periods; None: too few of them."""
    if not parts or Fraction(len(parts), max(closed, 1)) < Fraction(min_share):
        return None
    return sum(map(Fraction, parts), Fraction(0)) / len(parts)


def figure(value: Fraction, rows: Mapping[str, Fraction] | None = None) -> Figure:
    """Return the figure that a value amounts to, and what each row keeps of it."""
    return Figure("scored", value, round_half_up(value), printed_rows(rows or {}))


def with_extra(known: Figure, points: Iterable[Decimal]) -> Figure:
    """Return the figure with bonus points and corrections of earlier periods, outside every cap."""
    total = sum(points, Decimal(0))
    if not total or known.value is None:
        return known
    value = known.value + Fraction(total)
    return Figure(known.status, value, round_half_up(value), known.rows, known.missing)
