"""The matcher: what rules mean, what it refuses, and that the C engine's traps are out of reach."""

from __future__ import annotations

import ast
import json
import pickle
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import durable_rules_engine
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.match_strategies import AWKWARD, cases, scalars
from tests.engine.reference_matcher import is_true, reference_firings

import envrules
from envrules.engine import match, match_compile
from envrules.engine.match import (
    Condition,
    FactError,
    FieldRef,
    Firing,
    MatchEngineError,
    Matcher,
    MatchError,
    MatchFact,
    MatchLimitError,
    Operator,
    Pattern,
    Rule,
    RuleError,
    Scalar,
)
from envrules.engine.match_values import Codes, value_type

OPERATORS: tuple[Operator, ...] = ("==", "!=", "<", "<=", ">", ">=")


def fire(rules: list[Rule], *facts: MatchFact) -> list[tuple[str, ...]]:
    """Run rules once; each firing as (rule, fact, ...)."""
    with Matcher(rules) as matcher:
        return [(firing.rule, *firing.facts) for firing in matcher.run(facts)]


def fact(name: str, kind: str = "x", **fields: Scalar) -> MatchFact:
    """A fact with its fields as keywords."""
    return MatchFact(name, kind, fields)


def one(*conditions: Condition, name: str = "r", kind: str = "x") -> Rule:
    """A rule of one pattern."""
    return Rule(name, (Pattern("a", kind, conditions),))


def same(field: str, alias: str = "a", op: Operator = "==") -> Condition:
    """A join on a field of one name in both patterns."""
    return Condition(field, op, FieldRef(alias, field))


# --- what rules mean ------------------------------------------------------------------------------


def test_a_rule_fires_once_for_each_fact_that_meets_all_conditions() -> None:
    """Only facts of the kind that meet every condition fire, each once, ordered by their ids."""
    rule = one(Condition("分数", "<", 70), Condition("镇", "==", "柳湖镇"))
    facts = [
        fact("f3", 分数=Decimal("69.99"), 镇="柳湖镇"),
        fact("f1", 分数=12, 镇="柳湖镇"),
        fact("f2", 分数=70, 镇="柳湖镇"),
        fact("f4", 分数=10, 镇="柳湖"),
        fact("f5", "y", 分数=10, 镇="柳湖镇"),
    ]
    assert fire([rule], *facts) == [("r", "f1"), ("r", "f3")]


def test_joined_patterns_fire_for_every_combination_in_pattern_order() -> None:
    """Two slips of one unit make two firings with its band, and none with another unit's."""
    rule = Rule("r", (Pattern("band", "band"), Pattern("slip", "slip", (same("unit", "band"),))))
    facts = [
        fact("b", "band", unit="东村"),
        fact("s1", "slip", unit="东村"),
        fact("s2", "slip", unit="东村"),
        fact("s3", "slip", unit="西村"),
    ]
    assert fire([rule], *facts) == [("r", "b", "s1"), ("r", "b", "s2")]


def test_one_fact_never_stands_for_two_patterns() -> None:
    """Two equal patterns pair two facts both ways round, and no fact with itself."""
    rule = Rule("r", (Pattern("a", "x"), Pattern("b", "x", (same("u"),))))
    assert fire([rule], fact("f", u=1)) == []
    assert fire([rule], fact("f", u=1), fact("g", u=1)) == [("r", "f", "g"), ("r", "g", "f")]


def test_a_pattern_without_a_join_meets_every_combination() -> None:
    """Facts of one unit need no join: all of the kinds there are fire together, by order too."""
    free = Rule("free", (Pattern("a", "x"), Pattern("b", "y"), Pattern("c", "y")))
    lower = Rule("lower", (Pattern("a", "x"), Pattern("b", "y", (same("v", op="<"),))))
    group = [fact("f", v=2), fact("g", "y", v=1), fact("h", "y", v=3)]
    assert fire([free, lower], *group) == [
        ("free", "f", "g", "h"), ("free", "f", "h", "g"), ("lower", "f", "g"),
    ]  # fmt: skip
    assert fire([free], *group[:2]) == []


def test_three_patterns_may_join_across_one_another() -> None:
    """The third pattern can be joined to the first, and ordered against the second."""
    rule = Rule(
        "r",
        (
            Pattern("a", "x"),
            Pattern("b", "y", (same("u"),)),
            Pattern("c", "z", (same("u"), Condition("n", ">", FieldRef("b", "m")))),
        ),
    )
    facts = [
        fact("x", u="村"),
        fact("y1", "y", u="村", m=5),
        fact("y2", "y", u="村", m=Decimal("1.5")),
        fact("z", "z", u="村", n=2),
    ]
    assert fire([rule], *facts) == [("r", "x", "y2", "z")]


def test_an_absent_pattern_forbids_a_firing_when_any_fact_matches_it() -> None:
    """A join in an absent pattern forbids per combination; without one it forbids the rule."""
    joined = Rule("joined", (Pattern("a", "x"), Pattern("n", "y", (same("u"),), absent=True)))
    bare = Rule("bare", (Pattern("n", "y", absent=True), Pattern("a", "x")))
    facts = [fact("f", u=1), fact("g", u=2), fact("h", "y", u=1)]
    assert fire([joined, bare], *facts) == [("joined", "g")]
    assert fire([joined, bare], *facts[:2]) == [
        ("bare", "f"), ("bare", "g"), ("joined", "f"), ("joined", "g"),
    ]  # fmt: skip


def test_an_absent_pattern_also_sees_the_facts_of_the_firing() -> None:
    """A serious fact forbids its own firing; "no other" is said by comparing an identity."""
    none_at_all = Rule("none", (Pattern("a", "x"), Pattern("n", "x", absent=True)))
    no_other = Rule("other", (Pattern("a", "x"), Pattern("n", "x", (same("id", op="!="),), True)))
    assert fire([none_at_all, no_other], fact("f", id=1)) == [("other", "f")]
    assert fire([none_at_all, no_other], fact("f", id=1), fact("g", id=2)) == []


def test_a_condition_on_a_missing_field_is_false_but_missing_is_true() -> None:
    """Without the field only ``missing`` fires; with it every other that is met, in joins too."""
    rules = [one(Condition("v", op, 1), name=op) for op in OPERATORS]
    rules += [
        one(Condition("v", "exists"), name="exists"),
        one(Condition("v", "missing"), name="-"),
    ]
    assert fire(rules, fact("f")) == [("-", "f")]
    assert [rule for rule, _ in fire(rules, fact("f", v=1))] == ["<=", "==", ">=", "exists"]
    pair = Rule("r", (Pattern("a", "x"), Pattern("b", "y", (same("u"), same("v", op="!=")))))
    assert fire([pair], fact("f", u=1, v=1), fact("g", "y", u=1)) == []
    assert fire([pair], fact("f", u=1), fact("g", "y", u=1, v=1)) == []
    assert fire([pair], fact("f", u=1, v=2), fact("g", "y", u=1, v=1)) == [("r", "f", "g")]


def test_firings_are_sorted_by_priority_then_rule_then_facts() -> None:
    """The order depends on nothing but the firings: a lower priority comes first."""
    rules = [
        Rule("b", (Pattern("a", "x"),), priority=1),
        Rule("a", (Pattern("a", "x"),), priority=1),
        Rule("c", (Pattern("a", "x"),), priority=-1),
    ]
    expected = [("c", "1"), ("c", "2"), ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    assert fire(rules, fact("2"), fact("1")) == expected
    assert fire(rules[::-1], fact("1"), fact("2")) == expected


def test_no_rules_and_no_facts_are_fine() -> None:
    """Nothing in, nothing out."""
    assert fire([], fact("f")) == []
    assert fire([one()]) == []


# --- scalars: no coercion, no rounding ------------------------------------------------------------

SCALARS = (*AWKWARD, Decimal("1E-400"), 2**53 - 1, -(2**64), "x" * 70_000, "x" * 70_000 + "y", "\0")


def test_every_operator_agrees_with_python_on_every_pair_of_scalars() -> None:
    """Constants compare as their type does: 1, "1" and True are three values, 1 and 1.0 are one."""
    facts = [fact(f"f{n}", v=value) for n, value in enumerate(SCALARS)]
    rules = [
        one(Condition("v", op, value), name=f"{op}{n}")
        for op, (n, value) in product(OPERATORS, enumerate(SCALARS))
        if op in ("==", "!=") or not isinstance(value, bool)
    ]
    got = set(fire(rules, *facts))
    for rule, given_fact in product(rules, facts):
        condition = rule.patterns[0].conditions[0]
        expected = is_true(given_fact.fields["v"], condition.op, condition.value)
        assert ((rule.id, given_fact.id) in got) == expected, (condition, given_fact.fields)


def test_every_operator_agrees_with_python_on_every_joined_pair() -> None:
    """Two fields compare as two constants do; booleans and mixed types have no order."""
    rules = [
        Rule(op, (Pattern("a", "x"), Pattern("b", "y", (same("u"), same("v", op=op)))))
        for op in OPERATORS
    ]
    rows = [fact(f"f{n}", u=1, v=value) for n, value in enumerate(SCALARS)]
    columns = [fact(f"g{n}", "y", u=1, v=value) for n, value in enumerate(SCALARS)]
    with Matcher(rules) as matcher:
        firings = {f for column in columns for f in matcher.run([*rows, column])}
    for row, column, op in product(rows, columns, OPERATORS):
        expected = is_true(column.fields["v"], op, row.fields["v"])
        assert (Firing(op, (row.id, column.id)) in firings) == expected, (row, op, column)


@given(left=scalars, right=scalars)
@settings(max_examples=100, deadline=None, database=None)
def test_a_constant_matches_exactly_what_equals_it(left: Scalar, right: Scalar) -> None:
    """Equality of any two scalars is equality of type and value, and nothing else."""
    assert bool(fire([one(Condition("v", "==", left))], fact("f", v=right))) == is_true(
        right, "==", left
    )


@given(constants=st.lists(scalars, max_size=20), values=st.lists(scalars, max_size=200))
@settings(max_examples=100, deadline=None, database=None)
def test_codes_are_equal_and_ordered_as_what_they_stand_for(
    constants: list[Scalar], values: list[Scalar]
) -> None:
    """However many values fall between two constants, no two of them share or swap their codes."""
    codes = Codes(constants)
    known = [(value, codes.constant(value)) for value in constants]
    assigned = codes.assign((value_type(value), value) for value in (*values, *range(100)))
    known += [(value, code) for (_, value), code in assigned.items()]
    assert all(0 < code < 2**53 for _, code in known)
    for (left, left_code), (right, right_code) in product(known, repeat=2):
        assert (left_code == right_code) == is_true(left, "==", right)
        if is_true(left, "<", right):
            assert left_code < right_code


# --- what is refused ------------------------------------------------------------------------------

REF = FieldRef("a", "u")
FIRST = Pattern("a", "x")
REFUSED: dict[str, tuple[str, Rule]] = {
    "no id": ("bad-name", Rule("", (FIRST,))),
    "no alias": ("bad-name", Rule("r", (Pattern("", "x"),))),
    "no kind": ("bad-name", Rule("r", (Pattern("a", ""),))),
    "no field": ("bad-name", one(Condition("", "exists"))),
    "no pattern": ("pattern-count", Rule("r", ())),
    "only absence": ("pattern-count", Rule("r", (Pattern("a", "x", absent=True),))),
    "join of four": (
        "pattern-count",
        Rule("r", (FIRST, *(Pattern(b, "x", (Condition("u", "==", REF),)) for b in "bcd"))),
    ),
    "one alias twice": ("duplicate-alias", Rule("r", (FIRST, Pattern("a", "y", absent=True)))),
    "an operator it lacks": ("unknown-operator", one(Condition("v", "matches", "x"))),  # type: ignore[arg-type]
    "exists with a value": ("unexpected-value", one(Condition("v", "exists", 1))),
    "a comparison without one": ("bad-value", one(Condition("v", "=="))),
    "a float": ("bad-value", one(Condition("v", "<", 0.5))),  # type: ignore[arg-type]
    "not a number": ("bad-value", one(Condition("v", "<", Decimal("NaN")))),
    "infinity": ("bad-value", one(Condition("v", "<", Decimal("Infinity")))),
    "an array": ("bad-value", one(Condition("v", "==", [1]))),  # type: ignore[arg-type]
    "an order of booleans": ("unordered-value", one(Condition("v", "<", True))),
    "an unknown alias": (
        "unknown-alias",
        Rule("r", (FIRST, Pattern("b", "y", (Condition("u", "==", FieldRef("z", "u")),)))),
    ),
    "its own alias": ("unknown-alias", one(Condition("u", "==", REF))),
    "a later alias": (
        "unknown-alias",
        Rule("r", (Pattern("b", "y", (Condition("u", "==", REF),)), FIRST)),
    ),
    "an absent alias": (
        "unknown-alias",
        Rule("r", (FIRST, Pattern("n", "y", absent=True), Pattern("b", "y", (same("u", "n"),)))),
    ),
    "nine joins": ("too-many-joins", Rule("r", (FIRST, Pattern("b", "y", (same("u"),) * 9)))),
    "a rule of 60 conditions": (
        "too-many-conditions",
        one(*(Condition(f"v{n}", "==", n) for n in range(59))),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_rule_outside_the_safe_subset_is_refused(case: str) -> None:
    """Each trap is refused under its own code, and the error names the rule."""
    code, rule = REFUSED[case]
    with pytest.raises(RuleError) as refused:
        Matcher([one(name="fine"), rule])
    assert (refused.value.code, refused.value.rule) == (code, rule.id)
    assert code in str(refused.value)


def test_two_rules_of_one_id_are_refused() -> None:
    """A firing names its rule, so ids are unique."""
    with pytest.raises(RuleError, match="duplicate-rule"):
        Matcher([one(), one()])


def test_more_fields_of_a_kind_than_a_message_holds_are_refused() -> None:
    """120 fields of one kind can be read, though not by one rule; the 121st is an error."""
    rules = [one(Condition(f"v{n}", "<", n), name=f"r{n}") for n in range(121)]
    everything = MatchFact("f", "x", {f"v{n}": -1 for n in range(1_000)})
    assert len(fire(rules[:120], everything)) == 120
    with pytest.raises(RuleError, match="too-many-fields"):
        Matcher(rules)


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), Decimal("NaN"), Decimal("-Infinity"), None, []]
)
@pytest.mark.parametrize("absent", [False, True])
def test_a_value_that_is_no_scalar_is_refused_where_a_rule_reads_it(
    value: Any, absent: bool
) -> None:
    """The error names fact and field; a field that no rule reads may hold anything."""
    reader = Pattern("n", "y", (Condition("v", "exists"),), absent)
    rule = Rule("r", (FIRST, reader) if absent else (reader,))
    with Matcher([rule]) as matcher:
        with pytest.raises(FactError, match="fact f, field v"):
            matcher.run([fact("f", "y", v=value)])
        assert matcher.run([fact("f", "y", w=value)]) == []


def test_two_facts_of_one_id_are_refused() -> None:
    """The engine would silently drop the second."""
    with Matcher([one()]) as matcher, pytest.raises(FactError, match="the id f"):
        matcher.run([fact("f", v=1), fact("f", v=2)])


def test_the_65th_fact_of_the_kinds_that_are_read_is_too_many() -> None:
    """64 facts are matched, 65 are an error, and facts that no rule reads do not count."""
    group = [fact(f"f{n}") for n in range(65)]
    others = [fact(f"g{n}", "other") for n in range(500)]
    with Matcher([one()]) as matcher:
        assert len(matcher.run([*group[:64], *others])) == 64
        with pytest.raises(MatchLimitError, match="65 facts"):
            matcher.run(group)
        assert len(matcher.run(group[:1])) == 1


def test_a_rule_that_would_explode_is_refused_before_the_engine_sees_it() -> None:
    """Three patterns over 28 facts of one kind are above the limit; over 12 all fire."""
    group = [fact(f"f{n:02}", u=1) for n in range(28)]
    free: tuple[Condition, ...] = ()
    for tests in (free, (same("u"),)):
        rule = Rule("r", (FIRST, Pattern("b", "x", tests), Pattern("c", "x", tests)))
        with Matcher([rule]) as matcher:
            assert len(matcher.run(group[:12])) == 12 * 11 * 10
            with pytest.raises(MatchLimitError, match="rule r has 21952 combinations"):
                matcher.run(group)


# --- the C engine's traps, as far as the interface comes near them --------------------------------


def fnv1a(text: str) -> int:
    """Hash as the engine does; it takes names of one hash for one name."""
    value = 2_166_136_261
    for byte in text.encode():
        value = (value ^ byte) * 16_777_619 % 2**32
    return value


def test_names_and_values_of_one_hash_stay_apart() -> None:
    """Ids, kinds, fields and values whose 32-bit hashes collide are as good as any others."""
    left, right = "costarring", "liquid"
    assert fnv1a(left) == fnv1a(right)
    rules = [one(Condition(name, "==", name), name=name, kind=name) for name in (left, right)]
    facts = [
        MatchFact(left, left, {left: left, right: right}),
        MatchFact(right, right, {left: left, right: left}),
    ]
    assert fire(rules, *facts) == [(left, left)]
    pair = Rule("r", (FIRST, Pattern("b", "y", (same("u"),))))
    assert fire([pair], fact("f", u=left), fact("g", "y", u=right)) == []


def test_no_two_names_that_we_give_the_engine_have_one_hash() -> None:
    """Properties, and ids of messages, are told apart by hash alone, so all of ours are checked."""
    slots = range(match_compile.MAX_FIELDS)
    properties = ["id", "sid", "k", "j", "$s", *(f"{tag}{n}" for n in slots for tag in "vt")]
    operators = ["$and", "$or", "$neq", "$lt", "$lte", "$gt", "$gte", "$ex", "$nex", "$m", "$i"]
    ids = ["boot", "sid-s", *(f"f{n}" for n in range(match.MAX_FACTS))]
    for names in ([*properties, *operators], ids, ["a", "b", "c", "$m"]):
        assert len({fnv1a(name) for name in names}) == len(names)
    assert len({fnv1a(alias) % 16 for alias in "abc"}) == 3  # their slots in a frame


@given(case=cases())
@settings(max_examples=50, deadline=None, database=None)
def test_nothing_but_integers_and_generated_names_reaches_the_engine(
    case: tuple[list[Rule], list[MatchFact]],
) -> None:
    """No text, decimal or boolean of a rule or fact crosses: nothing is left to coerce."""
    rules, facts = case
    program = match_compile.Program(rules)
    messages = program.encode([fact for fact in facts if program.reads(fact.kind)])
    for text in (*(chunk.definition for chunk in program.chunks), *messages):
        for word in words(json.loads(text)):
            assert type(word) is int or OURS.fullmatch(word)


OURS = re.compile(r"id|sid|s|k|j|[vtrf]\d+|[abc]|boot|all|\$(and|neq|lte?|gte?)")


def words(tree: Any) -> Iterator[Any]:
    """Every key and every value inside parsed JSON."""
    if isinstance(tree, dict):
        yield from tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from words(child)
    else:
        yield tree


@pytest.mark.parametrize("text", ['"', "\\", '{"k":0}', "'", "\0", "\ud800", "\u2028", "$s", "中"])
def test_text_that_breaks_json_or_c_strings_is_only_text(text: str) -> None:
    """Quotes, escapes, NUL and lone surrogates work as id, alias, kind, field and value."""
    rule = Rule(
        text,
        (
            Pattern(text, text, (Condition(text, "==", text),)),
            Pattern("b", text, (Condition(text, "==", FieldRef(text, text)),)),
        ),
    )
    facts = [MatchFact(text, text, {text: text}), MatchFact(text * 2, text, {text: text})]
    assert fire([rule], *facts) == [(text, text, text * 2), (text, text * 2, text)]


def test_one_fact_fires_all_of_many_rules() -> None:
    """Neither 600 rules of different kinds, nor 300 equal ones, nor 200 that all hold, are lost."""
    kinds = [one(name=f"k{n}", kind=f"kind{n}") for n in range(600)]
    assert fire(kinds, fact("f", "kind599"), fact("g", "kind0")) == [("k0", "g"), ("k599", "f")]
    equal = [one(Condition("v", "==", 1), name=f"e{n:03}") for n in range(300)]
    assert fire(equal, fact("f", v=1)) == [(f"e{n:03}", "f") for n in range(300)]
    holding = [one(Condition("v", ">", n), name=f"h{n:03}") for n in range(200)]
    assert fire(holding, fact("f", v=200)) == [(f"h{n:03}", "f") for n in range(200)]


def test_rules_are_spread_over_rulesets_of_at_most_60_conditions() -> None:
    """Every C ruleset stays below the number of conditions at which the engine fails."""
    rules = [
        Rule(f"r{n}", (FIRST, Pattern("b", "y", (same("u"), Condition("v", ">", n)))))
        for n in range(40)
    ]
    chunks = match_compile.Program(rules).chunks
    for chunk in chunks:
        terms = [
            pattern for rule in json.loads(chunk.definition).values() for pattern in rule["all"]
        ]
        tests = [t.get("$and", [t]) for p in terms for t in p.values()]
        assert sum(map(len, tests)) <= match_compile.MAX_CONDITIONS
    assert [rule for chunk in chunks for rule in chunk.rules] == rules


def test_a_rule_as_long_as_allowed_works() -> None:
    """58 conditions of one pattern, and eight joins by order, are within the engine's bounds."""
    fields = {f"v{n}": n for n in range(58)}
    longest = one(*(Condition(field, "==", n) for field, n in fields.items()))
    assert fire([longest], MatchFact("f", "x", fields)) == [("r", "f")]
    ops: tuple[Operator, ...] = ("<", "<=", ">", ">=", "<", "<", ">")
    orders = [same(f"v{n}", op=op) for n, op in enumerate(ops)]
    rule = Rule("r", (FIRST, Pattern("b", "y", (same("u"), *orders))))
    lower = fact("a", u=1, v0=2, v1=1, v2=0, v3=1, v4=2, v5=2, v6=0)
    middle = fact("b", "y", u=1, v0=1, v1=1, v2=1, v3=1, v4=1, v5=1, v6=1)
    assert fire([rule], lower, middle) == [("r", "a", "b")]


def test_a_false_last_join_is_harmless() -> None:
    """Whichever of several joins fails, the combination does not fire and the others do."""
    rule = Rule(
        "r",
        (FIRST, Pattern("b", "y", (same("u"), same("v"), Condition("w", "<", FieldRef("a", "w"))))),
    )
    group = [fact(f"f{n}", u=1, v=n % 3, w=n) for n in range(8)]
    group += [fact(f"g{n}", "y", u=1, v=n % 3, w=n) for n in range(8)]
    assert fire([rule], *group) == [
        ("r", f"f{n}", f"g{m}") for n in range(8) for m in range(n) if n % 3 == m % 3
    ]


@given(case=cases())
@settings(max_examples=50, deadline=None, database=None)
def test_every_later_pattern_is_joined_by_equality_and_ends_in_a_term_said_twice(
    case: tuple[list[Rule], list[MatchFact]],
) -> None:
    """The engine reads past a list whose last term is the first to be false, so ours never is."""
    for chunk in match_compile.Program(case[0]).chunks:
        for rule in json.loads(chunk.definition).values():
            for later in rule["all"][1:]:
                ((_, body),) = later.items()
                assert body["$and"][-1] == body["$and"][-2]
                equalities = [t for term in body["$and"] for t in term.items() if t[0][0] != "$"]
                assert any(isinstance(right, dict) for _, right in equalities)


def test_more_evaluations_than_the_engine_has_sessions() -> None:
    """Every session is deleted: the 1,025th, with or without a firing, is like the first."""
    with Matcher([one(Condition("v", "==", 1))]) as matcher:
        for n in range(1_100):
            assert len(matcher.run([fact("f", v=n % 2)])) == n % 2


def test_evaluations_know_nothing_of_one_another() -> None:
    """A fact of one evaluation is gone in the next."""
    pair = Rule("r", (FIRST, Pattern("b", "y", (same("u"),))))
    with Matcher([pair]) as matcher:
        assert matcher.run([fact("f", u=1)]) == []
        assert matcher.run([fact("g", "y", u=1)]) == []


def test_only_the_matcher_imports_durable_rules() -> None:
    """The engine has one door."""
    package = Path(envrules.__file__).parent
    importers = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] in ("durable", "durable_rules_engine") for name in names):
                importers.add(path.relative_to(package).as_posix())
    assert importers == {"engine/match.py"}


# --- failures, threads, life cycle ----------------------------------------------------------------


def failing(error: BaseException, after: int = 0) -> Callable[[Callable[..., Any]], Any]:
    """Replace an engine call: it works a few times, then raises."""

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        calls = iter(range(after))

        def call(*arguments: object) -> Any:
            if next(calls, None) is None:
                raise error
            return real(*arguments)

        return call

    return wrap


ENGINE_ERROR = durable_rules_engine.error("error code: 303")
FAILURES: dict[str, tuple[str, Callable[[Callable[..., Any]], Any]]] = {
    "boot raises": ("assert_event", failing(ENGINE_ERROR)),
    "boot does not fire": ("start_action_for_state", lambda _: lambda *_: None),
    "boot is interrupted": ("start_action_for_state", failing(ENGINE_ERROR)),
    "fact raises": ("assert_fact", failing(ENGINE_ERROR, after=1)),
    "fact is dropped": ("assert_fact", lambda _: lambda *_: (2, 1)),
    "out of memory": ("assert_fact", failing(MemoryError())),
    "drain raises": ("complete_and_start_action", failing(ENGINE_ERROR, after=2)),
    "delete raises": ("delete_state", failing(ENGINE_ERROR)),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_of_the_engine_is_ours_to_raise_and_the_matcher_goes_on(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the engine fails at, nothing is concluded, and the next evaluation is untouched."""
    name, replacement = FAILURES[case]
    group = [fact("f", v=1), fact("g", v=2), fact("h", v=1)]
    with Matcher([one(Condition("v", "==", 1))]) as matcher:
        with monkeypatch.context() as patch:
            patch.setattr(
                durable_rules_engine, name, replacement(getattr(durable_rules_engine, name))
            )
            with pytest.raises(MatchEngineError):
                matcher.run(group)
        assert [firing.facts for firing in matcher.run(group)] == [("f",), ("h",)]
        assert matcher.run(group[1:2]) == []


@pytest.mark.parametrize("name", ["assert_event", "assert_fact", "delete_state"])
def test_an_interrupt_passes_through_and_leaves_nothing_behind(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C inside an evaluation is not swallowed, and no fact stays in the engine."""
    pair = Rule("r", (FIRST, Pattern("b", "y", (same("u"),))))
    with Matcher([pair]) as matcher:
        with monkeypatch.context() as patch:
            interrupt = failing(KeyboardInterrupt())(getattr(durable_rules_engine, name))
            patch.setattr(durable_rules_engine, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                matcher.run([fact("f", u=1), fact("g", "y", u=1)])
        assert matcher.run([fact("g", "y", u=1)]) == []
        assert len(matcher.run([fact("f", u=1), fact("g", "y", u=1)])) == 1


def test_an_error_that_the_engine_itself_reports_is_ours_to_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that the real engine cannot parse ends in our error, not in a wrong answer."""
    with Matcher([one()]) as matcher:
        with monkeypatch.context() as patch:
            patch.setattr(match_compile.Program, "encode", lambda *_: ['{"id":'])
            with pytest.raises(MatchEngineError, match="error code"):
                matcher.run([fact("f")])
        assert len(matcher.run([fact("f")])) == 1


def test_a_ruleset_that_the_engine_refuses_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a chunk that cannot be created leads to, the caller need not know the engine for."""
    monkeypatch.setattr(durable_rules_engine, "create_ruleset", failing(ENGINE_ERROR)(print))
    with pytest.raises(MatchEngineError, match="refused a ruleset"):
        Matcher([one()])


def test_a_matcher_that_cannot_restart_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no new ruleset can be had after a failure, calls fail until one can."""
    with Matcher([one()]) as matcher:
        for name in ("assert_fact", "create_ruleset"):
            with monkeypatch.context() as patch:
                patch.setattr(durable_rules_engine, name, failing(ENGINE_ERROR)(print))
                with pytest.raises(MatchEngineError, match="303"):
                    matcher.run([fact("f")])
        assert len(matcher.run([fact("f")])) == 1


def test_a_closed_matcher_can_only_be_closed_again() -> None:
    """Closing twice is harmless; running afterwards is an error, not a crash."""
    matcher = Matcher([one()])
    matcher.close()
    matcher.close()
    with pytest.raises(MatchEngineError, match="closed"):
        matcher.run([fact("f")])


def test_a_matcher_pickles_as_its_rules() -> None:
    """A worker process gets a matcher of its own, without handles or locks."""
    matcher = Matcher([one(), one(name="s", kind="y")], {"r": {"y"}})
    with matcher, pickle.loads(pickle.dumps(matcher)) as copy:
        assert (copy.strata, copy.derives) == (matcher.strata, matcher.derives)
        assert copy.run([fact("f")]) == matcher.run([fact("f")]) == [Firing("r", ("f",))]


def test_errors_pickle_with_what_they_say() -> None:
    """A refusal from a worker process arrives whole."""
    error = RuleError("no-join", "r", "needs one")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.code, copy.rule) == (str(error), "no-join", "r")
    assert isinstance(copy, MatchError)


def test_threads_share_a_matcher_and_it_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations of four threads follow one another, and the matcher adds no thread to them."""
    real = durable_rules_engine.assert_fact
    inside: set[int] = set()

    def slow(*arguments: object) -> Any:
        inside.add(threading.get_ident())
        time.sleep(0.0001)  # lets the others run: without a lock they would be inside as well
        assert inside == {threading.get_ident()}
        inside.clear()
        return real(*arguments)

    monkeypatch.setattr(durable_rules_engine, "assert_fact", slow)
    before = threading.active_count()
    with Matcher([Rule("r", (FIRST, Pattern("b", "y", (same("u"),))))]) as matcher:

        def evaluate(n: int) -> bool:
            group = [fact(f"f{n}", u=n), fact(f"g{n}", "y", u=n), fact("z", "y", u=-1)]
            return matcher.run(group) == [Firing("r", (f"f{n}", f"g{n}"))]

        assert evaluate(0)
        assert threading.active_count() == before
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(evaluate, range(200)))


# --- against the reference ------------------------------------------------------------------------


@given(case=cases(), order=st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None, database=None)
def test_the_matcher_agrees_with_the_reference(
    case: tuple[list[Rule], list[MatchFact]], order: Any
) -> None:
    """On random rules and facts, in any order, the firings are those of the plain definition."""
    rules, facts = case
    expected = reference_firings(rules, facts)
    order.shuffle(rules)
    order.shuffle(facts)
    with Matcher(rules) as matcher:
        assert matcher.run(facts) == expected
        assert matcher.run(facts) == expected
