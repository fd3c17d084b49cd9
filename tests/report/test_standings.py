"""Standings and lists as tables."""

from __future__ import annotations

import io

from rich.console import RenderableType
from tests.report import messages

from envrules import report
from envrules.v1 import standings_pb2


def printed(what: RenderableType) -> str:
    """Return a report as a person reads it."""
    file = io.StringIO()
    report.console(file, width=120).print(what)
    return file.getvalue()


def test_units_stand_in_the_order_given_with_their_rows() -> None:
    """Rank, title, figure, band, the points of each row and later corrections are shown."""
    second = messages.standing("v02", "西湾村", rank=3, points="90.00", adjustments=[])
    text = printed(
        report.standing_table(messages.reading(), [messages.standing(), second], messages.ZONE)
    )
    assert text.index("东湾村") < text.index("西湾村")
    line = next(line for line in text.splitlines() if "东湾村" in line)
    assert line.split() == [
        "2",
        "东湾村",
        "93.50",
        "正常",
        "24.00",
        "9.50",
        "2026-09",
        "的更正",
        "-1",
    ]


def test_a_unit_without_a_figure_is_listed_with_the_reason() -> None:
    """不参评 stands in place of points, and there is no rank."""
    absent = messages.standing(
        points="", rank=None, assessment=standings_pb2.ASSESSMENT_NOT_PARTICIPATING, rows=[]
    )
    line = next(
        line for line in printed(
            report.standing_table(messages.reading(), [absent], messages.ZONE)
        ).splitlines() if "东湾村" in line
    )  # fmt: skip
    assert line.split()[:2] == ["东湾村", "不参评"]


def test_points_that_an_organ_still_owes_are_named() -> None:
    """A supplied row that nobody has supplied says whom it waits for."""
    waiting = messages.standing()
    waiting.rows[1].points = ""
    text = printed(report.standing_table(messages.reading(), [waiting], messages.ZONE))
    assert "待村建办" in text


def test_a_list_says_who_waits_for_approval() -> None:
    """Each place shows rank, figure, reason, and how far it is on its way to the public."""
    text = printed(report.list_tables([messages.ranked_list()]))
    line = next(line for line in text.splitlines() if "菱角村" in line)
    assert line.split()[:5] == ["a1b2c3d4", "26", "菱角村", "61.50", "待批准"]
