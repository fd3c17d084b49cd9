"""Tables stay aligned however wide a character is: the terminal counts cells, not characters."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import RenderableType
from tests.report import messages

from envrules import report
from envrules.report.tables import table

WIDTHS = (60, 80, 100, 140, 200)


def rendered(what: RenderableType, width: int) -> list[str]:
    """Return what is printed at a width, line by line."""
    file = io.StringIO()
    report.console(file, width=width).print(what)
    return file.getvalue().splitlines()


def cells_from(line: str, start: int, end: int) -> str:
    """Return the characters of a line that lie in the cells [start, end)."""
    found, place = "", 0
    for character in line:
        if start <= place < end:
            found += character
        place += cell_len(character)
    return found


MIXED = ("大槐村 village", "ASCII only", "ｆｕｌｌ", "半角ｶﾅ", "表情 ok", "一" * 40)


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_start_at_the_same_cell(width: int) -> None:
    """Whatever stands in the first column, the second begins at one cell in every row."""
    made = table()
    made.add_column("单位 unit")
    made.add_column("得分", justify="right", no_wrap=True)
    for text in MIXED:
        made.add_row(text, "93.50")
    lines = rendered(made, width)
    header = next(line for line in lines if "得分" in line)
    end = cell_len(header.rstrip())
    with_figures = [line for line in lines if "93.50" in line]
    assert len(with_figures) == len(MIXED)
    for line in with_figures:
        assert cell_len(line.rstrip()) == end
        assert cells_from(line, end - 5, end) == "93.50"


REPORTS: dict[str, RenderableType] = {
    "explanation": report.explanation(messages.answer(), messages.ZONE),
    "statement": report.statement_report(messages.statement(), messages.ZONE),
    "standings": report.standing_table(
        messages.reading(), [messages.standing()], messages.ZONE, "月度检查测评"
    ),
    "decisions": report.decision_table([messages.decision()] * 3, messages.ZONE),
    "lists": report.list_tables([messages.ranked_list()]),
    "unknown codes": report.unknown_table([messages.unknown_code()] * 2, messages.ZONE),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    """No report prints a line with more cells than the terminal has."""
    lines = rendered(REPORTS[name], width)
    assert lines
    assert max(cell_len(line) for line in lines) <= width


def test_long_chinese_text_is_folded_not_lost() -> None:
    """A reason that does not fit goes on in the next line, whole."""
    reason = "柳后村未在时限内办结" * 12
    lines = rendered(
        report.decision_table([messages.decision(reason=reason)], messages.ZONE), width=70
    )
    assert reason in "".join("".join(lines).split())
