"""A made-up county whose scores can be given every field that an office may expect."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.made_up import SCHEME, County, at, village

from envrules.engine.nodes import score_node
from envrules.engine.standings import Row, standings
from envrules.model.decisions import Content
from envrules.model.entries import Tick
from envrules.model.events import (
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Move,
    UnitDeclared,
)

PARAMETERS = {
    "place": "{title: 属地分担, unit: ratio, ref: m 一, values: {always: 0.5, 2026-09-01: 0.7}}",
    "handler": "{title: 处置分担, unit: ratio, ref: m 一, values: {always: 0.2}}",
    "office": "{title: 主管分担, unit: ratio, ref: m 一, values: {always: 0.3, 2026-09-01: 0.1}}",
    "city": "{title: 市级发现倍数, unit: points, ref: m 二, values: {always: 2}}",
    "worker": "{title: 网格员发现倍数, unit: ratio, ref: m 二, values: {always: 0}}",
    "own": "{title: 自查自报倍数, unit: ratio, ref: m 二, values: {always: 0, 2026-08-01: 0.5}}",
    "limit": "{title: 整改期限, unit: calendar_days, ref: m 三, values: {always: 10}}",
    "back": "{title: 返还比例, unit: percent, ref: m 三, values: {always: 50}}",
    "third": "{title: 三成, unit: percent, ref: m 六, values: {always: 30}}",
    "most": "{title: 七成, unit: ratio, ref: m 六, values: {always: 0.7}}",
    "half": "{title: 至少一半, unit: ratio, ref: m 六, values: {always: 0.5}}",
    "clear": "{title: 清水率, unit: percent, ref: m 七, values: {always: 60}}",
    "line": "{title: 四星线, unit: points, ref: m 七, values: {always: 80}}",
    "top": "{title: 五星线, unit: points, ref: m 七, values: {always: 90}}",
    "pass": "{title: 达标分, unit: points, ref: m 七, values: {always: 8}}",
    "window": "{title: 复发期, unit: calendar_days, ref: m 八, values: {always: 30}}",
    "down": "{title: 降级, unit: count, ref: m 八, values: {always: 1}}",
    "share": "{title: 上榜比例, unit: percent, ref: m 九, values: {always: 30}}",
    "floor": "{title: 上榜底线, unit: points, ref: m 九, values: {always: 60}}",
}  # fmt: skip

TEXT = """\
ruleset: made_up
title: 示例县考核
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "001"}}
parameters:
<parameters>
tables:
  rows:
    title: 扣分表
    values:
      always:
      - {id: road, title: 路边, full: 6, each: 2, find: [垃圾], ref: m 四}
      - {id: wall, title: 墙面, full: 94, each: 1, find: [涂写], ref: m 四}
calendar: {days: every_day, ref: m 五}
unit_types:
  county: {title: 县, ref: m 一}
  village: {title: 村, ref: m 一}
  squad: {title: 队, ref: m 一}
  office: {title: 局, ref: m 一}
inspections:
  check: {title: 考核, ref: m 五}
  patrol: {title: 巡查, ref: m 五}
  exam: {title: 验收, ref: m 七}
issues: {<issues>}
scores:
  villages: {title: 村考核, unit: [village], period: month, table: rows, counts: [check], <fields>ref: m 四}
<more>"""


def office(fields: str = "", issues: str = "charge: place", more: str = "") -> str:
    """Return a ruleset: fields of the village score, the issues section, and what follows."""
    text = TEXT.replace("<fields>", f"{fields}, " if fields else "")
    text = text.replace("<issues>", issues).replace("<more>", more)
    used = [f"  {name}: {spec}" for name, spec in PARAMETERS.items() if f"${name}" in text]
    parameters = "\n".join(used)
    text = text.replace("<parameters>", parameters)
    return text if used else text.replace("parameters:\n\n", "")


FIX = "deadlines: {fix: {title: 整改限期, starts: found, stops: verified, within: $limit, ref: m 三}}\n"

SQUAD = UnitDeclared("dui", "环卫队", "squad")
BUREAU = UnitDeclared("ju", "住建局", "office")


class Office(County):
    """One locality in memory, with two villages, a squad and a bureau."""

    def __init__(self, text: str, *units: UnitDeclared) -> None:
        super().__init__(*(units or (village("zhao"), village("qian"), SQUAD, BUREAU)), text=text)

    def find(
        self, issue: str, when: str, *, category: str = "涂写", visit: str = "I1", unit: str = "zhao",
        source: str = "check", level: str = "", handler: str = "", department: str = "",
        reporter: str = "",
    ) -> None:  # fmt: skip
        """Let an issue be found, in an assessment unless `visit` is empty."""
        self.tell(f"f-{issue}-{visit}", when, IssueFound(
            issue, category, place_unit=unit, source=source, source_level=level, inspection=visit,
            handling_unit=handler, department=department, reporter_unit=reporter,
        ))  # fmt: skip

    def see(
        self, visit: str, when: str, *issues: str, category: str = "涂写", unit: str = "zhao"
    ) -> None:
        """Let an assessment see issues again, by number."""
        found = tuple(Finding(f"f{i}", category, issue=n) for i, n in enumerate(issues))
        self.tell(visit, when, Inspection(visit, unit, "check", findings=found))

    def move(self, issue: str, move: Move, when: str, approver: str = "", until: str = "") -> None:
        """Let an issue take a step."""
        limit = at(until) if until else None
        moved = IssueMoved(issue, move, approver=approver, until=limit)
        self.tell(f"{move}-{issue}-{when}", when, moved)

    def mend(self, issue: str, when: str, checked: str = "") -> None:
        """Let an issue be reported as put right, and that be verified."""
        self.move(issue, "handled", when)
        self.move(issue, "check_passed", checked or when)

    def tick(self, when: str) -> None:
        """Let time pass."""
        self.memory.append(Tick(at(when)))

    def costs(self, unit: str = "zhao", score: str = "villages") -> dict[str, tuple[str, str]]:
        """Return points and counted points of a unit's deductions, by the event that found it."""
        return {
            c.slot.anchor: (str(c.points), str(c.counted)) for c in self.holds("deduction", "", unit)
            if c.slot.rule.startswith(f"scores.{score}.")
        }  # fmt: skip

    def free(self, unit: str = "zhao") -> dict[str, str]:
        """Return why findings cost nothing, by the event that found them."""
        return {c.slot.anchor: c.outcome for c in self.holds("finding", "", unit)}

    def deduction(self, anchor: str, unit: str = "zhao") -> Content:
        """Return one deduction."""
        (content,) = (c for c in self.holds("deduction", "", unit) if c.slot.anchor == anchor)
        return content

    def standing(
        self, unit: str = "zhao", score: str = "villages", period: str = "2026-07", **when: int
    ) -> Row:
        """Return where a unit stands."""
        rows = standings(self.memory.projection, SCHEME, score, period, **when)
        return next(row for row in rows if row.unit.id == unit)

    def points(self, score: str, unit: str = "zhao", period: str = "2026-07") -> Decimal | None:
        """Return the figure that a close has given."""
        (content,) = (
            c for c in self.holds("score", f"scores.{score}", unit) if c.slot.anchor == period
        )
        return content.points

    def frozen(self, score: str, period: str, unit: str = "zhao") -> str:
        """Return the key of a unit's node."""
        return score_node(SCHEME, score, period, unit).key()
