"""What the bulletin of a hand-made July says, to the last figure, and on what each rests."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from tests.report.bulletin.month import PERIOD, PLACE, SCHEME, open_town
from tests.service.site import Site

from envrules.cli.bulletin import gather
from envrules.cli.server import Client
from envrules.report.bulletin import Document, Letterhead, Month, bulletin
from envrules.report.bulletin.build import PREVIEW
from envrules.report.bulletin.document import Block, Cell, Chart, Map, Table, shown
from envrules.report.bulletin.said import period_words
from envrules.report.bulletin.trends import trend_section
from envrules.v1 import standings_pb2 as pb


def blocks(document: Document) -> Iterator[Block]:
    """Everything in the document, charts as their tables too."""
    for section in document.sections:
        for block in section.blocks:
            yield block
            if isinstance(block, Chart):
                yield block.table()


def table(document: Document, title: str) -> Table:
    """The table of this title."""
    (found,) = (b for b in blocks(document) if isinstance(b, Table) and b.title == title)
    return found


def printed(document: Document, title: str) -> list[list[str]]:
    """The rows of a table as a person reads them."""
    found = table(document, title)
    return [
        [shown(cell, column.kind) for cell, column in zip(row, found.columns, strict=True)]
        for row in found.rows
    ]  # fmt: skip


def test_the_ranking_stands_beside_last_month_s(document: Document) -> None:
    """Rank, change of rank and figure of last month; who has no figure is listed with the reason."""
    assert [c.title for c in table(document, "月度考核排名表").columns] == [
        "名次", "单位", "得分", "等次", "上期名次", "名次升降", "上期得分", "备注",
    ]  # fmt: skip
    assert printed(document, "月度考核排名表") == [
        ["1", "赵庄村", "100.00", "合格", "2", "↑1", "96.00", "红榜"],
        ["2", "钱庄村", "92.00", "合格", "1", "↓1", "100.00", ""],
        ["3", "孙庄村", "84.00", "不合格", "3", "—", "88.00", "黑榜；申诉中"],
        ["", "李庄 & <村>", "未考核", "", "", "", "", ""],
    ]  # fmt: skip


def test_lists_give_their_reasons(document: Document) -> None:
    """Red and black list, each place with its reason and how public it is."""
    assert printed(document, "红榜") == [
        ["1", "赵庄村", "100.00", "赵庄村 2026-07 100.00 分，第 1 名，列入红榜", "待批准"]
    ]
    assert printed(document, "黑榜") == [
        ["3", "孙庄村", "84.00", "孙庄村 2026-07 84.00 分，第 3 名，列入黑榜", "申诉中"]
    ]


def test_rates(document: Document) -> None:
    """Four rates, each with what is divided by what."""
    assert printed(document, "案件办理比率表") == [
        ["立案率", "立案／受理", "2", "4", "50.00%"],
        ["结案率", "结案／应结案", "4", "5", "80.00%"],
        ["按期结案率", "按期结案／应结案", "2", "5", "40.00%"],
        ["返工率", "返工／应结案", "1", "5", "20.00%"],
    ]
    counts = {row[0]: row[1] for row in printed(document, "案件数量表")}
    assert (counts["强制结案数"], counts["缓办数"], counts["挂账数"]) == ("1", "1", "1")


def test_issues(document: Document) -> None:
    """Overdue by unit, categories, slips with what is still open, repeats, pending appeals."""
    assert printed(document, "各单位未按期结案表") == [["孙庄村", "2", "1"], ["钱庄村", "1", "0"]]
    assert printed(document, "最突出的五类问题") == [
        ["1", "垃圾", "7", "0"],
        ["2", "柴草", "6", "-24"],
    ]
    assert [row[:5] for row in printed(document, "督办单一览表")] == [
        ["黄单", "钱庄村", "2026-07-12 22:00", "1", "0"],
        ["黄单", "孙庄村", "2026-07-22 22:00", "1", "1"],
    ]
    assert [row[:3] for row in printed(document, "反复发生问题一览表")] == [
        ["回潮", "赵庄村", "2026-07-14 10:00"], ["回潮", "钱庄村", "2026-07-26 10:00"],
        ["回潮", "赵庄村", "2026-07-27 10:00"],
    ]  # fmt: skip
    appeals = printed(document, "申诉未决的决定一览表")
    assert {row[0] for row in appeals} == {"孙庄村"}
    assert {"月度考核", "黑榜"} <= {row[1] for row in appeals}


def test_indicators_against_their_targets(document: Document) -> None:
    """Each unit's indicator with its figure, and whether it met the target."""
    rows = {row[1]: row[2:4] for row in printed(document, "指标与目标对照表")}
    assert rows == {
        "赵庄村": ["100.00", "达标"], "钱庄村": ["0.00", "未达标"], "孙庄村": ["0.00", "未达标"],
        "李庄 & <村>": ["", "不适用"],
    }  # fmt: skip


def test_trends(document: Document) -> None:
    """The charts show the periods in which anybody was assessed, this one last."""
    assert printed(document, "平均得分走势") == [["2026-06", "94.67"], ["2026-07", "92.00"]]
    assert printed(document, "案件办理比率走势") == [
        ["2026-06", "", "", ""], ["2026-07", "80.00%", "40.00%", "20.00%"],
    ]  # fmt: skip


def test_the_map_shows_units_in_the_colours_of_their_bands(document: Document) -> None:
    """Every unit with an outline is on the map; the ranking bears the same colours."""
    (drawn,) = (block for block in blocks(document) if isinstance(block, Map))
    colours = {area.title: (area.band, area.colour) for area in drawn.areas}
    assert colours["孙庄村"][0] == "不合格"
    assert colours["李庄 & <村>"][0] == "无等次"
    bands = {str(row[1].value): row[3] for row in table(document, "月度考核排名表").rows}
    assert {bands[unit].colour for unit in ("赵庄村", "孙庄村")} == {
        colours["赵庄村"][1], colours["孙庄村"][1],
    }  # fmt: skip


def test_figures_rest_on_decisions(july: Month, document: Document, town: Site) -> None:
    """Every number in brackets is an entry of the annex, and its decisions are there to read."""
    cited = [
        cell.basis for block in blocks(document) if isinstance(block, Table)
        for row in block.rows for cell in row if cell.basis
    ]  # fmt: skip
    assert cited == [entry.number for entry in document.annex] == list(range(1, len(cited) + 1))
    ids = {ground.id for entry in document.annex for ground in entry.decisions}
    with Client.connect(town.address, principal="office") as client:
        assert ids <= {d.id for d in client.list_decisions(PLACE)}
    by_about = {entry.about: entry for entry in document.annex}
    late = by_about["按期结案率：未计入分子的案件"]
    assert late.issues == ("G2", "G3", "G4")
    assert len(late.decisions) == 3
    assert by_about["立案率：未计入分子的案件"].issues == ("G3", "G7")
    assert by_about["返工率：返工的案件"].issues == ("G7",)
    assert july.report.closed_seq


def test_an_open_month_is_a_preview(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before the close the document says in its title and at its head that it is a preview."""
    site = open_town(tmp_path_factory.mktemp("open"), closed=False)
    try:
        with Client.connect(site.address, principal="office") as client:
            month = gather(client, PLACE, SCHEME, PERIOD, 2, "Asia/Shanghai")
    finally:
        site.stop(grace=0)
    made = bulletin(month, Letterhead(), "云溪镇")
    assert made.warning == PREVIEW
    assert made.title == "云溪镇2026年7月村庄环境整治情况通报（预览）"
    assert printed(made, "月度考核排名表")[0][:3] == ["1", "赵庄村", "100.00"]
    assert printed(made, "案件办理比率表")[2][2:] == ["2", "5", "40.00%"]


def test_nothing_happened() -> None:
    """A month without anything is told as one: rates are not applicable, tables say there is none."""
    names = ("filed_rate", "closed_rate", "on_time_rate", "rework_rate")
    counts = ("accepted", "filed", "due", "closed", "on_time", "reworked", "force_closed",
              "deferred", "suspended")  # fmt: skip
    figures = [pb.Figure(figure=name, title=name, numerator="0", denominator="0") for name in names]
    figures += [pb.Figure(figure=name, title=name, value="0") for name in counts]
    report = pb.PeriodReport(
        reading=pb.Reading(period="2026-07", state=pb.PERIOD_STATE_CLOSED), title="考核",
        figures=figures,
    )  # fmt: skip
    made = bulletin(Month(report, [], [], [], [], [], ZoneInfo("Asia/Shanghai")), Letterhead())
    assert {row[4] for row in printed(made, "案件办理比率表")} == {"不适用"}
    assert table(made, "督办单一览表").rows == ()
    assert made.annex == ()
    assert trend_section([report, report]) is None


@pytest.mark.parametrize(("period", "words"), [
    ("2026-07", "2026年7月"), ("2026Q3", "2026年第三季度"), ("2026", "2026年"),
    ("2026W28", "2026W28"),
])  # fmt: skip
def test_periods_in_words(period: str, words: str) -> None:
    """Months, quarters and years are written as documents write them."""
    assert period_words(period) == words


@pytest.mark.parametrize(("value", "kind", "text"), [
    (3, "change", "↑3"), (-2, "change", "↓2"), (0, "change", "—"), (None, "change", ""),
    (7, "number", "7"), ("不适用", "percent", "不适用"),
])  # fmt: skip
def test_cells_in_words(value: int | str | None, kind: str, text: str) -> None:
    """A change of rank has an arrow; words stand where there is no number."""
    assert shown(Cell(value), kind) == text  # type: ignore[arg-type]
