"""What of a ruleset no case touches is listed, with the line where it is written."""

from __future__ import annotations

import json
from collections.abc import Callable

from envrules.cases import FileResult, as_json, as_text

Run = Callable[..., FileResult]

OPEN = "- {{name: 例, steps: [{check}], expect: {{decisions: [{{rule: '*', count: 2}}]}}}}\n"
CLOSE = """\
- name: 例
  {overrides}
  steps:
  - {check}
  - close: 2026-07
  expect: {{decisions: [{{rule: '*', count: {count}}}]}}
"""


def names(result: FileResult) -> list[str]:
    """Return the ids of what is untested."""
    return [item.split(" ")[0] for item in result.untested]


def test_untested_rules_are_listed_with_their_lines(run: Run, check: str) -> None:
    """Two deductions touch the row and nothing else."""
    result = run(OPEN.format(check=check))
    assert result.results[0].passed
    assert not result.passed
    assert names(result) == [
        "parameters.line", "parameters.limit", "parameters.first", "scores.monthly",
        "bands.monthly.bad", "bands.monthly.good", "lists.red", "deadlines.fix", "rules.warn",
        "consequences.表扬", "consequences.警告",
    ]  # fmt: skip
    assert any(item.endswith("mini.yaml:34)") for item in result.untested)


def test_a_figure_does_not_touch_rows_that_did_not_deduct(run: Run, check: str) -> None:
    """A clean inspection cites the row, and still leaves it untested."""
    clean = check.replace("findings: [{category: litter, place: road, repeat: 2}]", "")
    result = run(CLOSE.format(check=clean, overrides="", count=4))
    assert result.results[0].passed
    assert "tables.rows.road" in names(result)
    assert "scores.monthly" not in names(result)


def test_cases_together_touch_what_one_alone_does_not(run: Run, check: str) -> None:
    """Coverage is the file's: one case per band will do."""
    good = CLOSE.format(check=check, overrides="", count=6)
    bad = CLOSE.format(check=check, overrides="overrides: {line: 85}", count=7)
    found = (
        "event: {at: 2026-07-10 09:00, issue_found: {issue: 案, category: litter, place_unit: 甲}}"
    )
    issue = f"- {{name: 例, steps: [{found}], expect: {{decisions: [{{rule: deadlines.fix}}]}}}}\n"
    result = run(good + bad + issue)
    assert result.untested == ()
    assert result.passed


def test_what_was_not_compared_does_not_count(run: Run, check: str) -> None:
    """A decision touches its rule only where `decisions` or `emitted` compared it."""
    case = f"""\
- name: 例
  steps:
  - {check}
  - {{event: {{at: 2026-07-11 09:00, event_withdrawn: {{target: 查}}}}}}
  expect: {{decisions: []{{more}}}}
"""
    silent = run(case.replace("{more}", ""))
    assert silent.results[0].passed
    assert "tables.rows.road" in names(silent)
    emitted = "[{rule: '*.road'}, {rule: '*.road'}, {rule: '*.road'}, {rule: '*.road'}]"
    told = run(case.replace("{more}", f", emitted: {emitted}"))
    assert told.results[0].passed
    assert "tables.rows.road" not in names(told)


def test_the_report_is_for_people_and_for_machines(run: Run, check: str) -> None:
    """Text names places and sums up in its last line; JSON holds the same."""
    result = run(
        OPEN.format(check=check) + OPEN.format(check=check).replace("count: 2", "count: 3")
    )
    text = as_text(result)
    assert "cases.yaml:6: 例" in text
    assert "expected 3 of {rule: *}, got 2" in text
    assert text.endswith("1 of 2 cases passed, 11 rules without a case")
    data = json.loads(json.dumps(as_json(result), ensure_ascii=False))
    assert [case["passed"] for case in data["cases"]] == [True, False]
    assert data["cases"][1]["failures"][0]["location"].endswith("cases.yaml:6")
    assert (data["passed"], len(data["untested"])) == (False, 11)
