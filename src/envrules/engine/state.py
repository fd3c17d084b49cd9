"""Derived state of one locality: nodes, feeds, closes. A cache over a backing that may be empty.

The projection works on this alone; a shell takes the changes and stores them, or forgets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from envrules.engine.judging import Feed
from envrules.engine.kept import Backing, Binding, Feeds, Locality, NodeState, encode_feeds
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Entry


class Changes:
    """What a projection has changed since it was last taken."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeState] = {}
        self.feeds: dict[tuple[str, str], bytes | None] = {}
        """(target, source) → payload, None: gone."""
        self.references: dict[str, list[int]] = {}
        """Event id → places of the events about it."""
        self.decisions: list[tuple[Decision, str]] = []
        """Decision and the key of its node."""
        self.by_id: dict[str, Decision] = {}
        self.bindings: list[Binding] = []
        """Every revision that came into force."""


class State:
    """Nodes and feeds, cached; see `Backing` for the rest."""

    def __init__(self, backing: Backing, locality: Locality, *, keep: int = 10_000) -> None:
        self.backing = backing
        self.locality = locality
        self.changes = Changes()
        self._keep = keep
        self._nodes: dict[str, NodeState] = {}
        self._absent: set[str] = set()
        """Nodes that are not stored: nothing feeds them but what is in the cache."""
        self._feeds: dict[str, dict[str, bytes]] = {}
        self._entries: dict[int, Entry] = {}
        self._references: dict[str, list[int]] = {}

    def prefetch(self, keys: Sequence[str], event_ids: Sequence[str]) -> None:
        """Read at once what the next entries will ask for one by one."""
        self.load(keys)
        found = self.backing.references(event_ids)
        for event_id in event_ids:
            self._references.setdefault(event_id, []).extend(found.get(event_id, ()))

    def load(self, keys: Iterable[str]) -> None:
        """Read at once nodes that will be judged one by one, their inputs and what feeds them."""
        stored = self.load_nodes(keys)
        if stored:
            self._feeds.update(self.backing.feeds(list(stored)))
            self.load_entries(seq for node in stored.values() for seq in node.inputs)

    def load_nodes(self, keys: Iterable[str]) -> dict[str, NodeState]:
        """Read at once nodes that will be asked for one by one; return those that are new here."""
        unknown = [key for key in dict.fromkeys(keys) if key not in self._nodes]
        stored = self.backing.nodes(unknown) if unknown else {}
        for key in unknown:
            self._learn(key, stored.get(key))
        return stored

    def load_whole(self, keys: Iterable[str]) -> None:
        """Read at once what feeds nodes, and what they read, for some of which that is not known."""
        self.load(keys := list(keys))
        unfed = [key for key in keys if key not in self._feeds and key not in self._absent]
        if unfed:
            self._feeds.update(self.backing.feeds(unfed))
        self.load_entries(seq for key in keys for seq in self.node(key).inputs)

    def load_entries(self, seqs: Iterable[int]) -> None:
        """Read at once log entries that will be asked for one by one."""
        missing = {seq for seq in seqs if seq not in self._entries}
        if missing:
            self._entries.update(self.backing.entries(sorted(missing)))

    def _learn(self, key: str, stored: NodeState | None) -> NodeState:
        if stored is None:
            self._absent.add(key)
        self._nodes[key] = stored or NodeState(key)
        return self._nodes[key]

    # ── nodes ──

    def node(self, key: str) -> NodeState:
        """Return a node; one that is not known yet has no inputs."""
        known = self._nodes.get(key)
        return known or self._learn(key, self.backing.nodes((key,)).get(key))

    def put(self, node: NodeState) -> None:
        """Keep a node."""
        self._nodes[node.key] = self.changes.nodes[node.key] = node

    def keys_with_prefix(self, prefix: str) -> list[str]:
        """Return the keys of all nodes that begin with `prefix`, in order."""
        return sorted(set(self.each_with_prefix(prefix)))

    def each_with_prefix(self, prefix: str) -> Iterator[str]:
        """Yield the keys of all nodes that begin with `prefix`, some twice: there may be years of them."""
        yield from [k for k in self.changes.nodes if k.startswith(prefix)]
        yield from self.backing.keys_with_prefix(prefix)

    def keys_not_over(self, prefix: str, since: Instant, known_at: int | None = None) -> list[str]:
        """Return those of `keys_with_prefix` whose `over_at` is no instant before `since`.

        With `known_at`, those that read no log entry up to that one are left out, too.
        """
        changed = self.changes.nodes
        mine = (
            k for k, n in changed.items()
            if k.startswith(prefix) and (n.over_at is None or n.over_at >= since)
            and (known_at is None or not n.inputs or n.inputs[0] <= known_at)
        )  # fmt: skip
        found = self.backing.keys_not_over(prefix, since, known_at)
        stored = (k for k in found if k not in changed)
        return sorted({*stored, *mine})

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

    def feeds(self, target: str) -> Mapping[str, tuple[Feed, ...]]:
        """Return what feeds a node, by source."""
        return Feeds(self.payloads(target))

    def payloads(self, target: str) -> dict[str, bytes]:
        """Return what feeds a node in its stored form, by source; to read."""
        known = self._feeds.get(target)
        if known is None:
            self.node(target)
            known = {} if target in self._absent else self.backing.feeds((target,))[target]
            self._feeds[target] = known
        return known

    def put_feed(self, target: str, source: str, feeds: Sequence[Feed]) -> bool:
        """Keep what one node feeds another; return whether that is a change."""
        payload = encode_feeds(feeds) if feeds else None
        known = self.payloads(target)
        if known.get(source) == payload:
            return False
        if payload is None:
            del known[source]
        else:
            known[source] = payload
        self.changes.feeds[target, source] = payload
        self.put(self.node(target))
        return True

    # ── log ──

    def remember(self, seq: int, entry: Entry) -> None:
        """Keep a log entry that is being applied."""
        self._entries[seq] = entry

    def entries(self, seqs: Sequence[int]) -> list[tuple[int, Entry]]:
        """Return log entries in the order asked for."""
        self.load_entries(seqs)
        return [(seq, self._entries[seq]) for seq in seqs]

    def event_seq(self, event_id: str) -> int | None:
        """Return the place of an event in the log, which may lie ahead of the projection."""
        place = self.backing.event_seq(event_id)
        return None if place in self.locality.skipped else place

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        """Yield the events and acts of the log up to and including a place."""
        return self.backing.events(until)

    def references(self, event_id: str, until: int) -> list[int]:
        """Return the places, up to `until`, of applied events that are about this one."""
        known = self._references.get(event_id)
        if known is None:
            known = list(self.backing.references((event_id,)).get(event_id, ()))
        mine = self.changes.references.get(event_id, ())
        return sorted({seq for seq in (*known, *mine) if seq <= until})

    def add_reference(self, target: str, seq: int) -> None:
        """Note that the event at `seq` is about `target`, which may not have arrived yet."""
        self.changes.references.setdefault(target, []).append(seq)

    # ── decisions ──

    def decision(self, decision_id: str) -> Decision:
        """Return an emitted decision."""
        return self.changes.by_id.get(decision_id) or self.backing.decision(decision_id)

    def add_decision(self, decision: Decision, node: str) -> None:
        """Keep an emitted decision with the key of its node."""
        self.changes.decisions.append((decision, node))
        self.changes.by_id[decision.id] = decision

    def bind(self, binding: Binding) -> None:
        """Put a revision of a scheme into force."""
        bindings = {**self.locality.bindings, binding.scheme: binding}
        self.locality = replace(self.locality, bindings=bindings)
        self.changes.bindings.append(binding)

    def take(self) -> Changes:
        """Return what has changed, for a shell that has stored it; the cache may forget it."""
        changes, self.changes = self.changes, Changes()
        self._references = {}
        self._absent -= changes.nodes.keys()
        self.forget(self._keep)
        return changes

    def forget_nodes(self, keys: Iterable[str]) -> None:
        """Forget nodes that were read in passing, but for those that are changed."""
        for key in keys:
            if key not in self.changes.nodes:
                self._nodes.pop(key, None)
                self._feeds.pop(key, None)
                self._absent.discard(key)

    def forget(self, beyond: int = 0) -> None:
        """Empty the cache of what is more than `beyond`; not while changes are not taken yet.

        For who reads much and little of it twice.
        """
        if self.changes.nodes:
            return
        if len(self._nodes) > beyond:
            self._nodes, self._feeds, self._absent = {}, {}, set()
        if len(self._entries) > beyond:
            self._entries = {}
