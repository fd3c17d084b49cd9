"""A log and its projection in memory: for worked cases, stateless evaluation and tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from envrules.engine.chaining import Chainer
from envrules.engine.kept import Locality, NodeState
from envrules.engine.projection import Library, Projection
from envrules.engine.state import State
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Act, Arrived, Entry


class MemoryLog:
    """The backing of a state that lives in memory: only the log, for all else is in the cache."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self._by_id: dict[str, int] = {}

    def append(self, entry: Entry) -> int | None:
        """Append an entry and return its place; None for an event that is there already."""
        if isinstance(entry, Arrived):
            if entry.event.id in self._by_id:
                return None
            self._by_id[entry.event.id] = len(self.rows) + 1
        self.rows.append(entry)
        return len(self.rows)

    def nodes(self, keys: Sequence[str]) -> dict[str, NodeState]:
        return {}

    def keys_with_prefix(self, prefix: str) -> Iterable[str]:
        return ()

    def keys_not_over(self, prefix: str, since: Instant, known_at: int | None) -> Iterable[str]:
        return ()

    def keys_of_unit(self, unit: str) -> Iterable[str]:
        return ()

    def keys_due(self, now: Instant) -> Iterable[str]:
        return ()

    def feeds(self, targets: Sequence[str]) -> dict[str, dict[str, bytes]]:
        return {target: {} for target in targets}

    def references(self, event_ids: Sequence[str]) -> dict[str, Sequence[int]]:
        return {}

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        return {seq: self.rows[seq - 1] for seq in seqs}

    def event_seq(self, event_id: str) -> int | None:
        return self._by_id.get(event_id)

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        for seq, entry in enumerate(self.rows[:until], start=1):
            if isinstance(entry, Arrived | Act):
                yield seq, entry

    def decision(self, decision_id: str) -> Decision:
        raise KeyError(decision_id)


class MemoryLocality:
    """One locality, log and all, in memory."""

    def __init__(self, locality: str, library: Library, chainer: Chainer | None = None) -> None:
        self.log = MemoryLog()
        self.state = State(self.log, Locality(), keep=1 << 40)
        self.projection = Projection(locality, self.state, library, chainer or Chainer())

    def append(self, entry: Entry, *, apply: bool = True) -> list[Decision]:
        """Append an entry and, unless an operator skipped it, apply it; return what it decides."""
        seq = self.log.append(entry)
        if seq is None:
            return []
        if not apply:
            self.projection.skip(seq)
            return []
        return self.projection.apply(seq, entry)

    def replay(self, entries: Iterable[Entry]) -> list[Decision]:
        """Append and apply entries in order; return all decisions."""
        return [decision for entry in entries for decision in self.append(entry)]

    def emitted(self) -> list[Decision]:
        """Return every decision emitted so far."""
        return [decision for decision, _ in self.state.changes.decisions]

    def effective(self) -> dict[str, Decision]:
        """Return what holds now: slot key → the decision that stands."""
        by_id = {d.id: d for d in self.emitted()}
        return {
            slot: by_id[standing.decision]
            for node in self.state.changes.nodes.values()
            for slot, standing in node.slots.items() if standing.holds
        }  # fmt: skip
