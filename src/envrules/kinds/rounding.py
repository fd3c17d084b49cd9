"""Exact sums, and the one rounding there is: half up, to two places, rows that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm


def round_half_up(value: Fraction, places: int = 2) -> Decimal:
    """Return `value` rounded once, half up (away from zero), to `places` decimals."""
    return Decimal(_nearest(value.numerator * 10**places, value.denominator)).scaleb(-places)


def printed_rows(rows: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Return the rows to two places each, so that they add up to the printed figure."""
    printed: dict[str, Decimal] = {}
    numbers, whole = _over_one(rows.values())
    run = given = 0
    for row, number in zip(rows, numbers, strict=True):
        run += number
        upto = _nearest(100 * run, whole)
        printed[row] = Decimal(upto - given).scaleb(-2)
        given = upto
    return printed


def _nearest(numerator: int, denominator: int) -> int:
    """Return the whole number nearest to a fraction, of two the one away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole


def exact_sum(values: Iterable[Fraction]) -> Fraction:
    """Return the sum."""
    numbers, whole = _over_one(values)
    return Fraction(sum(numbers), whole)


def _over_one(values: Iterable[Fraction]) -> tuple[list[int], int]:
    """Return fractions as numerators over one denominator: to add them one by one takes longer."""
    ratios = [value.as_integer_ratio() for value in values]
    whole = lcm(*[denominator for _, denominator in ratios])
    return [number * (whole // denominator) for number, denominator in ratios], whole
