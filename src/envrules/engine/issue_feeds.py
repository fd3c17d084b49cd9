"""What one issue feeds: its point, those that it may be a recurrence of, and what is counted."""

from __future__ import annotations

from collections.abc import Mapping

from envrules.engine.issue_content import distinct
from envrules.engine.judging import Bench, CountFeed, Judgement, PointFeed, SightingFeed
from envrules.engine.nodes import indicator_node, point_node, recurrence_node
from envrules.engine.readers import charged_unit
from envrules.kinds.deadlines import Verdict
from envrules.kinds.indicators import Counted, CountedIssues
from envrules.kinds.issue_record import IssueState
from envrules.kinds.issue_states import states_of
from envrules.kinds.points import PointIssue
from envrules.kinds.recurrences import Sighting


def feed_point(bench: Bench, state: IssueState, judged: Judgement) -> None:
    """Tell the point that the finding names whether the issue has ended."""
    points, point, found = bench.scheme.points, state.payload.point, state.found
    assert found is not None
    if points is None or not point:
        return
    issue = PointIssue(state.issue, found.occurred_at, found.id, *state.ended(points.stops))
    judged.feed(point_node(bench.scheme.slug, point), PointFeed(issue))


def feed_recurrences(bench: Bench, state: IssueState, judged: Judgement) -> None:
    """Tell each recurrence that describes the issue where it was and when it was put right.

    The unit is the one that the finding names: it existed then, so it answered for the issue.
    """
    scheme, payload, found = bench.scheme, state.payload, state.found
    assert found is not None
    if not scheme.recurrences:
        return
    unit = bench.context.registry.unit(charged_unit(scheme, payload), found.occurred_at)
    assert unit is not None
    ended, proof = state.ended("verified")
    sighting = Sighting(
        state.issue, found.id, unit.id, unit.type, found.occurred_at, ended, proof,
        payload.longitude, payload.latitude,
    )  # fmt: skip
    for recurrence in scheme.recurrences:
        key = recurrence.key_of(payload, unit.id)
        if key is None or (recurrence.near is not None and sighting.place is None):
            continue
        if recurrence.where.holds(payload, scheme.day(found.occurred_at)):
            place = recurrence_node(scheme.slug, recurrence.id, key)
            judged.feed(place, SightingFeed(sighting))


def feed_counts(
    bench: Bench, state: IssueState, verdicts: Mapping[str, Verdict], judged: Judgement
) -> None:
    """Tell the indicators of the charged unit, and of those above it, what the issue counts as."""
    scheme, payload, found = bench.scheme, state.payload, state.found
    assert found is not None
    at = found.occurred_at
    said = {slot.rule: slot for slot, c in judged.contents.items() if c.kind == "deadline"}
    counting = (
        (period, item, item.origin) for kind, period, rules in bench.periods(at)
        for item in rules.indicators if item.period == kind
    )  # fmt: skip
    for period, indicator, origin in counting:
        if not isinstance(origin, CountedIssues) or not origin.where.holds(payload, scheme.day(at)):
            continue
        verdict = verdicts.get(origin.deadline)
        events = distinct(
            found, *(verdict.events if verdict else ()), state.claim, state.verified, state.closed
        )
        counted = CountFeed(
            Counted(state.issue, states_of(state, verdict), events),
            said.get(f"deadlines.{origin.deadline}"),
        )  # fmt: skip
        for unit in bench.context.registry.lineage(charged_unit(scheme, payload), at):
            if unit.type in indicator.units:
                judged.feed(indicator_node(scheme.slug, indicator.id, period, unit.id), counted)
