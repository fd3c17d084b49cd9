"""Capped additive scores: points lost per finding, items supplied from outside, means.

A checklist that scores is a table too: its items are the rows, and one that is not met loses all
its points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from envrules.kinds.checklists import Checklist
from envrules.kinds.compiled import Parameter, plain
from envrules.model.values import Citation, Dated


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
    marks: str = field(init=False, compare=False)
    """What it is worth, as every deduction says it; made once."""

    def __post_init__(self) -> None:
        """Put the marks into words."""
        each = f"每处 {plain(self.each)} 分，" if self.each is not None else ""
        object.__setattr__(self, "marks", f"{each}满分 {plain(self.full)} 分")


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

    counts: Mapping[tuple[str, str], Fraction]
    """(assessment, row) → findings, each by its weight."""
    assessments: Mapping[str, tuple[int, Table]]
    """Assessment → (time, table in force)."""
    supplied: Mapping[str, Award]
    """Item → the last award in Order, which stands."""


def merge(one: Tally, other: Tally) -> Tally:
    """Return the tally of all that two tallies were made of, which have no event in common."""
    counts = dict(one.counts)
    for key, number in other.counts.items():
        counts[key] = counts.get(key, _NONE) + number
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
    kept, _ = deducted(score, tally, fallback)
    supplied, missing = _supplied(fallback, tally)
    rows = {**kept, **supplied}
    if missing:
        return Figure("incomplete", rows=printed_rows(rows), missing=missing)
    return figure(sum(rows.values(), Fraction(0)), rows)


def _assessed(tally: Tally, table: Table | None) -> bool:
    """Return whether anybody has assessed: where no row deducts, that is up to the organs."""
    deducts = table is None or any(row.each is not None for row in table.rows.values())
    return bool(tally.assessments if deducts else tally.supplied)


Weights = Mapping[tuple[str, str], Fraction]
"""(assessment, row) → the share of what was lost there that reaches the figure."""


def deducted(
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
    means = {row: _mean(tuple(kept[a][row] for a in seen)) for row, seen in counts.items()}
    return means, weights


def _assess(assessment: str, table: Table, tally: Tally) -> dict[str, Fraction]:
    """Return the points each deducting row keeps in one assessment."""
    kept = {}
    for row in table.rows.values():
        if row.each is not None:
            number = tally.counts.get((assessment, row.id), _NONE)
            kept[row.id] = _kept(row.full, row.each, number)
    return kept


@lru_cache(maxsize=4096)
def _kept(full: Decimal, each: Decimal, number: Fraction) -> Fraction:
    """Return what is left of a full mark. Few cases make up all of a year: they are remembered."""
    return max(Fraction(full) - Fraction(each) * number, _NONE)


@lru_cache(maxsize=4096)
def _mean(values: tuple[Fraction, ...]) -> Fraction:
    """Return the mean. Of one row's marks there are few different ones: they are remembered."""
    return sum(values, _NONE) / len(values)


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
    full = one_full(row, tables)
    lost = sum(
        (Fraction(tables[a].rows[row].each or 0) * tally.counts.get((a, row), 0)
         for a in assessments), _NONE,
    )  # fmt: skip
    return max(Fraction(full) - lost, _NONE)


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
            points[row.id] = Fraction(min(max(given[1], Decimal(0)), row.full))
        elif row.not_supplied == "no_score":
            missing.append(row.citation.title)
        else:
            points[row.id] = Fraction(row.full if row.not_supplied == "full" else 0)
    return points, tuple(missing)


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


def round_half_up(value: Fraction, places: int = 2) -> Decimal:
    """Return `value` rounded once, half up (away from zero), to `places` decimals."""
    scale = 10**places
    scaled = abs(value) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = -1 if value < 0 else 1
    return Decimal(sign * whole).scaleb(-places)


def printed_rows(rows: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Return the rows to two places each, so that they add up to the printed figure."""
    printed: dict[str, Decimal] = {}
    run, given = Fraction(0), Decimal(0)
    for row, points in rows.items():
        run += points
        upto = round_half_up(run)
        printed[row] = upto - given
        given = upto
    return printed
