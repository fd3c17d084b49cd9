"""What would have been different, for people to read."""

from __future__ import annotations

from collections import Counter

from rich.console import RenderableType
from rich.text import Text

from envrules.report.tables import section, table
from envrules.whatif import Answer, Count, Difference, Part, Row, Side

_KINDS = {
    "deduction": "扣分", "finding": "未计的发现", "score": "得分", "band": "等次", "rank": "名次",
    "list": "榜单", "consequence": "后续处理", "duty": "应报事项", "slip": "督办单",
    "deadline": "时限", "indicator": "指标", "adjustment": "更正", "recurrence": "反复",
    "lifecycle": "流程", "gate": "拨付", "checklist": "检查表", "class": "类别",
    "priority": "优先级", "point": "点位", "sequence": "次序",
}  # fmt: skip
"""Kinds of decision, as an office calls them."""


def whatif_parts(answer: Answer) -> list[RenderableType]:
    """Return the report: what is tried, who moves, what else differs and why, and how it is known."""
    parts: list[RenderableType] = [Text("\n".join(c.words for c in answer.changes) or "没有改动")]
    if answer.movers:
        parts.append(section("变动的单位", _movers(answer)))
    if answer.differences:
        parts.append(section("不同的决定", _differences(answer)))
        parts.append(section("件数", _counts(answer.counts)))
    parts.append(Text("\n" + _summary(answer)))
    return parts


def _movers(answer: Answer) -> RenderableType:
    made = table()
    for name in ("考核期", "单位", "考核"):
        made.add_column(name, no_wrap=True)
    made.add_column("得分", justify="right", no_wrap=True)
    for name in ("等次", "名次", "榜单"):
        made.add_column(name, no_wrap=True)
    for row in answer.movers:
        made.add_row(row.period, row.title, row.score, *_moved(row))
    return made


def _moved(row: Row) -> list[Text]:
    """Return points, band, rank and lists; those that differ as before → after."""
    before, after = (_cells(side) for side in (row.before, row.after))
    return [
        Text(now) if was == now else Text(f"{was or '无'} → {now or '无'}", style="bold")
        for was, now in zip(before, after, strict=True)
    ]


def _cells(side: Side | None) -> tuple[str, str, str, str]:
    if side is None:
        return "", "", "", ""
    points = str(side.points) if side.points is not None else "未评定"
    rank = str(side.rank) if side.rank is not None else ""
    return points, side.band_title, rank, "、".join(side.lists)


def _differences(answer: Answer) -> RenderableType:
    made = table()
    for name in ("单位", "考核期", "类别"):
        made.add_column(name, no_wrap=True)
    for name in ("现行", "改后", "原因"):
        made.add_column(name, overflow="fold", ratio=1)
    # What reads alike is shown once, with how often: of one kind of finding there may be many.
    for (unit, period, kind, *cells), times in Counter(map(_cells_of, answer.differences)).items():
        made.add_row(unit, period, kind if times == 1 else f"{kind} ×{times}", *cells)
    return made


def _cells_of(difference: Difference) -> tuple[str, ...]:
    """Return a decision's row: unit, period, kind, both sides' words, why."""
    return (
        difference.unit_title, difference.period, _KINDS.get(difference.kind, difference.kind),
        difference.before.reason if difference.before else "无",
        difference.after.reason if difference.after else "无", _why(difference),
    )  # fmt: skip


def _why(difference: Difference) -> str:
    return "；".join(difference.why)


def _counts(counts: tuple[Count, ...]) -> RenderableType:
    made = table()
    made.add_column("类别")
    made.add_column("结果")
    made.add_column("现行", justify="right")
    made.add_column("改后", justify="right")
    for count in counts:
        kind = _KINDS.get(count.kind, count.kind)
        made.add_row(kind, count.outcome, str(count.before), str(count.after))
    return made


_PARTS = {
    "replayed": "整个日志按两套规则各重演一遍，逐条精确判定",
    "judged_again": "现行一侧重演整个日志；另一侧只把用到这些参数的判定及其后果重新判定",
}


_READ = {
    "issues": "案件", "inspections": "检查", "duties": "各周期首次检查（应报事项以此为准）",
}  # fmt: skip
"""Sightings that the exact engine reads one by one beside columns."""


def _part(part: Part) -> str:
    """Return how a part of the answer is known."""
    if part.name in _PARTS:
        return f"{_PARTS[part.name]}（{part.keys} 个判定点）"
    if part.name in _READ:
        return f"{_READ[part.name]} {part.keys} 件，逐条精确判定"
    if part.how == "columnar":
        return f"{part.name}：{part.keys} 个单位期次按列汇总，由同一判定得出，与逐条判定相同"
    return f"{part.name}：{part.keys} 个单位期次事实特殊或两侧所判不同，逐条精确判定"


def _summary(answer: Answer) -> str:
    lines = [
        f"比较 {len(answer.rows)} 个单位期次，{len(answer.movers)} 个变动",
        f"{len(answer.differences)} 项决定不同",
        f"两侧都读到日志第 {answer.known_at} 条",
        f"现行版本 {answer.before[:8]}，试行版本 {answer.after[:8]}",
    ]  # fmt: skip
    lines += [_part(part) for part in answer.parts]
    if answer.as_if_closed:
        lines.append(f"尚未结账，按此刻结账推算：{'、'.join(answer.as_if_closed)}")
    return "\n".join(lines)
