"""Hypothesis strategies for rules and facts of the matcher, dense enough that rules do fire."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import strategies as st

from envrules.engine.match import (
    Condition,
    FieldRef,
    MatchFact,
    Operator,
    Pattern,
    Rule,
    Scalar,
)

KINDS = ("扣分", "通知单")
FIELDS = ("unit", "分值")
ORDERS: tuple[Operator, ...] = ("<", "<=", ">", ">=")
OPERATORS: tuple[Operator, ...] = ("==", "!=", *ORDERS, "exists", "missing")

# Among them every pair that a careless engine takes for equal, or for different.
AWKWARD: tuple[Scalar, ...] = (
    *(0, 1, -1, 70, 2**53, 2**53 + 1, 2**63, 10**30, True, False),
    *(Decimal("1.0"), Decimal("0.1"), Decimal("0.10"), Decimal("70.00"), Decimal("-0.0")),
    *(Decimal("1E-30"), Decimal("1E+16")),
    *("", "1", "1.0", "true", "ab", "ab!", "中", "中文", "柳湖镇", "\\u4e2d"),
)

scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.sampled_from((1, "1", True, Decimal("1.0"), "中")),
    st.sampled_from(AWKWARD),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
)
kinds = st.sampled_from(KINDS)
fields = st.sampled_from(FIELDS)


@st.composite
def cases(draw: st.DrawFn, max_rules: int = 5) -> tuple[list[Rule], list[MatchFact]]:
    """Rules and facts that draw on the same few values, so that many conditions hold."""
    pool = draw(st.lists(scalars, min_size=2, max_size=3))
    count = draw(st.integers(1, max_rules))
    made = [draw(rules(f"规则{n}", pool)) for n in range(count)]
    return made, draw(facts(pool))


@st.composite
def facts(draw: st.DrawFn, pool: Sequence[Scalar]) -> list[MatchFact]:
    """A group of facts with fields missing now and then."""
    full = st.fixed_dictionaries({field: st.sampled_from(pool) for field in FIELDS})
    partial = st.dictionaries(fields, st.sampled_from(pool), max_size=2)
    size = draw(st.sampled_from((0, 3, 6, 9)))
    row = st.tuples(kinds, st.one_of(full, full, partial))
    rows = draw(st.lists(row, min_size=size, max_size=size))
    return [MatchFact(f"事实{n}", kind, values) for n, (kind, values) in enumerate(rows)]


@st.composite
def rules(draw: st.DrawFn, rule_id: str, pool: Sequence[Scalar]) -> Rule:
    """A rule of one to three positive and up to two absent patterns, in any order."""
    aliases = ("甲", "b", "c")[: draw(st.integers(1, 3))]
    body = [draw(positive(alias, aliases[:n], pool)) for n, alias in enumerate(aliases)]
    for alias in ("无", "none")[: draw(st.sampled_from((0, 0, 1, 2)))]:
        tests = draw(st.lists(conditions(aliases, pool), min_size=1, max_size=3))
        absent = Pattern(alias, draw(kinds), tuple(tests), absent=True)
        body.insert(draw(st.integers(0, len(body))), absent)
    return Rule(rule_id, tuple(body), draw(st.integers(-1, 1)))


@st.composite
def positive(
    draw: st.DrawFn, alias: str, earlier: Sequence[str], pool: Sequence[Scalar]
) -> Pattern:
    """A positive pattern, mostly with a join unless it is the first."""
    tests = draw(st.lists(conditions(earlier, pool), max_size=1 if earlier else 2))
    if earlier and draw(st.sampled_from((True, True, False))):
        join = Condition(draw(fields), "==", draw(references(earlier)))
        tests.insert(draw(st.integers(0, len(tests))), join)
    return Pattern(alias, draw(kinds), tuple(tests))


@st.composite
def conditions(draw: st.DrawFn, earlier: Sequence[str], pool: Sequence[Scalar]) -> Condition:
    """Any condition that a pattern may have which can refer to these earlier ones."""
    field, op = draw(fields), draw(st.sampled_from(OPERATORS))
    if op in ("exists", "missing"):
        return Condition(field, op)
    joined = draw(st.integers(0, 1)) if earlier else 0
    if joined:
        return Condition(field, op, draw(references(earlier)))
    value = draw(st.sampled_from(pool))
    if isinstance(value, bool) and op in ORDERS:
        op = "=="
    return Condition(field, op, value)


def references(earlier: Sequence[str]) -> st.SearchStrategy[FieldRef]:
    """A field of one of these patterns."""
    return st.builds(FieldRef, st.sampled_from(earlier), fields)
