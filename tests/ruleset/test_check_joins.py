"""Facts that rules may meet at once: as many as the matcher bears, counted as it counts them."""

from __future__ import annotations

import pytest

from envrules.engine import match, match_rules
from envrules.engine.chaining import Chainer
from envrules.kinds.consequences import Fact
from envrules.ruleset import check_joins, check_rules
from envrules.ruleset.check import check_text
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import load_ruleset

_TOUR = "  tour: {title: 检查, unit: [village], every: month, met_by: {inspection: [check]}, ref: m 一}\n"
_WEAK = "- {id: weak, title: 整改不力, when: {any: [{overdue: fix}, {late: 承诺}]}, then: [通报], ref: m 八}\n"
THREE = "{all: [{missed: any}, {missed: any}, {missed: any}]}"


def ruleset(good: str, *whens: str, duties: int = 1, unit: str = "village", more: str = "") -> str:
    """The small ruleset with so many duties of a type of unit, and these rules.

    A rule of its own, `warn`, asks for one fact: a band.
    """
    assert _TOUR in good
    assert _WEAK in good
    made = "".join(
        _TOUR.replace("tour", f"tour{n}").replace("[village]", f"[{unit}]") for n in range(duties)
    )
    rules = "".join(
        f"- {{id: weak{n}, title: 整改不力, when: {when}, then: [通报], ref: m 八}}\n"
        for n, when in enumerate(whens)
    )
    town = "unit_types: {town: {title: 镇, ref: m 一}, "
    text = good.replace(_TOUR, made + more).replace(_WEAK, rules)
    return text.replace("unit_types: {", town) if "[town]" in text else text


def said(text: str) -> list[str]:
    """Return the place, code and message of every problem."""
    return [f"{p.line}:{p.col} {p.code} {p.message}" for p in check_text(text, "text")]


def test_the_bounds_are_the_matchers() -> None:
    """What a check allows is what the matcher allows."""
    assert check_joins.MAX_FACTS == match.MAX_FACTS
    assert check_joins.MAX_COMBINATIONS == match.MAX_COMBINATIONS
    assert check_rules.MAX_ALL == match_rules.MAX_POSITIVE


@pytest.mark.parametrize(
    ("duties", "when", "message"),
    [
        (27, THREE, ""),
        (28, THREE, "joins 28 × 28 × 28 facts that may hold of a unit at once, 21952 combinations"),
        (63, "{missed: any}", ""),
        (64, "{missed: any}", "the rules ask for 65 facts"),
        (31, "{any: [{missed: any}, {met: any}]}", ""),
        (32, "{any: [{missed: any}, {met: any}]}", "the rules ask for 65 facts"),
        (63, "{missed: any, none: [{met: tour1}]}", "the rules ask for 65 facts"),
        (62, "{any: [{missed: any}, {missed: tour1}]}", ""),
        (63, "{any: [{missed: any}, {missed: tour1}]}", "the rules ask for 65 facts"),
    ],
)
def test_what_is_just_below_a_bound_is_allowed(
    good: str, duties: int, when: str, message: str
) -> None:
    """A ruleset at a bound has no problem; one fact more is refused, at the rule's condition."""
    problems = said(ruleset(good, when, duties=duties))
    if message:
        (problem,) = problems
        assert f" ER606 {message}" in problem or f" ER606 rule weak0 {message}" in problem
    else:
        assert problems == []


def test_the_rule_that_asks_for_most_is_named(good: str) -> None:
    """Rules that ask for too much only together are refused at the widest of them."""
    text = ruleset(good, "{missed: tour1}", "{met: any}", "{recheck_failed: any}", duties=62)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "id: weak1" in row)
    (problem,) = said(text)
    assert problem.startswith(f"{line}:34 ER606 the rules ask for 65 facts")
    assert problem.endswith("62 of them in rule weak1; 64 are the most")


def test_a_unit_owes_the_duties_of_its_type(good: str) -> None:
    """Duties of villages and of towns are never missed by one unit, and are not added up."""
    towns = "".join(
        _TOUR.replace("tour", f"ride{n}").replace("[village]", "[town]") for n in range(40)
    )
    assert said(ruleset(good, "{missed: any}", duties=40, more=towns)) == []
    both = towns.replace("[town]", "[town, village]")
    assert said(ruleset(good, "{missed: any}", duties=40, more=both))


def test_what_excludes_itself_counts_once(good: str) -> None:
    """An issue has one category, a score one band, however many are declared."""
    names = [f"litter{n}" for n in range(80)]
    declared = "".join(f"{name}: {{title: {name}, ref: m 一}}, " for name in names)
    asked = ", ".join(f"{{category: {name}}}" for name in names)
    text = ruleset(good, f"{{any: [{asked}]}}", "{band: any}")
    assert said(text.replace("categories: {", f"categories: {{{declared}")) == []


@pytest.mark.parametrize(
    ("when", "links"),
    [
        ("{overdue: fix}", 62),
        ("{missed: tour0}", 62),
        ("{all: [{overdue: fix}, {missed: tour0}]}", 61),
        ("{any: [{overdue: fix}, {missed: tour0}]}", 30),
    ],
)
def test_a_rule_may_fire_for_a_unit_and_for_an_issue(good: str, when: str, links: int) -> None:
    """A rule as a fact counts once, or twice if the unit and its issue can both have it."""
    chain = [f"{{rule: weak{n}}}" for n in range(links)]
    assert said(ruleset(good, when, *chain)) == []
    problems = said(ruleset(good, when, *chain, f"{{rule: weak{links}}}"))
    assert [problem.split()[1] for problem in problems] == ["ER606"]


def test_a_circle_is_told_alone(good: str) -> None:
    """Rules in a circle are refused as such."""
    problems = said(ruleset(good, "{rule: weak1}", "{rule: weak0}", "{missed: any}", duties=70))
    assert [problem.split()[1] for problem in problems] == ["ER602"]


def test_what_is_allowed_is_judged(good: str) -> None:
    """With every duty missed, the widest join allowed fires once, on all the evidence."""
    loaded = load_ruleset(ruleset(good, THREE, duties=27), "text")
    scheme = compile_ruleset(loaded, "r", {}, None)
    facts = [Fact("missed", d.id, "zhao", "2026-10", 5, "", (), d.id) for d in scheme.duties]
    (fired,) = Chainer().chain(scheme, facts, lambda _fired: ())
    assert len({*fired.facts, *fired.further}) == len(facts) == 27
