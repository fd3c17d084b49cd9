"""Checklists: what one inspection ticked off, all of it or enough of it by weight."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from tests.engine.made_up import TEXT, County, at, village

from envrules.model.entries import Arrived
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    Exemption,
    Inspection,
)

ITEMS = ("路净", "墙净", "水净")


def answered(answers: str, kind: str = "visit", name: str = "I1", **more: bool) -> Inspection:
    """Return an inspection of zhao: 1 for an item that is met, 0 for one that is not, - for none."""
    given = {item: a == "1" for item, a in zip(ITEMS, answers, strict=True) if a != "-"}
    return Inspection(name, "zhao", kind, checklist={**given, **more})


@pytest.mark.parametrize(
    ("kind", "answers", "outcome", "points", "said"),
    [
        ("visit", "111", "passed", None, "3 项全部达到，通过"),
        ("visit", "101", "failed", None, "墙面干净未达到，未通过"),
        ("visit", "000", "failed", None, "路面干净、墙面干净、水面干净未达到，未通过"),
        ("visit", "11-", "incomplete", None, "水面干净未填，填报不全"),
        ("visit", "-0-", "incomplete", None, "路面干净、水面干净未填，墙面干净未达到，填报不全"),
        ("exam", "111", "passed", "100", "3 项全部达到，得 100 分，通过"),
        ("exam", "110", "passed", "80", "水面未达到，得 80 分，通过"),
        ("exam", "101", "failed", "70", "墙面未达到，得 70 分，未通过"),
        ("exam", "11-", "incomplete", "80", "水面未填，得 80 分，填报不全"),
    ],
)
def test_an_inspection_is_judged_by_its_answers(
    kind: str, answers: str, outcome: str, points: str | None, said: str
) -> None:
    """Every item must be met, or enough of them by weight; one that nobody answered leaves it open."""
    county = County()
    county.tell("i", "07-10 10:00", answered(answers, kind))
    (content,) = county.holds("checklist")
    assert content.outcome == outcome
    assert content.points == (None if points is None else Decimal(points))
    title = {"visit": "七净", "exam": "验收"}[kind]
    assert content.reason == f"zhao村 2026-07-10 {title}：{said}"
    assert (content.slot.anchor, content.at, content.period) == ("i", at("07-10 10:00"), "2026-07")


def test_the_reasoning_cites_what_decided() -> None:
    """Items that are not met or not answered are cited, and the points that pass, with since when."""
    county = County()
    county.tell("i1", "07-10 10:00", answered("101", "exam"))
    county.tell("i2", "07-11 10:00", answered("-11", "exam", "I2"))
    failed, incomplete = county.holds("checklist")
    assert [(s.rule, s.value, s.note) for s in failed.steps] == [
        ("checklists.exam", "", "墙面未达到，得 70 分，未通过"),
        ("checklists.exam.墙净", "未达到", ""),
        ("parameters.pass", "80 分", "70 < 80 分"),
    ]
    assert [(s.rule, s.value) for s in incomplete.steps] == [
        ("checklists.exam", ""), ("checklists.exam.路净", "未填"),
    ]  # fmt: skip


def test_the_points_that_pass_are_those_of_the_day() -> None:
    """A value holds for inspections from its date on."""
    county = County(
        text=TEXT.replace("{always: 80}}\n\nunit", "{always: 80, 2026-07-10: 90}}\n\nunit")
    )
    county.tell("i1", "07-09 23:59", answered("110", "exam"))
    county.tell("i2", "07-10 00:00", answered("110", "exam", "I2"))
    assert [c.outcome for c in county.holds("checklist")] == ["passed", "failed"]


def test_an_answer_to_something_else_is_a_warning() -> None:
    """What no checklist of this inspection asks is not counted, and not passed over in silence."""
    county = County()
    county.tell("i", "07-10 10:00", answered("111", 路静=False))
    (content,) = county.holds("checklist")
    assert (content.outcome, content.warnings) == ("passed", ("“路静”不在清单上，未计",))


def test_rules_are_told() -> None:
    """A checklist that is passed is a fact of its month; withdrawn, it holds no longer."""
    county = County()
    county.tell("i", "07-10 10:00", answered("111"))
    (content,) = county.holds("consequence")
    assert (content.slot.rule, content.period, content.events) == ("rules.shiny", "2026-07", ("i",))
    (checked,) = county.holds("checklist")
    named, _, _ = content.reason.partition("：")
    assert checked.reason.startswith(f"{named} 2026-07-10")
    assert content.reason.count(named) == 1
    county.tell("w", "07-11 10:00", EventWithdrawn("i"))
    assert county.holds("checklist") == county.holds("consequence") == []


def test_an_unknown_unit_is_parked_and_an_exempt_one_set_aside() -> None:
    """What does not count is said, and judged once the unit is declared."""
    county = County(village("qian"))
    county.tell("i", "07-10 10:00", answered("111"))
    (content,) = county.holds("finding", "checklists.clean")
    assert (content.outcome, content.reason) == ("parked", "单位 zhao 在检查之时未登记")
    county.tell("u", "07-01 09:00", village("zhao"))
    assert county.holds("finding", "checklists.clean") == []
    assert [c.outcome for c in county.holds("checklist")] == ["passed"]
    county.tell("x", "07-12 09:00",
                Exemption(at("07-10 00:00"), at("07-11 00:00"), "防汛", "p", ("zhao",)))  # fmt: skip
    assert county.holds("checklist") == []
    assert [(c.outcome, c.events) for c in county.holds("finding", "checklists.clean")] == [
        ("exempt", ("i", "x"))
    ]


def test_an_upheld_appeal_strikes_out_the_inspection() -> None:
    """While it is pending the verdict is held."""
    county = County()
    county.tell("i", "07-10 10:00", answered("011"))
    county.appeal("i", "07-11 10:00", upheld=None)
    assert [c.publication for c in county.holds("checklist")] == ["held"]
    county.appeal("i", "07-11 10:00", upheld=True)
    assert county.holds("checklist") == []


def test_an_upheld_appeal_against_an_item_counts_it_as_met() -> None:
    """The verdict is judged anew, and says that the item was granted; a lost one changes nothing."""
    county = County()
    county.tell("i", "07-10 10:00", answered("011"))
    county.appeal("i#路净", "07-11 10:00", upheld=False)
    assert [(c.outcome, c.publication) for c in county.holds("checklist")] == [
        ("failed", "published")
    ]
    county.tell("f2", "07-12 10:00", AppealFiled("A2", "zhao", "i#路净"))
    assert [c.publication for c in county.holds("checklist")] == ["held"]
    county.tell("d2", "07-13 10:00", AppealDecided("A2", "zhao", "i#路净", upheld=True))
    (content,) = county.holds("checklist")
    assert (content.outcome, content.events) == ("passed", ("i", "d2"))
    assert ("checklists.clean.路净", "达到", "申诉成立") in [
        (s.rule, s.value, s.note) for s in content.steps
    ]


def test_an_appeal_by_another_unit_is_rejected() -> None:
    """Only the unit inspected may dispute its inspection."""
    county = County(village("zhao"), village("qian"))
    county.tell("i", "07-10 10:00", answered("011"))
    county.appeal("i", "07-11 10:00", unit="qian", upheld=True)
    assert [c.outcome for c in county.holds("checklist")] == ["failed"]
    assert {(c.outcome, c.slot.rule) for c in county.holds("finding")} >= {
        ("rejected", "checklists.clean")
    }


def test_each_report_of_an_inspection_is_judged_by_itself() -> None:
    """Two reports under one name have a verdict each, in whatever order everything arrives."""
    events = [
        Event("i1", at("07-10 10:00"), answered("011")),
        Event("i2", at("07-10 11:00"), answered("111")),
        Event("f", at("07-11 10:00"), AppealFiled("A", "zhao", "i1#路净")),
        Event("d", at("07-12 10:00"), AppealDecided("A", "zhao", "i1#路净", upheld=True)),
        Event("w", at("07-12 11:00"), EventWithdrawn("i2")),
    ]
    seen = set()
    for order in permutations(events):
        county = County()
        for event in (*order, order[-1]):
            county.memory.append(Arrived(event))
        contents = county.holds("checklist")
        assert [(c.slot.anchor, c.outcome) for c in contents] == [("i1", "passed")]
        seen.add(contents[0].essence())
    assert len(seen) == 1
