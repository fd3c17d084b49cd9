"""Parameters and deduction tables go out to a workbook and come back as they were, or as changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cli.terminal import Cli

from envrules.excel.problems import WorkbookError
from envrules.excel.sheets import read_sheets
from envrules.excel.tables_in import changed_text
from envrules.excel.tables_out import tables_workbook
from envrules.resources import rulesets_dir
from envrules.ruleset.load import LoadedRuleset, load_ruleset

SHIPPED = {path.stem: path.read_text("utf-8") for path in sorted(rulesets_dir().glob("*.yaml"))}
TOWN = SHIPPED["town_deduction"]

TEXT = """\
ruleset: made_up
title: 示例
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "1"}}
parameters:   # 经办人可调
<parameters>
tables:
  rows:
    title: 扣分表
    values:
      always:   # 起初
      - {id: road, title: 路边, full: 60, each: 0.1, at: [路侧, 村口], find: [垃圾], ref: m 一}  # 首行
      - id: organ
        title: "=1+1"
        full: 40
        supplied_by: 村建办   # 另评
        ref: m 二
      2027-01-01:
      - {id: road, title: 路边, full: 100, each: 1, find: [垃圾], find_if: {on: [污水]}, ref: m 一}
unit_types: {village: {title: 村, ref: m 一}}
"""


def ruleset(parameters: str) -> LoadedRuleset:
    """Return a ruleset with these parameters, of the right shape."""
    return load_ruleset(TEXT.replace("<parameters>", parameters.rstrip("\n")), "made_up.yaml")


EVERY_UNIT = ruleset("""\
  line: {title: 警告线, unit: points, ref: m 一, values: {always: 70, 2027-01-01: 65.5}}
  share:
    title: 比例
    unit: ratio
    not_from_source: 原文未写   # 注
    values:
      always: 0.1   # 一成
  pay: {title: 金额, unit: money, ref: m 一, values: {always: 123456789012.34}}
  big: {title: 大数, unit: count, ref: m 一, values: {always: 123456789012345678}}
  on: {title: 开关, unit: flag, ref: m 一, values: {always: false, 2026-07-01: true}}
  note: {title: 说明, unit: text, ref: m 一, values: {always: "=SUM(A1)", 2027-01-01: '007'}}
  start: {title: 起始, unit: date, ref: m 一, values: {2026-03-01: "2026-04-10"}}
  yearly: {title: 每年, unit: month_day, ref: m 一, values: {always: "11-30"}}
  noon: {title: 当日, unit: same_day, ref: m 一, values: {always: "17:30"}}
  days: {title: 期限, unit: working_days, ref: m 一, values: {always: 3}}
  rate: {title: 百分率, unit: percent, ref: m 一, values: {always: 5}}
""")


def back(loaded: LoadedRuleset, folder: Path, change: Callable[[Any], None] | None = None) -> str:
    """Export, change the workbook as Excel would, save, import; return the ruleset's text."""
    book = openpyxl.load_workbook(BytesIO(tables_workbook(loaded.spec)))
    if change is not None:
        change(book)
    file = folder / "tables.xlsx"
    book.save(file)
    return changed_text(loaded, read_sheets(file))


def cell_of(book: Any, name: str, heading: str = "一直") -> Any:
    """Return the cell of a parameter's value from a date on."""
    sheet = book["参数"]
    column = next(c.column for c in sheet[1] if c.value == heading)
    return sheet.cell(next(r[0].row for r in sheet.iter_rows() if r[0].value == name), column)


def put(name: str, value: object, heading: str = "一直") -> Callable[[Any], None]:
    """Return the change that writes a value of a parameter."""

    def change(book: Any) -> None:
        cell_of(book, name, heading).value = value

    return change


def into(sheet: str, cell: str, value: object) -> Callable[[Any], None]:
    """Return the change that writes a cell."""

    def change(book: Any) -> None:
        book[sheet][cell].value = value

    return change


@pytest.mark.parametrize("slug", SHIPPED)
def test_a_shipped_ruleset_comes_back_to_the_byte(slug: str, tmp_path: Path) -> None:
    """Out and in again changes nothing."""
    loaded = load_ruleset(SHIPPED[slug], f"{slug}.yaml")
    assert back(loaded, tmp_path) == SHIPPED[slug]


def test_every_unit_comes_back_to_the_byte(tmp_path: Path) -> None:
    """So do values of every kind, numbers that Excel would round and text that looks like a formula."""
    assert back(EVERY_UNIT, tmp_path) == EVERY_UNIT.text


@pytest.mark.parametrize(("change", "old", "new"), [
    (put("line", 65), "always: 70", "always: 65"),
    (put("line", "６８.5"), "always: 70", "always: 68.5"),
    (put("line", 60, "2027-01-01"), "2027-01-01: 65.5", "2027-01-01: 60"),
    (put("days", 5, "2027-01-01"), "{always: 3}", "{always: 3, 2027-01-01: 5}"),
    (put("share", 0.2, "2027-01-01"), "# 一成\n", "# 一成\n      2027-01-01: 0.2\n"),
    (put("share", 0.3), "always: 0.1   #", "always: 0.3   #"),
    (put("on", "是"), "always: false", "always: true"),
    pytest.param(put("on", True), "always: false", "always: true", id="TRUE"),
    (put("note", "甲: 乙"), '"=SUM(A1)"', '"甲: 乙"'),
    (put("start", datetime(2026, 5, 1), "2026-03-01"), '"2026-04-10"', '"2026-05-01"'),  # noqa: DTZ001 -- as Excel has it
    (put("noon", time(18, 0)), '"17:30"', '"18:00"'),
    (into("rows@always", "D4", 0.25), "each: 0.1", "each: 0.25"),
    (into("rows@always", "E4", "路侧 桥下"), "[路侧, 村口]", "[路侧, 桥下]"),
    (into("rows@always", "B5", "转运"), '"=1+1"', '"转运"'),
    (into("rows@always", "I5", "环卫所"), "村建办", "环卫所"),
    (into("rows@2027-01-01", "C4", 90), "full: 100", "full: 90"),
])  # fmt: skip
def test_a_changed_cell_changes_exactly_that_value(
    change: Callable[[Any], None], old: str, new: str, tmp_path: Path
) -> None:
    """Comments, order and all other values stay as they stand in the file."""
    assert EVERY_UNIT.text.count(old) == 1
    assert back(EVERY_UNIT, tmp_path, change) == EVERY_UNIT.text.replace(old, new)


def test_a_new_column_is_a_new_date(tmp_path: Path) -> None:
    """Excel may have turned its heading into a date of its own."""

    def change(book: Any) -> None:
        sheet = book["参数"]
        column = sheet.max_column + 1
        sheet.cell(1, column).value = datetime(2028, 1, 1)  # noqa: DTZ001 -- as Excel has it
        sheet.cell(cell_of(book, "days").row, column).value = 2

    expected = EVERY_UNIT.text.replace("{always: 3}", "{always: 3, 2028-01-01: 2}")
    assert back(EVERY_UNIT, tmp_path, change) == expected


def test_rows_may_be_sorted(tmp_path: Path) -> None:
    """A parameter is known by its name, not by its place."""

    def swap(book: Any) -> None:
        sheet = book["参数"]
        for column in range(1, sheet.max_column + 1):
            one, two = sheet.cell(2, column), sheet.cell(3, column)
            one.value, two.value = two.value, one.value

    assert back(EVERY_UNIT, tmp_path, swap) == EVERY_UNIT.text


def percent(book: Any) -> None:
    """Type 5% over the 5 of a rate."""
    cell = cell_of(book, "rate")
    cell.value, cell.number_format = 0.05, "0%"


def copy_of_first_row(book: Any) -> None:
    """Put the first parameter in once more."""
    sheet = book["参数"]
    sheet.append([cell.value for cell in sheet[2]])


@pytest.mark.parametrize(("change", "cell", "said"), [
    (put("line", "七十"), "参数!", "“七十” is not a number"),
    (put("line", None), "参数!E2", "the value is gone"),
    (put("line", "=60+5"), "参数!E2", "a formula (=60+5) is not calculated"),
    (put("share", 2), "参数!", "not a number from 0 to 1"),
    (put("on", 1), "参数!", "neither 是 nor 否"),
    (put("days", -3), "参数!", "not a duration"),
    (put("start", "2026-02-30", "2026-03-01"), "参数!", "not a day of the calendar"),
    (put("yearly", datetime(2026, 11, 30)), "参数!", "date or time, not text"),  # noqa: DTZ001 -- as Excel has it
    (percent, "参数!", "the cell shows 5% and holds 0.05"),
    (copy_of_first_row, "参数!A13", "it is at 参数!A2 already"),
    (into("参数", "B2", "预警线"), "参数!B2", "“预警线” was “警告线”"),
    (into("参数", "A2", "lime"), "参数!A2", "there is no parameter “lime”"),
    (into("参数", "E1", "从前"), "参数!E1", "“从前” is not a date"),
    (into("rows@always", "D4", "一"), "rows@always!D4", "“一” is not a number"),
    (into("rows@always", "D5", 3), "rows@always!D5", "the row has no such field"),
    (into("rows@always", "A4", "street"), "rows@always!A4", "no row of this table"),
    (into("rows@always", "D1", "2030-01-01"), "rows@always!B1", "no table rows from 2030-01-01"),
    (lambda book: book.remove(book["rows@always"]), "rows@2027-01-01!A1", "tables.rows.always is missing"),
    (lambda book: book["参数"].delete_rows(2), "rows@2027-01-01!A1", "parameters.line is missing"),
    (lambda book: book["参数"].delete_cols(5), "参数!A2", "line has a value from always"),
    (lambda book: book.create_sheet("说明").append(["略"]), "说明!A1", "neither the parameters"),
])  # fmt: skip
def test_a_bad_cell_is_named_and_nothing_comes_back(
    change: Callable[[Any], None], cell: str, said: str, tmp_path: Path
) -> None:
    """With its sheet and cell, what is wrong, and a fix."""
    with pytest.raises(WorkbookError) as error:
        back(EVERY_UNIT, tmp_path, change)
    problem = next(p for p in error.value.problems if said in p.message)
    assert problem.place.cell.startswith(cell)
    assert problem.fix


# ── on random rulesets ──

DAYS = ("always", "2026-07-01", "2027-01-01", "2028-01-01")
NUMBERS = st.decimals(0, 100, places=2).map(lambda value: f"{value.normalize():f}")
WORDS = (
    st.text(st.sampled_from("甲乙丙丁abc 12:#'\"=-"), min_size=1, max_size=8)
    .map(str.strip)
    .filter(bool)
)
VALUES = {
    "points": NUMBERS, "percent": NUMBERS, "count": st.integers(0, 10**17).map(str),
    "flag": st.sampled_from(["true", "false"]), "text": WORDS.map(lambda w: json.dumps(w, ensure_ascii=False)),
}  # fmt: skip


@st.composite
def parameters(draw: st.DrawFn) -> str:
    """Return the lines of some parameters, each in one of two styles."""
    lines = []
    for number in range(draw(st.integers(1, 4))):
        unit = draw(st.sampled_from(sorted(VALUES)))
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
        given = [f"{day}: {draw(VALUES[unit])}" for day in days]
        head = f"title: 参数{number}, unit: {unit}, ref: m 一"
        if draw(st.booleans()):
            lines.append(f"  p{number}: {{{head}, values: {{{', '.join(given)}}}}}   # 行尾")
        else:
            lines += [f"  p{number}:", *(f"    {part}" for part in head.split(", ")), "    values:"]
            lines += [f"      {one}   # 注" for one in given]
    return "\n".join(lines)


@given(parameters(), st.data())
@settings(max_examples=40, deadline=None)
def test_random_rulesets_come_back_and_one_change_is_one_change(
    tmp_path_factory: pytest.TempPathFactory, lines: str, data: st.DataObject
) -> None:
    """Unchanged they are the same text; one value replaced or added changes one line and no other."""
    folder = tmp_path_factory.mktemp("tables")
    loaded = ruleset(lines)
    assert back(loaded, folder) == loaded.text
    name = data.draw(st.sampled_from(sorted(loaded.spec.parameters)))
    item = loaded.spec.parameters[name]
    day = data.draw(
        st.sampled_from(sorted({d for p in loaded.spec.parameters.values() for d in p.values}))
    )
    new: Any = {"flag": "是", "text": "新值"}.get(item.unit, 99)
    meant = {"flag": True, "text": "新值"}.get(item.unit, Decimal(99))
    text = back(loaded, folder, put(name, new, "一直" if day == "always" else day))
    after = load_ruleset(text, "made_up.yaml").spec
    expected = dict(loaded.spec.parameters)
    expected[name] = item.model_copy(update={"values": {**item.values, day: meant}})
    assert after == loaded.spec.model_copy(update={"parameters": expected})
    old_lines, new_lines = loaded.text.splitlines(), text.splitlines()
    kept = [line for line in new_lines if line in old_lines]
    assert len(new_lines) - len(kept) <= 1
    assert len(old_lines) <= len(new_lines) <= len(old_lines) + 1


# ── as commands ──


def test_the_round_trip_as_commands(cli: Cli, tmp_path: Path) -> None:
    """Export, change a line in Excel, look with --dry-run, import: the change in words, one line."""
    rules, book = tmp_path / "town_deduction.yaml", tmp_path / "town.xlsx"
    rules.write_text(TOWN, encoding="utf-8")
    assert cli("tables", "export", rules, "--out", book).code == 0
    ran = cli("tables", "import", book, "--into", rules)
    assert (ran.code, ran.out, "nothing was changed" in ran.err) == (0, "", True)

    opened = openpyxl.load_workbook(book)
    put("warning_line", 65)(opened)
    opened.save(book)
    said = "parameters.warning_line 警告线（低于）: 70 → 65 自始\n"
    ran = cli("tables", "import", book, "--into", rules, "--dry-run")
    assert (ran.code, ran.out, rules.read_text("utf-8")) == (0, said, TOWN)
    ran = cli("tables", "import", book, "--into", rules)
    assert (ran.code, ran.out) == (0, said)
    assert rules.read_text("utf-8") == TOWN.replace("values: {always: 70}", "values: {always: 65}")
    assert cli("check", rules).code == 0


def test_a_ruleset_that_would_not_pass_check_is_not_written(cli: Cli, tmp_path: Path) -> None:
    """A place that the scheme does not know is refused as `check` refuses it."""
    rules, book = tmp_path / "town_deduction.yaml", tmp_path / "town.xlsx"
    rules.write_text(TOWN, encoding="utf-8")
    cli("tables", "export", rules, "--out", book)
    opened = openpyxl.load_workbook(book)
    into("monthly_rows@always", "E4", "main_rode")(opened)
    opened.save(book)
    ran = cli("tables", "import", book, "--into", rules)
    assert ran.code == 1
    assert "ER303" in ran.out
    assert rules.read_text("utf-8") == TOWN


def test_bad_cells_are_told_for_programs_too(cli: Cli, tmp_path: Path) -> None:
    """--json has file, sheet, row, column, message and fix."""
    rules, book = tmp_path / "town_deduction.yaml", tmp_path / "town.xlsx"
    rules.write_text(TOWN, encoding="utf-8")
    cli("tables", "export", rules, "--out", book)
    opened = openpyxl.load_workbook(book)
    put("warning_line", "七十")(opened)
    opened.save(book)
    ran = cli("tables", "import", book, "--into", rules, "--json")
    assert ran.code == 1
    (problem,) = ran.json["problems"]
    assert (problem["file"], problem["sheet"], problem["row"], problem["column"]) == (
        "town.xlsx", "参数", 2, "E",
    )  # fmt: skip


def test_a_workbook_is_not_overwritten_unasked(cli: Cli, tmp_path: Path) -> None:
    """Numbers that somebody is working on are not lost by exporting again."""
    book = tmp_path / "town.xlsx"
    book.write_bytes(b"mine")
    ran = cli("tables", "export", rulesets_dir() / "town_deduction.yaml", "--out", book)
    assert (ran.code, book.read_bytes()) == (1, b"mine")


def test_without_the_extra_the_command_says_which(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback, but what to install."""

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("envrules.excel.sheets.import_module", missing)
    ran = cli(
        "tables", "export", rulesets_dir() / "town_deduction.yaml", "--out", tmp_path / "a.xlsx"
    )
    assert ran.code == 1
    assert "envrules[reports]" in ran.err
