"""An event that no rule of the locality's schemes reads: stored, and said so."""

from __future__ import annotations

from envrules.engine.context import live
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.kinds.compiled import cite
from envrules.model.decisions import Content, Slot
from envrules.model.events import Event, Inspection, payload_kind


def judge_unread(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the notice that an event waits for a rule that reads it."""
    judged = Judgement()
    for event in live(inputs.events):
        if event.id != node.parts[0]:
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
    if isinstance(payload, Inspection) and payload.kind in bench.scheme.inspections:
        if not payload.findings:
            return ""
        kind = bench.scheme.inspections[payload.kind]
        return f"{kind}不评分；其发现的问题请逐件上报案件（issue_found），以便下达督办"
    return f"本地现行方案没有规则读取此事件（{payload_kind(payload)}），已存，暂存待判"
