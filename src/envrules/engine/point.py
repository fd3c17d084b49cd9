"""One point: open while any of its issues is, struck off when the last one ends (销点销账)."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement, PointFeed
from envrules.engine.nodes import Node
from envrules.engine.rungs import show_time
from envrules.kinds import points
from envrules.kinds.compiled import cite
from envrules.model.decisions import Content, Slot

_WORDS = {"closed": "结案", "verified": "核查通过", "handled": "处置"}


def judge_point(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return how the point stands; nothing of a point without issues."""
    scheme, point, judged = bench.scheme, node.parts[0], Judgement()
    issues = sorted(
        (feed.issue for feed in inputs.fed() if isinstance(feed, PointFeed)),
        key=lambda i: (i.found, i.event),
    )
    if not issues:
        return judged
    assert scheme.points is not None
    outcome, at = points.judge(issues)
    word, count = _WORDS[scheme.points.stops], f"共 {len(issues)} 件问题"
    if outcome == "closed":
        reason = f"点位 {point} {count}，至 {show_time(scheme.timezone, at)} 均已{word}，销点"
    else:
        waiting = "、".join(i.issue for i in issues if i.ended is None)
        reason = f"点位 {point} {count}，案件 {waiting} 尚未{word}，不销点"
    judged.add(Content(
        slot=Slot(scheme.slug, scheme.points.citation.id, f"point:{point}", point), kind="point",
        outcome=outcome, title=scheme.points.citation.title, reason=reason, at=at,
        issues=tuple(i.issue for i in issues),
        events=tuple(event for i in issues for event in (i.event, *i.proof)),
        steps=(cite(scheme.points.citation, note=reason),), revision=scheme.revision,
    ))  # fmt: skip
    return judged
