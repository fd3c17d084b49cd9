"""A statement shows each finding, what counted, the subtotal of each row, and the total."""

from __future__ import annotations

import io

import pytest
from tests.report import messages

from envrules import report
from envrules.v1 import standings_pb2


def printed(statement: standings_pb2.Statement) -> str:
    """Return the statement as a person reads it."""
    file = io.StringIO()
    report.console(file, width=120).print(report.statement_report(statement, messages.ZONE))
    return file.getvalue()


@pytest.mark.parametrize("wanted", [
    "东湾村 对账单", "未结账", "计至 2026-10-28 09:00", "逐条（3）", "2026-10-20 09:15", "第 1 处",
    "白色垃圾", "申诉中", "免责，不扣分", "按项小计", "24.00", "村建办", "2026-09 的更正", "late-1",
    "合计  93.50 / 100 分  正常  第 2 名（共 20）",
])  # fmt: skip
def test_it_shows_everything_that_made_the_figure(wanted: str) -> None:
    """Time, place, category, row, points, what counted, subtotals, adjustments, total, band."""
    assert wanted in printed(messages.statement())


def test_points_beyond_the_cap_show_that_they_count_nothing() -> None:
    """A finding that the cap swallows stands with its points and a zero beside them."""
    line = next(line for line in printed(messages.statement()).splitlines() if "第 2 处" in line)
    assert line.split()[-3:] == ["-1", "0", "申诉中"]


@pytest.mark.parametrize(("assessment", "word"), [
    (standings_pb2.ASSESSMENT_NOT_ASSESSED, "未考核"),
    (standings_pb2.ASSESSMENT_NOT_PARTICIPATING, "不参评"),
    (standings_pb2.ASSESSMENT_NOT_APPLICABLE, "不适用"),
])  # fmt: skip
def test_a_unit_without_a_figure_says_why(
    assessment: standings_pb2.Assessment.ValueType, word: str
) -> None:
    """No figure is printed as the reason for having none, never as zero points."""
    statement = messages.statement()
    statement.standing.points = ""
    statement.standing.assessment = assessment
    assert f"合计  {word}" in printed(statement)
