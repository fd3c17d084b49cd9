"""What is kept of a locality between evaluations, and where a projection gets it from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

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
    over_at: Instant | None = None
    """For an issue: the last instant that it may matter to; None: not known."""


class Binding(Frozen):
    """The revision of a scheme in force, and since which log entry."""

    scheme: str
    revision: str
    seq: int
    since: Instant = 0
    """When the locality first bound the scheme, by its own time."""


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
    skipped: tuple[int, ...] = ()
    """Log entries that an operator's act passes over: as if they had never arrived."""

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


class Feeds(Mapping[str, tuple[Feed, ...]]):
    """What feeds a node, by source: decoded only when asked for, for much is told before a close."""

    def __init__(self, stored: Mapping[str, bytes]) -> None:
        self._stored = stored
        self._decoded: dict[str, tuple[Feed, ...]] = {}

    def __getitem__(self, source: str) -> tuple[Feed, ...]:
        known = self._decoded.get(source)
        if known is None:
            known = self._decoded[source] = decode_feeds(self._stored[source])
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


class Backing(Protocol):
    """Where state comes from that is not in the cache."""

    def nodes(self, keys: Sequence[str]) -> dict[str, NodeState]:
        """Return the stored ones of these nodes."""

    def keys_with_prefix(self, prefix: str) -> Iterable[str]:
        """Return the keys of stored nodes that begin with `prefix`."""

    def keys_not_over(self, prefix: str, since: Instant, known_at: int | None) -> Iterable[str]:
        """Return those of `keys_with_prefix` whose `over_at` is no instant before `since`.

        With `known_at`, only those that read a log entry up to that one.
        """

    def keys_of_unit(self, unit: str) -> Iterable[str]:
        """Return the keys of stored nodes of a unit."""

    def keys_due(self, now: Instant) -> Iterable[str]:
        """Return the keys of stored nodes with `wake_at` ≤ now."""

    def feeds(self, targets: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """Return the stored feeds of these nodes, by target and source."""

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        """Return log entries by place."""

    def event_seq(self, event_id: str) -> int | None:
        """Return the place of an event in the log."""

    def references(self, event_ids: Sequence[str]) -> dict[str, Sequence[int]]:
        """Return the places of stored events that are about these, where there are any."""

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        """Yield the events and acts of the log up to and including a place."""

    def decision(self, decision_id: str) -> Decision:
        """Return a stored decision."""
