"""An event that no rule of the locality's schemes reads: stored, and said so."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.engine.readers import target_of
from envrules.kinds.compiled import cite
from envrules.kinds.indicators import Measured
from envrules.model.decisions import Content, Slot
from envrules.model.events import (
    Event,
    EventWithdrawn,
    IndicatorMeasured,
    Inspection,
    ScoreSupplied,
    payload_kind,
)


def judge_unread(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the notice that an event waits for a rule that reads it."""
    judged = Judgement()
    withdrawn = {e.payload.target for e in inputs.events if isinstance(e.payload, EventWithdrawn)}
    for event in inputs.events:
        if event.id != node.parts[0] or event.id in withdrawn:
            continue
        reason = _reason(bench, event)
        if not reason:
            continue
        judged.add(Content(
            slot=Slot(bench.scheme.slug, "intake", f"event:{event.id}", event.id), kind="lifecycle",
            outcome="parked", title="事件：暂存待判", reason=reason, at=event.occurred_at,
            events=(event.id,), steps=(cite(bench.scheme.taxonomy_citation, note=reason),),
            revision=bench.scheme.revision,
        ))  # fmt: skip
    return judged


def _reason(bench: Bench, event: Event) -> str:
    """Return why the event waits; '' for one that is on record and asks for nothing."""
    payload = event.payload
    target = target_of(payload)
    if target:
        named = "决定" if "\n" in target else f"事件 {target} "
        return f"所指的{named}尚未收到，暂存待判"
    if isinstance(payload, Inspection) and payload.kind in bench.scheme.inspections:
        if not payload.findings:
            return ""
        kind = bench.scheme.inspections[payload.kind]
        return f"{kind}不评分；其发现的问题请逐件上报案件（issue_found），以便下达督办"
    if isinstance(payload, ScoreSupplied) and any(
        s.id == payload.score for s in bench.scheme.scores
    ):
        return f"“{payload.period}”不是该项得分的考核期（应如 2026-10），未计，请更正后以新编号重报"
    if isinstance(payload, IndicatorMeasured):
        known = [item for item in bench.scheme.indicators if item.id == payload.indicator]
        if any(isinstance(item.origin, Measured) for item in known):
            return f"“{payload.period}”不是该项指标的考核期（应如 2026-10），未计，请更正后以新编号重报"
        if known:
            return "该项指标由系统统计，不接受报数"
    return f"本地现行方案没有规则读取此事件（{payload_kind(payload)}），已存，暂存待判"
