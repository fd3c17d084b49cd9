"""What a slip says, when it was served and what follows: the same for one issue or several."""

from __future__ import annotations

from collections.abc import Sequence

from envrules import calendar as cal
from envrules.engine.appeals import overrun
from envrules.engine.judging import Bench, Judgement, StandingFeed
from envrules.engine.nodes import list_node
from envrules.engine.publication import in_order, upheld
from envrules.kinds.consequences import Fact
from envrules.kinds.ladders import Firing, Ladder, Rung, Service
from envrules.kinds.lifecycle import WORDS
from envrules.kinds.lists import Standing
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot
from envrules.model.entries import Act
from envrules.model.events import AppealFiled, Event, SlipServed


def rung_of(ladder: Ladder, rung: str) -> Rung:
    """Return a ladder's rung by its id."""
    return next(r for r in ladder.rungs if r.id == rung)


def merged_slot(scheme: str, rung: Rung, unit: str, day: str) -> Slot:
    """Return the slot of a unit's slip of one rung and day."""
    return Slot(scheme, rung.citation.id, f"unit:{unit}", day)


def single_slot(scheme: str, rung: Rung, issue: str, found: str) -> Slot:
    """Return the slot of one issue's own slip, tied down by its finding."""
    return Slot(scheme, rung.citation.id, f"issue:{issue}", found)


def show_time(zone: str, instant: Instant) -> str:
    """Return an instant as local time for people: 2026-07-03 17:30."""
    return cal.local_text(zone, instant)


def slip_note(bench: Bench, ladder: Ladder, rung: Rung, firings: Sequence[Firing]) -> str:
    """Return what happened, in Chinese, without naming the unit."""
    issues = "、".join(f.issue for f in firings)
    when = show_time(bench.scheme.timezone, firings[0].at)
    words = "、".join(o.words for o in rung.then) or rung.citation.title
    if rung.clock == "start":
        return (
            f"案件 {issues} 于 {when} {WORDS[ladder.starts]}，下达{rung.citation.title}（{words}）"
        )
    cause = "经督导直接下发" if all(f.direct for f in firings) else "未在时限内办结"
    return f"案件 {issues} 至 {when} {cause}，下达{rung.citation.title}（{words}）"


def slip_follows(
    bench: Bench, judged: Judgement, ladder: str, slip: Content, anchor: str, note: str
) -> None:  # fmt: skip
    """Tell the rules of a slip, and the lists that it keeps its unit off."""
    scheme, name = bench.scheme, f"{ladder}.{slip.outcome}"
    month = cal.period_of(scheme.timezone, slip.at, "month")
    fact = Fact("slip", name, slip.unit, month, slip.at, anchor, slip.events, note)
    bench.tell(judged, fact, slip.slot)
    barred = Standing(slip.unit, "", name, "barred", events=slip.events)
    for kind, period, rules in bench.periods(slip.at):
        for rule in rules.lists:
            if name in rule.unless and rules.score(rule.of).period == kind:
                target = list_node(scheme.slug, rule.of, period)
                judged.feed(target, StandingFeed(period, barred, slip.slot))


def service_of_slip(
    bench: Bench, ladder: Ladder, rung: Rung, unit: str, due: Instant, slot: Slot,
    events: Sequence[Event], acts: Sequence[Act],
) -> Service | None:  # fmt: skip
    """Return when the slip that fell due at `due` was served first; None also if it was revoked.

    An act is logged only after the slip was seen to stand and to allow it, so it served those
    whom it names, however the slip's membership changes later.
    """
    services = [
        Service(event.occurred_at, "送达", event.id)
        for event in events
        if isinstance(event.payload, SlipServed) and not misserved(event, rung.id, unit, due)
    ]
    approved = not rung.needs_approval
    if approved and ladder.served_on_publication:
        services.append(Service(due, "公布"))
    for act in in_order(act for act in acts if act.slot == slot):
        if act.action == "revoke":
            return None
        if act.action == "publish" and approved and ladder.served_on_publication:
            services.append(Service(act.at, "公布"))
        approved = approved or act.action == "approve"
    heard = [
        e for e in events if not isinstance(e.payload, AppealFiled)
        or e.payload.target != slot.key() or not overrun(bench, e, due)
    ]  # fmt: skip
    if upheld(slot, unit, heard) is not None:
        return None
    return min(services, key=lambda s: (s.at, s.event), default=None)


def misserved(event: Event, rung: str, unit: str, due: Instant) -> str:
    """Return why an event does not serve this slip; an empty string if it does."""
    assert isinstance(event.payload, SlipServed)
    if event.payload.slip != rung:
        return f"该案没有应送达的“{event.payload.slip}”"
    if event.payload.unit != unit:
        return f"受送单位 {event.payload.unit or '（未写）'} 不是责任单位"
    return "送达早于该单到期" if event.occurred_at < due else ""
