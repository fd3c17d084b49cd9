"""The rules and facts of the matcher, and the check that refuses what it cannot do safely.

Meaning of a rule, which the reference matcher in the tests states a second time:

- A rule fires once for every combination of **distinct** facts that match its positive patterns in
  their order; one fact never stands for two patterns of a firing.
- A pattern matches a fact of its kind that meets all its conditions.
- A condition on a missing field is false, ``!=`` included; only ``missing`` is true of it.
- ``==`` and ``!=`` compare any two values (values of two types are unequal); an order holds only
  between two numbers or two strings, see `envrules.engine.match_values`.
- An ``absent`` pattern forbids a firing when **any** fact matches it, one of the firing's own facts
  included: to say "no other", compare a field that identifies the fact by ``!=``.
- A pattern that is joined to no earlier one meets every combination of those before it. In a group
  of facts about one unit that is what is meant; what it may cost is bounded when the rule is run.

Alternatives are several rules; windows, sums and counts are computed before and arrive as facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal, TypeAlias

from envrules.engine.match_values import (
    COMPARISONS,
    ORDERINGS,
    Comparison,
    Scalar,
    ValueType,
    value_type,
)

Operator: TypeAlias = Comparison | Literal["exists", "missing"]

MAX_POSITIVE: Final = 3  # the engine reads past its heap from four joined patterns on
MAX_JOINS: Final = 8  # of one pattern; the engine holds 31 terms, a join compiles to three at most


class MatchError(Exception):
    """Anything that the matcher refuses or fails at."""


class RuleError(MatchError):
    """A rule outside what the matcher can do; ``code`` is stable, ``rule`` is the rule's id."""

    def __init__(self, code: str, rule: str, message: str) -> None:
        super().__init__(code, rule, message)
        self.code, self.rule, self.message = code, rule, message

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.code}: {self.message}"


class FactError(MatchError):
    """A fact with a value that is no scalar, or two different facts under one id."""


class MatchLimitError(MatchError):
    """More facts, combinations or rounds than one evaluation may have; evaluate smaller groups."""


class MatchEngineError(MatchError):
    """The C engine failed. Nothing was concluded, and the matcher can be used again."""


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of the fact that matched an earlier positive pattern."""

    alias: str
    field: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a field; ``exists`` and ``missing`` take no value, comparisons need one."""

    field: str
    op: Operator
    value: Scalar | FieldRef | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Facts of one kind that meet every condition; ``absent`` forbids them."""

    alias: str
    kind: str
    conditions: tuple[Condition, ...] = ()
    absent: bool = False

    def references(self) -> Iterable[tuple[Condition, FieldRef]]:
        """Yield the conditions that refer to another pattern, with what they refer to."""
        for condition in self.conditions:
            if isinstance(condition.value, FieldRef):
                yield condition, condition.value


@dataclass(frozen=True, slots=True)
class Rule:
    """One to three positive patterns and any number of absent ones; lower priority sorts first."""

    id: str
    patterns: tuple[Pattern, ...]
    priority: int = 0

    @property
    def positive(self) -> tuple[Pattern, ...]:
        """The patterns that a firing has a fact for."""
        return tuple(pattern for pattern in self.patterns if not pattern.absent)

    @property
    def absent(self) -> tuple[Pattern, ...]:
        """The patterns that no fact may match."""
        return tuple(pattern for pattern in self.patterns if pattern.absent)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of fact that the rule depends on."""
        return frozenset(pattern.kind for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class MatchFact:
    """Something that holds; a key that ``fields`` lacks is a missing field."""

    id: str
    kind: str
    fields: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule and the ids of the facts that matched its positive patterns, in their order."""

    rule: str
    facts: tuple[str, ...]


def check_rules(rules: Iterable[Rule]) -> None:
    """Raise `RuleError` for the first rule that the matcher could not evaluate as it is written."""
    ids: set[str] = set()
    for rule in rules:
        if not rule.id:
            raise RuleError("bad-name", rule.id, "a rule needs a non-empty id")
        if rule.id in ids:
            raise RuleError("duplicate-rule", rule.id, "two rules have this id")
        ids.add(rule.id)
        _check_rule(rule)


def _check_rule(rule: Rule) -> None:
    positive = [pattern.alias for pattern in rule.positive]
    if not 1 <= len(positive) <= MAX_POSITIVE:
        raise RuleError(
            "pattern-count",
            rule.id,
            f"has {len(positive)} positive patterns, needs 1 to {MAX_POSITIVE}",
        )
    seen: set[str] = set()
    earlier: set[str] = set()
    for pattern in rule.patterns:
        if not pattern.alias or not pattern.kind:
            raise RuleError("bad-name", rule.id, "a pattern needs a non-empty alias and kind")
        if pattern.alias in seen:
            raise RuleError("duplicate-alias", rule.id, f"two patterns are called {pattern.alias}")
        seen.add(pattern.alias)
        if len(list(pattern.references())) > MAX_JOINS:
            raise RuleError(
                "too-many-joins", rule.id, f"pattern {pattern.alias} has more than {MAX_JOINS}"
            )
        for condition in pattern.conditions:
            _check_condition(rule, pattern, condition, positive if pattern.absent else earlier)
        if not pattern.absent:
            earlier.add(pattern.alias)


def _check_condition(
    rule: Rule, pattern: Pattern, condition: Condition, visible: Collection[str]
) -> None:
    where = f"pattern {pattern.alias}, field {condition.field!r}"
    if not condition.field:
        raise RuleError("bad-name", rule.id, f"{where}: a field needs a name")
    if condition.op in ("exists", "missing"):
        if condition.value is not None:
            raise RuleError("unexpected-value", rule.id, f"{where}: {condition.op} takes no value")
    elif condition.op not in COMPARISONS:
        raise RuleError("unknown-operator", rule.id, f"{where}: {condition.op!r}")
    elif isinstance(condition.value, FieldRef):
        if condition.value.alias not in visible:
            raise RuleError(
                "unknown-alias",
                rule.id,
                f"{where}: {condition.value.alias!r} is no earlier positive pattern",
            )
    else:
        _check_constant(rule, where, condition)


def _check_constant(rule: Rule, where: str, condition: Condition) -> None:
    try:
        kind = value_type(condition.value)
    except ValueError as error:
        raise RuleError("bad-value", rule.id, f"{where}: {error}") from error
    if kind is ValueType.BOOL and condition.op in ORDERINGS:
        raise RuleError("unordered-value", rule.id, f"{where}: a bool has no order")


def stratify(
    rules: Sequence[Rule], derives: Mapping[str, Set[str]]
) -> tuple[tuple[Rule, ...], ...]:
    """Group rules so that each comes after every rule which derives a kind that it reads.

    ``derives`` gives the kinds of fact that a rule's firings lead to. Rules in a circle, through
    absence or not, are refused with `RuleError`: so one pass over the groups is the fixpoint, and
    what an absent pattern reads is complete when it is read.
    """
    by_id = {rule.id: rule for rule in rules}
    for name in derives:
        if name not in by_id:
            raise RuleError("unknown-rule", name, "derives facts but is not among the rules")
    producers: dict[str, set[str]] = {}
    for name, kinds in derives.items():
        for kind in kinds:
            producers.setdefault(kind, set()).add(name)
    graph = TopologicalSorter(
        {
            rule.id: set().union(*(producers.get(kind, set()) for kind in rule.kinds))
            for rule in rules
        }
    )
    try:
        graph.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        absent = any(
            producers.get(pattern.kind, set()) & set(circle)
            for name in circle
            for pattern in by_id[name].absent
        )
        raise RuleError(
            "cyclic-negation" if absent else "cyclic-rules",
            circle[0],
            "depends on itself: " + " -> ".join(circle),
        ) from None
    strata = []
    while graph.is_active():
        ready = set(graph.get_ready())
        strata.append(tuple(rule for rule in rules if rule.id in ready))
        graph.done(*ready)
    return tuple(strata)
