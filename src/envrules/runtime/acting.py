"""Which acts a decision allows, and whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from envrules.model.decisions import Decision, Publication
from envrules.runtime.errors import NotAllowed, NotNow
from envrules.store import Store

_ALLOWED: Mapping[str, tuple[Publication, ...]] = {
    "approve": ("proposed",),
    "publish": ("approved",),
    "revoke": ("proposed", "approved", "published"),
}
"""Act → the states of publication that it may be done in."""
_LEADS_TO: Mapping[str, Publication] = {
    "approve": "approved", "publish": "published", "revoke": "revoked",
}  # fmt: skip


def check_acts(
    store: Store, locality: str, decision: Decision, actions: Sequence[str], by: str
) -> None:
    """Return if somebody may do these one after the other.

    Raises:
        NotNow: the decision's state of publication does not allow one of them.
        NotAllowed: the caller submitted one of the events that the decision rests on.
    """
    state = decision.content.publication
    for action in actions:
        if action in ("approve", "publish"):
            rows = store.event_rows(locality, decision.content.events)
            if any(row.submitted_by == by for row in rows.values()):
                raise NotAllowed(
                    f"{by} submitted events of this decision: who submits does not approve",
                    "SUBMITTER_MAY_NOT_APPROVE",
                )
        if state not in _ALLOWED[action]:
            raise NotNow(f"cannot {action} a decision that is {state}", f"IS_{state.upper()}")
        state = _LEADS_TO[action]
