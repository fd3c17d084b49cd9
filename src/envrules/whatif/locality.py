"""A locality replayed for what holds in the end: entries keep their places, and some may be left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from envrules.engine.chaining import Chainer
from envrules.engine.kept import Locality
from envrules.engine.memory import MemoryLog
from envrules.engine.projection import Projection
from envrules.engine.state import State
from envrules.kinds.indicators import Visits
from envrules.kinds.scores import Tally
from envrules.model.decisions import Content
from envrules.model.entries import Act, Arrived, Entry
from envrules.ruleset.compile import Scheme

Tallies = Mapping[str, Tally | Visits]
"""Node key → what columns have tallied for it."""


class _Places(MemoryLog):
    """A log of which some entries are left out: each keeps its place."""

    def __init__(self) -> None:
        super().__init__()
        self._at: dict[int, Entry] = {}

    def put(self, seq: int, entry: Entry) -> None:
        """Keep the entry at a place."""
        self._at[seq] = entry
        if isinstance(entry, Arrived):
            self._by_id[entry.event.id] = seq

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        return {seq: self._at[seq] for seq in seqs}

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        for seq, entry in self._at.items():
            if seq <= until and isinstance(entry, Arrived | Act):
                yield seq, entry


class ReplayedLocality:
    """A locality's log and its projection in memory, judged as seldom as what holds allows."""

    def __init__(
        self, name: str, scheme: Scheme, chainer: Chainer, tallied: Tallies | None = None
    ) -> None:  # fmt: skip
        """Replay under one scheme; `tallied`: what stands for the sightings that are left out."""
        self.position = 0
        self.tallied = tallied or {}
        self._log = _Places()
        self.state = State(self._log, Locality(), keep=1 << 40)
        self.projection = Projection(
            name, self.state, lambda _slug, _revision: scheme, chainer, self.tallied
        )

    def take(self, seq: int, entry: Entry, *, apply: bool = True) -> None:
        """Take the entry at a place of the log; one that is not applied is passed over."""
        self.position = seq
        self._log.put(seq, entry)
        if apply:
            self.projection.take(seq, entry)
        else:
            self.projection.skip(seq)

    def settle(self) -> None:
        """Judge all that has been taken."""
        self.projection.settle(self.position)

    def effective(self) -> dict[str, Content]:
        """Return what holds now: slot key → content."""
        known = self.state.changes.by_id
        return {
            slot: known[standing.decision].content
            for node in self.state.changes.nodes.values()
            for slot, standing in node.slots.items() if standing.holds
        }  # fmt: skip
