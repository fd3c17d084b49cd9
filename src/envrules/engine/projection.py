"""The projection: one log entry in, the decisions it changes out.

    entry → the nodes that read it → judge each, lowest stage first → difference to what stands

Emitted decisions depend on the log alone: every entry is settled before the next is looked at,
however entries were batched on their way here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec.structs import replace

from envrules.engine.chaining import Chainer
from envrules.engine.context import CONTEXT_PAYLOADS, Records
from envrules.engine.judging import AT_THE_CLOSE, Bench, Inputs, freezes
from envrules.engine.nodes import Node, event_node
from envrules.engine.readers import nodes_of, target_of
from envrules.engine.registry import FOREVER, Registry
from envrules.engine.revising import Revising
from envrules.engine.routing import Library, Routing
from envrules.engine.settling import Settling
from envrules.engine.state import State
from envrules.engine.touched import Touched
from envrules.kinds.indicators import Visits
from envrules.kinds.scores import Tally
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    IssueFound,
)
from envrules.ruleset.compile import Scheme

__all__ = ["Library", "Projection"]

_REVISIONS = 16
"""Revisions kept at hand; more would keep those of many edits alive."""

_AT_ONCE = 100
"""Log entries read together on the way back to a tick."""


class Projection:
    """One locality's projection: applies log entries in order and returns what they decide."""

    def __init__(
        self, locality: str, state: State, library: Library, chainer: Chainer,
        tallied: Mapping[str, Tally | Visits] | None = None,
    ) -> None:  # fmt: skip
        """`tallied`: node key → what columns have tallied for it of the log, see `Inputs`."""
        self.locality = locality
        self._unsettled: set[str] = set()
        self.state = state
        library = lru_cache(_REVISIONS)(library)  # they never change, and each entry asks for some
        self._library = library
        self._routing = Routing(state, library)
        records = Records(
            replace(entry.event, seq=seq)
            for seq, entry in state.entries(state.locality.records)
            if isinstance(entry, Arrived)
        )
        self._settling = Settling(locality, state, chainer, self._routing, records, tallied or {})
        self._touched = Touched(state, library, self._routing, self._settling)
        self._revising = Revising(state, library, self._routing, self._touched)

    # ── entries ──

    def prepare(self, entries: Iterable[Entry]) -> None:
        """Read at once what applying these entries will ask for. Changes nothing.

        Plugins are not asked here: what one of them moves elsewhere is read when it is applied.
        """
        events = [entry.event for entry in entries if isinstance(entry, Arrived)]
        bindings = self.state.locality.bindings.values()
        schemes = [self._library(b.scheme, b.revision) for b in bindings]
        keys = [node.key() for s in schemes for event in events for node in nodes_of(s, event)]
        self.state.prefetch(keys, [event.id for event in events])

    def skip(self, seq: int) -> None:
        """Pass over a log entry, as an operator's act says: it is as if it had never arrived."""
        locality = self.state.locality
        self.state.locality = replace(locality, skipped=(*locality.skipped, seq))

    def apply(self, seq: int, entry: Entry) -> list[Decision]:
        """Apply one log entry and return the decisions it gives rise to, in order."""
        return self._settling.settle(seq, self._take(seq, entry))

    def take(self, seq: int, entry: Entry) -> None:
        """Apply one log entry and judge later: before the next close, or when asked to `settle`.

        What holds in the end is the same: it does not depend on how entries between two closes or
        publications were batched. What would have been emitted meanwhile is passed over.
        """
        if isinstance(entry, Closed | Published):
            self.settle(seq - 1)
        self._unsettled |= self._take(seq, entry)
        if isinstance(entry, Closed):
            self.settle(seq)

    def settle(self, seq: int) -> None:
        """Judge all that entries have touched since it was last judged."""
        dirty, self._unsettled = self._unsettled, set()
        self._settling.settle(seq, dirty)

    def _take(self, seq: int, entry: Entry) -> set[str]:
        """Apply one log entry; return the nodes to judge."""
        if isinstance(entry, Arrived):
            entry = replace(entry, event=replace(entry.event, seq=seq))
        self.state.remember(seq, entry)
        match entry:
            case Arrived():
                return self._arrive(seq, entry.event)
            case Tick():
                return self._tick(entry)
            case Published():
                return self._revising.publish(seq, entry)
            case Closed():
                return self._close(seq, entry)
            case Act():
                return self._act(seq, entry)

    def _arrive(self, seq: int, event: Event) -> set[str]:
        """The event, and whatever waited for it, is read where it belongs from now on."""
        routing = self._routing
        target = target_of(event.payload)
        if target:
            self.state.add_reference(target, seq)
        places = routing.family(event, until=seq)
        root = routing.root(event, until=seq)
        if root is not None and isinstance(root.payload, CONTEXT_PAYLOADS):
            for place in places:
                self._record(routing.event(place))
            dirty = self._touched.of_record(root)
        else:
            dirty = set()
        for place in places:
            dirty |= self._move_in(routing.event(place), until=seq)
        return dirty | self._out_and_back(event)

    def _move_in(self, event: Event, until: int) -> set[str]:
        """Add an event to the nodes that read it; one that has waited leaves its waiting place."""
        homes = self._routing.homes(event, until)
        for key in homes:
            self._add_input(key, event.seq)
        lobby = event_node(event.id).key()
        if event.seq == until or lobby in homes:
            return homes
        self._routing.put_inputs(self.state.node(lobby), ())
        return homes | {lobby}

    def _out_and_back(self, event: Event) -> set[str]:
        """Moves that take an issue out are read wherever its finding is, whichever came first."""
        dirty = self._routing.findings_of(event)
        for key in dirty:
            self._add_input(key, event.seq)
        keys, moves = self._routing.moves_out(event)
        for key in keys:
            for place in moves:
                self._add_input(key, place)
        return dirty | keys

    def _record(self, event: Event) -> None:
        """Add an event to what every evaluation knows."""
        locality = self.state.locality
        if event.seq not in self._settling.records:
            self._settling.records.add(event)
            self.state.locality = replace(locality, records=(*locality.records, event.seq))

    def _tick(self, entry: Tick) -> set[str]:
        """Advance the locality's time to the wall clock, but past no source's watermark."""
        locality = self.state.locality
        sources = dict(locality.sources)
        if entry.source and entry.until is None:
            sources.pop(entry.source, None)
        elif entry.source and entry.until is not None:
            sources[entry.source] = max(entry.until, sources.get(entry.source, entry.until))
        before, now = locality.tick, min((entry.now, *sources.values()))
        self.state.locality = replace(locality, tick=max(before, now), sources=sources)
        if now <= before:
            return set()
        dirty = set(self.state.keys_due(now))
        return dirty | {node.key() for node in self._touched.cycles(before)}

    def _close(self, seq: int, entry: Closed) -> set[str]:
        locality = self.state.locality
        binding = locality.bindings.get(entry.scheme)
        closes = locality.closes.get(entry.scheme, {})
        if binding is None or entry.period in closes:
            return set()
        closed = {**closes, entry.period: (seq, binding.revision, locality.tick)}
        self.state.locality = replace(locality, closes={**locality.closes, entry.scheme: closed})
        dirty = self._touched.by_close(entry, seq)
        self.state.load(sorted(dirty))
        for key in dirty:
            self._freeze(key)
        return dirty

    def _freeze(self, key: str) -> None:
        """Keep what a node of the closed period has been told as it is known now."""
        told = [
            feed for _, feeds in sorted(self.state.feeds(key).items()) for feed in feeds
            if freezes(feed)
        ]  # fmt: skip
        self.state.put_feed(key, AT_THE_CLOSE, told)

    def _act(self, seq: int, entry: Act) -> set[str]:
        keys = self._routing.act_homes(entry)
        for key in keys:
            self._add_input(key, seq)
        return keys

    def judge_again(self, seq: int, keys: Iterable[str]) -> list[Decision]:
        """Judge these nodes, and what they feed, afresh: for rules that came by no log entry."""
        return self._settling.settle(seq, keys)

    # ── inputs ──

    def _add_input(self, key: str, seq: int) -> bool:
        node = self.state.node(key)
        if seq in node.inputs:
            return False
        inputs = tuple(sorted((*node.inputs, seq)))
        ((_, entry),) = self.state.entries((seq,))
        if node.inputs and isinstance(entry, Arrived) and not _may_move(entry.event):
            self.state.put(replace(node, inputs=inputs))
        else:
            self._routing.put_inputs(node, inputs)
        return True

    def view(self, node: Node) -> tuple[Bench, Inputs]:
        """Return the bench and inputs of a node, to read.

        Raises:
            KeyError: the locality does not use the scheme.
        """
        return self._settling.view(node)

    def time_at(self, seq: int) -> Instant:
        """Return the locality's time at a place of the log, to read: as the last tick before says.

        What other sources held back then is not asked: with several of them it may be too late.
        """
        for last in range(seq, 0, -_AT_ONCE):
            places = range(last, max(last - _AT_ONCE, 0), -1)
            for _, entry in self.state.entries(places):
                if isinstance(entry, Tick):
                    until = entry.now if entry.until is None else entry.until
                    return min(entry.now, until, self.state.locality.tick)
        return 0

    def records(self) -> Records:
        """Return the unit and exemption events, to read."""
        return self._settling.records

    def rules(self, scheme: str, period: str) -> Scheme:
        """Return the rules that judge a period of a scheme: those frozen with it, else today's."""
        return self._routing.rules(scheme, period)

    @property
    def registry(self) -> Registry:
        """The units of the locality, as known now."""
        return self._settling.records.as_of(FOREVER)[0]


def _may_move(event: Event) -> bool:
    """Return whether an event can change which unit or month a node belongs to."""
    return isinstance(event.payload, IssueFound | EventWithdrawn)
