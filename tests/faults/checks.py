"""What must hold of a database whose server was killed, whenever that was."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import decode_entry
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.rebuild import rebuild
from envrules.runtime.runtime import wall_clock
from envrules.store import DecisionFilter, DecisionRow, LogRow, Store

_ALL = 1 << 40


def check_log(store: Store, locality: str) -> dict[str, int]:
    """Check that the log has no gap and holds no event twice; return the place of each event."""
    rows = read_log(store, locality)
    assert [row.seq for row in rows] == list(range(1, store.head(locality) + 1))
    ids = [row.event_id for row in rows if row.event_id is not None]
    assert len(ids) == len(set(ids))
    return {row.event_id: row.seq for row in rows if row.event_id is not None}


def check_emitted(store: Store, locality: str) -> list[DecisionRow]:
    """Check that each (slot, version) was emitted once, and in order; return all decisions."""
    rows = store.decisions(locality, limit=_ALL)
    assert [row.decision_seq for row in rows] == list(range(1, len(rows) + 1))
    assert store.projection(locality).decision_seq == len(rows)
    assert [row.log_seq for row in rows] == sorted(row.log_seq for row in rows)
    assert len({row.id for row in rows}) == len(rows)
    for slot, history in groupby(sorted(rows, key=attrgetter("slot")), attrgetter("slot")):
        _check_history(slot, [decode_decision(row.payload) for row in history])
    return rows


def _check_history(slot: str, history: list[Decision]) -> None:
    """Check that versions count from 1 in the order of emission, each naming the one before."""
    before = ""
    for number, decision in enumerate(history, 1):
        assert (decision.version, decision.supersedes) == (number, before), slot
        assert (decision.change == "issue") == (number == 1 or was_revoked(history[number - 2]))
        before = decision.id


def was_revoked(decision: Decision) -> bool:
    """Return whether this version took its slot back."""
    return decision.change == "revoke"


def check_dates(decisions: list[Decision]) -> int:
    """Check that what fell due is dated when it did, not when it was noticed; return how many."""
    overdue = [decision.content for decision in decisions if decision.content.outcome == "overdue"]
    assert [content.at for content in overdue] == [content.due for content in overdue]
    return len(overdue)


def check_replay(store: Store, locality: str) -> None:
    """Check that the log, replayed in memory, gives the same decisions, and that the same hold."""
    library = Library(load_plugins(), store)
    memory, emitted = MemoryLocality(locality, library), _emitted(store, locality)
    for row in _pages(store, locality):
        for decision in memory.append(decode_entry(row.payload)):
            assert decision == next(emitted, None)
    assert next(emitted, None) is None
    standing = store.decisions(locality, limit=_ALL, filters=DecisionFilter(current_only=True))
    effective = memory.effective()
    assert {row.slot: row.id for row in standing} == {s: d.id for s, d in effective.items()}


def check_rebuild(store: Store, locality: str) -> None:
    """Check that dropping and rebuilding all derived state gives the same bytes."""
    before, after = rebuild(store, locality, Library(load_plugins(), store), wall_clock)
    assert before == after


def _emitted(store: Store, locality: str) -> Iterator[Decision]:
    after = 0
    while rows := store.decisions(locality, after, 1000):
        yield from (decode_decision(row.payload) for row in rows)
        after = rows[-1].decision_seq


def read_log(store: Store, locality: str) -> list[LogRow]:
    """Return the whole log."""
    return list(_pages(store, locality))


def _pages(store: Store, locality: str) -> Iterator[LogRow]:
    after = 0
    while rows := store.read_log(locality, after, 1000):
        yield from rows
        after = rows[-1].seq
