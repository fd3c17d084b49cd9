"""What one issue is to the scheme: no issue at all, which class, of what priority."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules.engine.issue_content import issue_content, no_value
from envrules.engine.issue_facts import tell
from envrules.engine.judging import Bench, Judgement
from envrules.kinds import priorities, taxonomy
from envrules.kinds.compiled import cite, cite_value
from envrules.kinds.issue_record import IssueState
from envrules.kinds.priorities import Priority
from envrules.model.decisions import Content
from envrules.model.events import Event, IssueMoved
from envrules.model.values import NoValueInForce


def judge_exclusion(bench: Bench, state: IssueState, events: Sequence[Event]) -> Content | None:
    """Return what the ledger proves the issue to be, if that is none, or None.

    The ledger is read as it finally is: a later step may prove it as well as the finding.
    """
    found = state.found
    assert found is not None
    day = bench.scheme.day(found.occurred_at)
    one = taxonomy.excluded(bench.scheme.exclusions, state.payload, state.ledger, day)
    if one is None or state.out is not None:
        return None
    proofs = [
        event.id for event in events
        if event.id in state.causes and isinstance(event.payload, IssueMoved)
        and not one.fields.keys().isdisjoint(event.payload.ledger)
    ]  # fmt: skip
    says = "、".join(f"{name}“{state.ledger[name]}”" for name in one.fields)
    reason = f"案件 {state.issue} 台账载明{says}，属“{one.citation.title}”，不作问题处理"
    return issue_content(
        bench, state, one.citation.id, found.id, "lifecycle", "excluded", one.citation.title,
        reason, found.occurred_at, (found.id, *proofs),
        [*one.where.steps(day), cite(one.citation, note=reason)],
    )  # fmt: skip


def judge_class(bench: Bench, state: IssueState, judged: Judgement) -> None:
    """Decide which class the issue belongs to, if any, and tell the rules."""
    found = state.found
    assert found is not None
    day = bench.scheme.day(found.occurred_at)
    one = taxonomy.class_of(bench.scheme.classes, state.payload, day)
    if one is None:
        return
    note = f"{state.payload.category or '问题'}（案件 {state.issue}）属“{one.citation.title}”"
    content = issue_content(
        bench, state, one.citation.id, found.id, "class", one.id, one.citation.title, note,
        found.occurred_at, (found.id,), [*one.where.steps(day), cite(one.citation, note=note)],
    )  # fmt: skip
    judged.add(content)
    tell(bench, state, judged, "classified", one.id, found.occurred_at, note, (found.id,),
         content.slot)  # fmt: skip


def judge_priorities(bench: Bench, state: IssueState, judged: Judgement) -> None:
    """Decide by how much each priority rule raises the issue."""
    for priority in bench.scheme.priorities:
        try:
            content = _priority(bench, state, priority)
        except NoValueInForce as missing:
            content = no_value(bench, state, missing)
        if content is not None:
            judged.add(content)


def _priority(bench: Bench, state: IssueState, priority: Priority) -> Content | None:
    """Return the sum of what the issue's tags weigh, by the values of the day it was found."""
    found = state.found
    assert found is not None
    day = bench.scheme.day(found.occurred_at)
    if not priority.where.holds(state.payload, day):
        return None
    tags = set(state.payload.tags)
    weights = {tag: (w, w.at(day)) for tag, w in priority.weights.items() if tag in tags}
    points = priorities.weigh(held.value for _, held in weights.values())  # type: ignore[misc]  # check: numbers
    if points <= 0:
        return None
    reason = f"案件 {state.issue} 带标签{'、'.join(weights)}，优先级 {points}"
    steps = [cite_value(weight, held, f"标签“{tag}”") for tag, (weight, held) in weights.items()]
    content = issue_content(
        bench, state, priority.citation.id, found.id, "priority", "raised",
        priority.citation.title, reason, found.occurred_at, (found.id,),
        [*priority.where.steps(day), cite(priority.citation, note=reason), *steps],
    )  # fmt: skip
    return replace(content, points=points)
