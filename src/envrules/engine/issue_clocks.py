"""The clocks of one issue: its deadlines, and the slips that fall due while it is not put right."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.issue_content import OUTCOMES, distinct, issue_content, no_value
from envrules.engine.issue_facts import tell
from envrules.engine.judging import Bench, Inputs, Judgement, SlipFiring, consequences
from envrules.engine.nodes import slip_node
from envrules.engine.readers import charged_unit
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
from envrules.kinds.issue_record import IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot
from envrules.model.events import Event, SlipServed
from envrules.model.values import Citation, NoValueInForce

_DEADLINE_WORDS = {
    "running": "限期内", "on_time": "按期", "overdue": "超期", "suspended": "挂账",
    "force_closed": "强制结案，不计按期",
}  # fmt: skip


def judge_deadlines(
    bench: Bench, state: IssueState, judged: Judgement
) -> dict[str, deadlines.Verdict]:
    """Decide how the issue stands against each limit that binds it; return the verdicts by limit."""
    verdicts: dict[str, deadlines.Verdict] = {}
    for deadline in bench.scheme.deadlines:
        try:
            verdict = deadlines.judge(
                deadline, state, bench.scheme.calendar, bench.scheme.day, bench.context.now
            )
        except NoValueInForce as missing:
            judged.add(no_value(bench, state, missing))
            continue
        if verdict is not None:
            verdicts[deadline.id] = verdict
            _deadline(bench, state, deadline, verdict, judged)
    return verdicts


def _deadline(
    bench: Bench, state: IssueState, deadline: deadlines.Deadline, verdict: deadlines.Verdict,
    judged: Judgement,
) -> None:  # fmt: skip
    start = state.start_of(deadline.starts)
    assert start is not None
    judged.wake(verdict.wake_at)
    zone = bench.scheme.timezone
    parts = [f"{deadline.citation.title}：{_DEADLINE_WORDS[verdict.outcome]}"]
    if verdict.due is not None:
        parts.append(f"期限 {cal.limit_text(zone, verdict.due)}")
    if verdict.stopped is not None:
        parts.append(f"{_stopped_by(state, deadline)} {show_time(zone, verdict.stopped)}")
    content = issue_content(
        bench, state, deadline.citation.id, start.id, "deadline", verdict.outcome,
        deadline.citation.title, "，".join(parts), verdict.at,
        distinct(state.found, start, *verdict.events, state.claim, state.verified, state.closed),
        verdict.steps,
    )  # fmt: skip
    judged.add(replace(content, due=verdict.due, warnings=verdict.warnings))
    if verdict.outcome == "overdue":
        # What follows from being late is not said anew, nor approved anew, when it is mended late.
        said = "，".join(parts[:2] if verdict.due is not None else parts[:1])
        causes = distinct(state.found, start, *verdict.events)
        note = f"案件 {state.issue} {said}"
        tell(
            bench, state, judged, "overdue", deadline.id, verdict.at, note, causes, content.slot,
            until=verdict.runs_out,
        )  # fmt: skip


def _stopped_by(state: IssueState, deadline: deadlines.Deadline) -> str:
    """Return the word for what stopped the clock."""
    if state.forced_stop(deadline.stops):
        return lifecycle.WORDS["force_closed"]
    if deadline.stops != "closed" and state.claim is not None:
        return lifecycle.WORDS["handled"]
    if deadline.stops != "closed" and state.verified is not None:
        return lifecycle.WORDS["check_passed"]
    return lifecycle.WORDS["closed"]


def judge_ladders(
    bench: Bench, state: IssueState, events: Sequence[Event], inputs: Inputs, judged: Judgement
) -> None:
    """Record or send on the slips that have fallen due, and refuse services of slips that have not."""
    fired: list[ladders.Firing] = []
    for ladder in bench.scheme.ladders:
        try:
            fired += _judge_ladder(bench, state, ladder, events, inputs, judged)
        except NoValueInForce as missing:
            judged.add(no_value(bench, state, missing))
    _refuse_services(bench, state, events, fired, judged)


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
        return service_of_slip(
            bench, ladder, rung, unit, at, slot_of(rung, at), events, inputs.acts
        )

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
    note = slip_note(bench, ladder, rung, [firing])
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
        judged.add(issue_content(
            bench, state, citation.id, event.id, "lifecycle", "rejected",
            f"送达：{OUTCOMES['rejected']}", reason, event.occurred_at, (event.id,),
            [cite(citation, note=reason)],
        ))  # fmt: skip
