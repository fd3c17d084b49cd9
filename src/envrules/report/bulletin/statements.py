"""对账单: a unit's account of one period as a document, to be checked and signed before the close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from envrules.report.bulletin.document import (
    Annex,
    Blanks,
    Block,
    Cell,
    Column,
    Document,
    Ground,
    Letterhead,
    Paragraph,
    Section,
    Table,
)
from envrules.report.bulletin.ranking import without_empty
from envrules.report.bulletin.said import ABSENT, number, period_words
from envrules.report.standings import reading_line
from envrules.report.tables import joined, local
from envrules.v1 import standings_pb2 as pb

_TO_CHECK = "请逐条核对。对某一条有异议的，请在结账之前提出申诉，并写明该条的事件编号。"


def statement_document(
    statements: Sequence[pb.Statement], head: Letterhead, zone: tzinfo,
    titles: Mapping[tuple[str, str], str],
) -> Document:  # fmt: skip
    """Return a unit's statements of one period, one for each score, as a document.

    `titles` gives the title of each score, by its scheme and id.
    """
    annex = Annex()
    first = statements[0]
    unit = first.standing.unit_title or first.standing.unit
    sections = [_section(statement, titles, zone, annex) for statement in statements]
    is_open = first.reading.state == pb.PERIOD_STATE_OPEN
    sections.append(Section("核对", (
        Paragraph(_TO_CHECK if is_open else "本期已结账，本对账单供存档。"),
        Blanks(("核对意见", "核对人", "日期")),
    )))  # fmt: skip
    return Document(
        f"{unit}{period_words(first.reading.period)}考核对账单",
        reading_line(first.reading, zone), head, tuple(sections), tuple(annex.entries),
    )  # fmt: skip


def _section(
    statement: pb.Statement, titles: Mapping[tuple[str, str], str], zone: tzinfo, annex: Annex
) -> Section:
    standing = statement.standing
    blocks: list[Block] = [
        _total(standing, annex), _lines(statement, zone),
    ]  # fmt: skip
    if standing.rows:
        blocks.append(_rows(standing))
    if standing.adjustments:
        blocks.append(_adjustments(standing))
    blocks += [Paragraph(f"注意：{warning}") for warning in standing.warnings]
    name = (statement.reading.scheme, standing.score)
    return Section(titles.get(name, standing.score), tuple(blocks))


def _total(standing: pb.Standing, annex: Annex) -> Table:
    columns = (
        Column("得分", "number"), Column("满分", "number"), Column("等次"),
        Column("名次", "number"), Column("参加排名的单位", "number"),
    )  # fmt: skip
    cited = [Ground(id, "") for id in standing.decision_ids]
    basis = annex.cite(f"{standing.unit_title or standing.unit}得分", cited)
    points = number(standing.points)
    row = (
        Cell(ABSENT.get(standing.assessment, "未考核") if points is None else points, basis=basis),
        Cell(number(standing.full)), Cell(standing.band.title),
        Cell(standing.rank if standing.HasField("rank") else None), Cell(standing.ranked or None),
    )  # fmt: skip
    return without_empty(Table("合计", columns, (row,)))


def _lines(statement: pb.Statement, zone: tzinfo) -> Table:
    columns = (
        Column("时间", "time"), Column("地点"), Column("问题"), Column("扣分项"),
        Column("扣分", "number"), Column("计入", "number"), Column("说明", wide=True),
        Column("事件编号", "id"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(local(line.at, zone)), Cell(joined(line.place, line.point)),
            Cell(joined(line.category, line.issue)), Cell(line.row_title),
            Cell(number(line.points)), Cell(number(line.counted)),
            Cell("；".join(filter(None, ("申诉中" if line.appealed else "", line.reason)))),
            Cell(f"{line.event_id}#{line.finding_id}" if line.finding_id else line.event_id),
        )
        for line in statement.lines
    )  # fmt: skip
    return Table(f"逐条（{len(rows)}）", columns, rows, "本期没有发现问题。")


def _rows(standing: pb.Standing) -> Table:
    columns = (
        Column("扣分项"), Column("满分", "number"), Column("发现", "number"),
        Column("扣分", "number"), Column("得分", "number"), Column("给分单位"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(row.title), Cell(number(row.full)),
            Cell(None if row.supplied_by else row.findings),
            Cell(None if row.supplied_by else number(row.deducted)),
            Cell(number(row.points) if row.points else "待报"), Cell(row.supplied_by),
        )
        for row in standing.rows
    )  # fmt: skip
    return without_empty(Table("按项小计", columns, rows))


def _adjustments(standing: pb.Standing) -> Table:
    columns = (Column("事项", wide=True), Column("分值", "number"), Column("事件"))
    rows = tuple(
        (Cell(a.title or a.about), Cell(number(a.points)), Cell("、".join(a.event_ids)))
        for a in standing.adjustments
    )
    return without_empty(Table("另计", columns, rows))
