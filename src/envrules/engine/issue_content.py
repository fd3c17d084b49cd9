"""What every decision about one issue has in common."""

from __future__ import annotations

from collections.abc import Iterable

from envrules.engine.judging import Bench
from envrules.engine.readers import charged_unit
from envrules.kinds.compiled import cite
from envrules.kinds.issue_record import IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import Event
from envrules.model.values import NoValueInForce

OUTCOMES = {"rejected": "不予认可", "incomplete": "记录不完整", "parked": "暂存待判"}


def issue_content(
    bench: Bench, state: IssueState, rule: str, anchor: str, kind: str, outcome: str, title: str,
    reason: str, at: Instant, events: tuple[str, ...], steps: Iterable[Step],
) -> Content:  # fmt: skip
    """Return a decision about the issue, addressed to the unit that answers for it."""
    unit = charged_unit(bench.scheme, state.payload) if state.found is not None else ""
    return Content(
        slot=Slot(bench.scheme.slug, rule, f"issue:{state.issue}", anchor), kind=kind,
        outcome=outcome, title=title, reason=reason, at=at, unit=unit, issues=(state.issue,),
        events=events, steps=tuple(steps), revision=bench.scheme.revision,
    )  # fmt: skip


def no_value(bench: Bench, state: IssueState, missing: NoValueInForce) -> Content:
    """Return the decision that a rule cannot judge the issue: a value is missing on a day."""
    assert state.found is not None
    reason = f"{missing.citation.title}在 {missing.day} 没有生效的值，无法判定"
    return issue_content(
        bench, state, missing.citation.id, state.found.id, "lifecycle", "no_value",
        "缺少生效的值", reason, state.found.occurred_at, (state.found.id,),
        [cite(missing.citation, note=reason)],
    )  # fmt: skip


def distinct(*events: Event | str | None) -> tuple[str, ...]:
    """Return the ids of the events that are there, without repeats."""
    ids = (event.id if isinstance(event, Event) else event for event in events if event is not None)
    return tuple(dict.fromkeys(ids))
