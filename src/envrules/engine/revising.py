"""Revising: a revision comes into force, and what is not in a closed period is judged by it.

Where it has other routes than the one before, the log is read again for what each node reads now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from msgspec.structs import replace

from envrules.engine.kept import Binding
from envrules.engine.nodes import parse_node
from envrules.engine.routing import Library, Routing, period_of
from envrules.engine.state import State
from envrules.engine.touched import Touched
from envrules.model.entries import Act, Arrived, Entry, Published
from envrules.ruleset.compile import Scheme

_ENTRIES_AT_ONCE = 10_000
"""Log entries that are routed together."""
_NODES_AT_ONCE = 1000
"""Nodes read together to see which of them are frozen."""


class Revising:
    """Puts revisions into force in one locality."""

    def __init__(self, state: State, library: Library, routing: Routing, touched: Touched) -> None:
        self._state, self._library = state, library
        self._routing, self._touched = routing, touched

    def publish(self, seq: int, entry: Published) -> set[str]:
        """Return the nodes to judge: the new revision judges what is not in a closed period, afresh.

        What closed periods tell open ones is asked for anew where that asks for something else.
        """
        bound = self._state.locality.bindings.get(entry.scheme)
        before = None if bound is None else self._library(entry.scheme, bound.revision)
        since = entry.at if bound is None else bound.since
        self._state.bind(Binding(entry.scheme, entry.revision, seq, since))
        scheme = self._library(entry.scheme, entry.revision)
        mine = {node.key() for node in self._touched.cycles(0) if node.scheme == entry.scheme}
        mine |= self._touched.sequences(entry.scheme)
        if before is not None and scheme.routes is not None and scheme.routes == before.routes:
            # Only values differ, as a rule: everything reads what it has read, and the log rests.
            dirty = self._not_frozen(chain(self._known(entry.scheme), mine))
        else:
            dirty = self._reroute(seq, scheme, mine)
        self._state.load_whole(dirty)
        asks_more = before is None or before.asks != scheme.asks
        frozen = set(self._known(entry.scheme)) - dirty if asks_more else set()
        return dirty | frozen

    def _reroute(self, seq: int, scheme: Scheme, mine: set[str]) -> set[str]:
        """Let the nodes of a scheme read what is theirs under today's bindings; return them."""
        routed = self._routed(seq)
        mine = mine | {key for key in routed if parse_node(key).scheme in (scheme.slug, "")}
        dirty = self._not_frozen(chain(self._known(scheme.slug), mine))
        self._state.load_nodes(dirty)
        self._state.load_entries(place for key in dirty for place in routed.get(key, ()))
        for key in sorted(dirty):
            self._routing.put_inputs(self._state.node(key), tuple(routed.get(key, ())))
        return dirty | self._rehome(scheme, dirty)

    def _known(self, scheme: str) -> Iterator[str]:
        """Yield the nodes of a scheme, and those of events that no scheme reads, some twice."""
        return chain(self._touched.of_scheme(scheme), self._touched.of_scheme(""))

    def _routed(self, until: int) -> dict[str, list[int]]:
        """Return what reads the log under today's bindings, but for what a close has frozen.

        Node → places, ascending. Of a log of years most is frozen: it is let go part by part.
        """
        routed: dict[str, list[int]] = {}
        skipped, entries = set(self._state.locality.skipped), self._state.events(until)
        while some := list(islice(entries, _ENTRIES_AT_ONCE)):
            found: dict[str, list[int]] = {}
            for place, entry in some:
                if place not in skipped:
                    for key in self._readers(place, entry, until):
                        found.setdefault(key, []).append(place)
            for key in self._not_frozen(found):
                routed.setdefault(key, []).extend(found[key])
        return routed

    def _not_frozen(self, keys: Iterable[str]) -> set[str]:
        """Return the nodes that no close has frozen. Of the others there may be years: forget them."""
        found: set[str] = set()
        left = iter(keys)
        while some := sorted(set(islice(left, _NODES_AT_ONCE))):
            self._state.load_nodes(key for key in some if not period_of(parse_node(key)))
            mine = {key for key in some if self._routing.frozen(parse_node(key)) is None}
            self._state.forget_nodes(key for key in some if key not in mine)
            found |= mine
        return found

    def _rehome(self, scheme: Scheme, keys: Iterable[str]) -> set[str]:
        """Hand what has been decided to the nodes that decide it under a new revision.

        A slot goes on counting its versions wherever it is judged.
        """
        homes: set[str] = set()
        for key in sorted(keys):
            node = self._state.node(key)
            for slot, standing in node.slots.items():
                home = self._routing.home_of(scheme, parse_node(key), slot).key()
                if home == key:
                    continue
                stay = self._state.node(key)
                self._state.put(
                    replace(stay, slots={s: v for s, v in stay.slots.items() if s != slot})
                )
                there = self._state.node(home)
                self._state.put(replace(there, slots={**there.slots, slot: standing}))
                homes.add(home)
        return homes

    def _readers(self, place: int, entry: Entry, until: int) -> set[str]:
        """Return the nodes that read an old log entry under today's bindings."""
        if isinstance(entry, Act):
            return self._routing.act_homes(entry)
        if not isinstance(entry, Arrived):
            return set()
        event = replace(entry.event, seq=place)
        return self._routing.homes(event, until) | self._routing.findings_of(event)
