"""The engine's state on top of the store: what is not in the cache is read, changes are rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from envrules.engine.kept import Locality, NodeState
from envrules.engine.state import Changes
from envrules.model.base import Instant
from envrules.model.decisions import Decision, decode_decision, encode_decision
from envrules.model.entries import Entry, decode_entry
from envrules.store import (
    BindingRow,
    CloseRow,
    DecisionIssueRow,
    DecisionRow,
    FeedRow,
    NodeRow,
    ProjectionChange,
    Store,
)

LOCALITY_KEY = "locality"
"""Node key of the locality's own state; no scheme's nodes sort under it, for they hold newlines."""
_PAGE = 1000

_encode = msgspec.msgpack.Encoder().encode
_decode_node = msgspec.msgpack.Decoder(NodeState).decode
_decode_locality = msgspec.msgpack.Decoder(Locality).decode


class StoreBacking:
    """Reads one locality's derived state and log."""

    def __init__(self, store: Store, locality: str) -> None:
        self._store, self._locality = store, locality

    def load_locality(self) -> Locality:
        """Return the locality's own state; a fresh one if nothing has been projected."""
        row = self._store.nodes(self._locality, (LOCALITY_KEY,)).get(LOCALITY_KEY)
        return _decode_locality(row.payload) if row is not None else Locality()

    def nodes(self, keys: Sequence[str]) -> dict[str, NodeState]:
        rows = self._store.nodes(self._locality, keys)
        return {key: _decode_node(row.payload) for key, row in rows.items()}

    def keys_with_prefix(self, prefix: str) -> Iterator[str]:
        after = ""
        while keys := self._store.node_keys(self._locality, prefix, after, _PAGE):
            yield from keys
            after = keys[-1]

    def keys_not_over(self, prefix: str, since: Instant, known_at: int | None) -> Iterable[str]:
        return self._store.keys_not_over(self._locality, prefix, since, known_at)

    def keys_of_unit(self, unit: str) -> Iterable[str]:
        return self._store.keys_of_unit(self._locality, unit)

    def keys_due(self, now: Instant) -> Iterable[str]:
        return self._store.keys_due(self._locality, now)

    def feeds(self, targets: Sequence[str]) -> dict[str, dict[str, bytes]]:
        found = self._store.feeds_of(self._locality, targets)
        return {t: {row.source: row.payload for row in rows} for t, rows in found.items()}

    def references(self, event_ids: Sequence[str]) -> dict[str, Sequence[int]]:
        targets = {_reference_target(event_id): event_id for event_id in event_ids}
        found = self._store.feeds_of(self._locality, targets)
        return {targets[t]: [int(row.source) for row in rows] for t, rows in found.items() if rows}

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        rows = self._store.log_rows(self._locality, seqs)
        return {seq: decode_entry(row.payload) for seq, row in rows.items()}

    def event_seq(self, event_id: str) -> int | None:
        row = self._store.event_row(self._locality, event_id)
        return row.seq if row is not None else None

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        after = 0
        while rows := self._store.read_log(self._locality, after, _PAGE):
            for row in rows:
                if row.seq > until:
                    return
                if row.kind in ("event", "act"):
                    yield row.seq, decode_entry(row.payload)
            after = rows[-1].seq

    def decision(self, decision_id: str) -> Decision:
        row = self._store.decision(self._locality, decision_id)
        if row is None:
            raise KeyError(decision_id)
        return decode_decision(row.payload)


def rows_of(changes: Changes, base: int, position: int, locality: Locality) -> ProjectionChange:
    """Return the rows that store what a projection has changed."""
    nodes = [
        NodeRow(
            node.key,
            node.unit,
            node.wake_at,
            _encode(node),
            node.over_at,
            node.inputs[0] if node.inputs else None,
        )
        for node in changes.nodes.values()
    ]
    nodes.append(NodeRow(LOCALITY_KEY, "", None, _encode(locality)))
    feeds = [
        FeedRow(t, s, payload) for (t, s), payload in changes.feeds.items() if payload is not None
    ]
    feeds += [
        FeedRow(_reference_target(t), str(seq), b"")
        for t, seqs in changes.references.items()
        for seq in seqs
    ]
    return ProjectionChange(
        base=base, position=position, tick=locality.tick, nodes=nodes, feeds=feeds,
        feeds_gone=[pair for pair, payload in changes.feeds.items() if payload is None],
        decisions=[_decision_row(decision, node) for decision, node in changes.decisions],
        issues=[
            DecisionIssueRow(issue, decision.decision_seq)
            for decision, _ in changes.decisions
            for issue in dict.fromkeys(decision.content.issues)
        ],
        bindings=[BindingRow(b.scheme, b.revision, b.seq, b"") for b in changes.bindings],
        closes=[
            CloseRow(scheme, period, seq, revision)
            for scheme, periods in locality.closes.items()
            for period, (seq, revision, _) in periods.items() if base < seq <= position
        ],
    )  # fmt: skip


def _reference_target(event_id: str) -> str:
    """Return the feed target under which references to an event are kept."""
    return f"event\n{event_id}"


def _decision_row(decision: Decision, node: str) -> DecisionRow:
    c = decision.content
    return DecisionRow(
        decision_seq=decision.decision_seq, id=decision.id, slot=c.slot.key(),
        version=decision.version, change=decision.change, log_seq=decision.log_seq,
        scheme=c.slot.scheme, rule=c.slot.rule, kind=c.kind, outcome=c.outcome,
        subject=c.slot.subject, unit=c.unit, period=c.period, publication=c.publication, at=c.at,
        node=node, payload=encode_decision(decision),
    )  # fmt: skip
