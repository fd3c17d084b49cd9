"""What one issue tells the rules: facts, sent to the consequences of the unit that answers for it."""

from __future__ import annotations

from envrules import calendar as cal
from envrules.engine.judging import Bench, Judgement
from envrules.engine.nodes import charged_unit
from envrules.kinds.consequences import Fact, FactKind
from envrules.kinds.lifecycle import IssueState
from envrules.model.base import Instant
from envrules.model.decisions import Slot


def tell_facts(bench: Bench, state: IssueState, judged: Judgement) -> None:
    """Tell what was found, and every check that failed."""
    found = state.found
    assert found is not None
    if state.payload.source:
        tell(bench, state, judged, "found", state.payload.source, found.occurred_at,
             f"{state.payload.category or '问题'}（案件 {state.issue}）", (found.id,))  # fmt: skip
    for failed in state.failed_checks:
        tell(bench, state, judged, "recheck_failed", "any", failed.occurred_at,
             f"案件 {state.issue} 复查不合格", (found.id, failed.id))  # fmt: skip


def tell(
    bench: Bench, state: IssueState, judged: Judgement, kind: FactKind, name: str, at: Instant,
    note: str, events: tuple[str, ...], because: Slot | None = None,
) -> None:  # fmt: skip
    """Send a fact of the issue; `because`: the decision that it follows from."""
    scheme = bench.scheme
    unit = bench.context.registry.responsible(charged_unit(scheme, state.payload), at)
    period = cal.period_of(scheme.timezone, at, "month")
    fact = Fact(kind, name, unit, period, at, anchor=state.issue, events=events, note=note)
    bench.tell(judged, fact, because)
