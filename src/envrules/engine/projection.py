"""The projection: one log entry in, the decisions it changes out.

    entry → the nodes that read it → judge each, lowest stage first → difference to what stands

Emitted decisions depend on the log alone: every entry is settled before the next is looked at,
however entries were batched on their way here.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.engine.context import CONTEXT_PAYLOADS, FOREVER, Context, Records, Registry
from envrules.engine.duty import cycles_ended
from envrules.engine.evaluate import judge
from envrules.engine.judging import AT_THE_CLOSE, Bench, Inputs, Judgement, freezes
from envrules.engine.nodes import (
    UNFED,
    Node,
    defines,
    event_node,
    indicator_node,
    issue_node,
    list_node,
    nodes_of,
    parse_node,
    score_node,
    sequence_node,
    stage,
    target_of,
    unit_of,
)
from envrules.engine.routing import Library, Routing
from envrules.engine.state import Binding, NodeState, Standing, State
from envrules.model.base import Instant, canonical_json
from envrules.model.decisions import Change, Content, Decision, decision_id
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Exemption,
    IssueFound,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
    UnitSplit,
)
from envrules.ruleset.compile import Scheme

__all__ = ["Library", "Projection"]

_AT_ONCE = 100
"""Log entries read together on the way back to a tick."""


class Projection:
    """One locality's projection: applies log entries in order and returns what they decide."""

    def __init__(self, locality: str, state: State, library: Library, chainer: Chainer) -> None:
        self.locality = locality
        self.state = state
        self._library = library
        self._chainer = chainer
        self._routing = Routing(state, library)
        self._records = Records(
            replace(entry.event, seq=seq)
            for seq, entry in state.entries(state.locality.records)
            if isinstance(entry, Arrived)
        )

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
        if isinstance(entry, Arrived):
            entry = Arrived(replace(entry.event, seq=seq), entry.by, entry.node)
        self.state.remember(seq, entry)
        dirty: set[str]
        match entry:
            case Arrived():
                dirty = self._arrive(seq, entry.event)
            case Tick():
                dirty = self._tick(entry)
            case Published():
                dirty = self._publish(seq, entry)
            case Closed():
                dirty = self._close(seq, entry)
            case Act():
                dirty = self._act(seq, entry)
        return self._settle(seq, dirty)

    def _arrive(self, seq: int, event: Event) -> set[str]:
        """The event, and whatever waited for it, is read where it belongs from now on."""
        routing = self._routing
        target = target_of(event.payload)
        if target:
            self.state.add_reference(target, seq)
        places = routing.family(event, until=seq)
        root = routing.root(event, until=seq)
        if root is not None and isinstance(root.payload, CONTEXT_PAYLOADS):
            dirty = {key for place in places for key in self._record(routing.event(place))}
            dirty |= self._concerned(root)
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
        self._put_inputs(self.state.node(lobby), ())
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

    def _record(self, event: Event) -> set[str]:
        """Add an event to what every evaluation knows; return the nodes it may concern."""
        locality = self.state.locality
        if event.seq in locality.records:
            return set()
        self._records = self._records.with_event(event)
        self.state.locality = replace(locality, records=(*locality.records, event.seq))
        return self._concerned(event)

    def _concerned(self, event: Event) -> set[str]:
        payload = event.payload
        units: tuple[str, ...] = ()
        issues: tuple[str, ...] = ()
        match payload:
            case UnitDeclared() | UnitRenamed():
                units = (payload.unit,)
            case UnitMerged():
                units = (*payload.units, payload.into)
            case UnitSplit():
                units = (payload.unit, *payload.into)
            case Exemption():
                units, issues = payload.units, payload.issues
            case _:
                pass
        if isinstance(payload, Exemption) and not units and not issues:
            return {k for s in self.state.locality.bindings for k in self._all_of(s)}
        if isinstance(payload, UnitDeclared | UnitMerged | UnitSplit):
            # What is told to the units above changes with who is above.
            units = tuple(sorted(self._records.as_of(FOREVER)[0].below(units)))
        keys = {key for unit in units for key in self.state.keys_of_unit(unit)}
        if not isinstance(payload, UnitRenamed | Exemption):
            keys |= self._issued_by(units)
        keys |= {node.key() for node in self._cycles(0, frozenset(units))}
        if not isinstance(payload, Exemption):
            keys |= {key for slug in self.state.locality.bindings for key in self._sequences(slug)}
        for issue in issues:
            keys |= self._routing.readers_of(issue)
            keys |= {issue_node(slug, issue).key() for slug in self.state.locality.bindings}
        return keys

    def _issued_by(self, units: Collection[str]) -> set[str]:
        """Return the issues on which one of these units may have issued a slip, by its type.

        All of them: which ones is not kept, and such units are few and seldom declared.
        """
        types = {
            event.payload.type for event in self._records.events
            if isinstance(event.payload, UnitDeclared) and event.payload.unit in units
        }  # fmt: skip
        keys: set[str] = set()
        for slug, binding in self.state.locality.bindings.items():
            direct = self._library(slug, binding.revision).lifecycle.direct_issue
            if any(types & organs for organs in direct.values()):
                keys.update(self.state.keys_with_prefix(issue_node(slug, "").key()))
        return keys

    def _sequences(self, slug: str) -> set[str]:
        """Return the nodes of a scheme's orders, which read the registry alone."""
        scheme = self._library(slug, self.state.locality.bindings[slug].revision)
        return {sequence_node(slug, item.id).key() for item in scheme.sequences}

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
        return dirty | {node.key() for node in self._cycles(before)}

    def _cycles(self, before: Instant, units: frozenset[str] | None = None) -> Iterator[Node]:
        """Yield the duties (of these units) whose cycle has ended since `before`."""
        locality = self.state.locality
        for slug, binding in locality.bindings.items():
            bench = self._bench(self._library(slug, binding.revision))
            yield from cycles_ended(bench, before, locality.tick, units)

    def _all_of(self, scheme: str) -> list[str]:
        """Return all nodes of a scheme."""
        return self.state.keys_with_prefix(f"{scheme}\n")

    def _publish(self, seq: int, entry: Published) -> set[str]:
        """A new revision judges everything that is not in a closed period, afresh."""
        bound = self.state.locality.bindings.get(entry.scheme)
        since = entry.at if bound is None else bound.since
        self.state.bind(Binding(entry.scheme, entry.revision, seq, since))
        routed: dict[str, set[int]] = {}
        skipped = set(self.state.locality.skipped)
        for place, old in self.state.events(seq):
            if place not in skipped:
                for key in self._readers(place, old, seq):
                    routed.setdefault(key, set()).add(place)
        known = {*self._all_of(entry.scheme), *self._all_of("")}
        mine = {key for key in routed if parse_node(key).scheme in (entry.scheme, "")}
        mine |= {node.key() for node in self._cycles(0) if node.scheme == entry.scheme}
        mine |= self._sequences(entry.scheme)
        dirty = {k for k in known | mine if self._routing.frozen(parse_node(k)) is None}
        for key in sorted(dirty):
            self._put_inputs(self.state.node(key), tuple(sorted(routed.get(key, ()))))
        return dirty | self._rehome(self._library(entry.scheme, entry.revision), dirty)

    def _rehome(self, scheme: Scheme, keys: Iterable[str]) -> set[str]:
        """Hand what has been decided to the nodes that decide it under a new revision.

        A slot goes on counting its versions wherever it is judged.
        """
        homes: set[str] = set()
        for key in sorted(keys):
            node = self.state.node(key)
            for slot, standing in node.slots.items():
                home = self._routing.home_of(scheme, parse_node(key), slot).key()
                if home == key:
                    continue
                stay = self.state.node(key)
                self.state.put(
                    replace(stay, slots={s: v for s, v in stay.slots.items() if s != slot})
                )
                there = self.state.node(home)
                self.state.put(replace(there, slots={**there.slots, slot: standing}))
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

    def _close(self, seq: int, entry: Closed) -> set[str]:
        locality = self.state.locality
        binding = locality.bindings.get(entry.scheme)
        closes = locality.closes.get(entry.scheme, {})
        if binding is None or entry.period in closes:
            return set()
        closed = {**closes, entry.period: (seq, binding.revision, locality.tick)}
        self.state.locality = replace(locality, closes={**locality.closes, entry.scheme: closed})
        scheme = self._library(entry.scheme, binding.revision)
        kind = cal.period_kind(entry.period)
        start, end = cal.period_bounds(scheme.timezone, entry.period)
        dirty: set[str] = set()
        for score in scheme.scores:
            if score.period != kind:
                continue
            prefix = "\n".join((scheme.slug, "score", score.id, entry.period, ""))
            dirty.update(self.state.keys_with_prefix(prefix))
            for unit in self._records.as_of(seq)[0].of_types(score.units, start, end):
                dirty.add(score_node(scheme.slug, score.id, entry.period, unit.id).key())
            dirty.add(list_node(scheme.slug, score.id, entry.period).key())
        for indicator in scheme.indicators:
            if indicator.period == kind:
                prefix = "\n".join((scheme.slug, "indicator", indicator.id, entry.period, ""))
                dirty.update(self.state.keys_with_prefix(prefix))
                for unit in self._records.as_of(seq)[0].of_types(indicator.units, start, end):
                    node = indicator_node(scheme.slug, indicator.id, entry.period, unit.id)
                    dirty.add(node.key())
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
        return self._settle(seq, keys)

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
            self._put_inputs(node, inputs)
        return True

    def _put_inputs(self, node: NodeState, inputs: tuple[int, ...]) -> None:
        unit, period = self._routing.described(node.key, inputs)
        after = replace(node, inputs=inputs, unit=unit, period=period)
        if after != node:
            self.state.put(after)

    # ── judging ──

    def _settle(self, seq: int, dirty: Iterable[str]) -> list[Decision]:
        """Judge the nodes, lowest stage first; what they feed is judged after them."""
        decisions: list[Decision] = []
        if not self.state.locality.bindings:
            return decisions  # nothing judges yet: the first publication reads the whole log
        queue = [(self._stage(key), key) for key in set(dirty)]
        heapq.heapify(queue)
        done: set[str] = set()
        while queue:
            place, key = heapq.heappop(queue)
            if key in done:
                continue
            done.add(key)
            for target in self._judge(seq, key, decisions):
                later = self._stage(target)
                if later <= place:
                    raise RuntimeError(f"{key} feeds {target}, which was settled before it")
                heapq.heappush(queue, (later, target))
        return decisions

    def _stage(self, key: str) -> tuple[int, int, str]:
        node = parse_node(key)
        return stage(node, self._routing.governing(node))

    def _judge(self, seq: int, key: str, decisions: list[Decision]) -> list[str]:
        """Judge one node, record the difference, and return the nodes whose feeds changed."""
        node = parse_node(key)
        known = self.state.node(key)
        scheme = self._routing.governing(node)
        judged = Judgement()
        if defines(scheme, node):
            judged = judge(self._bench(scheme), node, self._inputs(scheme, known))
        slots = self._emit(seq, known, judged, decisions)
        targets = {target.key(): feeds for target, feeds in judged.feeds.items()}
        changed = [t for t, feeds in sorted(targets.items()) if self.state.put_feed(t, key, feeds)]
        changed += [
            t for t in known.targets if t not in targets and self.state.put_feed(t, key, ())
        ]
        unit = known.unit or unit_of(node)
        after = replace(
            known, unit=unit, slots=slots, targets=tuple(sorted(targets)), wake_at=judged.wake_at
        )
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
        return Inputs([scheme.read(event) for event in events], acts, fed, coded)

    def view(self, node: Node) -> tuple[Bench, Inputs]:
        """Return the bench and inputs of a node, to read.

        Raises:
            KeyError: the locality does not use the scheme.
        """
        scheme = self._routing.governing(node)
        return self._bench(scheme), self._inputs(scheme, self.state.node(node.key()))

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

    @property
    def registry(self) -> Registry:
        """The units of the locality, as known now."""
        return self._records.as_of(FOREVER)[0]

    def _bench(self, scheme: Scheme) -> Bench:
        locality = self.state.locality
        since = locality.bindings[scheme.slug].since
        closes = locality.closes_of(scheme.slug)
        context = Context(locality.tick, self._records, closes, since)
        return Bench(scheme, context, self._chainer)

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
                    slots[slot] = self._decide(seq, known.key, "revoke", gone, standing, decisions)
                continue
            essence = content.essence()
            if standing is None or not standing.holds:
                slots[slot] = self._decide(seq, known.key, "issue", content, standing, decisions)
            elif standing.essence != essence:
                slots[slot] = self._decide(
                    seq, known.key, "supersede", content, standing, decisions
                )
        return slots

    def _decide(
        self, seq: int, node: str, change: Change, content: Content, before: Standing | None,
        decisions: list[Decision],
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
        return Standing(version, content.essence(), decision.id, change != "revoke")


def _may_move(event: Event) -> bool:
    """Return whether an event can change which unit or month a node belongs to."""
    return isinstance(event.payload, IssueFound | EventWithdrawn)
