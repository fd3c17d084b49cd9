"""Checks of indicators and of figures made of one another, beyond the gallery."""

from __future__ import annotations

from typing import get_args

import pytest

from envrules.kinds.compiled import Rounding
from envrules.ruleset.check import check_text
from envrules.ruleset.check_figures import check_figures
from envrules.ruleset.load import load_ruleset

UNITS = ("points", "count", "percent", "ratio", "money")


def said(text: str) -> list[str]:
    """Return code and message of every problem of a text that is in no file."""
    return [f"{problem.code} {problem.message}" for problem in check_text(text, "text")]


def with_indicator(good: str, unit: str, origin: str, bound: str = "at_least: $aim") -> str:
    """Return the good ruleset with one indicator and a bound in this unit."""
    aim = f"  aim: {{title: 目标, unit: {unit}, ref: m 十, values: {{always: 1}}}}\n"
    return (
        good.replace("parameters:\n", f"parameters:\n{aim}", 1)
        + f"\nindicators:\n  one: {{title: 指标, unit: [village], period: month, {origin}, {bound}, "
        "ref: m 十}\n"
    )


@pytest.mark.parametrize(
    ("origin", "fitting"),
    [
        ("measured: {}", UNITS),
        ("measured: {form: percent}", ("percent",)),
        ("issues: {count: [verified], of: [found]}", ("percent",)),
        ("issues: {count: [verified]}", ("count",)),
        ("bands: {score: monthly, bands: [fine]}", ("percent",)),
        ("bands: {score: monthly, bands: [fine], form: count}", ("count",)),
        ("duties: {duty: tour}", ("percent",)),
        ("duties: {duty: tour, form: count}", ("count",)),
        ("visits: {inspections: [check]}", ("count", "ratio")),
    ],
)
def test_a_bound_has_the_unit_of_its_figure(
    good: str, origin: str, fitting: tuple[str, ...]
) -> None:
    """A share is held against a percentage and a number against a count; a value against any."""
    for unit in UNITS:
        problems = said(with_indicator(good, unit, origin))
        if unit in fitting:
            assert problems == []
        else:
            assert [problem[:5] for problem in problems] == ["ER403"]


def test_two_bounds_on_one_side_contradict_each_other(good: str) -> None:
    """A figure has one lower and one upper bound at most."""
    text = with_indicator(good, "count", "measured: {}", "at_least: $aim, above: $aim")
    assert [problem[:5] for problem in said(text)] == ["ER208"]


@pytest.mark.parametrize(
    ("origin", "bound", "fact", "holds"),
    [
        ("measured: {}", "at_least: $aim", "not_measured", True),
        ("measured: {}", "at_least: $aim", "missed", True),
        ("measured: {}", "ref: m 十一", "missed", False),
        ("issues: {count: [verified]}", "at_least: $aim", "met", True),
        ("issues: {count: [verified]}", "at_least: $aim", "not_measured", False),
    ],
)
def test_rules_ask_for_verdicts_that_can_be(
    good: str, origin: str, bound: str, fact: str, *, holds: bool
) -> None:
    """Only what is measured can be missing, and only what has a bound met or missed."""
    text = with_indicator(good, "count", origin, bound).replace(
        "ref: m 十一, ref: m 十}", "ref: m 十}"
    )
    rule = (
        f"- {{id: told, title: 通报, when: {{indicator: one.{fact}}}, then: [通报], ref: m 十}}\n"
    )
    problems = said(text.replace("rules:\n", f"rules:\n{rule}", 1))
    assert any(problem.startswith("ER601") for problem in problems) is not holds


@pytest.mark.parametrize("rounding", get_args(Rounding))
def test_a_headcount_may_round_in_three_ways(good: str, rounding: str) -> None:
    """Each way that the engine knows is accepted."""
    more = (
        "  per: {title: 人数, unit: count, ref: m 十, values: {always: 200}}\n"
        f"  way: {{title: 进位, unit: text, ref: m 十, values: {{always: {rounding}}}}}\n"
    )
    text = good.replace("parameters:\n", f"parameters:\n{more}", 1) + (
        "\nindicators:\n  one: {title: 指标, unit: [village], period: month, ref: m 十, "
        "measured: {form: headcount, per: $per, rounding: $way}}\n"
    )
    assert said(text) == []


def test_every_circle_is_named(good: str) -> None:
    """Weighted parts, means, indicators and bands link figures; each circle is a problem."""
    share = "  half: {title: 权重, unit: ratio, ref: m 十, values: {always: 0.5}}\n"
    scores = (
        "  a: {title: 甲, unit: [village], period: month, weighted: {b: $half, monthly: $half}, ref: m 十}\n"
        "  b: {title: 乙, unit: [village], period: month, weighted: {c: $half}, ref: m 十}\n"
        "  c: {title: 丙, unit: [village], period: month, weighted: {a: $half}, ref: m 十}\n"
        "  d: {title: 丁, unit: [village], period: month, weighted: {d: $half}, ref: m 十}\n"
        "  e: {title: 戊, unit: [village], period: year, mean_of: f, ref: m 十}\n"
        "  f: {title: 己, unit: [village], period: month, weighted: {e: $half}, ref: m 十}\n"
    )
    text = good.replace("parameters:\n", f"parameters:\n{share}", 1)
    text = text.replace("\nbands:\n", f"{scores}\nbands:\n", 1)
    circles = [p.message.partition(": ")[2] for p in check_figures(load_ruleset(text, "text"))]
    assert sorted(circles) == [
        "scores.a → scores.b → scores.c → scores.a",
        "scores.d → scores.d",
        "scores.e → scores.f → scores.e",
    ]


def test_figures_may_be_made_of_one_another(good: str) -> None:
    """A ladder of figures that leads nowhere back is no circle."""
    share = (
        "  half: {title: 权重, unit: ratio, ref: m 十, values: {always: 0.5}}\n"
        "  aim: {title: 目标, unit: percent, ref: m 十, values: {always: 80}}\n"
    )
    scores = (
        "  share: {title: 达标率, unit: [village], period: month, indicator: fine, ref: m 十}\n"
        "  both: {title: 合计, unit: [village], period: month, "
        "weighted: {share: $half, monthly: $half}, ref: m 十}\n"
    )
    text = good.replace("parameters:\n", f"parameters:\n{share}", 1)
    text = text.replace("\nbands:\n", f"{scores}\nbands:\n", 1) + (
        "\nindicators:\n  fine: {title: 达标率, unit: [village], period: month, at_least: $aim, "
        "bands: {score: monthly, bands: [fine]}, ref: m 十}\n"
    )
    assert said(text) == []
