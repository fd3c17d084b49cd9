"""What an issue tells the scores that have seen it: whether it had been put right by a deadline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envrules.engine.judging import Bench, Feed, Judgement, RectifiedFeed, SeenAgainFeed
from envrules.engine.nodes import score_node
from envrules.engine.readers import sharing_units
from envrules.kinds import deadlines
from envrules.kinds.issue_record import IssueState
from envrules.kinds.scores import Score
from envrules.model.events import Event, Inspection, IssueFound
from envrules.model.values import NoValueInForce
from envrules.ruleset.compile import Scheme


def tell_scores(
    bench: Bench, state: IssueState, events: Sequence[Event], judged: Judgement
) -> None:
    """Tell each score of each unit and period in which the issue was seen how it stands."""
    seen: dict[tuple[str, str], dict[str, Score]] = {}
    for event in events:
        payload = event.payload
        if not isinstance(payload, Inspection | IssueFound) or not payload.inspection:
            continue
        for kind, period, rules in bench.periods(event.occurred_at):
            for score in rules.scores:
                if score.period == kind and score.watches_issues:
                    for unit in _seen_at(rules, score, event, state.issue):
                        seen.setdefault((score.id, unit), {})[period] = score
    for (name, unit), periods in seen.items():
        for period, score in periods.items():
            limits = sorted({score.repeat, score.restore_by} - {""})
            told: list[Feed] = [_stands(bench, state, limit) for limit in limits]
            later = tuple(sorted(p for p in periods if p > period)) if score.repeat else ()
            target = score_node(bench.scheme.slug, name, period, unit)
            for feed in [*told, SeenAgainFeed(state.issue, later)] if later else told:
                judged.feed(target, feed)


def _seen_at(scheme: Scheme, score: Score, event: Event, issue: str) -> Iterator[str]:
    """Yield the units that an event says this issue was found at, in an assessment that scores."""
    payload = event.payload
    if isinstance(payload, IssueFound):
        if payload.inspection and payload.source in score.counts:
            yield from sharing_units(scheme, payload)
    elif (isinstance(payload, Inspection) and payload.kind in score.counts
            and any(finding.issue == issue for finding in payload.findings)):  # fmt: skip
        yield payload.unit


def _stands(bench: Bench, state: IssueState, name: str) -> RectifiedFeed:
    """Return how the issue stands against a deadline: put right only if that is final."""
    deadline = next((item for item in bench.scheme.deadlines if item.id == name), None)
    try:
        verdict = None if deadline is None else deadlines.judge(
            deadline, state, bench.scheme.calendar, bench.scheme.day, bench.context.now
        )  # fmt: skip
    except NoValueInForce:  # the issue itself says so
        verdict = None
    if deadline is None or verdict is None:
        return RectifiedFeed(state.issue, name, None, None, in_time=False)
    stopped, final = state.stop_of(deadline.stops)
    if not final or stopped is None or state.forced_stop(deadline.stops):
        return RectifiedFeed(
            state.issue, name, verdict.runs_out, None, in_time=False, events=verdict.events
        )
    proof = (state.claim, state.verified, state.closed)
    events = (*verdict.events, *(event.id for event in proof if event is not None))
    in_time = verdict.outcome == "on_time"
    return RectifiedFeed(state.issue, name, verdict.runs_out, stopped, in_time, events)
