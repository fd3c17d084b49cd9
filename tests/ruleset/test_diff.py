"""What changed between two rulesets, line by line."""

from __future__ import annotations

import pytest

from envrules.ruleset.diff import diff_rulesets
from envrules.ruleset.load import load_ruleset

LINE = "  line:  {title: 警告线, unit: points, ref: m 一, values: {always: 70}}\n"
BLACK = "  black: {title: 黑榜, of: monthly, bottom: $last, then: [通报], ref: m 九}\n"


def changes(old: str, new: str) -> list[str]:
    """Return the lines of the difference between two texts."""
    return [str(c) for c in diff_rulesets(load_ruleset(old, "old"), load_ruleset(new, "new"))]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{always: 70}", "{always: 70, 2026-12-01: 65}", ["70 → 65 自 2026-12-01"]),
        ("{always: 70}", "{always: 65}", ["70 → 65 自始"]),
        ("{always: 70, 2026-12-01: 65}", "{always: 70}", ["65 → 70 自 2026-12-01"]),
        ("{always: 70, 2026-12-01: 65}", "{always: 70, 2027-01-01: 65}",
         ["65 → 70 自 2026-12-01 至 2027-01-01 前"]),
        ("{always: 70}", "{always: 70, 2026-12-01: 65, 2027-06-01: 60}",
         ["70 → 65 自 2026-12-01 至 2027-06-01 前", "70 → 60 自 2027-06-01"]),
        ("{always: 70}", "{2026-12-01: 70}", ["70 → 无 自始 至 2026-12-01 前"]),
        ("{always: 70}", "{always: 70.00, 2026-12-01: 70}", []),
    ],
)  # fmt: skip
def test_dated_values_are_compared_as_they_hold(
    good: str, before: str, after: str, expected: list[str]
) -> None:
    """A change says from when to when it holds; a date that changes nothing is none."""
    old = good.replace(LINE, LINE.replace("{always: 70}", before))
    new = good.replace(LINE, LINE.replace("{always: 70}", after))
    assert changes(old, new) == [f"parameters.line 警告线: {line}" for line in expected]


def test_rows_of_tables_are_compared_by_id(good: str) -> None:
    """A row is found by its id, wherever it stands, and its change has the table's date."""
    (road,) = [line for line in good.splitlines(keepends=True) if "{id: road" in line]
    new = good.replace(road, road.replace("each: 1,", "each: 1.5,"))
    assert changes(good, new) == ["tables.rows.road.each 路边: 1 → 1.5 自始"]
    assert changes(good, good.replace(road, "")) == [
        f"tables.rows.road 路边: {road.strip().removeprefix('- ')} → 无 自始"
    ]


def test_structure_is_named_by_ids_and_titles(good: str) -> None:
    """A change in the structure names the rung or rule, not a line number."""
    new = good.replace("title: 红单, after_service: $limit", "title: 红单, after: $limit")
    assert changes(good, new) == [
        "ladders.slips.rungs.red.after_service 红单: $limit → 无",
        "ladders.slips.rungs.red.after 红单: 无 → $limit",
    ]


def test_additions_and_removals_show_what_they_are(good: str) -> None:
    """A definition that comes or goes is shown whole."""
    whole = "{title: 黑榜, of: monthly, bottom: $last, then: [通报], ref: m 九}"
    without = good.replace(BLACK, "  {}\n")
    assert changes(good, without) == [f"lists.black 黑榜: {whole} → 无"]
    assert changes(without, good) == [f"lists.black 黑榜: 无 → {whole}"]


def test_new_parameter_is_shown_whole(good: str) -> None:
    """A parameter that only one side has is no change of values."""
    new = good.replace(LINE, LINE + LINE.replace("line:", "spare:"))
    whole = LINE.partition(":")[2].strip()
    assert changes(good, new) == [f"parameters.spare 警告线: 无 → {whole}"]


def test_change_of_order_is_a_change(good: str) -> None:
    """Items that only change places are listed before and after."""
    one = "  - {id: warned, title: 警告, below: $line, ref: m 八}\n"
    two = "  - {id: fine, title: 正常, at_least: $line, ref: m 八}\n"
    assert changes(good, good.replace(one + two, two + one)) == [
        "bands.monthly: warned、fine → fine、warned"
    ]


def test_flags_read_as_yes_and_no(good: str) -> None:
    """An official reads 是 and 否; other fields of a parameter have no date."""
    new = good.replace("{always: false}", "{always: true}").replace("污水扣分", "排水扣分")
    assert changes(good, new) == [
        "parameters.wet.title 排水扣分: 污水扣分 → 排水扣分",
        "parameters.wet 排水扣分: 否 → 是 自始",
    ]


def test_same_content_has_no_changes(good: str) -> None:
    """Comments, order of keys and other digits of the same number are no change."""
    new = good.replace("\nrules:", "\n# 规则\nrules:").replace("{always: 70}", "{always: 70.0}")
    new = new.replace("{title: 警告线, unit: points,", "{unit: points, title: 警告线,")
    assert changes(good, new) == []
