"""Duties with signatures, windows and days of the year; gates with evidence and a chain; appeals."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Published, Tick
from envrules.model.events import (
    AppealFiled,
    ApprovalGiven,
    Event,
    EventWithdrawn,
    IndicatorMeasured,
    Inspection,
    Payload,
    ReportFiled,
    UnitDeclared,
)
from envrules.ruleset.check import check_ruleset
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import load_ruleset

ZONE = ZoneInfo("Asia/Shanghai")
RULES = """
ruleset: duties
title: 职责
timezone: Asia/Shanghai
sources: {m: {title: 文, document: "1"}}
parameters:
  start: {title: 起, unit: date, ref: m 一, values: {always: "2026-11-19"}}
  opens: {title: 期初, unit: date, ref: m 一, values: {always: "2024-03-01"}}
  closes: {title: 期末, unit: date, ref: m 一, values: {always: "2026-02-10"}}
  length: {title: 长, unit: months, ref: m 一, values: {always: 1}}
  festival: {title: 节, unit: month_day, ref: m 一, values: {always: "04-10"}}
  last: {title: 截止, unit: month_day, ref: m 二, values: {always: "11-30"}}
  first: {title: 起始, unit: month_day, ref: m 二, values: {always: "08-01"}}
  grant: {title: 补助, unit: money, ref: m 三, values: {always: 700000}}
  t1: {title: 启动, unit: percent, ref: m 三, values: {always: 20}}
  t2: {title: 过半, unit: percent, ref: m 三, values: {always: 30}}
  t3: {title: 交付, unit: percent, ref: m 三, values: {always: 30}}
  t4: {title: 验收, unit: percent, ref: m 三, values: {always: 20}}
  half: {title: 一半, unit: percent, ref: m 三, values: {always: 50}}
  appeal: {title: 申诉期限, unit: working_days, ref: m 四, values: {always: 3}}
  full: {title: 满分, unit: points, ref: m 四, values: {always: 100}}
calendar: {days: china, working_days: {counting: whole_days}, not_from_source: 默认}
unit_types:
  office: {title: 办事处, ref: m 一}
  project: {title: 项目, ref: m 一}
inspections: {check: {title: 检查, ref: m 一}}
consequences: {拨付: {action: release_funds, ref: m 三}, 通报: {action: criticise_publicly, ref: m 三}}
campaigns:
  month: {title: 整顿月, starts: $start, lasts: $length, ref: m 一}
  spring: {title: 节前一月, before: $festival, lasts: $length, ref: m 一}
  years: {title: 实施期, starts: $opens, until: $closes, ref: m 一}
appeals: {title: 申诉, within: $appeal, ref: m 四}
scores:
  total: {title: 总分, unit: [office], period: month, supplied_by: 县, full: $full, ref: m 四}
gates:
  funds:
    title: 资金
    unit: [project]
    amount: $grant
    attribute: 补助
    ref: m 三
    steps:
    - {id: start, title: 启动资金, share: $t1, needs: [中标, 签约], then: [拨付], ref: m 三}
    - {id: half, title: 建设资金, share: $t2, progress: {indicator: 进度, at_least: $half}, then: [拨付], ref: m 三}
    - {id: handed, title: 交付资金, share: $t3, needs: [交付, 审计报告], then: [拨付], ref: m 三}
    - {id: accepted, title: 余款, share: $t4, needs: [省级验收], then: [拨付], ref: m 三}
duties:
  daily: {title: 每日整顿, unit: [office], every: day, during: month, met_by: {inspection: [check]}, ref: m 一}
  plan: {title: 实施期月报, unit: [office], every: month, during: years, met_by: {report: [月报]}, ref: m 一}
  spring: {title: 节前整治, unit: [office], every: year, during: spring, met_by: {report: [整治]}, ref: m 一}
  repair: {title: 修饰完工, unit: [office], every: year, by: $last, met_by: {report: [完工]}, ref: m 二}
  meeting:
    {title: 现场会, unit: [office], every: year, not_before: $first, by: $last, met_by: {report: [会议]}, ref: m 二}
  weekly: {title: 周报, unit: [office], every: week, signed: true, fields: [进度], met_by: {report: [周报]}, ref: m 二}
rules:
- {id: refused, title: 未按要求, when: {not_accepted: weekly}, then: [通报], ref: m 二}
"""
CHAIN = "    application: 拨付申请\n    chain: [镇, 县, 财政]\n    steps:\n"


def at(text: str) -> int:
    """Return an instant of 2026, in local time."""
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).timestamp()) * 1_000_000


class Place:
    """One locality in memory."""

    def __init__(self, text: str = RULES) -> None:
        loaded = load_ruleset(text, "rulesets/duties.yaml")
        assert check_ruleset(loaded) == []
        rules = compile_ruleset(loaded, "r1")
        self.memory = MemoryLocality("place", lambda _scheme, _revision: rules)
        self.memory.append(Tick(at("01-01 00:00")))
        self.memory.append(Published("duties", "r1", at=at("01-01 00:00")))
        self.tell("u1", "01-01 00:00", UnitDeclared("jing", "京航", "office"))

    def tell(self, event_id: str, when: str, payload: Payload) -> None:
        """Let an event arrive."""
        self.memory.append(Arrived(Event(event_id, at(when), payload)))

    def tick(self, when: str) -> None:
        """Let time go on."""
        self.memory.append(Tick(at(when)))

    def of(self, rule: str, anchor: str = "") -> list[Content]:
        """Return what holds under a rule, in order of time."""
        held = (d.content for d in self.memory.effective().values())
        mine = [c for c in held if c.slot.rule == rule and anchor in ("", c.slot.anchor)]
        return sorted(mine, key=lambda c: (c.at, c.slot.anchor))


def test_a_campaign_is_half_open() -> None:
    """A month from 19 November covers 18 December and not the 19th."""
    place = Place()
    place.tick("12-25 00:00")
    cycles = [c.slot.anchor for c in place.of("duties.daily")]
    assert (cycles[0], cycles[-1], len(cycles)) == ("2026-11-19", "2026-12-18", 30)


@pytest.mark.parametrize(("when", "outcome"), [("02-10 23:59", "met"), ("02-11 00:00", "missed")])
def test_a_campaign_of_several_years_ends_on_its_last_day(when: str, outcome: str) -> None:
    """It began two years ago: January is owed, February up to the tenth, March not at all."""
    place = Place()
    place.tell("report", when, ReportFiled("jing", "月报"))
    place.tick("04-01 00:00")
    held = {c.slot.anchor: c.outcome for c in place.of("duties.plan")}
    assert held == {"2026-01": "missed", "2026-02": outcome}


def test_a_campaign_before_a_festival_ends_with_its_eve() -> None:
    """What is due in the month before 10 April is missed on the 10th, and cannot be done then."""
    place = Place()
    place.tell("early", "03-09 23:59", ReportFiled("jing", "整治"))
    place.tick("04-09 23:59")
    assert place.of("duties.spring") == []
    place.tick("04-10 00:00")
    place.tell("late", "04-10 08:00", ReportFiled("jing", "整治"))
    assert [c.outcome for c in place.of("duties.spring")] == ["missed"]
    place.tell("inside", "03-10 00:00", ReportFiled("jing", "整治"))
    assert [c.outcome for c in place.of("duties.spring")] == ["met"]


def test_a_yearly_duty_is_owed_in_the_window_that_begins_in_the_year() -> None:
    """Two months from 19 November end with the year, whatever last year's window left over."""
    yearly = RULES.replace('unit: date, ref: m 一, values: {always: "2026-11-19"}',
                           'unit: month_day, ref: m 一, values: {always: "11-19"}')  # fmt: skip
    yearly = yearly.replace("长, unit: months, ref: m 一, values: {always: 1}",
                            "长, unit: months, ref: m 一, values: {always: 2}")  # fmt: skip
    place = Place(yearly.replace("during: spring", "during: month"))
    place.tell("new_year", "01-02 08:00", ReportFiled("jing", "整治"))
    place.tick("02-01 00:00")
    assert place.of("duties.spring") == []
    place.tell("inside", "12-31 23:59", ReportFiled("jing", "整治"))
    place.memory.append(Tick(at("12-31 23:59") + 60_000_000))
    assert [(c.outcome, c.period) for c in place.of("duties.spring")] == [("met", "2026")]


@pytest.mark.parametrize(
    ("when", "outcome"),
    [("11-30 23:59", "met"), ("12-01 00:00", "late"), ("07-31 23:59", "met")],
)
def test_a_yearly_duty_has_a_last_day(when: str, outcome: str) -> None:
    """The day itself is in time; later in the year is late; earlier is early enough."""
    place = Place()
    place.tell("r", when, ReportFiled("jing", "完工"))
    place.tick("12-01 00:00")
    assert [c.outcome for c in place.of("duties.repair")] == [outcome]


def test_a_yearly_duty_may_have_a_first_day() -> None:
    """What is done before the first day does not count, what is done on it does."""
    place = Place()
    place.tell("r", "07-31 23:59", ReportFiled("jing", "会议"))
    place.tick("12-01 00:00")
    assert [c.outcome for c in place.of("duties.meeting")] == ["missed"]
    place.tell("s", "08-01 00:00", ReportFiled("jing", "会议"))
    assert [c.outcome for c in place.of("duties.meeting")] == ["met"]


def test_a_report_without_signature_or_field_is_not_accepted() -> None:
    """It is named for what it lacks, tells the rules, and leaves the duty undone; a better one does it."""
    place = Place()
    place.tell("a", "07-01 10:00", ReportFiled("jing", "周报", fields={"进度": "三成"}))
    place.tell("b", "07-01 11:00", ReportFiled("jing", "周报", signed_by="p1"))
    place.tick("07-06 00:00")
    (first,) = place.of("duties.weekly", "a")
    (second,) = place.of("duties.weekly", "b")
    assert (first.outcome, second.outcome) == ("not_accepted", "not_accepted")
    assert "负责人签字" in first.reason
    assert "进度" in second.reason
    assert [c.outcome for c in place.of("duties.weekly", "2026W27")] == ["missed"]
    (refused,) = place.of("rules.refused")
    assert refused.reason.count("京航") == 1
    good = ReportFiled("jing", "周报", signed_by="p1", fields={"进度": "三成"})
    place.tell("c", "07-02 10:00", good)
    assert [c.outcome for c in place.of("duties.weekly", "2026W27")] == ["met"]


@pytest.mark.parametrize(
    ("told", "cycle", "month"),
    [("missed: weekly", "2026W27", "2026-07"), ("not_accepted: weekly", "2026W27", "2026-07"),
     ("missed: repair", "2026", "2026-11"), ("missed: spring", "2026", "2026-04")],
)  # fmt: skip
def test_a_cycle_is_read_in_one_month(told: str, cycle: str, month: str) -> None:
    """A week in that of its Thursday, whatever is told of it; a year where the duty fell due."""
    place = Place(RULES.replace("when: {not_accepted: weekly}", f"when: {{{told}}}"))
    place.tell("r", "06-30 09:00", ReportFiled("jing", "周报", signed_by="张"))
    place.tick("12-02 00:00")
    assert [
        c.period for c in place.of("rules.refused") if any(f"{cycle} " in s.note for s in c.steps)
    ] == [month]


def project(place: Place, **attributes: str) -> None:
    """Declare a project."""
    declared = UnitDeclared("p1", "甲村项目", "project", attributes=attributes)
    place.tell("up1", "01-02 00:00", declared)


def advance(place: Place, *steps: str) -> Decimal | None:
    """Let evidence come in, a day apart; return the sum that has fallen due."""
    for day, step in enumerate(steps, start=1):
        payload: Payload = ReportFiled("p1", step)
        if step.isdigit():
            payload = IndicatorMeasured("p1", "进度", "2026", Decimal(step))
        place.tell(step, f"03-{day:02d} 10:00", payload)
    (total,) = place.of("gates.funds")
    return total.points


@pytest.mark.parametrize(
    ("steps", "due"),
    [
        (("中标",), 0),
        (("中标", "签约", "49"), 140_000),
        (("中标", "签约", "50"), 350_000),
        (("中标", "签约", "50", "交付"), 350_000),
        (("中标", "签约", "50", "交付", "审计报告"), 560_000),
        (("中标", "签约", "50", "交付", "审计报告", "省级验收"), 700_000),
        (("50", "交付", "审计报告", "省级验收"), 0),
    ],
)
def test_tranches_are_cumulative(steps: tuple[str, ...], due: int) -> None:
    """Each step needs its own evidence and every step before it."""
    place = Place()
    project(place)
    assert advance(place, *steps) == due


def test_a_step_that_waits_says_what_it_has_and_what_its_value_is() -> None:
    """Evidence that is there is named beside what lacks; progress too low, with its bound."""
    place = Place()
    project(place)
    advance(place, "中标", "49")
    (start,), (half,) = place.of("gates.funds.start"), place.of("gates.funds.half")
    assert (start.outcome, start.events, "签约" in start.reason) == ("waiting", ("中标",), True)
    assert [step.rule for step in half.steps] == ["gates.funds.half"]
    place.tell("签约", "03-05 10:00", ReportFiled("p1", "签约"))
    (half,) = place.of("gates.funds.half")
    assert [(step.rule, step.value) for step in half.steps] == [
        ("gates.funds.half", ""), ("parameters.half", "50%"),
    ]  # fmt: skip


def test_a_lower_measurement_and_a_withdrawal_undo_a_step() -> None:
    """Progress that was corrected downwards, or evidence taken back, releases nothing."""
    place = Place()
    project(place)
    assert advance(place, "中标", "签约", "50") == 350_000
    place.tell("m2", "04-01 10:00", IndicatorMeasured("p1", "进度", "2026", Decimal(45)))
    assert place.of("gates.funds")[0].points == 140_000
    place.tell("w", "04-02 10:00", EventWithdrawn("签约"))
    assert place.of("gates.funds")[0].points == 0
    assert place.of("gates.funds.start")[0].outcome == "waiting"


def test_a_project_may_have_its_own_sum() -> None:
    """The attribute of the declaration wins over the parameter; what is no sum is said to be none."""
    place = Place()
    project(place, 补助="1000000.01")
    assert advance(place, "中标", "签约") == Decimal("200000.00")
    other = Place()
    project(other, 补助="七十万")
    advance(other, "中标", "签约")
    (total,) = other.of("gates.funds")
    assert (total.outcome, "不是金额" in total.reason) == ("incomplete", True)


def test_an_application_passes_the_organs_in_order() -> None:
    """A step is due on its evidence and released once every organ has passed it, none out of turn."""
    place = Place(RULES.replace("    steps:\n", CHAIN))
    project(place)
    advance(place, "中标", "签约")
    assert "待提交拨付申请" in place.of("gates.funds.start")[0].reason
    place.tell("app", "03-05 10:00", ReportFiled("p1", "拨付申请", about="start"))
    place.tell("a0", "03-06 10:00", ApprovalGiven("app", "财政"))
    place.tell("a1", "03-07 10:00", ApprovalGiven("app", "镇"))
    place.tell("a2", "03-08 10:00", ApprovalGiven("app", "县"))
    (step,) = place.of("gates.funds.start")
    assert (step.outcome, "待财政审核" in step.reason) == ("due", True)
    assert [c.outcome for c in place.of("gates.funds", "a0")] == ["rejected"]
    place.tell("a3", "03-09 10:00", ApprovalGiven("app", "财政"))
    (step,) = place.of("gates.funds.start")
    assert (step.outcome, step.publication) == ("released", "proposed")
    place.tell("a4", "03-10 10:00", ApprovalGiven("app", "县", revoked=True))
    assert "待县审核" in place.of("gates.funds.start")[0].reason


@pytest.mark.parametrize(("when", "held"), [("08-06 17:30", True), ("08-06 17:31", False)])
def test_an_appeal_has_a_limit(when: str, held: bool) -> None:
    """Three working days from the close hold the decision; later the appeal is refused, in the open."""
    place = Place()
    place.tick("08-03 09:00")
    place.memory.append(Closed("duties", "2026-07"))
    (figure,) = place.of("scores.total")
    appeal = AppealFiled("诉1", "jing", figure.slot.key())
    node = next(n for d, n in place.memory.state.changes.decisions if d.content.slot == figure.slot)
    place.memory.append(Arrived(Event("a", at(when), appeal), "", node))
    assert (place.of("scores.total")[0].publication == "held") is held
    assert [c.outcome for c in place.of("appeals")] == ([] if held else ["rejected"])


def test_an_inspection_by_the_unit_meets_its_daily_duty() -> None:
    """The cycle of the day is met, the next one is not."""
    place = Place()
    place.tell("i", "11-19 10:00", Inspection("i", "jing", "check"))
    place.tick("11-21 00:00")
    assert [c.outcome for c in place.of("duties.daily")] == ["met", "missed"]


def test_limits_in_hours_are_those_of_the_clock() -> None:
    """A parameter in `hours` is no calendar's hours of work."""
    text = RULES.replace(
        "appeal: {title: 申诉期限, unit: working_days", "appeal: {title: 申诉期限, unit: hours"
    )
    assert check_ruleset(load_ruleset(text, "rulesets/duties.yaml")) == []
    loaded = load_ruleset(text, "rulesets/duties.yaml")
    held = compile_ruleset(loaded, "r1").parameters["appeal"].at(date(2026, 7, 1))
    assert (held.value.unit.value, held.value.amount) == ("hours", 3)  # type: ignore[union-attr]
