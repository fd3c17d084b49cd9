"""The bulletin's part about units: ranking beside last period's, lists, indicators, map."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from envrules.report.bulletin.document import (
    Annex,
    Area,
    Block,
    Cell,
    Column,
    Ground,
    Map,
    Paragraph,
    Section,
    Table,
)
from envrules.report.bulletin.said import ABSENT, grounds, number, publication
from envrules.v1 import decisions_pb2
from envrules.v1 import standings_pb2 as pb


def ranking_sections(
    report: pb.PeriodReport, before: pb.PeriodReport | None, maps: Sequence[tuple[str, str]],
    titles: Mapping[str, str], annex: Annex,
) -> Iterator[Section]:  # fmt: skip
    """Yield what the bulletin says about units."""
    lists = {ranked.list: ranked.title for ranked in report.lists}
    drawn = {score: areas for score, text in maps if (areas := _areas(text))}
    for score in report.scores:
        earlier = _standings(before, score.score)
        blocks: list[Block] = [
            Paragraph(_summary(score)),
            _ranking(score, earlier, lists, drawn.get(score.score, ()), annex),
        ]
        if score.score in drawn:
            blocks.append(Map(f"{score.title}分布图", drawn[score.score]))
        yield Section(f"{score.title}排名", tuple(blocks))
    if report.lists:
        yield Section("榜单", tuple(_list(ranked, annex) for ranked in report.lists))
    if report.indicators:
        yield Section("指标完成情况", (_indicators(report, titles, annex),))
    followed = [d for d in report.consequences if d.outcome not in _DONE]
    if followed:
        yield Section("处理决定", (_consequences(followed, annex),))


def _standings(report: pb.PeriodReport | None, score: str) -> dict[str, pb.Standing]:
    if report is None:
        return {}
    found = next((s for s in report.scores if s.score == score), None)
    return {s.unit: s for s in found.standings} if found is not None else {}


def _summary(score: pb.ScoreReport) -> str:
    """Return the first sentence: how many were assessed, and how they did."""
    points = [Decimal(s.points) for s in score.standings if s.points]
    absent = len(score.standings) - len(points)
    if not points:
        return f"{score.title}：{len(score.standings)} 个单位，均无得分。"
    said = (
        f"{score.title}：共 {len(score.standings)} 个单位，有得分的 {len(points)} 个，"
        f"平均 {mean(points)} 分，最高 {max(points)} 分，最低 {min(points)} 分"
    )
    return f"{said}；{absent} 个单位无得分。" if absent else f"{said}。"


def mean(points: Sequence[Decimal]) -> Decimal:
    """Return the mean as printed, rounded once."""
    return (sum(points, Decimal(0)) / len(points)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _ranking(
    score: pb.ScoreReport, earlier: Mapping[str, pb.Standing], lists: Mapping[str, str],
    areas: Sequence[Area], annex: Annex,
) -> Table:  # fmt: skip
    colours = {area.band: area.colour for area in areas}
    columns = (
        Column("组别"), Column("名次", "number"), Column("单位"), Column("得分", "number"),
        Column("等次"), Column("上期名次", "number"), Column("名次升降", "change"),
        Column("上期得分", "number"), Column("备注", wide=True),
    )  # fmt: skip
    rows = []
    for standing in score.standings:
        last = earlier.get(standing.unit)
        cited = [Ground(id, "") for id in standing.decision_ids]
        basis = annex.cite(f"{score.title}：{standing.unit_title or standing.unit}", cited)
        rows.append((
            Cell(standing.partition or None), Cell(_rank(standing)),
            Cell(standing.unit_title or standing.unit),
            Cell(
                number(standing.points) if standing.points else ABSENT.get(standing.assessment),
                basis=basis,
            ),
            Cell(standing.band.title or None, colours.get(standing.band.title, "")),
            Cell(_rank(last)), Cell(_gained(standing, last)),
            Cell(number(last.points) if last is not None else None),
            Cell(_remark(standing, lists)),
        ))  # fmt: skip
    return without_empty(Table(f"{score.title}排名表", columns, tuple(rows), "没有参评的单位。"))


def without_empty(table: Table) -> Table:
    """Return the table without columns in which nothing stands."""
    kept = [
        i for i in range(len(table.columns))
        if not table.rows or any(row[i].value not in (None, "") for row in table.rows)
    ]  # fmt: skip
    return Table(
        table.title, tuple(table.columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in table.rows), table.absent,
    )  # fmt: skip


def _rank(standing: pb.Standing | None) -> int | None:
    return standing.rank if standing is not None and standing.HasField("rank") else None


def _gained(standing: pb.Standing, last: pb.Standing | None) -> int | None:
    """Return how many places a unit has gained within its partition; None: not comparable."""
    now, then = _rank(standing), _rank(last)
    if now is None or then is None or last is None or last.partition != standing.partition:
        return None
    return then - now


def _remark(standing: pb.Standing, lists: Mapping[str, str]) -> str:
    on = (lists.get(name, name) for name in standing.lists)
    adjusted = (f"{a.title or a.about} {a.points}" for a in standing.adjustments)
    return "；".join((*on, *adjusted, *standing.warnings))


def _list(ranked: pb.RankedList, annex: Annex) -> Table:
    columns = (
        Column("名次", "number"), Column("单位"), Column("得分", "number"),
        Column("理由", wide=True), Column("状态"),
    )  # fmt: skip
    rows = []
    for entry in ranked.entries:
        cited = [Ground(entry.decision_id, entry.reason)] if entry.decision_id else []
        basis = annex.cite(f"{ranked.title}：{entry.unit_title or entry.unit}", cited)
        rows.append((
            Cell(entry.rank or None), Cell(entry.unit_title or entry.unit, basis=basis),
            Cell(number(entry.points)), Cell(entry.reason), Cell(publication(entry.publication)),
        ))  # fmt: skip
    title = f"{ranked.title}（{ranked.partition}）" if ranked.partition else ranked.title
    return Table(title, columns, tuple(rows), "本期无单位上榜。")


_INDICATED = {
    "met": "达标", "missed": "未达标", "not_measured": "未报数", "not_applicable": "不适用",
    "reported": "已报",
}  # fmt: skip


def _indicators(report: pb.PeriodReport, titles: Mapping[str, str], annex: Annex) -> Table:
    columns = (
        Column("指标"), Column("单位"), Column("结果", "number"), Column("是否达标"), Column("情况", wide=True),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(d.title), Cell(titles.get(d.unit, d.unit)), Cell(number(d.points)),
            Cell(_INDICATED.get(d.outcome, d.outcome), basis=annex.cite(d.title, grounds([d]))),
            Cell(d.reason),
        )
        for d in report.indicators
    )  # fmt: skip
    return Table("指标与目标对照表", columns, rows)


_DONE = frozenset({"met", "exempt"})
"""Duties that were done, or not owed: nobody need be told."""


def _consequences(followed: Iterable[decisions_pb2.Decision], annex: Annex) -> Table:
    columns = (Column("事项"), Column("处理"), Column("情况", wide=True), Column("状态"))
    rows = tuple(
        (
            Cell(d.title, basis=annex.cite(d.title, grounds([d]))),
            Cell("、".join(c.words for c in d.consequences)), Cell(d.reason),
            Cell(publication(d.publication)),
        )
        for d in followed
    )  # fmt: skip
    return without_empty(Table("处理决定一览表", columns, rows))


def _areas(geojson: str) -> tuple[Area, ...]:
    """Return the units that have an outline, with their colours."""
    features: list[dict[str, Any]] = json.loads(geojson)["features"]
    return tuple(
        Area(
            p["title"], f"{p['points']} 分" if p["points"] is not None else "无得分",
            p["band_title"] or "无等次", p["colour"], feature["geometry"],
        )
        for feature in features if (p := feature["properties"])
    )  # fmt: skip
