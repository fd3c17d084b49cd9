"""Settling: the nodes that an entry has touched are judged, and what differs is decided.

touched nodes → judge each, lowest stage first → difference to what stands → feeds to later nodes
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from envrules.engine.chaining import Chainer
from envrules.engine.context import Close, Context, Records
from envrules.engine.evaluate import judge
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.kept import NodeState, Standing
from envrules.engine.nodes import UNFED, Node, defines, parse_node, stage, unit_of
from envrules.engine.routing import Routing
from envrules.engine.state import State
from envrules.kinds.indicators import Visits
from envrules.kinds.scores import Tally
from envrules.model.base import canonical_json
from envrules.model.decisions import Change, Content, Decision, decision_id
from envrules.model.entries import Act, Arrived
from envrules.ruleset.compile import Scheme

_Place: TypeAlias = tuple[int, int, str]
"""Where a node stands in the order of settlement, see `nodes.stage`."""
_AT_ONCE = 500
"""Nodes that are judged before what they give rise to is recorded."""


class Settling:
    """Judges the nodes of one locality and records what changes."""

    def __init__(
        self, locality: str, state: State, chainer: Chainer, routing: Routing, records: Records,
        tallied: Mapping[str, Tally | Visits],
    ) -> None:  # fmt: skip
        self.locality = locality
        self.state = state
        self.records = records
        """Unit and exemption events: what every evaluation knows."""
        self._chainer, self._routing, self._tallied = chainer, routing, tallied
        self._closes: dict[str, tuple[object, Mapping[str, Close]]] = {}
        """Scheme → its closes as the state has them, and as they are judged by."""

    def settle(self, seq: int, dirty: Iterable[str]) -> list[Decision]:
        """Judge the nodes, lowest stage first; what they feed is judged after them."""
        decisions: list[Decision] = []
        if not self.state.locality.bindings:
            return decisions  # nothing judges yet: the first publication reads the whole log
        keys = set(dirty)
        self.state.load(sorted(keys))
        queue = [(self._stage(key), key) for key in keys]
        heapq.heapify(queue)
        done: set[str] = set()
        while queue:
            place, some = _next(queue, done)
            for key, target in self._judge_all(seq, some, decisions):
                later = self._stage(target)
                if later <= place:
                    raise RuntimeError(f"{key} feeds {target}, which was settled before it")
                heapq.heappush(queue, (later, target))
        return decisions

    def _stage(self, key: str) -> _Place:
        node = parse_node(key)
        return stage(node, self._routing.governing(node))

    def _judge_all(
        self, seq: int, keys: Sequence[str], decisions: list[Decision]
    ) -> Iterator[tuple[str, str]]:  # fmt: skip
        """Judge nodes that do not feed each other, and record the differences, in order.

        Yield each node whose feeds changed after the one that feeds it. What is needed is read at
        once: there may be a city's units among them.
        """
        self.state.load(keys)
        judged = [self._judge(key) for key in keys]
        self.state.load(target.key() for one in judged for target in one.feeds)
        for key, one in zip(keys, judged, strict=True):
            for target in self._record(seq, key, one, decisions):
                yield key, target

    def _judge(self, key: str) -> Judgement:
        """Return what holds of a node."""
        node = parse_node(key)
        scheme = self._routing.governing(node)
        if not defines(scheme, node):
            return Judgement()
        return judge(self.bench(scheme), node, self._inputs(scheme, self.state.node(key)))

    def _record(
        self, seq: int, key: str, judged: Judgement, decisions: list[Decision]
    ) -> list[str]:  # fmt: skip
        """Record the difference to what stands, and return the nodes whose feeds changed."""
        known = self.state.node(key)
        slots = self._emit(seq, known, judged, decisions)
        targets = {target.key(): feeds for target, feeds in judged.feeds.items()}
        changed = [t for t, feeds in sorted(targets.items()) if self.state.put_feed(t, key, feeds)]
        changed += [
            t for t in known.targets if t not in targets and self.state.put_feed(t, key, ())
        ]
        unit = known.unit or unit_of(parse_node(key))
        after = replace(
            known, unit=unit, slots=slots, targets=tuple(sorted(targets)),
            wake_at=judged.wake_at, over_at=judged.over_at,
        )  # fmt: skip
        if after != known:
            self.state.put(after)
        return changed

    def _inputs(self, scheme: Scheme, node: NodeState) -> Inputs:
        entries = self.state.entries(node.inputs)
        events = [
            e.event if e.event.seq == seq else replace(e.event, seq=seq)
            for seq, e in entries if isinstance(e, Arrived)
        ]  # fmt: skip
        acts = [entry for _, entry in entries if isinstance(entry, Act)]
        fed = {} if parse_node(node.key).kind in UNFED else self.state.feeds(node.key)
        coded = scheme.codes.how(events) if scheme.codes is not None else {}
        read = [scheme.read(event) for event in events]
        return Inputs(read, acts, fed, coded, self._tallied.get(node.key))

    def view(self, node: Node) -> tuple[Bench, Inputs]:
        """Return the bench and inputs of a node, to read.

        Raises:
            KeyError: the locality does not use the scheme.
        """
        scheme = self._routing.governing(node)
        return self.bench(scheme), self._inputs(scheme, self.state.node(node.key()))

    def bench(self, scheme: Scheme) -> Bench:
        """Return what a node of this scheme is judged on, as of now."""
        locality = self.state.locality
        since = locality.bindings[scheme.slug].since
        context = Context(locality.tick, self.records, self._closes_of(scheme.slug), since)
        return Bench(scheme, context, self._chainer, partial(self._routing.rules, scheme.slug))

    def _closes_of(self, slug: str) -> Mapping[str, Close]:
        """Return the closed periods of a scheme: made once, there may be ten years of them."""
        stored = self.state.locality.closes.get(slug)
        known = self._closes.get(slug)
        if known is None or known[0] is not stored:
            known = self._closes[slug] = stored, self.state.locality.closes_of(slug)
        return known[1]

    def _emit(
        self, seq: int, known: NodeState, judged: Judgement, decisions: list[Decision]
    ) -> dict[str, Standing]:
        """Append what differs from what stands, as version n+1 of each slot."""
        slots = dict(known.slots)
        contents = {slot.key(): content for slot, content in judged.contents.items()}
        for slot in sorted(contents.keys() | slots.keys()):
            standing, content = slots.get(slot), contents.get(slot)
            if content is None:
                if standing is not None and standing.holds:
                    old = self.state.decision(standing.decision).content
                    gone = replace(old, publication="revoked")
                    slots[slot] = self._decide(
                        seq, known.key, "revoke", gone, gone.essence(), standing, decisions
                    )
                continue
            essence = content.essence()
            if standing is None or not standing.holds:
                change: Change = "issue"
            elif standing.essence != essence:
                change = "supersede"
            else:
                continue
            slots[slot] = self._decide(
                seq, known.key, change, content, essence, standing, decisions
            )
        return slots

    def _decide(
        self, seq: int, node: str, change: Change, content: Content, essence: str,
        before: Standing | None, decisions: list[Decision],
    ) -> Standing:  # fmt: skip
        version = before.version + 1 if before is not None else 1
        number = self.state.locality.decision_seq + 1
        self.state.locality = replace(self.state.locality, decision_seq=number)
        decision = Decision(
            id=decision_id(self.locality, canonical_json(content), version),
            locality=self.locality, decision_seq=number, log_seq=seq, version=version,
            change=change, content=content, supersedes=before.decision if before else "",
        )  # fmt: skip
        self.state.add_decision(decision, node)
        decisions.append(decision)
        return Standing(version, essence, decision.id, change != "revoke")


def _next(queue: list[tuple[_Place, str]], done: set[str]) -> tuple[_Place, list[str]]:
    """Take the next nodes from a heap, all of one place, each but once."""
    place, some = queue[0][0], list[str]()
    while queue and queue[0][0] == place and len(some) < _AT_ONCE:
        _, key = heapq.heappop(queue)
        if key not in done:
            done.add(key)
            some.append(key)
    return place, some
