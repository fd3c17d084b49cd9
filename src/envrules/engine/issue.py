"""One issue: its steps, records, deadlines and the rungs it has climbed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.context import exempts, live
from envrules.engine.judging import Bench, Inputs, Judgement, SlipFiring, consequences
from envrules.engine.nodes import Node, charged_unit, slip_node
from envrules.engine.rungs import (
    merged_slot,
    misserved,
    rung_of,
    service_of_slip,
    show_time,
    single_slot,
    slip_follows,
    slip_note,
)
from envrules.kinds import deadlines, ladders, lifecycle
from envrules.kinds.compiled import cite
from envrules.kinds.consequences import Fact, FactKind
from envrules.kinds.lifecycle import IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import Event, IssueMoved, SlipServed
from envrules.model.values import Citation, NoValueInForce


def judge_issue(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one issue."""
    events = live(inputs.events)
    registry = bench.context.registry

    def type_of(unit: str, at: Instant) -> str:
        known = registry.unit(unit, at)
        return known.type if known is not None else ""

    scheme = bench.scheme
    state = lifecycle.fold(node.parts[0], events, scheme.lifecycle, scheme.day, type_of)
    judged = Judgement()
    for finding in state.findings:
        judged.add(_refused(bench, state, finding))
    if state.found is None:
        return judged
    parked = _parked(bench, state, state.found)
    if parked is not None:
        judged.add(parked)
        return judged
    exemption = exempts(
        bench.context.exemptions, charged_unit(bench.scheme, state.payload),
        state.found.occurred_at, state.payload.category, state.issue,
    )  # fmt: skip
    if exemption is not None:
        judged.add(_exempt(bench, state, exemption))
        return judged
    for deadline in bench.scheme.deadlines:
        try:
            _judge_deadline(bench, state, deadline, judged)
        except NoValueInForce as missing:
            judged.add(_no_value(bench, state, missing))
    fired: list[ladders.Firing] = []
    for ladder in bench.scheme.ladders:
        try:
            fired += _judge_ladder(bench, state, ladder, events, inputs, judged)
        except NoValueInForce as missing:
            judged.add(_no_value(bench, state, missing))
    _refuse_services(bench, state, events, fired, judged)
    _feed_facts(bench, state, judged)
    return judged


# ── judgements on single events ──


def _content(
    bench: Bench, state: IssueState, rule: str, anchor: str, kind: str, outcome: str, title: str,
    reason: str, at: Instant, events: tuple[str, ...], steps: Sequence[Step],
) -> Content:  # fmt: skip
    unit = charged_unit(bench.scheme, state.payload) if state.found is not None else ""
    return Content(
        slot=Slot(bench.scheme.slug, rule, f"issue:{state.issue}", anchor), kind=kind,
        outcome=outcome, title=title, reason=reason, at=at, unit=unit, issues=(state.issue,),
        events=events, steps=tuple(steps), revision=bench.scheme.revision,
    )  # fmt: skip


_OUTCOMES = {"rejected": "不予认可", "incomplete": "记录不完整", "parked": "暂存待判"}


def _refused(bench: Bench, state: IssueState, finding: lifecycle.Finding) -> Content:
    citation = finding.citation or Citation(id="issues", title="案件办理", location="")
    event = finding.event
    word = event.payload.move if isinstance(event.payload, IssueMoved) else "found"
    return _content(
        bench, state, f"issues.{word}", event.id, "lifecycle", finding.outcome,
        f"{lifecycle.WORDS[word]}：{_OUTCOMES[finding.outcome]}", finding.reason,
        event.occurred_at, (event.id,), [cite(citation, note=finding.reason)],
    )  # fmt: skip


def _parked(bench: Bench, state: IssueState, found: Event) -> Content | None:
    """Return why the issue cannot be judged yet: unknown unit, category or place."""
    payload, scheme = state.payload, bench.scheme
    unit = charged_unit(scheme, payload)
    reason = ""
    if not unit:
        reason = "未写明责任单位"
    elif bench.context.registry.unit(unit, found.occurred_at) is None:
        reason = f"单位 {unit} 在发现之时未登记"
    elif scheme.categories and payload.category not in scheme.categories:
        reason = f"问题类别“{payload.category}”不在本方案之内"
    elif scheme.places and payload.place and payload.place not in scheme.places:
        reason = f"地点类型“{payload.place}”不在本方案之内"
    if not reason:
        return None
    outcome = "incomplete" if not unit else "parked"
    return _content(
        bench, state, "intake", found.id, "lifecycle", outcome, f"发现：{_OUTCOMES[outcome]}",
        f"{reason}；问题照记，补正后再判", found.occurred_at, (found.id,),
        [cite(scheme.taxonomy_citation, note=reason)],
    )  # fmt: skip


def _exempt(bench: Bench, state: IssueState, exemption: Event) -> Content:
    assert state.found is not None
    reason = f"依“{exemption.payload.basis}”免责，经{exemption.payload.approver}批准"  # type: ignore[union-attr]
    return _content(
        bench, state, "exemption", state.found.id, "lifecycle", "exempt", "免责", reason,
        state.found.occurred_at, (state.found.id, exemption.id),
        [cite(Citation(id="exemption", title="免责", location=""), note=reason)],
    )  # fmt: skip


def _no_value(bench: Bench, state: IssueState, missing: NoValueInForce) -> Content:
    assert state.found is not None
    reason = f"{missing.citation.title}在 {missing.day} 没有生效的值，无法判定"
    return _content(
        bench, state, missing.citation.id, state.found.id, "lifecycle", "no_value",
        "缺少生效的值", reason, state.found.occurred_at, (state.found.id,),
        [cite(missing.citation, note=reason)],
    )  # fmt: skip


# ── clocks ──

_DEADLINE_WORDS = {
    "running": "限期内", "on_time": "按期", "overdue": "超期", "suspended": "挂账",
    "force_closed": "强制结案，不计按期",
}  # fmt: skip


def _judge_deadline(
    bench: Bench, state: IssueState, deadline: deadlines.Deadline, judged: Judgement
) -> None:
    verdict = deadlines.judge(
        deadline, state, bench.scheme.calendar, bench.scheme.day, bench.context.now
    )
    if verdict is None:
        return
    start = state.start_of(deadline.starts)
    assert start is not None
    judged.wake(verdict.wake_at)
    zone = bench.scheme.timezone
    parts = [f"{deadline.citation.title}：{_DEADLINE_WORDS[verdict.outcome]}"]
    if verdict.due is not None:
        parts.append(f"期限 {show_time(zone, verdict.due)}")
    if verdict.stopped is not None:
        parts.append(f"{_stopped_by(state, deadline)} {show_time(zone, verdict.stopped)}")
    content = _content(
        bench, state, deadline.citation.id, start.id, "deadline", verdict.outcome,
        deadline.citation.title, "，".join(parts), verdict.at,
        _distinct(state.found, start, *verdict.events, state.claim, state.verified, state.closed),
        verdict.steps,
    )  # fmt: skip
    judged.add(replace(content, due=verdict.due, warnings=verdict.warnings))
    if verdict.outcome == "overdue":
        # What follows from being late is not said anew, nor approved anew, when it is mended late.
        said = "，".join(parts[:2] if verdict.due is not None else parts[:1])
        causes = _distinct(state.found, start, *verdict.events)
        note = f"案件 {state.issue} {said}"
        _feed(bench, state, judged, "overdue", deadline.id, verdict.at, note, causes, content.slot)


def _stopped_by(state: IssueState, deadline: deadlines.Deadline) -> str:
    """Return the word for what stopped the clock."""
    if state.forced_stop(deadline.stops):
        return lifecycle.WORDS["force_closed"]
    if deadline.stops != "closed" and state.claim is not None:
        return lifecycle.WORDS["handled"]
    if deadline.stops != "closed" and state.verified is not None:
        return lifecycle.WORDS["check_passed"]
    return lifecycle.WORDS["closed"]


def _distinct(*events: Event | str | None) -> tuple[str, ...]:
    """Return the ids of the events that are there, without repeats."""
    ids = (event.id if isinstance(event, Event) else event for event in events if event is not None)
    return tuple(dict.fromkeys(ids))


def _judge_ladder(
    bench: Bench, state: IssueState, ladder: ladders.Ladder, events: Sequence[Event],
    inputs: Inputs, judged: Judgement,
) -> list[ladders.Firing]:  # fmt: skip
    """Record or send on the slips that have fallen due; return them, each with its unit."""
    scheme, registry = bench.scheme, bench.context.registry
    named, found = charged_unit(scheme, state.payload), state.found
    assert found is not None

    def slot_of(rung: ladders.Rung, at: Instant) -> Slot:
        if ladder.merged:
            unit, day = registry.responsible(named, at), scheme.day(at).isoformat()
            return merged_slot(scheme.slug, rung, unit, day)
        return single_slot(scheme.slug, rung, state.issue, found.id)

    def service_of(rung: ladders.Rung, at: Instant) -> ladders.Service | None:
        unit = registry.responsible(named, at)
        return service_of_slip(ladder, rung, unit, at, slot_of(rung, at), events, inputs.acts)

    climbed = ladders.climb(
        ladder, state, named, service_of, scheme.calendar, scheme.day, bench.context.now
    )
    judged.wake(climbed.wake_at)
    fired = [replace(f, unit=registry.responsible(named, f.at)) for f in climbed.firings]
    for firing in fired:
        slot = slot_of(rung_of(ladder, firing.rung), firing.at)
        if ladder.merged:
            target = slip_node(scheme.slug, ladder.id, firing.rung, firing.unit, slot.anchor)
            judged.feed(target, SlipFiring(firing))
        else:
            _single_slip(bench, ladder, firing, slot, judged)
    return fired


def _single_slip(
    bench: Bench, ladder: ladders.Ladder, firing: ladders.Firing, slot: Slot, judged: Judgement
) -> None:
    rung = rung_of(ladder, firing.rung)
    note = slip_note(bench, rung, [firing])
    content = Content(
        slot=slot, kind="slip", outcome=rung.id, title=rung.citation.title,
        reason=f"{bench.title(firing.unit, firing.at)}：{note}", at=firing.at, unit=firing.unit,
        issues=(firing.issue,), events=firing.events, consequences=consequences(rung.then),
        steps=firing.steps, warnings=firing.warnings,
        publication="proposed" if rung.needs_approval else "published",
        revision=bench.scheme.revision,
    )  # fmt: skip
    judged.add(content)
    slip_follows(bench, judged, ladder.id, content, firing.issue, note)


def _refuse_services(
    bench: Bench, state: IssueState, events: Sequence[Event], fired: Sequence[ladders.Firing],
    judged: Judgement,
) -> None:  # fmt: skip
    """Say of each service that it serves no slip; of one yet to come, when its time has come."""
    for event in events:
        if not isinstance(event.payload, SlipServed):
            continue
        slip = event.payload.slip
        if event.occurred_at > bench.context.now:
            judged.wake(event.occurred_at)
            continue
        problems = [misserved(event, f.rung, f.unit, f.at) for f in fired if f.rung == slip]
        if "" in problems:
            continue
        reason = problems[0] if problems else f"该案没有应送达的“{slip}”"
        known = (r for ladder in bench.scheme.ladders for r in ladder.rungs if r.id == slip)
        unknown = Citation(id="issues.supervised", title="案件办理", location="")
        citation = next((r.citation for r in known), unknown)
        judged.add(_content(
            bench, state, citation.id, event.id, "lifecycle", "rejected",
            f"送达：{_OUTCOMES['rejected']}", reason, event.occurred_at, (event.id,),
            [cite(citation, note=reason)],
        ))  # fmt: skip


# ── facts for the rules ──


def _feed_facts(bench: Bench, state: IssueState, judged: Judgement) -> None:
    found = state.found
    assert found is not None
    if state.out is not None:
        return
    if state.payload.source:
        _feed(bench, state, judged, "found", state.payload.source, found.occurred_at,
              f"{state.payload.category or '问题'}（案件 {state.issue}）", (found.id,))  # fmt: skip
    for failed in state.failed_checks:
        _feed(bench, state, judged, "recheck_failed", "any", failed.occurred_at,
              f"案件 {state.issue} 复查不合格", (found.id, failed.id))  # fmt: skip


def _feed(
    bench: Bench, state: IssueState, judged: Judgement, kind: FactKind, name: str, at: Instant,
    note: str, events: tuple[str, ...], because: Slot | None = None,
) -> None:  # fmt: skip
    """Send a fact to the consequences of the unit that answers for the issue."""
    scheme = bench.scheme
    unit = bench.context.registry.responsible(charged_unit(scheme, state.payload), at)
    period = cal.period_of(scheme.timezone, at, "month")
    fact = Fact(kind, name, unit, period, at, anchor=state.issue, events=events, note=note)
    bench.tell(judged, fact, because)
