"""Standards in made-up sheets: what is read, what is reported, and that nothing goes missing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.terminal import Cli
from tests.excel.judged import City

from envrules.excel.limits import Reading, read_limit
from envrules.excel.sheets import Formula, Sheet, Value, tidy
from envrules.excel.standards import COLUMNS, read_standard
from envrules.ruleset.check import check_files

READING = Reading("working_days", "working_hours")
HEADINGS = [
    "大类代码",
    "大类名称",
    "小类代码",
    "小类名称",
    "处置单位",
    "立案条件",
    "结案条件",
    "处置时限",
]
ROWS: list[list[Any]] = [
    [1, "公用设施", 1, "上水井盖", "水务", "缺失、移位", "恢复", "2紧急工作时"],
    [None, None, None, None, None, "破损，\n露出底座", "更换", " 4小时"],
    [None, None, None, None, None, "废弃", "拆除", "３ 天\n"],
    [None, None, "02", "路灯\n杆", "照明", "不亮", "修复", "1紧急工作日"],
    ["02", "道路", "01", "护栏", "路政", "倾倒", "扶正", "雨季2天"],
    [None, None, None, None, None, "缺失", "补装", "5天"],
]


def workbook(path: Path, rows: list[list[Any]] = ROWS, sheet: str = "部件") -> Path:
    """Write a standard as offices keep it: a title over all columns, classes in merged cells."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(["某市立案、处置和结案标准（部件）"])
    page.merge_cells("A1:H1")
    page.append(HEADINGS)
    for row in rows:
        page.append(row)
    for first, last in ((3, 5), (7, 8)):
        for column in "CDE":
            page.merge_cells(f"{column}{first}:{column}{last}")
    page.merge_cells("A3:A6")
    page.merge_cells("B3:B6")
    page.merge_cells("A7:A8")
    page.merge_cells("B7:B8")
    book.save(path)
    return path


def sheet(rows: list[list[Value]], name: str = "部件") -> Sheet:
    """Return a sheet with the headings above its rows."""
    every: list[list[Value]] = [list(COLUMNS), *rows]
    values = {(r, c): v for r, row in enumerate(every, 1) for c, v in enumerate(row, 1)}
    return Sheet("s.xlsx", name, len(every), len(COLUMNS), values, {})


def row(small: Value = "01", condition: Value = "破损", limit: Value = "2天") -> list[Value]:
    """Return a row that begins a class."""
    return ["01", "公用设施", small, f"类{small}", condition, limit]


def test_a_workbook_becomes_a_ruleset(cli: Cli, tmp_path: Path) -> None:
    """Five rows are imported, one is reported with its place; the files pass check."""
    out = tmp_path / "my_city.yaml"
    ran = cli("import-standards", workbook(tmp_path / "s.xlsx"), "--out", out)
    assert ran.code == 1
    assert "s.xlsx:部件!H7: the limit “雨季2天” is not a number and a unit" in ran.out
    assert "s.xlsx:部件!A3: 数字 1 读作代码“01”" in ran.out
    assert "s.xlsx:部件!D6: 去除空白或换行后为“路灯杆”" in ran.out
    assert "天按工作日计\n小时按工作时计" in ran.out
    assert check_files([out, tmp_path / "my_city.codes.yaml"]) == []


def test_limits_of_the_workbook_are_what_the_engine_computes(cli: Cli, tmp_path: Path) -> None:
    """One limit in each unit, by hand: 2026-07-03 is a Friday, worked 8:30-12:00, 14:00-17:30."""
    out = tmp_path / "my_city.yaml"
    cli("import-standards", workbook(tmp_path / "s.xlsx"), "--out", out)
    city = City(out)
    assert city.due("部件 01 01", "1", "2026-07-03 17:00") == "2026-07-03 19:00"  # 2紧急工作时
    assert city.due("部件 01 01", "2", "2026-07-03 16:00") == "2026-07-06 11:00"  # 4小时
    assert city.due("部件 01 01", "3", "2026-07-03 16:00") == "2026-07-08 16:00"  # 3天
    assert city.due("部件 01 02", "", "2026-07-03 16:00") == "2026-07-04 16:00"  # 1紧急工作日
    assert city.due("部件 02 01", "2", "2026-07-03 16:00") == "2026-07-10 16:00"  # 5天


def test_a_condition_without_a_readable_limit_has_none(cli: Cli, tmp_path: Path) -> None:
    """It is a filing condition all the same, and the class's other limit does not pass to it."""
    out = tmp_path / "my_city.yaml"
    cli("import-standards", workbook(tmp_path / "s.xlsx"), "--out", out)
    assert City(out).dispatched("部件 02 01", "1", "2026-07-03 16:00") == []


def test_a_filing_condition_that_the_standard_lacks_is_parked(cli: Cli, tmp_path: Path) -> None:
    """It is not judged by some other condition's limit, and the decision says why."""
    out = tmp_path / "my_city.yaml"
    cli("import-standards", workbook(tmp_path / "s.xlsx"), "--out", out)
    (parked,) = City(out).dispatched("部件 01 01", "9", "2026-07-03 16:00")
    assert parked.outcome == "parked"
    assert parked.reason.startswith("“上水井盖”的立案条件“9”不在本方案之内")


def test_a_csv_file_is_read_like_a_workbook(cli: Cli, tmp_path: Path) -> None:
    """The same rows in CSV give the same ruleset, apart from where they stand."""
    file = tmp_path / "s.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened).writerows([["某市标准（部件）"], HEADINGS, *ROWS])
    book = workbook(tmp_path / "s.xlsx")
    texts = []
    for source, name in ((file, "one"), (book, "two")):
        assert cli("import-standards", source, "--out", tmp_path / f"{name}.yaml").code == 1
        text = (tmp_path / f"{name}.yaml").read_text("utf-8")
        texts.append(text[text.index("parameters:") : text.index("categories:")])
        texts.append(text[text.index("deadlines:") :])
    assert texts[:2] == texts[2:]


def test_nothing_is_overwritten_unasked(cli: Cli, tmp_path: Path) -> None:
    """A ruleset that exists stays as it is without --force."""
    book, out = workbook(tmp_path / "s.xlsx"), tmp_path / "my_city.yaml"
    out.write_text("mine", encoding="utf-8")
    ran = cli("import-standards", book, "--out", out)
    assert (ran.code, out.read_text("utf-8")) == (1, "mine")
    assert "--force" in ran.err
    assert cli("import-standards", book, "--out", out, "--force").code == 1
    assert out.read_text("utf-8") != "mine"


@pytest.mark.parametrize(("options", "said"), [
    (("--out", "CITY.yaml"), "names no scheme"),
    (("--out", "city.yaml", "--since", "morgen"), "is not a date"),
])  # fmt: skip
def test_a_bad_option_is_named(
    cli: Cli, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    """Names and dates that a ruleset cannot have are refused before anything is read."""
    ran = cli("import-standards", workbook(tmp_path / "s.xlsx"), *options)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(("name", "content", "said"), [
    ("s.xls", b"", "neither .xlsx nor .csv"), ("s.xlsx", b"PK", "not an .xlsx workbook"),
    ("s.csv", "大类".encode("gbk"), "not UTF-8"), ("s.csv", b"a,b\n", "no limit could be read"),
])  # fmt: skip
def test_a_file_that_is_no_standard_is_refused(
    cli: Cli, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """In one line, and nothing is written."""
    (tmp_path / name).write_bytes(content)
    ran = cli("import-standards", tmp_path / name, "--out", tmp_path / "my_city.yaml")
    assert (ran.code, said in ran.err) == (1, True)
    assert not (tmp_path / "my_city.yaml").exists()


def test_a_formula_is_reported_and_not_calculated(cli: Cli, tmp_path: Path) -> None:
    """A limit that a formula makes is no limit, whatever it would come to."""
    rows = [list(one) for one in ROWS]
    rows[2][7] = '="3"&"天"'
    ran = cli(
        "import-standards", workbook(tmp_path / "s.xlsx", rows), "--out", tmp_path / "my_city.yaml",
        "--json",
    )  # fmt: skip
    report = json.loads(ran.out)
    assert [problem["row"] for problem in report["problems"]] == [5, 7]
    assert "is not calculated" in report["problems"][0]["message"]


@pytest.mark.parametrize(("rows", "cell", "said"), [
    ([row(small="A1")], "部件!C2", "“A1” is no code"),
    ([row(small=Formula("=1"))], "部件!C2", "a formula (=1)"),
    ([row(condition="")], "部件!E2", "there is no 立案条件"),
    ([row(condition="字" * 401)], "部件!E2", "more than 400 characters"),
    ([row(limit=None)], "部件!F2", "there is no limit"),
    ([row(limit="0天")], "部件!F2", "“0天”"),
    ([row(), row("02"), row()], "部件!C4", "is 类01 at 部件!C2 already"),
    ([row(), [None, None, None, None, "破损", "3天"]], "部件!E3", "this filing condition already"),
    ([[None, None, None, None, "破损", "3天"], row()], "部件!E2", "under a class that could not"),
    ([["注：略", None, None, None, None, None], row()], "部件!A2", "“注：略” is no code"),
])  # fmt: skip
def test_each_bad_cell_is_named(rows: list[list[Value]], cell: str, said: str) -> None:
    """With its sheet, row and column, and the rest of the sheet is read."""
    standard = read_standard([sheet(rows)], READING)
    problem = next(p for p in standard.problems if p.place.cell == cell)
    assert said in problem.message
    (account,) = standard.accounts
    assert (account.rows, account.reported) == (len(rows), 1)


def test_rows_under_an_unreadable_class_do_not_pass_to_the_class_above() -> None:
    """They are reported, each of them."""
    rows: list[list[Value]] = [row(), row(small="?"), [None, None, None, None, "废弃", "5天"]]
    standard = read_standard([sheet(rows)], READING)
    (only,) = standard.classes.values()
    assert [condition.text for condition in only.conditions] == ["破损"]
    assert {problem.place.row for problem in standard.problems} == {3, 4}


def test_a_sheet_that_does_not_say_what_it_lists_is_reported() -> None:
    """Unless the command says it: all its rows count as reported."""
    rows = [row(), row("02")]
    standard = read_standard([sheet(rows, "表1")], READING)
    assert not standard.classes
    assert standard.accounts[0].reported == 2
    assert set(read_standard([sheet(rows, "表1")], READING, "event").classes) == {
        "事件0101", "事件0102",
    }  # fmt: skip


def test_a_sheet_without_headings_is_reported() -> None:
    """A remark on a sheet of its own is not silently left out."""
    remark = Sheet("s.xlsx", "说明", 1, 1, {(1, 1): "略"}, {})
    standard = read_standard([remark], READING)
    assert [p.place.cell for p in standard.problems] == ["说明!A1"]
    assert standard.accounts[0].reported == 1


CELLS = st.one_of(
    st.none(), st.integers(-5, 120), st.floats(allow_nan=True), st.booleans(),
    st.sampled_from(["01", "02", " 1", "破损", "废弃\n", "2天", "3 工作时", "2天制止", "１小时", ""]),
    st.text(max_size=8), st.builds(Formula, st.text(max_size=5)),
)  # fmt: skip


@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=12))
def test_every_row_is_imported_or_reported(rows: list[list[Value]]) -> None:
    """Whatever cells hold: each data row is read in full, or has a problem at one of its cells."""
    standard = read_standard([sheet(rows)], READING)
    (account,) = standard.accounts
    bad = {problem.place.row for problem in standard.problems}
    conditions = [c for one in standard.classes.values() for c in one.conditions]
    assert account.rows == account.imported + account.reported
    assert account.reported == len(bad)
    assert account.imported <= sum(1 for c in conditions if c.limit is not None)


@pytest.mark.parametrize(("text", "amount", "unit"), [
    ("2紧急工作时", "2", "emergency_hours"), ("1 紧急工作日\n", "1", "emergency_days"),
    ("4工作时", "4", "working_hours"), ("10个工作日", "10", "working_days"), ("５天", "5", "working_days"),
    ("1.5小时", "1.5", "working_hours"), ("30自然日", "30", "calendar_days"), ("45分钟", "45", "minutes"),
])  # fmt: skip
def test_limits_are_read_in_every_unit(text: str, amount: str, unit: str) -> None:
    """Blanks, full-width digits and 个 do not matter."""
    limit = read_limit(text, READING)
    assert limit is not None
    assert (f"{limit.amount:f}", limit.unit) == (amount, unit)


@pytest.mark.parametrize(
    "text", ["天", "2", "2天制止", "种植季节15工作日", "-1天", "2-3天", "当日"]
)
def test_a_limit_with_anything_else_is_not_read(text: str) -> None:
    """Words beside the number may change what it means."""
    assert read_limit(text, READING) is None


@pytest.mark.parametrize(("value", "text"), [
    (" 街面秩序\n", "街面秩序"), ("烟头\n或灭烟处", "烟头或灭烟处"), ("a\nb", "a b"),
    ("大于 20厘米", "大于 20厘米"), ("\u200b井盖\ufeff", "井盖"), (3.0, "3"), (0.5, "0.5"), (None, ""),
])  # fmt: skip
def test_cells_are_tidied(value: Value, text: str) -> None:
    """Stray blanks, breaks and invisible signs go; what is written stays."""
    assert tidy(value) == text
