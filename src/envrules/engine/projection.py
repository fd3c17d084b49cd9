"""The projection: one log entry in, the decisions it changes out.

    entry → the nodes that read it → judge each, lowest stage first → difference to what stands

Emitted decisions depend on the log alone: every entry is settled before the next is looked at,
however entries were batched on their way here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.engine.context import CONTEXT_PAYLOADS, Context, Records
from envrules.engine.duty import cycles_ended
from envrules.engine.evaluate import judge
from envrules.engine.judging import AT_THE_CLOSE, Bench, Inputs, Judgement, StandingFeed
from envrules.engine.nodes import (
    UNFED,
    Node,
    charged_unit,
    event_node,
    issue_node,
    list_node,
    nodes_of,
    parse_node,
    score_node,
    stage,
    target_of,
    unit_of,
)
from envrules.engine.state import Binding, NodeState, Standing, State
from envrules.model.base import Instant, canonical_json
from envrules.model.decisions import Change, Content, Decision, decision_id
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    Exemption,
    IssueFound,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
    UnitSplit,
    order_key,
)
from envrules.ruleset.compile import Scheme

Library = Callable[[str, str], Scheme]
"""From scheme and revision to the compiled ruleset."""


class Projection:
    """One locality's projection: applies log entries in order and returns what they decide."""

    def __init__(self, locality: str, state: State, library: Library, chainer: Chainer) -> None:
        self.locality = locality
        self.state = state
        self._library = library
        self._chainer = chainer
        self._records = Records(
            entry.event
            for _, entry in state.entries(state.locality.records)
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

    def apply(self, seq: int, entry: Entry) -> list[Decision]:
        """Apply one log entry and return the decisions it gives rise to, in order."""
        if isinstance(entry, Arrived):
            entry = Arrived(replace(entry.event, seq=seq), entry.by, entry.node)
        self.state.remember(seq, entry)
        dirty: set[str]
        match entry:
            case Arrived():
                dirty = self._arrive(seq, entry)
            case Tick():
                dirty = self._tick(entry)
            case Published():
                dirty = self._publish(seq, entry)
            case Closed():
                dirty = self._close(seq, entry)
            case Act():
                dirty = self._act(seq, entry)
        return self._settle(seq, dirty)

    def _arrive(self, seq: int, entry: Arrived) -> set[str]:
        event = entry.event
        routed = self._route(seq, event)
        if entry.node:
            self._add_input(entry.node, seq)
            routed.add(entry.node)
        dirty = set(routed)
        is_context = isinstance(event.payload, CONTEXT_PAYLOADS)
        if is_context:
            dirty |= self._record(event)
        for reference in self.state.references(event.id, until=seq):
            if is_context:
                self._record(self._event(reference))
            for key in routed:
                self._add_input(key, reference)
        target = target_of(event.payload)
        if target:
            self.state.add_reference(target, seq)
            dirty |= self._refer(seq, event, target)
        return dirty

    def _refer(self, seq: int, event: Event, target: str) -> set[str]:
        """An event about another one is read wherever that one is."""
        about = self.state.event_seq(target)
        if about is None or about > seq:
            return set()
        original = self._event(about)
        if isinstance(original.payload, CONTEXT_PAYLOADS):
            self._record(event)
            return self._concerned(original)
        keys = {node.key() for node in self._nodes_of(original)}
        for key in keys:
            self._add_input(key, seq)
        return keys

    def _record(self, event: Event) -> set[str]:
        """Add an event to what every evaluation knows; return the nodes it may concern."""
        self._records = self._records.with_event(event)
        locality = self.state.locality
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
            return {
                k
                for s in self.state.locality.bindings
                for k in self.state.keys_with_prefix(f"{s}\n")
            }
        keys = {key for unit in units for key in self.state.keys_of_unit(unit)}
        keys |= {node.key() for node in self._cycles(0) if unit_of(node) in units}
        return keys | {
            issue_node(slug, issue).key()
            for slug in self.state.locality.bindings
            for issue in issues
        }

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

    def _cycles(self, before: Instant) -> Iterator[Node]:
        """Yield the duties whose cycle has ended since `before`."""
        locality = self.state.locality
        for slug, binding in locality.bindings.items():
            bench = self._bench(self._library(slug, binding.revision))
            yield from cycles_ended(bench, before, locality.tick)

    def _publish(self, seq: int, entry: Published) -> set[str]:
        """A new revision judges everything that is not in a closed period, afresh."""
        bound = self.state.locality.bindings.get(entry.scheme)
        since = entry.at if bound is None else bound.since
        self.state.bind(Binding(entry.scheme, entry.revision, seq, since))
        routed: dict[str, set[int]] = {}
        for place, old in self.state.events(seq):
            for key in self._readers(place, old):
                if parse_node(key).scheme == entry.scheme or parse_node(key).kind == "event":
                    routed.setdefault(key, set()).add(place)
        prefix = f"{entry.scheme}\n"
        dirty = {*self.state.keys_with_prefix(prefix), *routed}
        for key in dirty:
            node = self.state.node(key)
            inputs = tuple(sorted(routed.get(key, ())))
            if inputs != node.inputs and self._frozen(parse_node(key)) is None:
                self._put_inputs(node, inputs)
        return dirty

    def _readers(self, place: int, entry: Entry) -> set[str]:
        """Return the nodes that read an old log entry under today's bindings."""
        if isinstance(entry, Act):
            return self._act_nodes(entry)
        if not isinstance(entry, Arrived):
            return set()
        event = replace(entry.event, seq=place)
        keys = {node.key() for node in self._nodes_of(event)}
        target = target_of(event.payload)
        about = self.state.event_seq(target) if target else None
        if about is not None:
            keys |= {node.key() for node in self._nodes_of(self._event(about))}
        return keys | ({entry.node} if entry.node else set())

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
            dirty.add(self._freeze_bars(list_node(scheme.slug, score.id, entry.period)))
        return dirty

    def _freeze_bars(self, lists: Node) -> str:
        """Keep what bars units from the lists as it is known now; return the lists' key."""
        key = lists.key()
        bars = [
            feed for _, feeds in sorted(self.state.feeds(key).items()) for feed in feeds
            if isinstance(feed, StandingFeed) and feed.standing.status == "barred"
        ]  # fmt: skip
        self.state.put_feed(key, AT_THE_CLOSE, bars)
        return key

    def _act(self, seq: int, entry: Act) -> set[str]:
        keys = self._act_nodes(entry)
        for key in keys:
            self._add_input(key, seq)
        return keys

    def _act_nodes(self, entry: Act) -> set[str]:
        """An act is read by its decision's node, and by the issues on a slip: it serves the slip."""
        if not entry.node:
            return set()
        scheme = parse_node(entry.node).scheme
        return {entry.node, *(issue_node(scheme, issue).key() for issue in entry.issues)}

    # ── routing ──

    def _route(self, seq: int, event: Event) -> set[str]:
        keys: set[str] = set()
        for node in self._nodes_of(event):
            key = node.key()
            self._add_input(key, seq)
            keys.add(key)
        return keys

    def _nodes_of(self, event: Event) -> list[Node]:
        """Return the nodes of all schemes that read an event.

        A closed period is read by the rules that were frozen with it.
        """
        nodes: list[Node] = []
        for slug, binding in sorted(self.state.locality.bindings.items()):
            closes = self.state.locality.closes.get(slug, {})
            revisions = {binding.revision, *(revision for _, revision, _ in closes.values())}
            for revision in sorted(revisions):
                scheme = self._library(slug, revision)
                nodes += [
                    node for node in nodes_of(scheme, scheme.read(event))
                    if (self._frozen(node) or binding.revision) == revision or node.kind == "issue"
                ]  # fmt: skip
        if nodes or isinstance(event.payload, CONTEXT_PAYLOADS) or target_of(event.payload):
            return list(dict.fromkeys(nodes))
        return [event_node(slug, event.id) for slug in sorted(self.state.locality.bindings)[:1]]

    def _add_input(self, key: str, seq: int) -> bool:
        node = self.state.node(key)
        if seq in node.inputs:
            return False
        self._put_inputs(node, tuple(sorted((*node.inputs, seq))))
        return True

    def _put_inputs(self, node: NodeState, inputs: tuple[int, ...]) -> None:
        unit, period = self._described(node.key, inputs)
        self.state.put(replace(node, inputs=inputs, unit=unit, period=period))

    def _described(self, key: str, inputs: tuple[int, ...]) -> tuple[str, str]:
        """Return the unit that the node depends on and, for an issue, the month it was found in."""
        node = parse_node(key)
        if node.kind != "issue":
            return unit_of(node), ""
        found = [
            entry.event for _, entry in self.state.entries(inputs)
            if isinstance(entry, Arrived) and isinstance(entry.event.payload, IssueFound)
        ]  # fmt: skip
        if not found:
            return "", ""
        first = min(found, key=order_key)
        assert isinstance(first.payload, IssueFound)
        binding = self.state.locality.bindings[node.scheme]
        scheme = self._library(node.scheme, binding.revision)
        month = cal.period_of(scheme.timezone, first.occurred_at, "month")
        return charged_unit(scheme, first.payload), month

    def _event(self, seq: int) -> Event:
        ((_, entry),) = self.state.entries((seq,))
        assert isinstance(entry, Arrived)
        return replace(entry.event, seq=seq)

    # ── judging ──

    def _settle(self, seq: int, dirty: Iterable[str]) -> list[Decision]:
        """Judge the nodes, lowest stage first; what they feed is judged after them."""
        decisions: list[Decision] = []
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
                assert later > place, f"{key} feeds {target}, which was settled before it"
                heapq.heappush(queue, (later, target))
        return decisions

    def _stage(self, key: str) -> tuple[int, int, str]:
        node = parse_node(key)
        return stage(node, self._governing(node))

    def _judge(self, seq: int, key: str, decisions: list[Decision]) -> list[str]:
        """Judge one node, record the difference, and return the nodes whose feeds changed."""
        node = parse_node(key)
        known = self.state.node(key)
        scheme = self._governing(node)
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
            scheme.read(e.event if e.event.seq == seq else replace(e.event, seq=seq))
            for seq, e in entries if isinstance(e, Arrived)
        ]  # fmt: skip
        acts = [entry for _, entry in entries if isinstance(entry, Act)]
        fed = {} if parse_node(node.key).kind in UNFED else self.state.feeds(node.key)
        return Inputs(events, acts, fed)

    def view(self, score: tuple[str, str, str, str]) -> tuple[Bench, Inputs]:
        """Return the bench and inputs of one score node (scheme, score, period, unit), to read.

        Raises:
            KeyError: the locality does not use the scheme.
        """
        node = score_node(*score)
        scheme = self._governing(node)
        return self._bench(scheme), self._inputs(scheme, self.state.node(node.key()))

    def _bench(self, scheme: Scheme) -> Bench:
        locality = self.state.locality
        since = locality.bindings[scheme.slug].since
        closes = locality.closes_of(scheme.slug)
        context = Context(locality.tick, self._records, closes, since)
        return Bench(scheme, context, self._chainer)

    def _governing(self, node: Node) -> Scheme:
        """Return the rules that judge a node: those frozen with its period, else today's."""
        binding = self.state.locality.bindings[node.scheme]
        return self._library(node.scheme, self._frozen(node) or binding.revision)

    def _frozen(self, node: Node) -> str | None:
        """Return the revision frozen by the close of the node's period, if it is closed."""
        closes = self.state.locality.closes.get(node.scheme)
        if not closes:
            return None
        period = _period_of(node) or self.state.node(node.key()).period
        close = closes.get(period)
        if close is None and period.count("-") == 2:
            close = closes.get(period[:7])
        return close[1] if close is not None else None

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


def _period_of(node: Node) -> str:
    """Return the period that a node belongs to, or '' for an issue, whose period is its own."""
    match node.kind:
        case "score" | "list" | "consequence" | "duty":
            return node.parts[1]
        case "slip":
            return node.parts[3]
        case _:
            return ""
