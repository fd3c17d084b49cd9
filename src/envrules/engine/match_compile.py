"""Rules and facts as the C engine reads them: small integers under generated names, nothing else.

A fact becomes ``{"id":"f3","sid":"s","k":2,"j":1,"v0":…,"t0":…}``: its number, its kind's number, a
constant to join on and, for each field of that kind which a rule reads, the code of the value (0
when missing) and, where an order is asked, the number of its type (0 when missing). All are always
there, so that the engine never meets a missing property; and with no text from a ruleset or a host
inside the engine, its hashing, escaping, coercion and string comparison cannot go wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from envrules.engine.match_rules import (
    Condition,
    FactError,
    FieldRef,
    MatchFact,
    Pattern,
    Rule,
    RuleError,
)
from envrules.engine.match_values import (
    ORDERINGS,
    Codes,
    TypedValue,
    ValueType,
    value_type,
)

SESSION: Final = "s"
BOOT_RULE: Final = "boot"
BOOT_EVENT: Final = '{"id":"boot","sid":"s","k":0}'  # no kind has the number 0

MAX_CONDITIONS: Final = 60  # of one ruleset: the engine fails when over 64 hold of one message
MAX_FIELDS: Final = 120  # of one kind, two properties each: the engine holds 252

Term: TypeAlias = dict[str, object]

_ENGINE_OPS: Final = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_ALIASES: Final = "abc"  # of the first, second and third positive pattern


@dataclass(frozen=True, slots=True)
class Chunk:
    """As many rules as one C ruleset may hold."""

    rules: tuple[Rule, ...]
    wanted: tuple[tuple[str, ...], ...]  # by rule: the kinds of its positive patterns
    kinds: frozenset[str]  # all of them: what the ruleset is to be told of
    definition: str  # in the engine's JSON; the n-th rule is called "rn"

    def decode(self, result: str) -> tuple[Rule, tuple[int, ...]]:
        """Read a result of the engine: which rule fired, for the facts of which numbers."""
        ((name, facts),) = json.loads(result).items()
        numbers = (int(facts[alias]["id"].removeprefix("f")) for alias in _ALIASES[: len(facts)])
        return self.rules[int(name.removeprefix("r"))], tuple(numbers)


class Program:
    """Checked rules in the engine's terms, and the encoding of facts that belongs to them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._kinds: dict[str, int] = {}
        self._slots: dict[str, dict[str, int]] = {}  # kind -> field -> number of its property
        self._ordered: set[tuple[str, str]] = set()  # (kind, field) that needs a type property
        for rule in rules:
            for pattern in rule.patterns:
                self._kinds.setdefault(pattern.kind, len(self._kinds) + 1)
                for condition in pattern.conditions:
                    self._reserve(rule, pattern, condition)
        self._codes = Codes(
            condition.value
            for rule in rules
            for pattern in rule.patterns
            for condition in pattern.conditions
            if condition.value is not None and not isinstance(condition.value, FieldRef)
        )
        self.chunks = tuple(self._chunks(rules))

    def reads(self, kind: str) -> bool:
        """Tell whether any pattern is about facts of this kind."""
        return kind in self._kinds

    def encode(self, facts: Sequence[MatchFact]) -> list[str]:
        """Write facts, all of kinds that are read, for the engine; a fact's number is its position.

        Raises `FactError` when a field that a rule reads holds something that is no scalar.
        """
        rows = [self._typed_values(fact) for fact in facts]
        codes = self._codes.assign(value for row in rows for value in row.values() if value)
        messages = []
        for number, (fact, row) in enumerate(zip(facts, rows, strict=True)):
            parts = [f'"id":"f{number}","sid":"{SESSION}","k":{self._kinds[fact.kind]},"j":1']
            for field, typed in row.items():
                slot = self._slots[fact.kind][field]
                parts.append(f'"v{slot}":{codes[typed] if typed else Codes.MISSING}')
                if (fact.kind, field) in self._ordered:
                    parts.append(f'"t{slot}":{typed[0].value if typed else 0}')
            messages.append("{" + ",".join(parts) + "}")
        return messages

    def _typed_values(self, fact: MatchFact) -> dict[str, TypedValue | None]:
        row: dict[str, TypedValue | None] = {}
        for field in self._slots.get(fact.kind, ()):
            if field not in fact.fields:
                row[field] = None
                continue
            value = fact.fields[field]
            try:
                row[field] = value_type(value), value
            except ValueError as error:
                raise FactError(f"fact {fact.id}, field {field}: {error}") from error
        return row

    def _reserve(self, rule: Rule, pattern: Pattern, condition: Condition) -> None:
        fields = [(pattern.kind, condition.field)]
        if isinstance(condition.value, FieldRef):
            fields.append((_owner(rule, condition.value).kind, condition.value.field))
        for kind, field in fields:
            slots = self._slots.setdefault(kind, {})
            slots.setdefault(field, len(slots))
            if len(slots) > MAX_FIELDS:
                raise RuleError(
                    "too-many-fields", rule.id, f"rules read over {MAX_FIELDS} fields of {kind}"
                )
        if condition.op in ORDERINGS:
            self._ordered.update(fields)

    def _chunks(self, rules: Sequence[Rule]) -> list[Chunk]:
        chunks: list[Chunk] = []
        batch: list[tuple[Rule, list[Term]]] = []
        limit = room = MAX_CONDITIONS - 1  # the boot rule has one
        for rule in rules:
            patterns = [self._terms(rule, pattern) for pattern in rule.positive]
            # Counted with repetitions: the engine shares an equal beginning, but nothing after it.
            need = sum(map(len, patterns))
            if need > limit:
                raise RuleError(
                    "too-many-conditions", rule.id, f"compiles to {need}, at most {limit} fit"
                )
            if need > room:
                chunks.append(_chunk(batch))
                batch, room = [], limit
            algebra: list[Term] = [
                {alias: {"$and": terms}} for alias, terms in zip(_ALIASES, patterns, strict=False)
            ]
            batch.append((rule, algebra))
            room -= need
        if batch:
            chunks.append(_chunk(batch))
        return chunks

    def _terms(self, rule: Rule, pattern: Pattern) -> list[Term]:
        joined = {condition.field for condition, _ in pattern.references()} | {
            ref.field
            for other in rule.positive
            for _, ref in other.references()
            if ref.alias == pattern.alias
        }
        terms: list[Term] = [{"k": self._kinds[pattern.kind]}]
        terms += [
            {"$neq": {self._value(pattern, field): Codes.MISSING}} for field in sorted(joined)
        ]
        joins: list[Term] = []
        for condition in pattern.conditions:
            if isinstance(condition.value, FieldRef):
                terms += self._ordered_types(pattern, condition)
                joins += self._join(rule, pattern, condition, condition.value)
            else:
                terms += self._test(pattern, condition)
        if pattern != rule.positive[0] and "==" not in {c.op for c, _ in pattern.references()}:
            joins.append({"j": {_ALIASES[0]: "j"}})  # only joins by == were found to be safe
        # When the last joined term is false, the engine reads past the end of the list; when the
        # last two are the same, the one before it has already ended the reading.
        return terms + joins + joins[-1:]

    def _test(self, pattern: Pattern, condition: Condition) -> list[Term]:
        value = self._value(pattern, condition.field)
        present: Term = {"$neq": {value: Codes.MISSING}}
        if condition.op == "exists":
            return [present]
        if condition.op == "missing":
            return [{value: Codes.MISSING}]
        assert condition.value is not None
        assert not isinstance(condition.value, FieldRef)
        test = _comparison(condition.op, value, self._codes.constant(condition.value))
        if condition.op == "==":
            return [test]
        if condition.op == "!=":
            return [present, test]
        return [{self._type(pattern, condition.field): value_type(condition.value).value}, test]

    def _join(
        self, rule: Rule, pattern: Pattern, condition: Condition, ref: FieldRef
    ) -> list[Term]:
        owner = _owner(rule, ref)
        alias = _ALIASES[rule.positive.index(owner)]
        test = _comparison(
            condition.op,
            self._value(pattern, condition.field),
            {alias: self._value(owner, ref.field)},
        )
        if condition.op not in ORDERINGS:
            return [test]
        same_type: Term = {
            self._type(pattern, condition.field): {alias: self._type(owner, ref.field)}
        }
        return [same_type, test]

    def _ordered_types(self, pattern: Pattern, condition: Condition) -> list[Term]:
        if condition.op not in ORDERINGS:
            return []
        return [{"$lt": {self._type(pattern, condition.field): ValueType.BOOL.value}}]

    def _value(self, pattern: Pattern, field: str) -> str:
        return f"v{self._slots[pattern.kind][field]}"

    def _type(self, pattern: Pattern, field: str) -> str:
        return f"t{self._slots[pattern.kind][field]}"


def _owner(rule: Rule, ref: FieldRef) -> Pattern:
    return next(pattern for pattern in rule.patterns if pattern.alias == ref.alias)


def _comparison(op: str, name: str, right: object) -> Term:
    return {name: right} if op == "==" else {_ENGINE_OPS[op]: {name: right}}


def _chunk(batch: Sequence[tuple[Rule, list[Term]]]) -> Chunk:
    definition: dict[str, object] = {BOOT_RULE: {"all": [{"a": {"k": 0}}]}}
    definition |= {f"r{number}": {"all": algebra} for number, (_, algebra) in enumerate(batch)}
    wanted = tuple(tuple(pattern.kind for pattern in rule.positive) for rule, _ in batch)
    return Chunk(
        rules=tuple(rule for rule, _ in batch),
        wanted=wanted,
        kinds=frozenset(kind for kinds in wanted for kind in kinds),
        definition=json.dumps(definition, separators=(",", ":")),
    )
