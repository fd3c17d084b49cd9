"""A made-up county with checklists and indicators of every origin, for tests of the engine."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from envrules.engine.judging import Feed
from envrules.engine.memory import MemoryLocality
from envrules.engine.nodes import Node
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    IndicatorMeasured,
    Payload,
    UnitDeclared,
)
from envrules.ruleset.check import check_text
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

SCHEME = "made_up"
TEXT = """\
ruleset: made_up
title: 示例县考核
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "001"}}

parameters:
  treated: {title: 污水处理率, unit: percent, ref: m 一, values: {always: 50, 2026-07-31: 60}}
  per:     {title: 每名保洁员服务人数, unit: count, ref: m 二, values: {always: 200}}
  started: {title: 不足一名的算法, unit: text, ref: m 二, values: {always: up}}
  least:   {title: 投入下限, unit: money, ref: m 三, values: {always: 100}}
  most:    {title: 投入上限, unit: money, ref: m 三, values: {always: 300}}
  none:    {title: 账外问题, unit: count, ref: m 四, values: {always: 0}}
  starred: {title: 三星以上比例, unit: percent, ref: m 五, values: {always: 80}}
  plaques: {title: 挂牌个数, unit: count, ref: m 五, values: {always: 2}}
  line:    {title: 三星线, unit: points, ref: m 五, values: {always: 80}}
  opens:   {title: 集中整治开始, unit: month_day, ref: m 九, values: {always: "07-10"}}
  lasts:   {title: 集中整治天数, unit: calendar_days, ref: m 九, values: {always: 10}}
  pass:    {title: 验收合格分, unit: points, ref: m 六, values: {always: 80}}

unit_types:
  county:  {title: 县, ref: m 一}
  town:    {title: 镇, ref: m 一}
  village: {title: 村, ref: m 一}
inspections:
  visit: {title: 检查, ref: m 七}
  exam:  {title: 验收, ref: m 六}
campaigns:
  drive: {title: 集中整治, starts: $opens, lasts: $lasts, ref: m 九}
consequences:
  通报: {action: criticise_publicly, ref: m 八}
  奖励: {action: reward, ref: m 八}

checklists:
  clean:
    title: 七净
    inspections: [visit]
    ref: m 六
    items:
    - {id: 路净, title: 路面干净, ref: m 六}
    - {id: 墙净, title: 墙面干净, ref: m 六}
    - {id: 水净, title: 水面干净, ref: m 六}
  exam:
    title: 验收
    inspections: [exam]
    at_least: $pass
    ref: m 六
    items:
    - {id: 路净, title: 路面, points: 50, ref: m 六}
    - {id: 墙净, title: 墙面, points: 30, ref: m 六}
    - {id: 水净, title: 水面, points: 20, ref: m 六}

indicators:
  sewage:
    {title: 污水处理率, unit: [town, village], period: month, ref: m 一, at_least: $treated,
     measured: {organ: 环保局, form: percent}}
  cleaners:
    {title: 保洁员配备, unit: [village], period: month, ref: m 二,
     measured: {form: headcount, per: $per, rounding: $started}}
  spending:
    {title: 人均投入, unit: [village], period: month, ref: m 三, above: $least, at_most: $most,
     measured: {}}
  fixed:
    {title: 整改率, unit: [village], period: month, ref: m 四,
     issues: {count: [verified, closed], of: [found]}}
  unaccounted:
    {title: 账外问题, unit: [village], period: month, ref: m 四, at_most: $none,
     issues: {count: [unaccounted]}}
  driven:
    {title: 集中整治发现数, unit: [village, town], period: month, ref: m 九,
     issues: {count: [found], where: {campaign: [drive]}}}
  starred:
    {title: 三星以上比例, unit: [county], period: month, ref: m 五, at_least: $starred,
     bands: {score: stars, bands: [three], among: {area: [重点区, 沿线]}}}
  plaques:
    {title: 三星以上个数, unit: [county], period: month, ref: m 五, at_least: $plaques,
     bands: {score: stars, bands: [three], form: count}}
  toured:
    {title: 周检查率, unit: [town], period: month, ref: m 七, duties: {duty: tour}}
  surprise:
    {title: 暗访与明查之差, unit: [village], period: month, ref: m 七, at_most: $none,
     visits: {inspections: [visit]}}

scores:
  stars: {title: 评星, unit: [village], period: month, supplied_by: 县委办, ref: m 五}
  water: {title: 治水得分, unit: [village], period: month, indicator: sewage, ref: m 一}
bands:
  stars:
  - {id: two, title: 两星, below: $line, ref: m 五}
  - {id: three, title: 三星, at_least: $line, ref: m 五}
duties:
  tour: {title: 周检查, unit: [village], every: week, met_by: {inspection: [visit]}, ref: m 七}

rules:
- {id: dirty, title: 污水未治, when: {indicator: sewage.missed}, then: [通报], ref: m 八}
- {id: silent, title: 未报数, when: {indicator: sewage.not_measured}, then: [通报], ref: m 八}
- {id: shiny, title: 七净, when: {checklist: clean.passed}, then: [奖励], ref: m 八}
"""


def at(text: str) -> int:
    """Return an instant of 2026, in local time."""
    local = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(local.timestamp()) * 1_000_000


@cache
def rules_of(text: str) -> Scheme:
    """Return the compiled rules of a ruleset's text, in which nothing is wrong."""
    assert check_text(text, "made_up") == []
    return compile_ruleset(load_ruleset(text, f"rulesets/{SCHEME}.yaml"), "r1")


class County:
    """One locality in memory: a county with some towns and villages, parents declared first."""

    def __init__(self, *units: UnitDeclared, text: str = TEXT) -> None:
        self.rules = rules_of(text)
        self.memory = MemoryLocality("county", lambda _scheme, _revision: self.rules)
        self.memory.append(Published(SCHEME, "r1"))
        for unit in units or (village("zhao"),):
            self.tell(f"u-{unit.unit}", "01-01 00:00", unit)

    def tell(self, event_id: str, when: str, payload: Payload) -> None:
        """Let an event arrive."""
        self.memory.append(Arrived(Event(event_id, at(when), payload)))

    def measure(
        self, event_id: str, indicator: str, value: str = "", *, of: tuple[str, str] | None = None,
        unit: str = "zhao", period: str = "2026-07", organ: str = "", when: str = "07-20 10:00",
    ) -> None:  # fmt: skip
        """Let an organ report a figure: a value, or numerator and denominator."""
        numbers = map(Decimal, of or ())
        given = Decimal(value) if value else None
        self.tell(event_id, when, IndicatorMeasured(
            unit, indicator, period, given, next(numbers, None), next(numbers, None), organ
        ))  # fmt: skip

    def feed(self, node: Node, source: str, feed: Feed) -> None:
        """Let another node feed one."""
        self.memory.state.put_feed(node.key(), source, [feed])

    def appeal(self, target: str, when: str, *, unit: str = "zhao", upheld: bool | None) -> None:
        """Let a unit appeal against something; None: nobody has decided yet."""
        self.tell(f"f-{target}", when, AppealFiled(f"A-{target}", unit, target))
        if upheld is not None:
            self.tell(f"d-{target}", when, AppealDecided(f"A-{target}", unit, target, upheld))

    def close(self, period: str = "2026-07", when: str = "08-01 09:00") -> None:
        """Close a period."""
        self.memory.append(Tick(at(when)))
        self.memory.append(Closed(SCHEME, period))

    def holds(self, kind: str, rule: str = "", unit: str = "") -> list[Content]:
        """Return what holds of one kind, by slot: of one rule, of one unit."""
        contents = (d.content for _, d in sorted(self.memory.effective().items()))
        return [
            c for c in contents
            if c.kind == kind and rule in ("", c.slot.rule) and unit in ("", c.unit)
        ]  # fmt: skip

    def verdict(self, indicator: str, unit: str = "zhao") -> Content:
        """Return the one verdict on a unit's indicator."""
        (content,) = self.holds("indicator", f"indicators.{indicator}", unit)
        return content

    def figure(self, indicator: str, unit: str = "zhao") -> tuple[str, Decimal | None]:
        """Return outcome and figure of a unit's indicator."""
        content = self.verdict(indicator, unit)
        return content.outcome, content.points


def village(unit: str, parent: str = "", **attributes: str) -> UnitDeclared:
    """Return the declaration of a village."""
    return UnitDeclared(unit, f"{unit}村", "village", parent, attributes=attributes)


def town(unit: str, parent: str = "") -> UnitDeclared:
    """Return the declaration of a town."""
    return UnitDeclared(unit, f"{unit}镇", "town", parent)


COUNTY = UnitDeclared("xian", "示例县", "county")
