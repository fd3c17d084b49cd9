"""What the rules mean, said a second time in the plainest Python: the matcher must agree.

It shares only the data classes with `envrules.engine.match`, and tries every combination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import permutations
from typing import Any

from envrules.engine.match import Condition, FieldRef, Firing, MatchFact, Pattern, Rule


def reference_firings(rules: Iterable[Rule], facts: Iterable[MatchFact]) -> list[Firing]:
    """Return what `Matcher.run` should."""
    known = list(facts)
    ranked = []
    for rule in rules:
        positive = [pattern for pattern in rule.patterns if not pattern.absent]
        negative = [pattern for pattern in rule.patterns if pattern.absent]
        for chosen in permutations(known, len(positive)):
            bound = {pattern.alias: fact for pattern, fact in zip(positive, chosen, strict=True)}
            if not all(matches(p, f, bound) for p, f in zip(positive, chosen, strict=True)):
                continue
            if any(matches(pattern, fact, bound) for pattern in negative for fact in known):
                continue
            ranked.append((rule.priority, rule.id, tuple(fact.id for fact in chosen)))
    return [Firing(rule, ids) for _, rule, ids in sorted(ranked)]


def reference_fixpoint(
    rules: Sequence[Rule],
    derives: Mapping[str, Set[str]],
    facts: Iterable[MatchFact],
    derive: Callable[[Firing], Iterable[MatchFact]],
) -> tuple[set[Firing], set[str]]:
    """Return the firings and all facts' ids, running a rule once nothing that it reads can grow."""
    known = {fact.id: fact for fact in facts}
    fired: set[Firing] = set()
    waiting = list(rules)
    while waiting:
        growing = {kind for rule in waiting for kind in derives.get(rule.id, ())}
        rule = next(r for r in waiting if not growing & {p.kind for p in r.patterns})
        waiting.remove(rule)
        for firing in reference_firings([rule], known.values()):
            fired.add(firing)
            for fact in derive(firing):
                known[fact.id] = fact
    return fired, set(known)


def matches(pattern: Pattern, fact: MatchFact, bound: Mapping[str, MatchFact]) -> bool:
    """Tell whether a fact is of the pattern's kind and meets all its conditions."""
    return fact.kind == pattern.kind and all(holds(c, fact, bound) for c in pattern.conditions)


def holds(condition: Condition, fact: MatchFact, bound: Mapping[str, MatchFact]) -> bool:
    """Tell whether one condition is true of a fact."""
    if condition.op == "missing":
        return condition.field not in fact.fields
    if condition.field not in fact.fields:
        return False
    if condition.op == "exists":
        return True
    left = fact.fields[condition.field]
    if isinstance(condition.value, FieldRef):
        other = bound[condition.value.alias]
        if condition.value.field not in other.fields:
            return False
        right = other.fields[condition.value.field]
    else:
        assert condition.value is not None
        right = condition.value
    return is_true(left, condition.op, right)


def is_true(left: Any, op: str, right: Any) -> bool:
    """Compare two scalars, each of which is a number, a string or a boolean."""
    if type_name(left) != type_name(right):
        return op == "!="
    if op in ("==", "!="):
        return bool((left == right) == (op == "=="))
    if type_name(left) == "boolean":
        return False
    return bool((op[0] == "<" and left < right) or (op[0] == ">" and left > right)) or (
        op.endswith("=") and bool(left == right)
    )


def type_name(value: object) -> str:
    """Name the type that a scalar has for the rules."""
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
