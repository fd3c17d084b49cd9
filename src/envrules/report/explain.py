"""One decision, explained so that it can be defended: what, why, from which facts, by which rule.

Every step names the rule, the value in force, since when, the clause of the document and the line
of the file. Where the document is silent the step says that the value is our own default.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from envrules.report.events import describe, title_of
from envrules.report.tables import (
    facts,
    joined,
    local,
    local_end,
    publication,
    section,
    since,
    table,
)
from envrules.v1 import decision_service_pb2 as service
from envrules.v1 import decisions_pb2 as pb

DEFAULT = "本系统默认"
"""Marks a step that no clause of the document supports."""

_CHANGES = {pb.CHANGE_ISSUE: "作出", pb.CHANGE_SUPERSEDE: "更新", pb.CHANGE_REVOKE: "撤销"}
_STATES = {
    pb.PUBLICATION_PROPOSED: "待批准，尚未对外",
    pb.PUBLICATION_APPROVED: "已批准，尚未公布",
    pb.PUBLICATION_PUBLISHED: "已公布",
    pb.PUBLICATION_HELD: "申诉中，暂不公布",
    pb.PUBLICATION_REVOKED: "已撤销，留档备查",
}


def explanation(answer: service.GetDecisionResponse, zone: tzinfo) -> Group:
    """Return a decision with its steps, causes and history; times are those of `zone`."""
    decision = answer.decision
    parts: list[RenderableType] = [
        Text(decision.title, style="bold"),
        Text(decision.reason),
        Text(),
        facts([*_head(decision, zone), ("现行", _current(answer))]),
        section("依据", _steps(decision.steps)),
    ]
    if answer.events:
        parts.append(section("起因", _causes(answer, zone)))
    if len(answer.history) > 1:
        parts.append(section("历次", _history(answer)))
    return Group(*parts)


def _head(decision: pb.Decision, zone: tzinfo) -> list[tuple[str, str | Text]]:
    about = [f"案件 {issue}" for issue in decision.issues]
    latest = publication(decision.publication)
    latest.plain = _STATES.get(decision.publication, "")
    return [
        ("结论", f"{decision.outcome}（{decision.kind}）"),
        ("对象", joined(decision.unit, *about) or decision.slot.subject),
        ("周期", decision.period),
        ("时间", local(decision.at, zone)),
        ("期限", local_end(decision.due, zone) if decision.HasField("due") else ""),
        ("分值", _points(decision)),
        ("名次", f"第 {decision.rank} 名" if decision.HasField("rank") else ""),
        ("后果", "、".join(_consequence(c, zone) for c in decision.consequences)),
        ("状态", latest),
        ("注意", Text("；".join(decision.warnings), style="yellow")),
        ("方案", f"{decision.slot.scheme}，规则 {decision.slot.rule}，版本 {decision.revision}"),
        ("编号", f"{decision.id}，第 {decision.version} 版"),
        ("记录", f"{decision.locality} 第 {decision.log_seq} 条记录之后作出"),
        ("取代", decision.supersedes),
    ]  # fmt: skip


def _current(answer: service.GetDecisionResponse) -> Text | str:
    """Return which version stands in the slot now, if it is not the one explained."""
    latest = answer.history[-1] if answer.history else answer.decision
    if latest.id == answer.decision.id:
        return ""
    state = _STATES.get(latest.publication, "")
    return Text(f"已由第 {latest.version} 版取代（{state}）：{latest.id}", style="yellow")


def _points(decision: pb.Decision) -> str:
    if not decision.points:
        return ""
    if decision.counted and decision.counted != decision.points:
        return f"{decision.points} 分，计入 {decision.counted} 分"
    return f"{decision.points} 分"


def _consequence(consequence: pb.Consequence, zone: tzinfo) -> str:
    more = joined(
        consequence.to,
        f"{local_end(consequence.due, zone)} 前" if consequence.HasField("due") else "",
    )
    return f"{consequence.words}（{more}）" if more else consequence.words


def _steps(steps: Sequence[pb.Step]) -> Table:
    made = table()
    made.add_column("规则", overflow="fold", ratio=3)
    made.add_column("数值", overflow="fold", ratio=2)
    made.add_column("自何时起", no_wrap=True)
    made.add_column("条款与出处", overflow="fold", ratio=4)
    for step in steps:
        rule = Text.assemble(step.title, ("\n" + step.rule, "dim"))
        if step.note and step.note != step.title:
            rule.append(f"\n{step.note}")
        made.add_row(rule, step.value, since(step.since), _written(step))
    return made


def _written(step: pb.Step) -> Text:
    """Return the clause, or that the document has none, and the line of the file."""
    text = Text()
    if step.ref:
        text.append(step.ref)
    if step.not_from_source:
        text.append("\n" if step.ref else "")
        text.append(f"{DEFAULT}：{step.not_from_source}", style="yellow")
    if step.location:
        text.append(f"\n{step.location}" if text else step.location, style="dim")
    return text


def _causes(answer: service.GetDecisionResponse, zone: tzinfo) -> Table:
    made = table()
    made.add_column("时间", no_wrap=True)
    made.add_column("事件", no_wrap=True)
    made.add_column("内容", overflow="fold", ratio=1)
    made.add_column("编号", overflow="fold", style="dim")
    anchor, _, finding = answer.decision.slot.anchor.partition("#")
    for recorded in answer.events:
        event = recorded.event
        which = finding if event.id == anchor else ""
        made.add_row(
            local(event.occurred_at, zone), title_of(event), describe(event, which),
            f"{event.id}（第 {recorded.seq} 条）",
        )  # fmt: skip
    return made


def _history(answer: service.GetDecisionResponse) -> Table:
    made = table()
    made.add_column("版", justify="right")
    made.add_column("", no_wrap=True)
    made.add_column("状态", no_wrap=True)
    made.add_column("理由", overflow="fold", ratio=1)
    made.add_column("编号", no_wrap=True, style="dim")
    before = ""
    for version in answer.history:
        here = version.id == answer.decision.id
        made.add_row(
            str(version.version), _CHANGES.get(version.change, ""),
            publication(version.publication),
            Text("同上" if version.reason == before else version.reason),
            version.id, style="bold" if here else "",
        )  # fmt: skip
        before = version.reason
    return made
