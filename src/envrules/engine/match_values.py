"""Scalars of the matcher: their types, how they compare, and the integers that stand for them.

Three types are kept apart: numbers (``int`` and ``Decimal``, compared exactly), strings (ordered by
code point) and booleans (not ordered). Values of different types are never equal, so ``1``, ``"1"``
and ``True`` are three values, while ``1`` and ``Decimal("1.0")`` are one.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final, Literal, TypeAlias

Scalar: TypeAlias = str | int | bool | Decimal
Comparison: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class ValueType(IntEnum):
    """The type of a scalar; a missing field has none."""

    NUMBER = 1
    STRING = 2
    BOOL = 3  # the last: the compiler tells the ordered types from it by "<"


TypedValue: TypeAlias = tuple[ValueType, Scalar]

ORDERINGS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARISONS: Final = frozenset({"==", "!=", *ORDERINGS})


def value_type(value: object) -> ValueType:
    """Return the type of a scalar; raise ``ValueError`` for a float, a NaN or anything else."""
    if isinstance(value, bool):  # before int, of which Python makes it a kind
        return ValueType.BOOL
    if isinstance(value, str):
        return ValueType.STRING
    if isinstance(value, int):
        return ValueType.NUMBER
    if isinstance(value, Decimal):
        if value.is_finite():
            return ValueType.NUMBER
        raise ValueError(f"{value} is not a finite number")
    raise ValueError(f"a {type(value).__name__} is not a str, int, bool or Decimal")


def compare(op: Comparison, left: Scalar, right: Scalar) -> bool:
    """Tell whether ``left op right`` holds; an order of two types, or of booleans, never does."""
    left_type, right_type = value_type(left), value_type(right)
    if op in ORDERINGS:
        ordered = left_type is right_type is not ValueType.BOOL
        return ordered and ORDERINGS[op](left, right)
    equal = left_type is right_type and left == right
    return equal if op == "==" else not equal


class Codes:
    """Positive integers that stand for scalars, so that no text or decimal reaches the C engine.

    Equal scalars have one code; the codes of a type are ordered as its scalars are; the types use
    ranges that do not meet. The constants of the rules keep their codes, the other values of an
    evaluation are ranked in the gaps between them. So there is no scale to choose, and no number
    is too large or too fine.
    """

    MISSING: Final = 0
    _GAP: Final = 1 << 20  # far above the number of values in one evaluation
    # The engine compares 64-bit integers exactly; the codes of all three types stay below 2**53.
    _RANGE: Final = 1 << 48

    def __init__(self, constants: Iterable[Scalar]) -> None:
        self._constants = _by_type((value_type(value), value) for value in constants)

    def constant(self, value: Scalar) -> int:
        """Return the code of one of the constants."""
        kind = value_type(value)
        return self._odd_gap(kind, bisect_left(self._constants[kind], value))

    def assign(self, values: Iterable[TypedValue]) -> dict[TypedValue, int]:
        """Return a code for each value, comparable with the constants' and with each other."""
        codes: dict[TypedValue, int] = {}
        for kind, ordered in _by_type(values).items():
            constants = self._constants[kind]
            for rank, value in enumerate(ordered, start=1):
                at = bisect_left(constants, value)
                if at < len(constants) and constants[at] == value:
                    codes[kind, value] = self._odd_gap(kind, at)
                else:
                    codes[kind, value] = kind * self._RANGE + 2 * at * self._GAP + rank
        return codes

    def _odd_gap(self, kind: ValueType, at: int) -> int:
        return kind * self._RANGE + (2 * at + 1) * self._GAP


def _by_type(values: Iterable[TypedValue]) -> dict[ValueType, list[Any]]:
    groups: dict[ValueType, set[Any]] = {kind: set() for kind in ValueType}
    for kind, value in values:
        groups[kind].add(value)
    return {kind: sorted(group) for kind, group in groups.items()}
