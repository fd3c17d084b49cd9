"""What an issue counts as for the indicators that are reckoned from issues."""

from __future__ import annotations

from envrules.kinds.deadlines import Verdict
from envrules.kinds.issue_record import IssueState
from envrules.model.events import IssueMoved

_JUDGED = frozenset({"on_time", "overdue", "force_closed"})
_STEPS = ("filed", "registered")


def states_of(state: IssueState, verdict: Verdict | None) -> tuple[str, ...]:
    """Return the words of `IssueStateWord` that fit an issue, sorted.

    `verdict` is about the deadline that the indicator names. Without one (no such deadline, or it
    does not bind the issue) the issue is neither on time nor overdue, deferred, suspended or due.
    """
    put_right = state.verified is not None or state.closed is not None
    words = {
        "found": True,
        **{step: step in state.starts for step in _STEPS},
        "handled": put_right or state.claim is not None,
        "verified": state.verified is not None,
        "closed": state.closed is not None,
        "force_closed": state.closed is not None and state.forced,
        "open": state.open,
        "unaccounted": not put_right and "registered" not in state.starts,
        "failed_check": bool(state.failed_checks),
    }
    if verdict is not None:
        put_off = deferred(state, verdict)
        words |= {
            verdict.outcome: True,
            "deferred": put_off,
            "due": verdict.outcome in _JUDGED and not put_off,
        }
    return tuple(sorted(word for word, holds in words.items() if holds and word != "running"))


def deferred(state: IssueState, verdict: Verdict) -> bool:
    """Return whether a deferral moved the limit: one granted too late did not."""
    return any(
        event.id in verdict.events
        for event in state.extensions
        if isinstance(event.payload, IssueMoved) and event.payload.move == "deferred"
    )
