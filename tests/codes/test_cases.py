"""Worked cases name the code table of their host, and may publish another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases_runner.conftest import CHECK, MINI
from tests.codes.tables import HEAD, SCHEME, TABLE

from envrules.cases import CaseResult, factory_for, load_cases, run_file
from envrules.cases.mutation import run_mutants
from envrules.errors import RulesetError
from envrules.plugin_manager import load_plugins

FOUND = """event: {id: 发现, at: 2026-07-06 10:00, issue_found:
      {issue: 案1, small_class: "0777", source: patrol, place_unit: 赵村}}"""
JUDGED = """expect:
    decisions:
    - {rule: ladders.notice.*, issue: 案1}
    - {rule: deadlines.notice, issue: 案1}"""
CASES = f"""\
scheme: {SCHEME}
defaults:
  units: {{village: [赵村]}}
  codes: town.codes.yaml
cases:
- name: 代码表在前
  steps:
  - {FOUND}
  {JUDGED}
- name: 代码表在后
  codes: other.codes.yaml
  steps:
  - {FOUND}
  - expect: {{decisions: [{{rule: intake, outcome: parked, reason_contains: 小类0777}}]}}
  - publish_ruleset: {{codes: town.codes.yaml}}
  {JUDGED}
- name: 改参数不改代码表
  steps:
  - {FOUND}
  - publish_ruleset: {{set: {{warning_line: 65}}}}
  {JUDGED}
"""


def run(folder: Path, text: str) -> list[CaseResult]:
    """Run cases that lie beside two code tables."""
    (folder / "town.codes.yaml").write_text(TABLE, encoding="utf-8")
    other = HEAD + 'entries: [{small: "1", category: 三大堆}]\n'
    (folder / "other.codes.yaml").write_text(other, encoding="utf-8")
    path = folder / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    file = load_cases(text, str(path))
    return list(run_file(file, factory_for(file, load_plugins())).results)


def test_cases_run_with_their_code_table(tmp_path: Path) -> None:
    """The table holds from the first event, or from the step that publishes it."""
    results = run(tmp_path, CASES)
    assert [result.failures for result in results] == [(), (), ()]
    assert [len(result.emitted) for result in results] == [2, 4, 2]


def test_a_table_that_cannot_be_used_fails_the_case(tmp_path: Path) -> None:
    """Its problems are told with the table's own file and line."""
    for name, said in (("nowhere.yaml", "ER901"), ("cases.yaml", "ER202")):
        result = run(tmp_path, CASES.replace("codes: other.codes.yaml", f"codes: {name}"))[1]
        (failure,) = result.failures
        assert failure.message == "the ruleset is refused"
        assert any(f"{name}:" in line and said in line for line in failure.details)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("publish_ruleset: {codes: town.codes.yaml}", "publish_ruleset: {}", "ER203 publish_ruleset lacks set"),
    ("codes: other.codes.yaml", "codes: [a, b]", "ER204 codes must be text"),
])  # fmt: skip
def test_what_is_wrong_in_a_case(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A step that publishes nothing, and a table that is no path, are refused with their place."""
    assert old in CASES
    with pytest.raises(RulesetError, match=said):
        run(tmp_path, CASES.replace(old, new))


def test_mutants_are_judged_with_the_table_too(tmp_path: Path) -> None:
    """A case in the host's codes kills the mutants that it touches, and no others."""
    (tmp_path / "mini.yaml").write_text(MINI, encoding="utf-8")
    (tmp_path / "t.yaml").write_text(
        "codes: host\ntitle: 甲\nscheme: mini\nentries: [{category_code: 堆, category: litter}]\n",
        encoding="utf-8",
    )
    path = tmp_path / "cases.yaml"
    text = f"""\
scheme: mini
ruleset: mini.yaml
cases:
- name: 扣十分
  units: {{village: [甲]}}
  codes: t.yaml
  steps:
  - {CHECK.replace("category: litter, place: road, repeat: 2", "category: 堆, place: road")}
  expect:
    decisions: [{{rule: scores.monthly.road, counted: -10}}]
"""
    result = run_mutants([load_cases(text, str(path))], load_plugins())
    assert result.problems == ()
    killed = [one.name for one in result.outcomes if one.fate == "killed"]
    assert any("road" in name for name in killed)
    assert any("limit" in one.name for one in result.survivors())
