"""Findings that deduct: what each of them costs, and what of that reaches the figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from envrules.kinds.compiled import Parameter, plain
from envrules.kinds.rounding import printed_rows, round_half_up
from envrules.kinds.scores import Score, Tally, deducted, one_full, weights
from envrules.kinds.tables import Number, Row, as_number
from envrules.model.decisions import Step
from envrules.model.events import Event


@dataclass(frozen=True, slots=True)
class Factor:
    """What multiplies the points of a finding."""

    value: Fraction
    words: str
    """Why, as a clause, Chinese."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """One finding that deducts: where it stands in Order, in which assessment and row."""

    order: tuple[int, int, int, str, str]
    assessment: str
    row: Row
    event: Event
    finding: str
    """Finding id within an inspection, or empty where the event itself is the finding."""
    said: str
    """What was found, as a clause, Chinese."""
    issue: str = ""
    flags: tuple[Parameter, ...] = ()
    factors: tuple[Factor, ...] = ()
    restored: Factor | None = None
    """The share given back because the issue was put right by its deadline."""
    causes: tuple[str, ...] = ()
    """Ids of the other events that it rests on."""

    @property
    def anchor(self) -> str:
        """Return the anchor of the deduction's slot."""
        return f"{self.event.id}#{self.finding}" if self.finding else self.event.id

    @property
    def weight(self) -> Fraction:
        """How many findings it is worth, before anything is given back."""
        weight = Fraction(1)
        for factor in self.factors:
            weight *= factor.value
        return weight

    @property
    def standing(self) -> Fraction:
        """How many findings it is worth in the tally, after what is given back."""
        return self.weight * (1 - self.restored.value) if self.restored else self.weight

    @property
    def points(self) -> Decimal:
        """Points that it costs, before anything is given back and before the row's cap."""
        assert self.row.each is not None
        return exact(Fraction(self.row.each) * self.weight) if self.factors else self.row.each


def exact(value: Fraction) -> Decimal:
    """Return a product of decimals as the decimal that it is."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def count(charges: Iterable[Charge]) -> dict[tuple[str, str], Number]:
    """Return the additive part of the tally: the weight of findings per assessment and row."""
    counts: dict[tuple[str, str], Number] = {}
    for charge in charges:
        key = (charge.assessment, charge.row.id)
        counts[key] = counts.get(key, 0) + as_number(charge.standing)
    return counts


@dataclass(frozen=True, slots=True)
class Share:
    """What of one finding's points reaches the figure, and why not all of them."""

    counted: Decimal
    """Exact to two places: the shares of a row add up to what the figure lost in it."""
    why: str = ""
    """As a clause, Chinese; empty where all of it counts."""


def counted(score: Score, tally: Tally, charges: Sequence[Charge]) -> dict[str, Share]:
    """Return how many points of each finding count, by anchor: caps are used up in Order.

    What is given back leaves its part of the cap to others. Of a mean each assessment's findings
    count in part; where one assessment alone counts, the others' do not. Where a mean does not
    come out even, hundredths go to findings in Order.
    """
    if not charges:
        return {}
    kept, weighs = deducted(score, tally), weights(score, tally)
    used: dict[tuple[str, str], Fraction] = {}
    rows: dict[str, list[tuple[Charge, Fraction, str]]] = {}
    tables = {a: table for a, (_, table) in tally.assessments.items()}
    for charge in sorted(charges, key=lambda c: c.order):
        row, each = charge.row, charge.row.each
        assert each is not None
        summed = score.several == "sum"
        full = one_full(row.id, tables) if summed else row.full
        key = ("" if summed else charge.assessment, row.id)
        before = used.get(key, _NONE)
        lost = Fraction(each) * charge.standing
        share = min(lost, max(Fraction(full) - before, _NONE))
        used[key] = before + share
        weight = weighs.get((charge.assessment, row.id), _NONE)
        capped = f"该项 {plain(full)} 分已扣完" if share < lost else ""
        why = _why(score, tally, weight, charge, capped)
        rows.setdefault(row.id, []).append((charge, share * weight, why))
    printed = printed_rows(kept)
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


def _why(score: Score, tally: Tally, weight: Fraction, charge: Charge, capped: str) -> str:
    """Return why a finding counts in part only, as a clause."""
    several = len(tally.assessments)
    if not weight:
        return f"{several} 次考核取{'最近' if score.several == 'latest' else '最低'}一次，本次不计"
    mean = f"{several} 次考核取平均" if weight < 1 else ""
    restored = ""
    if charge.restored is not None:
        back = exact(Fraction(charge.points) * charge.restored.value)
        restored = f"{charge.restored.words}，返还 {plain(back)} 分"
    return "；".join(filter(None, (restored, capped, mean)))


def _hundredths(lost: Sequence[Fraction], kept: Fraction, printed: Decimal | None) -> list[Decimal]:
    """Return the losses of one row to two places each, adding up to what its print shows lost."""
    total = sum(lost, _NONE)
    shown = Fraction(round_half_up(kept + total)) - Fraction(printed or 0)
    points: list[Decimal] = []
    run, given = _NONE, Decimal(0)
    for part in lost:
        run += part
        upto = round_half_up(shown * run / total) if total else Decimal(0)
        points.append(upto - given)
        given = upto
    return points
