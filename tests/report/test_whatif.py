"""What would have been different, as a person reads it."""

from __future__ import annotations

import io

from rich.console import Group

from envrules import report
from envrules.report.whatif import whatif_parts
from envrules.whatif import Answer, Difference, Question, Said


def difference(anchor: str, why: str) -> Difference:
    """A finding that costs two points instead of one."""
    sides = Said("road", "道路", "扣 1 分"), Said("road", "道路", "扣 2 分")
    return Difference(
        "deduction", "tables.t", "unit:v1", anchor, "v1", "东湾村", "2026-07", 1, *sides, (why,)
    )


def test_decisions_that_read_alike_are_shown_once() -> None:
    """Three findings of which two read alike are two rows, and the count of all is told."""
    found = (
        difference("1", "每处 1 → 2"),
        difference("2", "另一条"),
        difference("3", "每处 1 → 2"),
    )
    answer = Answer("town", Question("s", "2026-07", "2026-07"), "a", "b", 9, differences=found)
    file = io.StringIO()
    report.console(file, width=120).print(Group(*whatif_parts(answer)))
    lines = [line for line in file.getvalue().splitlines() if "东湾村" in line]
    assert ["扣分 ×2" in line and "每处 1 → 2" in line for line in lines] == [True, False]
    assert "另一条" in lines[1]
    assert "×" not in lines[1]
    assert "3 项决定不同" in file.getvalue()
