"""Scores by the week: lists every week, and months that are the mean of their weeks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.engine.test_score_side import Town, at, shipped

from envrules.engine.standings import standings
from envrules.model.entries import Arrived, Closed, Tick
from envrules.model.events import Event, ReportFiled, ScoreSupplied
from envrules.ruleset.check import check_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.runtime.closing import check_closable
from envrules.runtime.errors import NotNow

_MONTH = "  whole: {title: 月均, unit: [village], period: month, mean_of: monthly, ref: d 四二}\n"
_PLEDGE = """\
bands:
  monthly:
  - {id: low, title: 差, below: $black_below, ref: d 四二}
  - {id: high, title: 好, at_least: $black_below, ref: d 四二}
rules:
- id: pledge
  title: 承诺
  when: {band: monthly.low}
  then: [{require: 承诺, by: 书记, within: $red_after}]
  ref: d 四二
"""
WEEKLY = (
    shipped("liuhu")
    .replace("    period: month\n", "    period: week\n")
    .replace("\nlists:\n", f"{_MONTH}\nlists:\n")
    .replace("consequences:\n", "consequences:\n  承诺: {action: pledge, ref: d 四二}\n")
    .replace("rules:\n", _PLEDGE)
)


def town_of_weeks() -> Town:
    """Return a town with one village whose score is for the week."""
    assert check_ruleset(load_ruleset(WEEKLY, "rulesets/liuhu.yaml")) == []
    return Town("liuhu", "zhao", text=WEEKLY)


def supply(town: Town, week: str, when: str, points: str) -> None:
    """Let the village's points of a week be reported."""
    given = ScoreSupplied("zhao", "monthly", "total", week, Decimal(points), "专班")
    town.tell(f"s-{week}", when, given)


def test_a_week_counts_in_the_month_of_its_thursday() -> None:
    """The week of 29 June is July's and not June's; the last of July ends in August."""
    town = town_of_weeks()
    for week, when, points in [
        ("2026W26", "06-28 20:00", "60"), ("2026W27", "07-05 20:00", "80"),
        ("2026W28", "07-12 20:00", "90"), ("2026W29", "07-19 20:00", "90"),
        ("2026W30", "07-26 20:00", "90"), ("2026W31", "08-02 20:00", "100"),
    ]:  # fmt: skip
        supply(town, week, when, points)
        town.memory.append(Tick(at(when) + 4 * 3_600_000_000))
        town.memory.append(Closed("liuhu", week))
    for month, figure in [("2026-06", "60"), ("2026-07", "90")]:
        town.memory.append(Closed("liuhu", month))
        rows = standings(town.memory.projection, "liuhu", "whole", month)
        assert [row.figure for row in rows] == [Decimal(figure)]
    listed = [c.period for c in town.holds("list") if c.outcome == "red"]
    assert listed == [f"2026W{week}" for week in range(26, 32)]


@pytest.mark.parametrize(
    ("closed", "period", "code"),
    [
        (("2026W27",), "2026W28", ""),
        (("2026W27",), "2026W29", "EARLIER_PERIOD_OPEN"),
        (("2026W27",), "2026-07", "EARLIER_PERIOD_OPEN"),
        (("2026W26",), "2026-06", ""),
        (("2026-07",), "2026W27", "LATER_PERIOD_CLOSED"),
        (("2026-06",), "2026W27", ""),
    ],
)
def test_weeks_are_closed_before_the_month_of_their_thursday(
    closed: tuple[str, ...], period: str, code: str
) -> None:
    """A week that begins in June waits for nothing of June, and must be closed before July."""
    town = town_of_weeks()
    town.memory.append(Tick(at("08-31 23:00")))
    for done in closed:
        town.memory.append(Closed("liuhu", done))
    state = town.memory.state.locality
    if not code:
        check_closable(state, town.rules, period, state.tick)
        return
    with pytest.raises(NotNow) as refused:
        check_closable(state, town.rules, period, state.tick)
    assert refused.value.reason == code


def test_a_report_required_by_a_week_need_not_name_it() -> None:
    """A report answers for its week and for earlier ones, as it does for months."""
    town = town_of_weeks()
    supply(town, "2026W28", "07-12 20:00", "60")
    town.close("2026W28", "07-13 09:00")
    town.tell("r", "07-14 09:00", ReportFiled("zhao", "承诺"))
    assert [c.outcome for c in town.holds("duty") if c.title == "承诺"] == ["on_time"]


@pytest.mark.parametrize(
    ("cut_off", "before", "filed", "outcome"),
    [
        ("24:00", 0, True, "overdue"), ("24:00", 0, False, "overdue"), ("24:00", 1, True, "on_time"),
        ("24:00", 1, False, "running"), ("18:00", 0, True, "on_time"), ("18:00", 0, False, "running"),
        ("18:00", -1, False, "overdue"),
    ],
)  # fmt: skip
def test_a_report_keeps_its_limit_as_any_clock_does(
    cut_off: str, before: int, filed: bool, outcome: str
) -> None:
    """At 24:00 the next day has begun; at another hour of a same-day limit it is still in time."""
    tonight = f'  tonight: {{title: 当日, unit: same_day, ref: d 四二, values: {{always: "{cut_off}"}}}}\n'
    text = WEEKLY.replace("书记, within: $red_after", "书记, within: $tonight")
    text = text.replace("parameters:\n", f"parameters:\n{tonight}", 1)
    assert check_ruleset(load_ruleset(text, "rulesets/liuhu.yaml")) == []
    town = Town("liuhu", "zhao", text=text)
    supply(town, "2026W28", "07-12 20:00", "60")
    town.close("2026W28", "07-13 09:00")
    when = at("07-14 00:00" if cut_off == "24:00" else "07-13 18:00") - before
    if filed:
        town.memory.append(Arrived(Event("r", when, ReportFiled("zhao", "承诺"))))
    else:
        town.memory.append(Tick(when))
    assert [c.outcome for c in town.holds("duty") if c.title == "承诺"] == [outcome]
