"""An explanation says all that is needed to defend a decision."""

from __future__ import annotations

import io

import pytest
from tests.report import messages

from envrules import report


def printed(answer: object = None, width: int = 110) -> str:
    """Return the explanation as a person reads it."""
    file = io.StringIO()
    what = answer if answer is not None else messages.answer()
    report.console(file, width=width).print(report.explanation(what, messages.ZONE))  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("wanted", [
    "黄单", "未在时限内办结", "案件 A-1", "警示约谈", "2026-10-09 18:00",  # outcome
    "待批准，尚未对外", "27d760ac18b4", "ladders.slips.yellow", "第 2 版",  # state
    "2 个工作日", "一直", "2026-01-01 起", "d 四三", "m 三2",  # values and clauses
    "rulesets/x.yaml:95", "rulesets/x.yaml:18", "自 2026-09-30 18:00 起算",  # where
    "2026-09-29 10:10", "建筑垃圾", "e1（第 3 条）", "未发现问题",  # causes
    "0f0f0f0f0f0f0f0f", "案件 A-0 未在时限内办结", "节假日安排尚未公布",  # history, warnings
])  # fmt: skip
def test_it_names_what_a_decision_rests_on(wanted: str) -> None:
    """Outcome, reason, state, values with their dates, clauses, lines, causes and history."""
    assert wanted in printed()


def test_a_default_is_marked_as_ours() -> None:
    """A value that no clause supports says so, and one with a clause does not."""
    lines = printed().splitlines()
    assert sum("本系统默认" in line for line in lines) == 1
    assert "本系统默认：原文未写时限" in printed()


def test_only_the_finding_concerned_is_told() -> None:
    """Of an inspection with several findings, the one that deducted is described."""
    answer = messages.answer()
    answer.decision.slot.anchor = "check#f2"
    findings = answer.events[1].event.inspection.findings
    findings.add(id="f1", category="三大堆", place="village")
    findings.add(id="f2", category="白色垃圾", place="main_road", point="桥头")
    text = printed(answer)
    assert "白色垃圾" in text
    assert "桥头" in text
    assert "三大堆" not in text


def test_a_first_version_has_no_history() -> None:
    """A decision that nothing came before is printed without a history of its slot."""
    answer = messages.answer()
    del answer.history[1:]
    assert "历次" not in printed(answer)
