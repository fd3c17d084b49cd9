"""One merged slip: a unit's issues whose rung fell due on one local day."""

from __future__ import annotations

from envrules import calendar as cal
from envrules.engine.issue import slip_reason
from envrules.engine.judging import (
    Bench,
    FactFeed,
    Inputs,
    Judgement,
    SlipFiring,
    StandingFeed,
    consequences,
)
from envrules.engine.nodes import Node, consequence_node, list_node
from envrules.kinds.consequences import Fact
from envrules.kinds.lists import Standing
from envrules.model.decisions import Content, Slot


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
    rung = next(r for r in ladder.rungs if r.id == rung_id)
    first = firings[0]
    content = Content(
        slot=Slot(scheme.slug, rung.citation.id, f"unit:{unit}", day), kind="slip",
        outcome=rung_id, title=rung.citation.title,
        reason=slip_reason(bench, rung, bench.title(unit, first.at), firings), at=first.at,
        unit=unit, issues=tuple(f.issue for f in firings),
        events=tuple(dict.fromkeys(e for f in firings for e in f.events)),
        consequences=consequences(rung.then),
        steps=tuple(dict.fromkeys(s for f in firings for s in f.steps)),
        warnings=tuple(dict.fromkeys(w for f in firings for w in f.warnings)),
        publication="proposed" if rung.needs_approval else "published", revision=scheme.revision,
    )  # fmt: skip
    judged.add(content)
    period = cal.period_of(scheme.timezone, first.at, "month")
    name = f"{ladder_id}.{rung_id}"
    if bench.chainer.reads(scheme, "slip", name):
        fact = Fact(
            "slip", name, unit, period, first.at, events=content.events, note=content.reason
        )
        judged.feed(consequence_node(scheme.slug, unit, period), FactFeed(fact))
    for rule in scheme.lists:
        if name in rule.unless:
            score = scheme.score(rule.of)
            barred = Standing(unit, "", name, "barred", events=content.events)
            target = list_node(
                scheme.slug, score.id, cal.period_of(scheme.timezone, first.at, score.period)
            )
            judged.feed(target, StandingFeed(period, barred))
    return judged
