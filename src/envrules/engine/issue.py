"""One issue: its steps and records, whether it is judged at all, and then what holds of it.

steps → set aside (parked, excluded, exempt), or judged: clocks, class, priority
      → facts for the rules, and what points, recurrences and indicators read
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from envrules.engine.context import exempts, live
from envrules.engine.issue_class import judge_class, judge_exclusion, judge_priorities
from envrules.engine.issue_clocks import judge_deadlines, judge_ladders
from envrules.engine.issue_content import OUTCOMES, issue_content
from envrules.engine.issue_facts import tell_facts
from envrules.engine.issue_feeds import feed_counts, feed_point, feed_recurrences
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.engine.readers import charged_unit
from envrules.engine.rectified import tell_scores
from envrules.engine.unknown import unknown_category
from envrules.kinds.compiled import cite
from envrules.kinds.deadlines import Verdict
from envrules.kinds.folding import fold
from envrules.kinds.issue_record import Finding, IssueState
from envrules.kinds.lifecycle import WORDS
from envrules.model.base import Instant
from envrules.model.decisions import Content
from envrules.model.events import Event, IssueMoved
from envrules.model.values import Citation
from envrules.ruleset.code_table import code_of


def judge_issue(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one issue."""
    events = live(inputs.events)
    state = state_of(bench, node, events)
    judged = Judgement()
    verdicts = _judge(bench, state, events, inputs, judged)
    judged.over_at = _over_at(bench, state, inputs, verdicts, judged)
    return judged


def _judge(
    bench: Bench, state: IssueState, events: Sequence[Event], inputs: Inputs, judged: Judgement
) -> Mapping[str, Verdict] | None:
    """Judge the issue; return how it stands against its limits, or None: it is not judged."""
    tell_scores(bench, state, events, judged)
    refusals = [(finding, _refused(bench, state, finding)) for finding in state.findings]
    for _, refusal in refusals:
        judged.add(refusal)
    if state.found is None:
        return None
    aside = set_aside(bench, state, events)
    if aside is not None:
        judged.add(aside)
        return None
    verdicts = judge_deadlines(bench, state, judged)
    judge_ladders(bench, state, events, inputs, judged)
    if state.out is not None:
        return None
    judge_class(bench, state, judged)
    judge_priorities(bench, state, judged)
    tell_facts(bench, state, refusals, judged)
    feed_point(bench, state, judged)
    feed_recurrences(bench, state, judged)
    feed_counts(bench, state, verdicts, judged)
    return verdicts


def _over_at(
    bench: Bench, state: IssueState, inputs: Inputs, verdicts: Mapping[str, Verdict] | None,
    judged: Judgement,
) -> Instant | None:  # fmt: skip
    """Return the last instant that the issue may matter to, or None: it is not over.

    Periods that begin later count nothing of it (`engine.caseload`). It is never before the
    locality's own time: who looks at what was known then may see it otherwise.
    """
    if judged.wake_at is not None:
        return None
    times = [bench.context.now, *(event.occurred_at for event in inputs.events)]
    if verdicts is not None:
        if state.verified is None and state.closed is None:
            return None
        if any(verdict.outcome == "suspended" for verdict in verdicts.values()):
            return None
        times += (v.runs_out for v in verdicts.values() if v.runs_out is not None)
    return max(times)


def state_of(bench: Bench, node: Node, events: Sequence[Event]) -> IssueState:
    """Return what the live events of an issue amount to."""
    scheme, registry = bench.scheme, bench.context.registry

    def type_of(unit: str, at: Instant) -> str:
        known = registry.unit(unit, at)
        return known.type if known is not None else ""

    return fold(node.parts[0], events, scheme.lifecycle, scheme.day, type_of)


def set_aside(bench: Bench, state: IssueState, events: Sequence[Event]) -> Content | None:
    """Return why an issue that was found is not judged, or None: it is."""
    assert state.found is not None
    return (
        _parked(bench, state, state.found)
        or judge_exclusion(bench, state, events)
        or _exempt(bench, state, state.found)
    )


def _refused(bench: Bench, state: IssueState, finding: Finding) -> Content:
    citation = finding.citation or Citation(id="issues", title="案件办理", location="")
    event = finding.event
    word = event.payload.move if isinstance(event.payload, IssueMoved) else "found"
    return issue_content(
        bench, state, f"issues.{word}", event.id, "lifecycle", finding.outcome,
        f"{WORDS[word]}：{OUTCOMES[finding.outcome]}", finding.reason,
        event.occurred_at, (event.id,),
        [*finding.described, cite(citation, note=finding.reason)],
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
    elif unread := unknown_category(scheme, code_of(payload)):
        reason = unread
    elif scheme.categories and payload.category not in scheme.categories:
        reason = "未写问题类别"
    elif scheme.places and payload.place and payload.place not in scheme.places:
        reason = f"地点类型“{payload.place}”不在本方案之内"
    if not reason:
        return None
    outcome = "incomplete" if not unit else "parked"
    return issue_content(
        bench, state, "intake", found.id, "lifecycle", outcome, f"发现：{OUTCOMES[outcome]}",
        f"{reason}；问题照记，补正后再判", found.occurred_at, (found.id,),
        [cite(scheme.taxonomy_citation, note=reason)],
    )  # fmt: skip


def _exempt(bench: Bench, state: IssueState, found: Event) -> Content | None:
    """Return the exemption that covers the issue's unit, category or number, or None."""
    unit, category = charged_unit(bench.scheme, state.payload), state.payload.category
    exemption = exempts(
        bench.context.exemptions, unit, found.occurred_at, category, state.issue
    )  # fmt: skip
    if exemption is None:
        return None
    reason = f"依“{exemption.payload.basis}”免责，经{exemption.payload.approver}批准"  # type: ignore[union-attr]
    return issue_content(
        bench, state, "exemption", found.id, "lifecycle", "exempt", "免责", reason,
        found.occurred_at, (found.id, exemption.id),
        [cite(Citation(id="exemption", title="免责", location=""), note=reason)],
    )  # fmt: skip
