"""Standings and lists: who stands where, and who is on which list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from envrules.report.decisions import ID_SHOWN
from envrules.report.tables import joined, local, publication, table, titled
from envrules.v1 import standings_pb2 as pb

REVISION_SHOWN = 8
STATES = {
    pb.PERIOD_STATE_OPEN: "未结账",
    pb.PERIOD_STATE_CLOSED: "已结账",
    pb.PERIOD_STATE_CORRECTED: "已结账，有更正",
}
_ABSENT = {
    pb.ASSESSMENT_NOT_ASSESSED: "未考核",
    pb.ASSESSMENT_NOT_PARTICIPATING: "不参评",
    pb.ASSESSMENT_NOT_APPLICABLE: "不适用",
}


def reading_line(reading: pb.Reading, zone: tzinfo) -> str:
    """Return on what figures rest: period, state, until when, and the ruleset's revision."""
    until = f"计至 {local(reading.as_of, zone)}" if reading.HasField("as_of") else ""
    known = f"第 {reading.known_at} 条记录" if reading.known_at else ""
    return "，".join(filter(None, (
        joined(reading.period, STATES.get(reading.state, "")), until, known,
        f"规则版本 {reading.revision[:REVISION_SHOWN]}" if reading.revision else "",
    )))  # fmt: skip


def standing_table(
    reading: pb.Reading, standings: Sequence[pb.Standing], zone: tzinfo, title: str = "",
    lists: Mapping[str, str] | None = None,
) -> RenderableType:  # fmt: skip
    """Return the units of a score, in the order given, with the points of each row.

    `lists` gives the titles of lists, which standings name by their ids.
    """
    made = table()
    rows = {row.row: row.title for standing in standings for row in standing.rows}
    banded = any(standing.HasField("band") for standing in standings)
    made.add_column("名次", justify="right", no_wrap=True)
    made.add_column("单位", no_wrap=True)
    made.add_column("得分", justify="right", no_wrap=True)
    if banded:
        made.add_column("等次", no_wrap=True)
    for row in rows.values():
        made.add_column(row, justify="right", overflow="fold")
    made.add_column("备注", overflow="fold", ratio=1)
    for standing in standings:
        of = {row.row: row for row in standing.rows}
        made.add_row(
            str(standing.rank) if standing.HasField("rank") else "",
            standing.unit_title or standing.unit,
            standing.points or Text(_ABSENT.get(standing.assessment, ""), style="dim"),
            *([standing.band.title] if banded else []),
            *(_row(of.get(row)) for row in rows),
            _remark(standing, lists or {}),
        )  # fmt: skip
    return titled(joined(title, reading_line(reading, zone)), made)


def _row(row: pb.RowStanding | None) -> str:
    if row is None:
        return ""
    return row.points or (f"待{row.supplied_by}" if row.supplied_by else "")


def _remark(standing: pb.Standing, lists: Mapping[str, str]) -> str:
    on = (lists.get(name, name) for name in standing.lists)
    adjusted = (joined(a.title or a.about, a.points) for a in standing.adjustments)
    return "；".join((*on, *adjusted, *standing.warnings))


def list_tables(lists: Iterable[pb.RankedList]) -> Group:
    """Return the lists of a period, each with who is on it and whether that is public yet."""
    parts: list[RenderableType] = []
    for one in lists:
        parts += [Text(), titled(joined(one.title, one.partition), _list(one))]
    return Group(*parts[1:])


def _list(ranked: pb.RankedList) -> Table:
    made = table()
    made.add_column("编号", no_wrap=True, style="dim")
    made.add_column("名次", justify="right", no_wrap=True)
    made.add_column("单位", no_wrap=True)
    made.add_column("得分", justify="right", no_wrap=True)
    made.add_column("状态", no_wrap=True)
    made.add_column("理由", overflow="fold", ratio=1)
    for entry in ranked.entries:
        made.add_row(
            entry.decision_id[:ID_SHOWN], str(entry.rank), entry.unit_title or entry.unit,
            entry.points, publication(entry.publication), entry.reason,
        )  # fmt: skip
    return made
