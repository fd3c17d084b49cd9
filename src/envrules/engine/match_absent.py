"""Absence, decided after the match: the C engine's own negation fires when it should not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from envrules.engine.match_rules import Condition, FieldRef, MatchFact, Rule
from envrules.engine.match_values import compare


def forbidden(rule: Rule, chosen: Sequence[MatchFact], facts: Iterable[MatchFact]) -> bool:
    """Tell whether any of the facts matches an absent pattern of a rule that chose some of them."""
    absent = rule.absent
    if not absent:
        return False
    by_alias = dict(zip((pattern.alias for pattern in rule.positive), chosen, strict=True))
    return any(
        fact.kind == pattern.kind
        and all(_holds(condition, fact, by_alias) for condition in pattern.conditions)
        for pattern in absent
        for fact in facts
    )


def _holds(condition: Condition, fact: MatchFact, by_alias: Mapping[str, MatchFact]) -> bool:
    present = condition.field in fact.fields
    if condition.op == "exists" or condition.op == "missing":
        return present == (condition.op == "exists")
    other = condition.value
    if isinstance(other, FieldRef):
        other = by_alias[other.alias].fields.get(other.field)
    if not present or other is None:
        return False
    return compare(condition.op, fact.fields[condition.field], other)
