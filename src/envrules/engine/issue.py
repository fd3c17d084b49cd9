"""One issue: its steps, records, deadlines and the rungs it has climbed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.context import exempts, live
from envrules.engine.judging import Bench, Inputs, Judgement, SlipFiring, consequences
from envrules.engine.nodes import Node, charged_unit, slip_node
from envrules.engine.rungs import rung_of, show_time, slip_follows, slip_note
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

    state = lifecycle.fold(node.parts[0], events, bench.scheme.lifecycle, type_of)
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
    try:
        for deadline in bench.scheme.deadlines:
            _judge_deadline(bench, state, deadline, judged)
        for ladder in bench.scheme.ladders:
            _judge_ladder(bench, state, ladder, _served(ladder, events, inputs), judged)
    except NoValueInForce as missing:
        judged.add(_no_value(bench, state, missing))
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
        state.found.occurred_at, (state.found.id, exemption.id), (),
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

_DEADLINE_WORDS = {"running": "限期内", "on_time": "按期", "overdue": "超期", "suspended": "挂账"}


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
    if state.forced and verdict.outcome == "overdue":
        parts.append("强制结案不计按期")
    content = _content(
        bench, state, deadline.citation.id, start.id, "deadline", verdict.outcome,
        deadline.citation.title, "，".join(parts), verdict.at, _clock_events(state, start),
        verdict.steps,
    )  # fmt: skip
    judged.add(replace(content, due=verdict.due, warnings=verdict.warnings))
    if verdict.outcome == "overdue":
        # What follows from being late is not said anew, nor approved anew, when it is mended late.
        said = "，".join(parts[:2] if verdict.due is not None else parts[:1])
        causes = _distinct(state.found, start, state.extension, state.deferral)
        note = f"案件 {state.issue} {said}"
        _feed(bench, state, judged, "overdue", deadline.id, verdict.at, note, causes)


def _stopped_by(state: IssueState, deadline: deadlines.Deadline) -> str:
    """Return the word for what stopped the clock."""
    if deadline.stops != "closed" and state.claim is not None:
        return lifecycle.WORDS["handled"]
    if deadline.stops != "closed" and state.verified is not None:
        return lifecycle.WORDS["check_passed"]
    return lifecycle.WORDS["force_closed" if state.forced else "closed"]


def _clock_events(state: IssueState, start: Event) -> tuple[str, ...]:
    """Return the events that a clock's verdict rests on, without repeats, in Order."""
    return _distinct(state.found, start, state.extension, state.deferral, state.claim,
                     state.verified, state.closed)  # fmt: skip


def _distinct(*events: Event | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.id for e in events if e is not None))


def _judge_ladder(
    bench: Bench, state: IssueState, ladder: ladders.Ladder, served: dict[str, Instant],
    judged: Judgement,
) -> None:  # fmt: skip
    scheme = bench.scheme
    named = charged_unit(scheme, state.payload)
    climbed = ladders.climb(
        ladder, state, named, served, scheme.calendar, scheme.day, bench.context.now
    )
    judged.wake(climbed.wake_at)
    for firing in climbed.firings:
        unit = bench.context.registry.responsible(named, firing.at)
        if ladder.merged:
            day = scheme.day(firing.at).isoformat()
            target = slip_node(scheme.slug, ladder.id, firing.rung, unit, day)
            judged.feed(target, SlipFiring(replace(firing, unit=unit)))
        else:
            _single_slip(bench, state, ladder, firing, unit, judged)


def _single_slip(
    bench: Bench, state: IssueState, ladder: ladders.Ladder, firing: ladders.Firing, unit: str,
    judged: Judgement,
) -> None:  # fmt: skip
    rung = rung_of(ladder, firing.rung)
    assert state.found is not None
    note = slip_note(bench, rung, [firing])
    content = _content(
        bench, state, rung.citation.id, state.found.id, "slip", rung.id, rung.citation.title,
        f"{bench.title(unit, firing.at)}：{note}", firing.at, firing.events, firing.steps,
    )  # fmt: skip
    judged.add(replace(
        content, unit=unit, consequences=consequences(rung.then), warnings=firing.warnings,
        publication="proposed" if rung.needs_approval else "published",
    ))  # fmt: skip
    slip_follows(
        bench, judged, ladder.id, rung.id, unit, state.issue, note, firing.at, firing.events
    )


def _served(ladder: ladders.Ladder, events: Sequence[Event], inputs: Inputs) -> dict[str, Instant]:
    """Return when each rung's slip was first served: handed over, or published after approval."""
    times: list[tuple[str, Instant]] = [
        (event.payload.slip, event.occurred_at)
        for event in events if isinstance(event.payload, SlipServed)
    ]  # fmt: skip
    prefix = f"{ladder.citation.id}."
    published = (
        act for act in inputs.acts
        if act.action == "publish" and act.slot is not None and act.slot.rule.startswith(prefix)
    )  # fmt: skip
    if ladder.served_on_publication:
        times += [(act.slot.rule.removeprefix(prefix), act.at) for act in published if act.slot]
    # The earliest comes last, and stays.
    return dict(sorted(times, reverse=True))


# ── facts for the rules ──


def _feed_facts(bench: Bench, state: IssueState, judged: Judgement) -> None:
    found = state.found
    assert found is not None
    if state.payload.source:
        _feed(bench, state, judged, "found", state.payload.source, found.occurred_at,
              f"{state.payload.category or '问题'}（案件 {state.issue}）", (found.id,))  # fmt: skip
    for failed in state.failed_checks:
        _feed(bench, state, judged, "recheck_failed", "any", failed.occurred_at,
              f"案件 {state.issue} 复查不合格", (found.id, failed.id))  # fmt: skip


def _feed(
    bench: Bench, state: IssueState, judged: Judgement, kind: FactKind, name: str, at: Instant,
    note: str, events: tuple[str, ...],
) -> None:  # fmt: skip
    """Send a fact to the consequences of the unit that answers for the issue."""
    scheme = bench.scheme
    unit = bench.context.registry.responsible(charged_unit(scheme, state.payload), at)
    period = cal.period_of(scheme.timezone, at, "month")
    fact = Fact(kind, name, unit, period, at, anchor=state.issue, events=events, note=note)
    bench.tell(judged, fact)
