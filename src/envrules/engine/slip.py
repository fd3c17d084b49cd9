"""One merged slip: a unit's issues whose rung fell due on one local day."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement, SlipFiring, consequences
from envrules.engine.nodes import Node
from envrules.engine.rungs import merged_slot, rung_of, slip_follows, slip_note
from envrules.model.decisions import Content


def judge_slip(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the slip and the facts that follow from it; nothing if no issue is left on it."""
    ladder_id, rung_id, unit, day = node.parts
    judged = Judgement()
    firings = sorted(
        (feed.firing for feed in inputs.fed() if isinstance(feed, SlipFiring)),
        key=lambda f: (f.at, f.issue),
    )
    if not firings:
        return judged
    scheme = bench.scheme
    ladder = scheme.ladder(ladder_id)
    rung = rung_of(ladder, rung_id)
    first, note = firings[0], slip_note(bench, ladder, rung, firings)
    content = Content(
        slot=merged_slot(scheme.slug, rung, unit, day), kind="slip",
        outcome=rung_id, title=rung.citation.title,
        reason=f"{bench.title(unit, first.at)}：{note}", at=first.at,
        unit=unit, issues=tuple(f.issue for f in firings),
        events=tuple(dict.fromkeys(e for f in firings for e in f.events)),
        consequences=consequences(rung.then),
        steps=tuple(dict.fromkeys(s for f in firings for s in f.steps)),
        warnings=tuple(dict.fromkeys(w for f in firings for w in f.warnings)),
        publication="proposed" if rung.needs_approval else "published", revision=scheme.revision,
    )  # fmt: skip
    judged.add(content)
    slip_follows(bench, judged, ladder_id, content, "", note)
    return judged
