"""`envrules test`: worked cases from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import Cli

RULESET = """\
ruleset: small
title: 小镇
timezone: Asia/Shanghai
sources: {m: {title: 办法, document: "001"}}
parameters:
  limit: {title: 整改期限, unit: calendar_days, ref: m 一, values: {always: 3}}
unit_types: {village: {title: 村, ref: m 一}}
deadlines:
  fix: {title: 整改, starts: found, stops: handled, within: $limit, ref: m 一}
"""
CASES = """\
scheme: small
ruleset: small.yaml
defaults: {units: {village: [赵村]}}
cases:
- name: 第四日仍未整改为超期
  steps:
  - event: {at: 2026-07-01 09:00, issue_found: {issue: A, place_unit: 赵村}}
  - tick: 2026-07-10 00:00
  expect:
    decisions:
    - {rule: deadlines.fix, outcome: overdue}
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A file of cases beside its ruleset."""
    (tmp_path / "small.yaml").write_text(RULESET, encoding="utf-8")
    folder = tmp_path / "cases"
    folder.mkdir()
    path = folder / "small.yaml"
    path.write_text(CASES.replace("ruleset: small", "ruleset: ../small"), encoding="utf-8")
    return path


def test_cases_that_hold(cli: Cli, cases: Path) -> None:
    """A file whose cases hold and touch every rule passes, alone or by its folder."""
    for path in (cases, cases.parent):
        ran = cli("test", path)
        assert ran.code == 0, ran.out
        assert "1 of 1 cases passed" in ran.out


def test_a_case_that_does_not_hold(cli: Cli, cases: Path) -> None:
    """What was expected and what was decided are told, and the exit code is 1."""
    text = cases.read_text("utf-8").replace("overdue", "on_time")
    cases.write_text(text, encoding="utf-8")
    ran = cli("test", cases)
    assert ran.code == 1
    assert "0 of 1 cases passed" in ran.out
    assert "on_time" in ran.out


def test_results_as_json(cli: Cli, cases: Path) -> None:
    """Programs get each file with its cases and whether they passed."""
    ran = cli("test", cases, "--json")
    assert ran.code == 0
    (result,) = ran.json["files"]
    assert result["passed"] is True
    assert [case["name"] for case in result["cases"]] == ["第四日仍未整改为超期"]


def test_a_file_that_cannot_be_read_is_a_problem(cli: Cli, cases: Path) -> None:
    """A misspelt key stops that file with its line, and the others run all the same."""
    broken = cases.with_name("broken.yaml")
    broken.write_text("scheme: small\nnonsense: 1\ncases: []\n", encoding="utf-8")
    ran = cli("test", cases.parent)
    assert ran.code == 1
    assert f"{broken}:2:" in ran.out
    assert "1 of 1 cases passed" in ran.out


def test_nothing_to_run_is_no_success(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without cases there is an error, never a silent pass."""
    monkeypatch.chdir(tmp_path)
    assert cli("test").code == 1
    (tmp_path / "empty").mkdir()
    assert "no worked cases" in cli("test", tmp_path / "empty").err


def test_the_usual_folder_is_found(cli: Cli, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path it runs the folder `cases` of where it is called."""
    monkeypatch.chdir(cases.parents[1])
    assert cli("test").code == 0
