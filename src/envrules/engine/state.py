"""Derived state of one locality: nodes, feeds, closes. A cache over a backing that may be empty.

The projection works on this alone; a shell takes the changes and stores them, or forgets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

from envrules.engine.context import Close
from envrules.engine.judging import Feed
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Entry


class Standing(Frozen):
    """The last version of a slot: what it says (by essence), and whether it still holds."""

    version: int
    essence: str
    decision: str
    holds: bool = True


class NodeState(Frozen):
    """What is kept of a node between evaluations."""

    key: str
    unit: str = ""
    period: str = ""
    """For an issue: the month it was found in, whose close freezes its rules."""
    inputs: tuple[int, ...] = ()
    """Log entries that it reads, ascending."""
    slots: dict[str, Standing] = {}
    """Slot key → last version."""
    targets: tuple[str, ...] = ()
    """Nodes it feeds."""
    wake_at: Instant | None = None


class Binding(Frozen):
    """The revision of a scheme in force, and since which log entry."""

    scheme: str
    revision: str
    seq: int


class Locality(Frozen):
    """The little that every evaluation needs."""

    tick: Instant = 0
    """The locality's time: min(wall clock, watermarks of its sources), monotone."""
    sources: dict[str, Instant] = {}
    """Source → until when it has delivered all its events."""
    bindings: dict[str, Binding] = {}
    closes: dict[str, dict[str, tuple[int, str, Instant]]] = {}
    """Scheme → period → (log entry, revision, tick)."""
    records: tuple[int, ...] = ()
    """Log entries of unit and exemption events and withdrawals of them."""
    decision_seq: int = 0

    def closes_of(self, scheme: str) -> dict[str, Close]:
        """Return the closed periods of a scheme."""
        return {p: Close(p, *values) for p, values in self.closes.get(scheme, {}).items()}


_feeds_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_feeds_decoder = msgspec.msgpack.Decoder(tuple[Feed, ...])


def encode_feeds(feeds: Sequence[Feed]) -> bytes:
    """Return the stored form of what one node feeds another."""
    return _feeds_encoder.encode(tuple(feeds))


def decode_feeds(payload: bytes) -> tuple[Feed, ...]:
    """Return the feeds of a stored form."""
    return _feeds_decoder.decode(payload)


class Backing(Protocol):
    """Where state comes from that is not in the cache."""

    def node(self, key: str) -> NodeState | None:
        """Return a stored node."""

    def keys_with_prefix(self, prefix: str) -> Iterable[str]:
        """Return the keys of stored nodes that begin with `prefix`."""

    def keys_of_unit(self, unit: str) -> Iterable[str]:
        """Return the keys of stored nodes of a unit."""

    def keys_due(self, now: Instant) -> Iterable[str]:
        """Return the keys of stored nodes with `wake_at` ≤ now."""

    def feeds(self, target: str) -> dict[str, bytes]:
        """Return the stored feeds of a node, by source."""

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        """Return log entries by place."""

    def event_seq(self, event_id: str) -> int | None:
        """Return the place of an event in the log."""

    def references(self, event_id: str) -> Iterable[int]:
        """Return the places of stored events that are about this one."""

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        """Yield the events and acts of the log up to and including a place."""

    def decision(self, decision_id: str) -> Decision:
        """Return a stored decision."""


class Changes:
    """What a projection has changed since it was last taken."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeState] = {}
        self.feeds: dict[tuple[str, str], bytes | None] = {}
        """(target, source) → payload, None: gone."""
        self.references: list[tuple[str, int]] = []
        self.decisions: list[tuple[Decision, str]] = []
        """Decision and the key of its node."""
        self.bindings: list[Binding] = []
        """Every revision that came into force."""


class State:
    """Nodes and feeds, cached; see `Backing` for the rest."""

    def __init__(self, backing: Backing, locality: Locality, *, keep: int = 50_000) -> None:
        self.backing = backing
        self.locality = locality
        self.changes = Changes()
        self._keep = keep
        self._nodes: dict[str, NodeState] = {}
        self._entries: dict[int, Entry] = {}
        self._feeds: dict[str, dict[str, bytes | None]] = {}
        """Changed feeds by target, so that a node finds its own."""

    # ── nodes ──

    def node(self, key: str) -> NodeState:
        """Return a node; one that is not known yet has no inputs."""
        known = self._nodes.get(key)
        if known is None:
            known = self.backing.node(key) or NodeState(key)
            self._nodes[key] = known
        return known

    def put(self, node: NodeState) -> None:
        """Keep a node."""
        self._nodes[node.key] = self.changes.nodes[node.key] = node

    def keys_with_prefix(self, prefix: str) -> list[str]:
        """Return the keys of all nodes that begin with `prefix`, in order."""
        mine = (k for k in self.changes.nodes if k.startswith(prefix))
        return sorted({*self.backing.keys_with_prefix(prefix), *mine})

    def keys_of_unit(self, unit: str) -> list[str]:
        """Return the keys of all nodes of a unit, in order."""
        mine = (k for k, n in self.changes.nodes.items() if n.unit == unit)
        stored = (k for k in self.backing.keys_of_unit(unit) if k not in self.changes.nodes)
        return sorted({*stored, *mine})

    def keys_due(self, now: Instant) -> list[str]:
        """Return the keys of the nodes that asked to be judged again by `now`, in order."""
        changed = self.changes.nodes
        mine = [k for k, n in changed.items() if n.wake_at is not None and n.wake_at <= now]
        stored = [k for k in self.backing.keys_due(now) if k not in changed]
        return sorted({*mine, *stored})

    # ── feeds ──

    def feeds(self, target: str) -> dict[str, tuple[Feed, ...]]:
        """Return what feeds a node, by source."""
        stored = dict(self.backing.feeds(target))
        for source, payload in self._feeds.get(target, {}).items():
            if payload is None:
                stored.pop(source, None)
            else:
                stored[source] = payload
        return {source: decode_feeds(payload) for source, payload in stored.items()}

    def put_feed(self, target: str, source: str, feeds: Sequence[Feed]) -> bool:
        """Keep what one node feeds another; return whether that is a change."""
        payload = encode_feeds(feeds) if feeds else None
        index = self._feeds.setdefault(target, {})
        before = index[source] if source in index else self.backing.feeds(target).get(source)
        if before == payload:
            return False
        index[source] = payload
        self.changes.feeds[target, source] = payload
        return True

    # ── log ──

    def remember(self, seq: int, entry: Entry) -> None:
        """Keep a log entry that is being applied."""
        self._entries[seq] = entry

    def entries(self, seqs: Sequence[int]) -> list[tuple[int, Entry]]:
        """Return log entries in the order asked for."""
        missing = [seq for seq in seqs if seq not in self._entries]
        if missing:
            self._entries.update(self.backing.entries(missing))
        return [(seq, self._entries[seq]) for seq in seqs]

    def event_seq(self, event_id: str) -> int | None:
        """Return the place of an event in the log, which may lie ahead of the projection."""
        return self.backing.event_seq(event_id)

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        """Yield the events and acts of the log up to and including a place."""
        return self.backing.events(until)

    def references(self, event_id: str, until: int) -> list[int]:
        """Return the places, up to `until`, of applied events that are about this one."""
        mine = (seq for target, seq in self.changes.references if target == event_id)
        return sorted({s for s in (*self.backing.references(event_id), *mine) if s <= until})

    def add_reference(self, target: str, seq: int) -> None:
        """Note that the event at `seq` is about `target`, which may not have arrived yet."""
        self.changes.references.append((target, seq))

    # ── decisions ──

    def decision(self, decision_id: str) -> Decision:
        """Return an emitted decision."""
        for decision, _ in reversed(self.changes.decisions):
            if decision.id == decision_id:
                return decision
        return self.backing.decision(decision_id)

    def add_decision(self, decision: Decision, node: str) -> None:
        """Keep an emitted decision with the key of its node."""
        self.changes.decisions.append((decision, node))

    def bind(self, binding: Binding) -> None:
        """Put a revision of a scheme into force."""
        bindings = {**self.locality.bindings, binding.scheme: binding}
        self.locality = replace(self.locality, bindings=bindings)
        self.changes.bindings.append(binding)

    def take(self) -> Changes:
        """Return what has changed, for a shell that has stored it; the cache may forget it."""
        changes, self.changes = self.changes, Changes()
        self._feeds = {}
        if len(self._nodes) > self._keep:
            self._nodes.clear()
        if len(self._entries) > self._keep:
            self._entries.clear()
        return changes
