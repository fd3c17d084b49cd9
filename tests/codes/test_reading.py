"""How a code table reads events: the most specific entry counts, the scheme's words stay."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from tests.codes.tables import HEAD, TABLE, compiled

from envrules.model.events import Event, Finding, Inspection, IssueFound, UnitRenamed
from envrules.ruleset.code_table import HostCode, code_of

TOWN = compiled()


def read(**fields: Any) -> IssueFound:
    """Return a finding as the town's table reads it."""
    payload = TOWN.read(Event("e", 0, IssueFound("案1", **fields))).payload
    assert isinstance(payload, IssueFound)
    return payload


LITTER = {"object_class": "event", "large_class": "01", "small_class": "0103"}


@pytest.mark.parametrize(("fields", "category"), [
    ({"large_class": "01"}, "建筑垃圾"),
    ({"large_class": "01", "object_class": "component"}, "建筑垃圾"),
    ({"large_class": "01", "object_class": "event"}, "乱搭乱建"),
    ({"large_class": "01", "small_class": "0999", "object_class": "event"}, "乱搭乱建"),
    (LITTER, "三大堆"),
    ({**LITTER, "condition": "1"}, "三大堆"),
    ({**LITTER, "condition": "2"}, "白色垃圾"),
    ({**LITTER, "condition": "2", "object_class": "component"}, "三大堆"),
    ({**LITTER, "category": "暴露垃圾"}, "三大堆"),
    ({**LITTER, "category": "事件-污水"}, "污水横流"),
    ({"category": "事件-污水"}, "污水横流"),
    ({"large_class": "1"}, ""),
    ({"small_class": "0103"}, ""),
    ({"object_class": "event"}, ""),
    ({"category": "事件-噪声"}, "事件-噪声"),
])  # fmt: skip
def test_the_most_specific_entry_counts(fields: dict[str, Any], category: str) -> None:
    """Condition before small class before large class before object class; codes are text."""
    assert read(**fields).category == category


def test_the_order_of_entries_does_not_matter() -> None:
    """However the entries are sorted, each code means the same."""
    lines = TABLE[TABLE.index("- {") :].splitlines()[:4]
    codes = [HostCode("", c, s, "01", o) for c in ("", "2") for s in ("", "0103", "x")
             for o in ("", "event", "component")]  # fmt: skip
    said = set()
    for order in permutations(lines):
        table = compiled(HEAD + "entries:\n" + "\n".join(order) + "\n")
        said.add(tuple(entry.category for code in codes if (entry := table.find(code))))
    assert len(said) == 1
    assert set(*said) == {"建筑垃圾", "乱搭乱建", "三大堆", "白色垃圾"}


def test_a_word_of_the_scheme_stays_as_it_is() -> None:
    """A category in the scheme's own words is not read again, whatever codes stand beside it."""
    given = IssueFound("案1", category="漂浮物", place="around", **LITTER)  # type: ignore[arg-type]
    assert TOWN.read(Event("e", 0, given)).payload == given


def test_place_and_tags_are_added() -> None:
    """An entry gives the place where the event has none, and its tags besides those there are."""
    assert read(small_class="0777").place == "water"
    assert read(small_class="0777", place="around").place == "around"
    assert read(small_class="0777", tags=("急办", "夜间")).tags == ("急办", "夜间", "水面")


def test_kinds_of_place_are_mapped_for_themselves() -> None:
    """The host's kinds of place become the scheme's, whether the category is read or not."""
    assert read(category="三大堆", place="01").place == "main_road"
    assert read(category="事件-噪声", place="村里").place == "village"
    assert read(small_class="0777", place="01").place == "main_road"
    assert read(small_class="0777", place="09").place == "09"


def test_what_the_host_said_stays_on_the_event() -> None:
    """Classes and condition are kept, for limits may differ by them."""
    known = read(**LITTER, condition="2", place_unit="zhao")
    assert (known.small_class, known.condition, known.place_unit) == ("0103", "2", "zhao")


def test_findings_of_an_inspection_are_read_by_their_category() -> None:
    """Each finding for itself; an inspection has no classes to go by."""
    findings = (Finding("a", "事件-污水", "01"), Finding("b", "三大堆", "water"), Finding("c", "?"))
    payload = TOWN.read(
        Event("e", 0, Inspection("月查", "zhao", "monthly_check", findings=findings))
    )
    assert isinstance(payload.payload, Inspection)
    assert [(f.category, f.place) for f in payload.payload.findings] == [
        ("污水横流", "main_road"), ("三大堆", "water"), ("?", "")
    ]  # fmt: skip


def test_other_events_are_not_touched() -> None:
    """What finds nothing has no codes."""
    event = Event("e", 0, UnitRenamed("zhao", "赵庄"))
    assert TOWN.read(event) is event


def test_how_it_was_read_is_told_with_its_line() -> None:
    """A step names the code, the scheme's words, and the line of the entry that says so."""
    event = Event("e", 0, IssueFound("案1", small_class="0777", category="水面垃圾"))
    ((name, (step,)),) = TOWN.how([event]).items()
    assert (name, step.rule, step.title) == ("e", "codes.town_platform", "某市数字城管代码")
    assert (step.value, step.note) == (
        "小类0777 “水面垃圾”",
        "按“水面漂浮物”判，地点按“河道、池塘及岸边”",
    )
    assert step.location == f"town.codes.yaml:{TABLE[: TABLE.index('0777')].count(chr(10)) + 1}"


def test_each_finding_has_its_own_steps() -> None:
    """A finding that needed no reading has none; a place that was mapped is told too."""
    findings = (Finding("a", "事件-污水", "01"), Finding("b", "三大堆"))
    event = Event("e", 0, Inspection("月查", "zhao", "monthly_check", findings=findings))
    ((name, steps),) = TOWN.how([event]).items()
    assert name == "e#a"
    assert [(step.title, step.value) for step in steps] == [
        ("污水外溢", "“事件-污水”"), ("某市数字城管代码", "地点 01")
    ]  # fmt: skip


def test_a_code_reads_as_people_say_it() -> None:
    """Class, large class, small class, condition, and the host's own word."""
    found = IssueFound("案1", "暴露垃圾", object_class="component", large_class="01",
                       small_class="0103", condition="1")  # fmt: skip
    assert str(code_of(found)) == "部件 大类01 小类0103 立案条件1 “暴露垃圾”"
    assert str(HostCode()) == ""
