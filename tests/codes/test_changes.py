"""What another code table changes: in words, and whether it reaches into the past."""

from __future__ import annotations

from tests.codes.tables import TABLE, compiled

from envrules.ruleset.code_table import CodeTable
from envrules.ruleset.codes_diff import diff_codes


def said(old: CodeTable | None, new: CodeTable | None) -> list[str]:
    """Return the lines that people read."""
    return [str(change) for change in diff_codes(old, new)]


TOWN = compiled()


def test_the_same_table_changes_nothing() -> None:
    """Neither itself, nor another order of its lines, nor another title."""
    lines = TABLE.splitlines()
    other = "\n".join([*lines[:5], *lines[:4:-1]]).replace("某市", "某县") + "\n"
    assert said(TOWN, TOWN) == said(TOWN, compiled(other)) == said(None, None) == []


def test_a_code_that_meant_nothing_reaches_no_judgement() -> None:
    """A new entry has no date: it changes nothing that was judged."""
    more = compiled(
        TABLE + '- {large: "02", category: 岸边垃圾, place: water, tags: [急办], title: 水岸}\n'
    )
    assert said(TOWN, more) == ["codes.大类02 水岸: 无 → 岸边垃圾（地点 water；标签 急办）"]


def test_a_code_that_means_something_else_changes_the_past() -> None:
    """So does one that is gone."""
    assert said(TOWN, compiled(TABLE.replace("污水横流", "漂浮物"))) == [
        "codes.“事件-污水” 污水外溢: 污水横流 → 漂浮物 自始"
    ]
    less = "".join(line for line in TABLE.splitlines(keepends=True) if "0777" not in line)
    assert said(TOWN, compiled(less)) == [
        "codes.小类0777: 漂浮物（地点 water；标签 水面、急办） → 无 自始"
    ]


def test_a_finer_entry_is_compared_with_what_it_takes_over() -> None:
    """An entry for a condition changes what the entry without it said, and only that."""
    line = '- {large: "01", small: "0103", condition: "3", category: %s}\n'
    assert said(TOWN, compiled(TABLE + line % "岸边垃圾")) == [
        "codes.大类01 小类0103 立案条件3: 三大堆 → 岸边垃圾 自始"
    ]
    assert said(TOWN, compiled(TABLE + line % "三大堆")) == []


def test_places_are_compared_too() -> None:
    """A kind of place that is mapped, mapped otherwise, or not any more."""
    other = TABLE.replace('"01": main_road, 村里: village', '"01": around, "02": water')
    assert said(TOWN, compiled(other)) == [
        "codes.地点 01: main_road → around 自始", "codes.地点 村里: village → 无 自始",
        "codes.地点 02: 无 → water",
    ]  # fmt: skip


def test_a_first_table_and_the_end_of_one() -> None:
    """Every code is new, or gone."""
    assert len(said(None, TOWN)) == len(said(TOWN, None)) == 8
    assert not any(line.endswith("自始") for line in said(None, TOWN))
    assert all(line.endswith("→ 无 自始") for line in said(TOWN, None))
