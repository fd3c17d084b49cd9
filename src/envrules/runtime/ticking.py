"""How far one tick may move a locality's time: what falls due by it is one transaction."""

from __future__ import annotations

from collections.abc import Mapping

from envrules.engine.kept import Locality
from envrules.model.base import Instant
from envrules.store import Store

DUE_AT_ONCE = 1000
"""Nodes that one tick makes due, and those due at the same instant as the last of them."""


def next_time(
    store: Store, locality: str, state: Locality, now: Instant, sources: Mapping[str, Instant]
) -> Instant:
    """Return the time for the next tick: `now`, or an earlier one if much is due before that.

    `sources`: the watermarks, as they will be when the tick is projected.
    """
    reach = min((now, *sources.values()))
    due = store.due(locality, reach, DUE_AT_ONCE + 1)
    last = due[DUE_AT_ONCE - 1].wake_at if len(due) > DUE_AT_ONCE else None
    return now if last is None else max(last, state.tick + 1)
