"""Every kind of definition is listed as long as no case shows it at work."""

from __future__ import annotations

from decimal import Decimal

import pytest

from envrules.cases.coverage import touched_by, unknown_rules, untested
from envrules.cases.model import Expectations, Pattern
from envrules.model.decisions import Content, Decision, Slot, Step
from envrules.ruleset.check import check_text
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

TEXT = """\
ruleset: kinds
title: 各类规则
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "001"}}
parameters:
  line:  {title: 线, unit: points, ref: m 一, values: {always: 70}}
  limit: {title: 期限, unit: calendar_days, ref: m 一, values: {always: 2}}
  some:  {title: 个数, unit: count, ref: m 一, values: {always: 1}}
  share: {title: 比例, unit: percent, ref: m 一, values: {always: 50}}
  money: {title: 资金, unit: money, ref: m 一, values: {always: 1000}}
  day:   {title: 起始日, unit: month_day, ref: m 一, values: {always: "03-01"}}
  month: {title: 时长, unit: months, ref: m 一, values: {always: 1}}
calendar: {not_from_source: 示例}
unit_types: {village: {title: 村, ref: m 一}}
inspections: {check: {title: 检查, ref: m 一}}
categories: {litter: {title: 垃圾, ref: m 一}}
consequences: {拨付: {action: release_funds, ref: m 一}}
classes:
- {id: heaps, title: 三堆, ref: m 一, where: {category: [litter]}}
exclusions:
- {id: shed, title: 农用棚, ref: m 一, fields: {用途: [农用]}}
campaigns:
  spring: {title: 春季行动, starts: $day, lasts: $month, ref: m 一}
issues:
  conditions:
  - {id: plan, title: 缓办须有方案, at: deferred, fields: {措施: []}, ref: m 一}
appeals: {title: 申诉期限, within: $limit, ref: m 一}
points: {title: 点位, ref: m 一}
priorities:
- {id: visits, title: 重点点位, tags: {游客: $some}, ref: m 一}
sequences:
  order:
    title: 先后
    unit: [village]
    ref: m 一
    by:
    - {title: 先中心, attribute: 位置, values: [中心, 外围], ref: m 一}
recurrences:
  again: {title: 回潮, same: [unit, category], within: $limit, ref: m 一}
checklists:
  clean:
    title: 七净
    inspections: [check]
    ref: m 一
    items:
    - {id: 路净, title: 路净, ref: m 一}
indicators:
  staff: {title: 配备, unit: [village], period: month, measured: {}, at_least: $some, ref: m 一}
gates:
  funds:
    title: 拨款
    unit: [village]
    amount: $money
    ref: m 一
    steps:
    - {id: begun, title: 开工, share: $share, needs: [开工报告], then: [拨付], ref: m 一}
scores:
  monthly: {title: 得分, unit: [village], period: month, supplied_by: 专班, ref: m 一}
bands:
  monthly:
  - {id: bad, title: 差, below: $line, ref: m 一}
  - {id: good, title: 好, at_least: $line, ref: m 一}
demotions:
  monthly: {title: 降档, recurred: again, levels: $some, ref: m 一}
"""
KINDS = [
    "classes.heaps", "exclusions.shed", "campaigns.spring", "issues.conditions.plan", "appeals",
    "points", "priorities.visits", "recurrences.again", "sequences.order", "sequences.order.位置",
    "checklists.clean", "checklists.clean.路净", "indicators.staff", "gates.funds",
    "gates.funds.begun", "scores.monthly", "bands.monthly.bad", "bands.monthly.good",
    "demotions.monthly", "consequences.拨付",
]  # fmt: skip


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    """A ruleset with one definition of each kind that a case file may leave out."""
    problems = check_text(TEXT, "kinds")
    assert [str(problem) for problem in problems] == []
    return compile_ruleset(load_ruleset(TEXT, "kinds.yaml"), "r1")


def decided(rule: str, kind: str, outcome: str, points: int | None = None) -> Decision:
    """Return a decision that cites its own rule."""
    content = Content(
        Slot("kinds", rule, "unit:zhao", "2026-07"), kind, outcome, "", "", 0,
        points=None if points is None else Decimal(points), steps=(Step(rule, "", ""),),
    )  # fmt: skip
    return Decision("d", "town", 1, 1, 1, "issue", content)


def test_every_kind_is_listed_until_a_case_shows_it(scheme: Scheme) -> None:
    """Without cases all is untested, each with its line; what a case touches is left out."""
    listed = [line.split(" ")[0] for line in untested(scheme, ())]
    assert [name for name in listed if not name.startswith("parameters.")] == KINDS
    assert all("kinds.yaml:" in line for line in untested(scheme, ()))
    assert untested(scheme, [frozenset(listed)]) == []


def test_a_pattern_may_name_every_kind(scheme: Scheme) -> None:
    """No rule that a decision may carry is taken for a misspelt one; what is none is found."""
    patterns = tuple(
        Pattern("cases.yaml:1", {"rule": rule}) for rule in (*KINDS, "checklists.clear")
    )
    failures = unknown_rules(scheme, Expectations("cases.yaml:1", patterns, None, (), (), ()))
    assert [f.message for f in failures] == ["the scheme has no rule checklists.clear"]


@pytest.mark.parametrize(
    ("rule", "kind", "outcome", "points", "touches"),
    [
        ("indicators.staff", "indicator", "met", 1, True),
        ("indicators.staff", "indicator", "not_measured", None, False),
        ("gates.funds.begun", "gate", "released", 500, True),
        ("gates.funds.begun", "gate", "waiting", 0, False),
        ("checklists.clean", "checklist", "failed", None, True),
        ("checklists.clean", "finding", "parked", None, False),
    ],
)
def test_a_definition_without_effect_is_untested(
    scheme: Scheme, rule: str, kind: str, outcome: str, points: int | None, *, touches: bool
) -> None:
    """Silence, a step not reached or an event set aside shows nothing of the rule."""
    assert (rule in touched_by(scheme, decided(rule, kind, outcome, points))) is touches
