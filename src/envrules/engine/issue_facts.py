"""What one issue tells the rules: facts, for the consequences of the unit that answers for it."""

from __future__ import annotations

from collections.abc import Iterable

from envrules import calendar as cal
from envrules.engine.judging import Bench, Judgement
from envrules.engine.readers import charged_unit
from envrules.kinds.consequences import Fact, FactKind
from envrules.kinds.issue_record import Finding, IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot


def tell_facts(
    bench: Bench, state: IssueState, refusals: Iterable[tuple[Finding, Content]], judged: Judgement
) -> None:
    """Tell what was found and how, every step that a condition refused, every check that failed."""
    found, payload = state.found, state.payload
    assert found is not None
    said = f"{payload.category or '问题'}（案件 {state.issue}）"
    if payload.source:
        tell(bench, state, judged, "found", payload.source, found.occurred_at, said, (found.id,))
    if payload.category:
        tell(
            bench, state, judged, "category", payload.category, found.occurred_at, said, (found.id,)
        )
    for finding, content in refusals:
        if finding.condition:
            tell(bench, state, judged, "refused", finding.condition, content.at,
                 f"案件 {state.issue} {finding.reason}", (found.id, *content.events),
                 content.slot)  # fmt: skip
    for failed in state.failed_checks:
        tell(bench, state, judged, "recheck_failed", "any", failed.occurred_at,
             f"案件 {state.issue} 复查不合格", (found.id, failed.id))  # fmt: skip


def tell(
    bench: Bench, state: IssueState, judged: Judgement, kind: FactKind, name: str, at: Instant,
    note: str, events: tuple[str, ...], because: Slot | None = None, *, until: Instant | None = None,
) -> None:  # fmt: skip
    """Send a fact of the issue; `because`: the decision that it follows from.

    What comes of time running out is of the month that it could be done in, `until`: at 24:00 on
    the month's last day the next one has begun.
    """
    scheme = bench.scheme
    unit = bench.context.registry.responsible(charged_unit(scheme, state.payload), at)
    period = cal.period_of(scheme.timezone, at if until is None else until - 1, "month")
    fact = Fact(kind, name, unit, period, at, anchor=state.issue, events=events, note=note)
    bench.tell(judged, fact, because)
