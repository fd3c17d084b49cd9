"""A made-up scheme with every rule that is about issues, and a town in memory that uses it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    IssueFound,
    IssueMoved,
    Move,
    Payload,
    UnitDeclared,
)
from envrules.ruleset.check import check_ruleset
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

ZONE = ZoneInfo("Asia/Shanghai")
RULES = """
ruleset: made_up
title: 问题整治
timezone: Asia/Shanghai
sources: {m: {title: 办法, document: "1"}}
parameters:
  window:    {title: 回潮期限, unit: calendar_days, ref: m 一, values: {always: 30, 2026-09-01: 10}}
  suspected: {title: 疑似重复期限, unit: hours, ref: m 一, values: {always: 24}}
  close_by:  {title: 疑似重复距离, unit: metres, ref: m 一, values: {always: 30}}
  visitors:  {title: 游客权重, unit: count, ref: m 二, values: {always: 3, 2026-09-01: 4}}
  heavy:     {title: 扣分权重, unit: count, ref: m 二, values: {always: 2}}
  none:      {title: 一般权重, unit: count, ref: m 二, values: {always: 0}}
  fix:       {title: 整改期限, unit: hours, ref: m 三, values: {always: 48}}
  line:      {title: 达标线, unit: points, ref: m 四, values: {always: 80}}
  levels:    {title: 降星级数, unit: count, ref: m 四, values: {always: 1}}
  festival:  {title: 节日, unit: month_day, ref: m 五, values: {always: "07-16"}}
  before:    {title: 节前整治, unit: calendar_days, ref: m 五, values: {always: 5}}
tables:
  rows:
    title: 扣分表
    values:
      always: [{id: heap, title: 柴草, full: 100, each: 5, ref: m 四}]
calendar: {days: every_day, not_from_source: 默认}
unit_types: {village: {title: 村, ref: m 一}, town: {title: 镇, ref: m 一}}
inspections: {patrol: {title: 巡查, ref: m 一}, check: {title: 检查, ref: m 一}}
places: {field: {title: 田边, ref: m 一}, road: {title: 路边, ref: m 一}}
consequences: {通报: {action: criticise_publicly, ref: m 一}}
campaigns: {eve: {title: 节前整治, before: $festival, lasts: $before, ref: m 五}}
classes:
- {id: festive, title: 节前乱象, where: {campaign: [eve], tags: [乱象]}, ref: m 五}
- {id: cleared, title: 清除, where: {category: [柴草堆], place: [road]}, ref: m 一}
- {id: tidied, title: 清理, where: {category: [柴草堆]}, ref: m 一}
exclusions:
- {id: farm_shed, title: 农用看护房, where: {category: [棚]}, fields: {用途: [农用, 看护], 指导: []}, ref: m 二}
issues:
  conditions:
  - {id: plan, title: 缓办须有方案, at: deferred, fields: {方案: []}, until: true, ref: m 三}
  - {id: accepted, title: 须经验收, at: closed, where: {place: [road]}, fields: {验收: [合格]}, ref: m 三}
points: {title: 点位, ref: m 一}
priorities:
- {id: spot, title: 重点点位, where: {place: [road]}, tags: {游客: $visitors, 扣分: $heavy, 一般: $none}, ref: m 二}
sequences:
  order:
    title: 整治次序
    unit: [village]
    by:
    - {title: 先中心后外围, attribute: 区位, values: [中心, 外围], ref: m 二}
    - {title: 先集中后分散, attribute: 布局, values: [集中, 分散], ref: m 二}
    ref: m 二
recurrences:
  rebound: {title: 回潮, same: [unit, place], within: $window, reopens: true, ref: m 一}
  twice: {title: 疑似重复, same: [unit, category], since: found, within: $suspected, near: $close_by, ref: m 一}
deadlines:
  fix: {title: 整改, within: $fix, ref: m 三}
scores:
  checked: {title: 考核, unit: [village], period: month, table: rows, counts: [check], ref: m 四}
bands:
  checked: [{id: low, title: 未达标, below: $line, ref: m 四}, {id: high, title: 达标, at_least: $line, ref: m 四}]
demotions: {checked: {title: 降级, recurred: rebound, levels: $levels, ref: m 四}}
indicators:
  ledger:
    title: 台账
    unit: [village, town]
    period: month
    issues: {where: {place: [road]}, count: [registered], of: [found]}
    ref: m 一
  in_time:
    title: 按期率
    unit: [town]
    period: quarter
    issues: {count: [on_time], of: [due], deadline: fix}
    ref: m 一
rules:
- {id: again, title: 回潮通报, when: {recurred: rebound}, then: [通报], ref: m 一}
- {id: cleared, title: 清除通报, when: {classified: cleared}, then: [通报], ref: m 一}
- {id: heaps, title: 柴草通报, when: {category: 柴草堆}, then: [通报], ref: m 一}
- {id: no_plan, title: 无方案通报, when: {refused: plan}, then: [通报], ref: m 一}
"""


def at(text: str) -> int:
    """Return an instant of 2026, in local time: `07-03 10:00`, with seconds if need be."""
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).timestamp()) * 1_000_000


def compiled(text: str = RULES, revision: str = "r1") -> Scheme:
    """Return the scheme of a ruleset's text, which must have no problems."""
    loaded = load_ruleset(text, "rulesets/made_up.yaml")
    assert check_ruleset(loaded) == []
    return compile_ruleset(loaded, revision)


class Town:
    """A locality with the villages zhao and qian; events have the ids that tests give them."""

    def __init__(self, **revisions: str) -> None:
        """`revisions`: the texts that the scheme has; without any it is `RULES`, as r1."""
        texts = revisions or {"r1": RULES}
        schemes = {name: compiled(text, name) for name, text in texts.items()}
        self.memory = MemoryLocality("town", lambda _scheme, revision: schemes[revision])
        self.memory.append(Published("made_up", next(iter(texts)), at=at("01-01 00:00")))
        for unit in ("zhao", "qian"):
            self.tell(f"u-{unit}", "01-01 00:00", UnitDeclared(unit, f"{unit}村", "village"))

    def tell(self, event_id: str, when: str, payload: Payload) -> None:
        """Let an event arrive."""
        self.memory.append(Arrived(Event(event_id, at(when), payload)))

    def found(self, issue: str, when: str, **fields: Any) -> None:
        """Let the event `f-<issue>` find an issue, in zhao unless another unit is given."""
        fields = {"category": "柴草堆", "place_unit": "zhao"} | fields
        self.tell(f"f-{issue}", when, IssueFound(issue, **fields))

    def move(self, issue: str, when: str, move: Move, **fields: Any) -> None:
        """Let the event `<move>-<issue>` take an issue one step on."""
        self.tell(f"{move}-{issue}", when, IssueMoved(issue, move, **fields))

    def mended(self, issue: str, when: str) -> None:
        """Let an issue be handled and verified, both at `when`."""
        self.move(issue, when, "handled")
        self.move(issue, when, "check_passed")

    def withdraw(self, event_id: str) -> None:
        """Let an event be taken back."""
        self.tell(f"w-{event_id}", "12-31 00:00", EventWithdrawn(event_id))

    def tick(self, when: str) -> None:
        """Let time go on."""
        self.memory.append(Tick(at(when)))

    def publish(self, revision: str) -> None:
        """Let another revision be published."""
        self.memory.append(Published("made_up", revision))

    def close(self, period: str) -> None:
        """Let a period be closed."""
        self.memory.append(Closed("made_up", period))

    def of(self, rule: str) -> list[Content]:
        """Return what holds under a rule, in order of time and subject."""
        held = (decision.content for decision in self.memory.effective().values())
        return sorted(
            (c for c in held if c.slot.rule == rule), key=lambda c: (c.at, c.slot.subject)
        )

    def one(self, rule: str) -> Content:
        """Return the one decision that holds under a rule."""
        (only,) = self.of(rule)
        return only

    def outcomes(self, rule: str) -> dict[str, str]:
        """Return what holds under a rule: subject → outcome."""
        return {c.slot.subject: c.outcome for c in self.of(rule)}
