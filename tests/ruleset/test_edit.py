"""Changing values in a ruleset's text without touching anything else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from envrules.ruleset.edit import CannotEdit, Simple, begun, edited
from envrules.ruleset.source import Path, parse

TEXT = """\
# 头
parameters:
  line:  {title: 警告线, values: {always: 70}}   # 分
  share:
    title: "比例"   # 引号
    values:
      always: 0.5   # 一半
      2027-01-01: 0.6

  note: {title: 说明, values: {2026-05-01: 'it''s', always: 甲}}
tables:
  rows:
    values:
      always:
      - {id: road, at: [路边, 村口], each: 1}   # 首行
      - id: wall
        at:
        - 墙
"""


def values(name: str, day: str) -> Path:
    """Return the path of a parameter's value."""
    return ("parameters", name, "values", day)


@pytest.mark.parametrize(("path", "value", "old", "new"), [
    (values("line", "always"), Decimal(65), "always: 70}", "always: 65}"),
    (values("line", "2027-01-01"), Decimal(60), "{always: 70}", "{always: 70, 2027-01-01: 60}"),
    (values("share", "always"), Decimal("0.55"), "always: 0.5   #", "always: 0.55   #"),
    (values("share", "2026-12-01"), Decimal("0.7"), "# 一半\n", "# 一半\n      2026-12-01: 0.7\n"),
    (values("share", "2028-01-01"), Decimal(1), ": 0.6\n", ": 0.6\n      2028-01-01: 1\n"),
    (values("note", "2026-05-01"), "乙: 丙", "'it''s'", '"乙: 丙"'),
    (values("note", "always"), "true", "always: 甲", 'always: "true"'),
    (values("note", "2026-01-01"), "丁", "'it''s', always: 甲", "'it''s', always: 甲, 2026-01-01: 丁"),
    (("parameters", "share", "title"), "份额", '"比例"', '"份额"'),
    (("tables", "rows", "values", "always", 0, "each"), Decimal("1.5"), "each: 1}", "each: 1.5}"),
    (("tables", "rows", "values", "always", 0, "at"), ("路边", "a b"), "[路边, 村口]", '[路边, "a b"]'),
])  # fmt: skip
def test_one_value_changes_and_nothing_else(path: Path, value: Simple, old: str, new: str) -> None:
    """The text is the same but for the value, and reads as it should."""
    assert TEXT.count(old) == 1
    assert edited(TEXT, {path: value}) == TEXT.replace(old, new)


def test_several_values_change_at_once() -> None:
    """Also two new dates at one place, in the order of time."""
    text = edited(TEXT, {
        values("line", "2028-01-01"): Decimal(50), values("line", "2027-01-01"): Decimal(60),
        values("line", "always"): Decimal(65),
    })  # fmt: skip
    assert "{always: 65, 2027-01-01: 60, 2028-01-01: 50}" in text


def test_a_date_before_all_others_comes_first() -> None:
    """Where there is no `always`."""
    flow, block = "values: {2027-01-01: 1}\n", "values:\n  2027-01-01: 1\n"
    change: dict[Path, Simple] = {("values", "2026-01-01"): Decimal(2)}
    assert edited(flow, change) == "values: {2026-01-01: 2, 2027-01-01: 1}\n"
    assert edited(block, change) == "values:\n  2026-01-01: 2\n  2027-01-01: 1\n"


@pytest.mark.parametrize("text", [TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, TEXT.rstrip()])
def test_line_ends_and_byte_order_mark_stay(text: str) -> None:
    """The file keeps the form that its editor gave it."""
    path = values("share", "2028-01-01")
    after = edited(text, {path: Decimal(1)})
    assert len(after.splitlines()) == len(text.splitlines()) + 1
    assert after.count("\r\n") == (text.count("\r\n") and text.count("\r\n") + 1)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert "2028-01-01" in parse(after, "").data["parameters"]["share"]["values"]  # type: ignore[call-overload, index, operator]


@pytest.mark.parametrize("path", [
    ("parameters", "nothing", "values", "always"), ("parameters", "line", "unit"),
    ("tables", "rows", "values", "always", 1, "at"), ("tables", "rows", "values", "2027-01-01"),
])  # fmt: skip
def test_what_it_leaves_alone_is_named(path: Path) -> None:
    """New definitions, and lists written a line each, are for a person to change."""
    with pytest.raises(CannotEdit) as error:
        edited(TEXT, {path: ("甲",)})
    assert error.value.path == path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_table_is_begun_anew_with_its_comments(line_end: str) -> None:
    """The rows from a new date on are a copy in the form of the old ones, where the date belongs."""
    text = TEXT.replace("\n", line_end)
    rows = TEXT[TEXT.index("      - {id: road") :]
    after = begun(text, ("tables", "rows"), "2027-01-01")
    assert after.replace("\r\n", "\n") == TEXT + "      2027-01-01:\n" + rows
    between = begun(after, ("tables", "rows"), "2026-06-01")
    table = between[between.index("tables:") :]
    assert table.index("always:") < table.index("2026-06-01:") < table.index("2027-01-01:")


def test_a_table_in_flow_style_is_begun_anew() -> None:
    """Also where the whole table stands on one line."""
    text = "rows: {values: {always: [{id: road, each: 1}], 2028-01-01: []}}\n"
    assert begun(text, ("rows",), "2027-01-01") == text.replace(
        "}], 2028", "}], 2027-01-01: [{id: road, each: 1}], 2028"
    )


@pytest.mark.parametrize("day", ["2026-01-01", "2027-01-01"])
def test_nothing_is_begun_before_all_or_twice(day: str) -> None:
    """There is nothing to copy before the first date, and no second begin of one date."""
    with pytest.raises(CannotEdit):
        begun("rows: {values: {2027-01-01: [{id: road}]}}\n", ("rows",), day)
