"""Consequences that feed further rules: strata, absence over what is complete, no circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.match_strategies import KINDS, cases
from tests.engine.reference_matcher import reference_fixpoint

from envrules.engine.match import (
    Condition,
    FactError,
    FieldRef,
    Firing,
    Matcher,
    MatchFact,
    MatchLimitError,
    Pattern,
    Rule,
    RuleError,
    run_to_fixpoint,
)


def reads(name: str, *kinds: str, absent: str = "") -> Rule:
    """A rule on facts of one unit, one of each kind, and none of the absent kind."""
    join = Condition("unit", "==", FieldRef("p0", "unit"))
    body = [Pattern(f"p{n}", kind, (join,) if n else ()) for n, kind in enumerate(kinds)]
    if absent:
        body.append(Pattern("no", absent, (join,), absent=True))
    return Rule(name, tuple(body))


def fact(name: str, kind: str, unit: str = "东村") -> MatchFact:
    """A fact about a unit."""
    return MatchFact(name, kind, {"unit": unit})


class Derive:
    """Derives, for each kind of a firing's rule, one fact about what its first fact is about."""

    def __init__(self, derives: Mapping[str, Set[str]], facts: Iterable[MatchFact]) -> None:
        self.derives = derives
        self.known = {fact.id: fact for fact in facts}

    def __call__(self, firing: Firing) -> list[MatchFact]:
        """Return the facts that a firing leads to."""
        first = self.known[firing.facts[0]]
        made = [
            MatchFact(f"{kind}/{first.id}", kind, first.fields)
            for kind in sorted(self.derives.get(firing.rule, ()))
        ]
        self.known |= {fact.id: fact for fact in made}
        return made


def names(strata: tuple[tuple[Rule, ...], ...]) -> list[list[str]]:
    """The ids of the rules of each stratum."""
    return [[rule.id for rule in stratum] for stratum in strata]


def test_consequences_feed_the_rules_that_read_them() -> None:
    """A warning needs a pledge, a late pledge criticism: two rounds later, from one band."""
    rules = [
        reads("criticise", "pledge", "late"),
        reads("pledge", "warning"),
        reads("warn", "band"),
    ]
    derives = {"warn": {"warning"}, "pledge": {"pledge"}, "criticise": {"criticism"}}
    facts = [fact("band", "band"), fact("late", "late"), fact("late2", "late", "西村")]
    with Matcher(rules, derives) as matcher:
        assert names(matcher.strata) == [["warn"], ["pledge"], ["criticise"]]
        result = run_to_fixpoint(matcher, facts, Derive(derives, facts), max_rounds=3)
    assert [firing.rule for firing in result.firings] == ["warn", "pledge", "criticise"]
    assert result.firings[-1].facts == ("pledge/warning/band", "late")
    assert [made.kind for made in result.derived] == ["warning", "pledge", "criticism"]


def test_absence_is_read_only_when_it_is_complete() -> None:
    """A rule that needs the absence of warnings runs after the rules that warn, in either order."""
    rules = [reads("praise", "band", absent="warning"), reads("warn", "band", "low")]
    derives = {"warn": {"warning"}, "praise": {"praise"}}
    facts = [fact("east", "band"), fact("low", "low"), fact("west", "band", "西村")]
    for given_rules in (rules, rules[::-1]):
        with Matcher(given_rules, derives) as matcher:
            assert names(matcher.strata) == [["warn"], ["praise"]]
            result = run_to_fixpoint(matcher, facts, Derive(derives, facts), max_rounds=2)
        assert result.firings == (Firing("warn", ("east", "low")), Firing("praise", ("west",)))


def test_two_rules_may_lead_to_one_fact() -> None:
    """An alternative is two rules: both firings are kept, the fact is derived once."""
    rules = [reads("one", "a"), reads("two", "a"), reads("then", "c")]
    derives = {"one": {"c"}, "two": {"c"}}
    facts = [fact("f", "a")]
    with Matcher(rules, derives) as matcher:
        result = run_to_fixpoint(matcher, facts, Derive(derives, facts), max_rounds=2)
    assert [firing.rule for firing in result.firings] == ["one", "two", "then"]
    assert [made.id for made in result.derived] == ["c/f"]


def test_a_round_of_all_rules_ignores_strata() -> None:
    """`run` without a stratum runs every rule on the facts as they are."""
    with Matcher([reads("up", "b"), reads("low", "a")], {"low": {"b"}}) as matcher:
        group = [fact("f", "a"), fact("g", "b")]
        assert [firing.rule for firing in matcher.run(group)] == ["low", "up"]
        assert [firing.rule for firing in matcher.run(group, stratum=1)] == ["up"]


@pytest.mark.parametrize(
    ("code", "rules", "derives"),
    [
        ("cyclic-rules", [reads("r", "a")], {"r": {"a"}}),
        ("cyclic-rules", [reads("r", "a"), reads("s", "b")], {"r": {"b"}, "s": {"a"}}),
        ("cyclic-negation", [reads("r", "a", absent="b")], {"r": {"b"}}),
        (
            "cyclic-negation",
            [reads("r", "a", absent="c"), reads("s", "b"), reads("t", "a")],
            {"r": {"b"}, "s": {"c"}, "t": {"d"}},
        ),
        ("unknown-rule", [reads("r", "a")], {"q": {"b"}}),
    ],
)
def test_rules_that_depend_on_themselves_are_refused(
    code: str, rules: list[Rule], derives: dict[str, set[str]]
) -> None:
    """A circle, through absence or not, is an error with a name; so is a rule that is not there."""
    with pytest.raises(RuleError) as refused:
        Matcher(rules, derives)
    assert refused.value.code == code
    assert refused.value.rule in {"q", "r", "s"}


def test_more_strata_than_rounds_are_refused_before_anything_runs() -> None:
    """The bound is checked against the rules, not found out half-way."""
    rules, derives = [reads("one", "a"), reads("two", "b")], {"one": {"b"}}
    with Matcher(rules, derives) as matcher, pytest.raises(MatchLimitError, match="2 rounds"):
        run_to_fixpoint(matcher, [fact("f", "a")], lambda _: pytest.fail("ran"), max_rounds=1)


def test_a_kind_that_was_not_declared_is_refused() -> None:
    """Strata hold only if rules derive what they said."""
    with (
        Matcher([reads("r", "a")], {"r": {"b"}}) as matcher,
        pytest.raises(RuleError, match="undeclared-kind"),
    ):
        run_to_fixpoint(matcher, [fact("f", "a")], lambda _: [fact("g", "c")], max_rounds=1)


@pytest.mark.parametrize("other", [fact("g", "b", "西村"), MatchFact("g", "b", {"unit": True})])
def test_one_id_with_two_contents_is_refused(other: MatchFact) -> None:
    """Which of the two would stand must not depend on an order; True and 1 are two contents."""
    contents = {"f": MatchFact("g", "b", {"unit": 1}), "h": other}
    with (
        Matcher([reads("r", "a")], {"r": {"b"}}) as matcher,
        pytest.raises(FactError, match="two contents"),
    ):
        run_to_fixpoint(
            matcher,
            [fact("f", "a"), fact("h", "a")],
            lambda firing: [contents[firing.facts[0]]],
            max_rounds=1,
        )


def test_an_exception_of_the_caller_passes_through() -> None:
    """What raises while a fact is derived is not swallowed, and the matcher goes on."""

    def broken(_: Firing) -> list[MatchFact]:
        raise ZeroDivisionError

    with Matcher([reads("r", "a")]) as matcher:
        with pytest.raises(ZeroDivisionError):
            run_to_fixpoint(matcher, [fact("f", "a")], broken, max_rounds=1)
        assert len(matcher.run([fact("f", "a")])) == 1


@st.composite
def layered(draw: st.DrawFn) -> tuple[list[Rule], dict[str, set[str]], list[MatchFact]]:
    """Random rules, each deriving a kind of its own and reading given kinds or earlier rules'."""
    drawn, facts = draw(cases(max_rules=4))
    rules, derives = [], {}
    for n, rule in enumerate(drawn):
        readable = st.sampled_from((*KINDS, *(f"后果{m}" for m in range(n))))
        body = tuple(replace(pattern, kind=draw(readable)) for pattern in rule.patterns)
        rules.append(replace(rule, patterns=body))
        derives[rule.id] = {f"后果{n}"}
    return draw(st.permutations(rules)), derives, facts[:4]


@given(case=layered())
@settings(max_examples=100, deadline=None, database=None)
def test_the_fixpoint_agrees_with_the_reference(
    case: tuple[list[Rule], dict[str, set[str]], list[MatchFact]],
) -> None:
    """One pass over the strata finds what running each rule when its input is complete finds."""
    rules, derives, facts = case
    with Matcher(rules, derives) as matcher:
        result = run_to_fixpoint(matcher, facts, Derive(derives, facts), max_rounds=len(rules))
    firings, ids = reference_fixpoint(rules, derives, facts, Derive(derives, facts))
    assert set(result.firings) == firings
    assert len(result.firings) == len(firings)
    assert {made.id for made in (*facts, *result.derived)} == ids
