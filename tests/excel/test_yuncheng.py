"""Yuncheng's standard, both editions: every row accounted for, and ten limits checked by hand.

The data is not part of the project: it is read from the directory that ENVRULES_SHARED names, else
from `shared` beside the checkout, and without it these tests skip.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Cli
from tests.excel.judged import City

from envrules.ruleset.check import check_files
from envrules.ruleset.load import load_ruleset

SHARED = Path(os.environ.get("ENVRULES_SHARED") or Path(__file__).parents[3] / "shared")
FOLDER = SHARED / "data" / "yuncheng"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"no {FOLDER}: set ENVRULES_SHARED to the directory that holds data/",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the module imports."""
    return tmp_path_factory.mktemp("yuncheng")


def imported(cli: Cli, file: str, out: Path, *options: str) -> dict[str, Any]:
    """Import a file of the standard and return the report; each edition has one bad cell."""
    ran = cli("import-standards", FOLDER / file, "--out", out, "--json", *options)
    assert (ran.code, ran.err) == (1, "")
    report: dict[str, Any] = json.loads(ran.out)
    return report


def test_every_row_of_the_workbook_is_accounted_for(cli: Cli, tmp_path: Path) -> None:
    """Of 519 data rows 518 are imported; the limit with words is reported, and its row alone."""
    report = imported(cli, "standards.xlsx", tmp_path / "yuncheng.yaml")
    assert [(s["sheet"], s["rows"], s["imported"], s["reported"]) for s in report["sheets"]] == [
        ("部件", 375, 375, 0), ("事件", 144, 143, 1),
    ]  # fmt: skip
    (problem,) = report["problems"]
    assert (problem["sheet"], problem["row"], problem["column"]) == ("事件", 29, "I")
    assert "“1紧急工作时制止”" in problem["message"]
    assert report["assumptions"][:2] == ["天按工作日计", "小时按工作时计"]
    assert {note["cell"] for note in report["notes"]} >= {"部件!A3", "事件!B107", "事件!I129"}


def test_the_ruleset_of_the_workbook_is_good_and_small(cli: Cli, tmp_path: Path) -> None:
    """It passes check with its code table; 519 conditions of 190 classes need 15 limits."""
    imported(cli, "standards.xlsx", tmp_path / "yuncheng.yaml")
    assert check_files([tmp_path]) == []
    text = (tmp_path / "yuncheng.yaml").read_text("utf-8")
    spec = load_ruleset(text, "yuncheng.yaml").spec
    assert len(spec.categories) == 190
    assert sum(len(c.conditions) for c in spec.categories.values()) == 519
    assert len(spec.parameters) == len(spec.deadlines) == 15
    assert len(text.encode()) < 100_000


def test_each_filing_condition_keeps_its_own_limit(cli: Cli, tmp_path: Path) -> None:
    """No condition has two limits; one alone, the unreadable one, has none."""
    imported(cli, "standards.xlsx", tmp_path / "yuncheng.yaml")
    spec = load_ruleset((tmp_path / "yuncheng.yaml").read_text("utf-8"), "yuncheng.yaml").spec
    limits: Counter[tuple[str, str]] = Counter()
    for deadline in spec.deadlines.values():
        for category, codes in deadline.where.conditions_of.items():
            limits.update(
                (category, code) for code in codes or spec.categories[category].conditions
            )
    every = {(name, code) for name, c in spec.categories.items() for code in c.conditions}
    assert set(limits.values()) == {1}
    assert every - set(limits) == {("事件0122", "1")}


def test_the_csv_edition_is_accounted_for(cli: Cli, tmp_path: Path) -> None:
    """Its 279 rows have one limit that holds in the planting season only: that is reported."""
    report = imported(cli, "standards.csv", tmp_path / "yuncheng_csv.yaml")
    (sheet,) = report["sheets"]
    assert (sheet["rows"], sheet["imported"], sheet["reported"]) == (279, 278, 1)
    (problem,) = report["problems"]
    assert (problem["row"], problem["column"]) == (230, "F")
    assert "“种植季节15工作日”" in problem["message"]
    assert "天" not in "".join(report["assumptions"][:1])  # it says 工作日 itself
    assert check_files([tmp_path]) == []


# 2026-07-01 is a Wednesday. Hours are 08:30-12:00 and 14:00-17:30. National Day 2026: off from
# 1 to 7 October, Saturday 10 October worked.
BY_HAND = [
    # 2紧急工作时, Friday after closing: day and night, 17:00 + 2 h.
    ("部件 01 01", "1", "2026-07-03 17:00", "2026-07-03 19:00"),
    # 4紧急工作时, Saturday night: 22:00 + 4 h.
    ("部件 01 26", "1", "2026-07-04 22:00", "2026-07-05 02:00"),
    # 1紧急工作日 = 24 h, into the weekend; a class with one condition, which is not sent.
    ("事件 01 02", "", "2026-07-03 17:00", "2026-07-04 17:00"),
    # 2紧急工作日 = 48 h: Friday 10:00 to Sunday 10:00.
    ("事件 01 99", "1", "2026-07-03 10:00", "2026-07-05 10:00"),
    # 4小时 as 工作时: Friday 16:00-17:30 is 1.5 h, Monday 08:30-11:00 the other 2.5 h.
    ("部件 01 01", "2", "2026-07-03 16:00", "2026-07-06 11:00"),
    # 2小时 as 工作时: 11:00-12:00, then 14:00-15:00.
    ("部件 01 37", "5", "2026-07-06 11:00", "2026-07-06 15:00"),
    # 2天 as 工作日: Thursday; Friday is the first, Monday the second, same time.
    ("部件 01 01", "3", "2026-07-02 09:30", "2026-07-06 09:30"),
    # 5天 over National Day: 30 Sep, 8, 9, 10 (a worked Saturday), 12 October.
    ("部件 01 01", "4", "2026-09-29 15:00", "2026-10-12 15:00"),
    # 15天: three weeks of five days, Monday to Monday.
    ("事件 01 01", "2", "2026-07-06 09:00", "2026-07-27 09:00"),
    # 10天, dispatched after closing: Tuesday 7 July is the first whole day, Monday 20 the tenth,
    # and the limit is used up as it closes.
    ("部件 01 78", "1", "2026-07-06 19:00", "2026-07-20 17:30"),
]


@pytest.mark.parametrize(("code", "condition", "when", "due"), BY_HAND)
def test_ten_limits_by_hand(
    cli: Cli, folder: Path, code: str, condition: str, when: str, due: str
) -> None:
    """The engine computes from the workbook what a person does with the table and a calendar."""
    out = folder / "yuncheng.yaml"
    if not out.exists():
        imported(cli, "standards.xlsx", out)
    assert City(out).due(code, condition, when) == due


def test_the_csv_edition_gives_the_same_dates(cli: Cli, folder: Path) -> None:
    """Where it says 工作时 and 工作日 the workbook's 小时 and 天 meant the same."""
    out = folder / "yuncheng_csv.yaml"
    imported(cli, "standards.csv", out)
    city = City(out)
    for code, condition, when, due in BY_HAND:
        if code == "部件 01 01":
            assert city.due(code, condition, when) == due


def test_days_and_hours_may_mean_the_calendar_s(cli: Cli, tmp_path: Path) -> None:
    """With --days calendar_days --hours hours, weekends and nights count."""
    out = tmp_path / "yuncheng.yaml"
    options = ("--days", "calendar_days", "--hours", "hours")
    report = imported(cli, "standards.xlsx", out, *options)
    assert report["assumptions"][:2] == ["天按自然日计", "小时按小时（昼夜连续）计"]
    city = City(out)
    assert city.due("部件 01 01", "3", "2026-07-02 09:30") == "2026-07-04 09:30"
    assert city.due("部件 01 01", "2", "2026-07-03 16:00") == "2026-07-03 20:00"
