"""Judge one node: the engine's single entry point. Pure: same bench, node and inputs, same answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.appeals import too_late
from envrules.engine.checklist import judge_checklist
from envrules.engine.consequence import judge_consequences
from envrules.engine.context import live
from envrules.engine.duty import judge_duty
from envrules.engine.gate import judge_gate
from envrules.engine.indicator import judge_indicator
from envrules.engine.issue import judge_issue
from envrules.engine.judging import (
    BandFeed,
    Bench,
    CountFeed,
    FactFeed,
    Feed,
    Inputs,
    Judgement,
    RecurredFeed,
    StandingFeed,
    StruckFeed,
    freezes,
)
from envrules.engine.lists import judge_lists
from envrules.engine.nodes import Node, unit_of
from envrules.engine.point import judge_point
from envrules.engine.publication import publish, upheld
from envrules.engine.recurrence import judge_recurrence
from envrules.engine.score import judge_score
from envrules.engine.sequence import judge_sequence
from envrules.engine.slip import judge_slip
from envrules.engine.unread import judge_unread
from envrules.kinds.compiled import cite
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import AppealDecided, AppealFiled
from envrules.model.values import NoValueInForce

_JUDGES: dict[str, Callable[[Bench, Node, Inputs], Judgement]] = {
    "event": judge_unread,
    "issue": judge_issue,
    "recurrence": judge_recurrence,
    "point": judge_point,
    "slip": judge_slip,
    "duty": judge_duty,
    "checklist": judge_checklist,
    "gate": judge_gate,
    "sequence": judge_sequence,
    "indicator": judge_indicator,
    "score": judge_score,
    "list": judge_lists,
    "consequence": judge_consequences,
}


_APPEALS = frozenset({AppealFiled, AppealDecided})


def judge(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of a node, in the state of publication that acts have brought it to."""
    try:
        judged = _JUDGES[node.kind](bench, node, inputs)
    except NoValueInForce as missing:
        judged = Judgement()
        judged.add(_no_value(bench, node, missing))
    if inputs.coded:
        judged.contents = {
            slot: _decoded(node, content, inputs.coded) for slot, content in judged.contents.items()
        }
    appeals = not _APPEALS.isdisjoint([type(e.payload) for e in inputs.events])
    won: frozenset[Slot] = frozenset()
    if inputs.acts or appeals:
        won = _as_acted_on(bench, judged, inputs)
    judged.feeds = {
        target: kept for target, feeds in judged.feeds.items()
        if (kept := [
            known for feed in feeds
            if (known := _late(feed, won) if _too_late(bench, target, feed)
                else _follows(feed, judged)) is not None
        ])
    }  # fmt: skip
    return judged


def _too_late(bench: Bench, target: Node, feed: Feed) -> bool:
    """Return whether the close of the target's period has kept this as it was known then.

    Nothing is told any more, or a unit that nobody knew at the close would be judged for it.
    """
    return freezes(feed) and target.parts[1] in bench.context.closes


def _late(feed: Feed, won: Collection[Slot]) -> Feed | None:
    """Return what a closed period is told in place of a feed: only that an appeal took it back."""
    because = feed.because if isinstance(feed, CountFeed | RecurredFeed | StandingFeed) else None
    return StruckFeed(because) if because in won and because is not None else None


def _decoded(node: Node, content: Content, coded: Mapping[str, tuple[Step, ...]]) -> Content:
    """Return a decision that says how the host's codes were read that it rests on.

    A unit's figure rests on too many findings to repeat it for each: their deductions say it.
    """
    causes = content.events if node.kind == "issue" else (content.slot.anchor,)
    steps = tuple(step for cause in causes for step in coded.get(cause, ()))
    return replace(content, steps=(*content.steps, *steps)) if steps else content


def _as_acted_on(bench: Bench, judged: Judgement, inputs: Inputs) -> frozenset[Slot]:
    """Bring every decision to the state that acts and appeals have led to; late appeals to none.

    Return the slots of those that upheld appeals have revoked.
    """
    events = live(inputs.events)
    late: dict[str, Content] = {}
    for content in judged.contents.values():
        late |= too_late(bench, content, events)
    heard = [e for e in events if e.id not in late]
    judged.contents = {
        slot: publish(content, inputs.acts, heard) for slot, content in judged.contents.items()
    }
    for refusal in late.values():
        judged.add(refusal)
    return frozenset(
        slot
        for slot, content in judged.contents.items()
        if content.publication == "revoked" and upheld(slot, content.unit, heard) is not None
    )


def _follows(feed: Feed, judged: Judgement) -> Feed | None:
    """Return a feed as the decision that it follows from leaves it: nothing if that is revoked."""
    if not isinstance(feed, FactFeed | StandingFeed | RecurredFeed | BandFeed | CountFeed):
        return feed
    if feed.because is None:
        return feed
    content = judged.contents.get(feed.because)
    if content is None or content.publication == "revoked":
        return None
    if isinstance(feed, RecurredFeed | BandFeed | CountFeed):
        return feed
    if isinstance(feed, StandingFeed):
        return feed if content.publication == "published" else None
    held = feed.fact.held or content.publication == "held"
    return FactFeed(replace(feed.fact, held=held, steps=content.steps), feed.because)


def _no_value(bench: Bench, node: Node, missing: NoValueInForce) -> Content:
    """Return the decision that a node cannot be judged: a value is missing on a day."""
    scheme, unit = bench.scheme, unit_of(node)
    reason = f"{missing.citation.title}在 {missing.day} 没有生效的值，无法判定"
    return Content(
        slot=Slot(scheme.slug, missing.citation.id, f"unit:{unit}" if unit else f"node:{node.kind}",
                  "/".join((node.kind, *node.parts))),
        kind="lifecycle", outcome="no_value", title="缺少生效的值", reason=reason,
        at=cal.day_bounds(scheme.timezone, missing.day)[0], unit=unit,
        steps=(cite(missing.citation, note=reason),), revision=scheme.revision,
    )  # fmt: skip
