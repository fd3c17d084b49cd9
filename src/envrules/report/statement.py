"""对账单: a unit's account of one period, to be checked before it is closed."""

from __future__ import annotations

from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from envrules.report.standings import reading_line
from envrules.report.tables import joined, local, section, table
from envrules.v1 import standings_pb2 as pb


def statement_report(statement: pb.Statement, zone: tzinfo) -> Group:
    """Return the statement: each finding, the subtotal of each row, adjustments, total, band."""
    standing = statement.standing
    parts: list[RenderableType] = [
        Text(f"{standing.unit_title or standing.unit} 对账单", style="bold"),
        Text(reading_line(statement.reading, zone), style="dim"),
        section(f"逐条（{len(statement.lines)}）", _lines(statement, zone)),
    ]
    if standing.rows:
        parts.append(section("按项小计", _rows(standing)))
    if standing.adjustments:
        parts.append(section("另计", _adjustments(standing)))
    parts += [Text(), _total(standing)]
    parts += [Text(f"注意：{warning}", style="yellow") for warning in standing.warnings]
    return Group(*parts)


def _lines(statement: pb.Statement, zone: tzinfo) -> Table:
    made = table()
    made.add_column("时间", no_wrap=True)
    made.add_column("地点", overflow="fold", ratio=2)
    made.add_column("问题", overflow="fold")
    made.add_column("扣分项", overflow="fold", ratio=2)
    made.add_column("扣分", justify="right", no_wrap=True)
    made.add_column("计入", justify="right", no_wrap=True)
    made.add_column("说明", overflow="fold", ratio=2)
    for line in statement.lines:
        notes = ["申诉中"] if line.appealed else []
        if line.counted != line.points or not line.row:
            notes.append(line.reason)
        made.add_row(
            local(line.at, zone), joined(line.place, line.point), joined(line.category, line.issue),
            line.row_title, line.points, line.counted,
            Text("；".join(filter(None, notes))),
            style="" if line.row else "dim",
        )  # fmt: skip
    return made


def _rows(standing: pb.Standing) -> Table:
    made = table()
    made.add_column("扣分项", overflow="fold")
    made.add_column("满分", justify="right", no_wrap=True)
    made.add_column("发现", justify="right", no_wrap=True)
    made.add_column("扣分", justify="right", no_wrap=True)
    made.add_column("得分", justify="right", no_wrap=True)
    made.add_column("给分单位", overflow="fold")
    for row in standing.rows:
        made.add_row(
            row.title, row.full, "" if row.supplied_by else str(row.findings),
            "" if row.supplied_by else row.deducted, row.points or "待报", row.supplied_by,
        )  # fmt: skip
    return made


def _adjustments(standing: pb.Standing) -> Table:
    made = table()
    made.add_column("事项", overflow="fold")
    made.add_column("分值", justify="right", no_wrap=True)
    made.add_column("事件", overflow="fold", style="dim")
    for adjustment in standing.adjustments:
        made.add_row(
            adjustment.title or adjustment.about, adjustment.points,
            "、".join(adjustment.event_ids),
        )  # fmt: skip
    return made


def _total(standing: pb.Standing) -> Text:
    if not standing.points:
        word = {
            pb.ASSESSMENT_NOT_PARTICIPATING: "不参评", pb.ASSESSMENT_NOT_APPLICABLE: "不适用",
        }.get(standing.assessment, "未考核，无得分")  # fmt: skip
        return Text(f"合计  {word}", style="bold")
    full = f" / {standing.full}" if standing.full else ""
    rank = f"  第 {standing.rank} 名（共 {standing.ranked}）" if standing.HasField("rank") else ""
    return Text(
        f"合计  {standing.points}{full} 分  {standing.band.title}{rank}".rstrip(), style="bold"
    )
