"""Routing: which nodes read which log entries, and by which revision each node is judged.

An event is read where it says itself (`nodes_of`). An event about another one (a withdrawal, an
approval, an appeal) is read where that one is, through any number of steps; until that one has
arrived it waits at a node of its own. Taking an issue out (voided, merged, not filed) is read
wherever its finding is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.context import CONTEXT_PAYLOADS, live
from envrules.engine.kept import NodeState
from envrules.engine.nodes import (
    Node,
    consequence_home,
    event_node,
    issue_node,
    parse_node,
    recurrence_node,
    unit_of,
)
from envrules.engine.readers import charged_unit, is_of_issue_alone, nodes_of, target_of
from envrules.engine.state import State
from envrules.model.entries import Act, Arrived
from envrules.model.events import Event, IssueFound, IssueMoved, order_key
from envrules.ruleset.compile import Scheme

Library = Callable[[str, str], Scheme]
"""From scheme and revision to the compiled ruleset."""

OUT_MOVES = frozenset({"voided", "merged", "not_filed", "called_back"})
"""Moves that take an issue out of judgement, or back into it."""


class Routing:
    """The locality's routes, by the revisions in force and those frozen with closed periods."""

    def __init__(self, state: State, library: Library) -> None:
        self.state, self.library = state, library
        self._used: dict[str, tuple[object, str, list[str]]] = {}
        """Scheme → its closes and revision in force, and the revisions that these come to."""

    # ── revisions ──

    def revisions(self, slug: str) -> list[str]:
        """Return the revisions of a scheme that judge anything: today's and the frozen ones."""
        closes = self.state.locality.closes.get(slug)
        today = self.state.locality.bindings[slug].revision
        known = self._used.get(slug)
        if known is None or known[0] is not closes or known[1] != today:
            used = sorted({today, *(revision for _, revision, _ in (closes or {}).values())})
            known = self._used[slug] = closes, today, used
        return known[2]

    def governing(self, node: Node) -> Scheme:
        """Return the rules that judge a node: those frozen with its period, else today's."""
        binding = self.state.locality.bindings[node.scheme or self.first_scheme()]
        return self.library(binding.scheme, self.frozen(node) or binding.revision)

    def rules(self, slug: str, period: str) -> Scheme:
        """Return the rules that judge a period of a scheme: those frozen with it, else today's."""
        close = self.state.locality.closes.get(slug, {}).get(period)
        revision = close[1] if close is not None else self.state.locality.bindings[slug].revision
        return self.library(slug, revision)

    def first_scheme(self) -> str:
        """Return the scheme in whose name events that no scheme reads are noted."""
        return min(self.state.locality.bindings)

    def frozen(self, node: Node) -> str | None:
        """Return the revision frozen by the close of the node's period, if it is closed."""
        closes = self.state.locality.closes.get(node.scheme)
        if not closes:
            return None
        period = period_of(node) or self.state.node(node.key()).period
        close = closes.get(period) or closes.get(_month_of(period))
        return close[1] if close is not None else None

    # ── events ──

    def event(self, seq: int) -> Event:
        """Return the event at a place of the log."""
        ((_, entry),) = self.state.entries((seq,))
        assert isinstance(entry, Arrived)
        return replace(entry.event, seq=seq)

    def root(self, event: Event, until: int) -> Event | None:
        """Return what the event is about in the end: itself, or None if that has not arrived.

        An appeal against a decision is about no event: it is what a withdrawal of it is about.
        """
        seen: set[str] = set()
        while (target := target_of(event.payload)) and not _is_slot(target):
            place = self.state.event_seq(target)
            if place is None or place > until or target in seen:
                return None
            seen.add(target)
            event = self.event(place)
        return event

    def family(self, event: Event, until: int) -> list[int]:
        """Return the places of the event and of all that is about it, directly or not."""
        places, waiting = [event.seq], [event.id]
        while waiting:
            for place in self.state.references(waiting.pop(), until=until):
                if place not in places:
                    places.append(place)
                    waiting.append(self.event(place).id)
        return places

    def homes(self, event: Event, until: int) -> set[str]:
        """Return the nodes that read an event, knowing the log up to `until`.

        An appeal against a decision is read where that is decided; its log entry names the node.
        """
        root = self.root(event, until)
        if root is not None and isinstance(root.payload, CONTEXT_PAYLOADS):
            return set()
        if root is None:
            return {event_node(event.id).key()}
        slot = target_of(root.payload)
        if _is_slot(slot):
            ((_, entry),) = self.state.entries((root.seq,))
            if isinstance(entry, Arrived) and entry.node:
                return self._decided(entry.node, slot, entry.issues)
            return {event_node(root.id).key()}
        nodes = self.nodes_of(root) or [event_node(root.id)]
        return {node.key() for node in nodes}

    def nodes_of(self, event: Event) -> list[Node]:
        """Return the nodes of all schemes that an event names.

        A closed period is read by the rules that were frozen with it. There may be years of
        revisions, which an event is not read by if it goes to its issue under any of them.
        """
        nodes: list[Node] = []
        for slug, binding in sorted(self.state.locality.bindings.items()):
            plain = self.library(slug, binding.revision).classify is None
            anywhere = plain and is_of_issue_alone(event.payload)
            for revision in [binding.revision] if anywhere else self.revisions(slug):
                scheme = self.library(slug, revision)
                nodes += [
                    node for node in nodes_of(scheme, scheme.read(event))
                    if node.kind == "issue"
                    or (self.frozen(node) or binding.revision) == revision
                ]  # fmt: skip
        return list(dict.fromkeys(nodes))

    def act_homes(self, act: Act) -> set[str]:
        """Return who reads an act: its decision's node, and the issues on a slip it serves."""
        if not act.node:
            return set()
        return self._decided(act.node, act.slot.key() if act.slot else "", act.issues)

    def _decided(self, named: str, slot: str, issues: Iterable[str]) -> set[str]:
        """Return the node that decides a slot today, where the named one once did, and issues."""
        node = parse_node(named)
        home = self.home_of(self.governing(node), node, slot)
        return {home.key(), *(issue_node(node.scheme, issue).key() for issue in issues)}

    def home_of(self, scheme: Scheme, node: Node, slot: str) -> Node:
        """Return the node that decides a slot of `node` under the published rules of a scheme."""
        match node.kind:
            case "consequence":
                return consequence_home(scheme, node, slot)
            case "recurrence":
                return self._recurrence_home(node, slot)
            case _:
                return node

    def _recurrence_home(self, node: Node, slot: str) -> Node:
        """Return where issues are that are now the same as the one whose finding ties the slot."""
        place = self.state.event_seq(slot.rpartition("\n")[2])
        event = self.event(place) if place is not None else None
        if event is None or not isinstance(event.payload, IssueFound):
            return node
        scheme = self.governing(issue_node(node.scheme, event.payload.issue))
        found = scheme.read(event).payload
        assert isinstance(found, IssueFound)
        for item in scheme.recurrences:
            if item.id == node.parts[0]:
                key = item.key_of(found, charged_unit(scheme, found))
                return node if key is None else recurrence_node(scheme.slug, item.id, key)
        return node

    # ── issues taken out ──

    def findings_of(self, move: Event) -> set[str]:
        """Return the nodes that a move that takes an issue out, or back in, concerns elsewhere."""
        payload = move.payload
        if not isinstance(payload, IssueMoved) or payload.move not in OUT_MOVES:
            return set()
        return self.readers_of(payload.issue)

    def readers_of(self, issue: str) -> set[str]:
        """Return the nodes, other than the issue's own, that read its finding."""
        return {
            key for found in self._history(issue) if isinstance(found.payload, IssueFound)
            for key in self._elsewhere(found)
        }  # fmt: skip

    def moves_out(self, found: Event) -> tuple[set[str], list[int]]:
        """Return the nodes beside the issue's own that read a finding, and the moves they need."""
        payload = found.payload
        keys = self._elsewhere(found) if isinstance(payload, IssueFound) else set()
        if not keys or not isinstance(payload, IssueFound):
            return set(), []
        history = self._history(payload.issue)
        return keys, [
            e.seq for e in history
            if isinstance(e.payload, IssueMoved) and e.payload.move in OUT_MOVES
        ]  # fmt: skip

    def _elsewhere(self, found: Event) -> set[str]:
        return {node.key() for node in self.nodes_of(found) if node.kind != "issue"}

    def _history(self, issue: str) -> list[Event]:
        for slug in self.state.locality.bindings:
            inputs = self.state.node(issue_node(slug, issue).key()).inputs
            return [
                replace(entry.event, seq=seq) for seq, entry in self.state.entries(inputs)
                if isinstance(entry, Arrived)
            ]  # fmt: skip
        return []

    # ── what a node depends on ──

    def put_inputs(self, node: NodeState, inputs: tuple[int, ...]) -> None:
        """Keep what a node reads, and which unit and month it belongs to by that."""
        unit, period = self.described(node.key, inputs)
        after = replace(node, inputs=inputs, unit=unit, period=period)
        if after != node:
            self.state.put(after)

    def described(self, key: str, inputs: Iterable[int]) -> tuple[str, str]:
        """Return the unit that the node depends on and, for an issue, the month it was found in."""
        node = parse_node(key)
        if node.kind != "issue":
            return unit_of(node), ""
        events = [
            entry.event for _, entry in self.state.entries(tuple(inputs))
            if isinstance(entry, Arrived)
        ]  # fmt: skip
        found = [e for e in live(events) if isinstance(e.payload, IssueFound)]
        if not found:
            return "", ""
        first = min(found, key=order_key)
        zone = self.rules(node.scheme, "").timezone
        month = cal.period_of(zone, first.occurred_at, "month")
        scheme = self.rules(node.scheme, month)
        payload = scheme.read(first).payload
        assert isinstance(payload, IssueFound)
        return charged_unit(scheme, payload), month


def period_of(node: Node) -> str:
    """Return the period that a node belongs to, or '' for an issue, whose period is its own."""
    match node.kind:
        case "score" | "indicator" | "list" | "consequence" | "duty" | "checklist":
            return node.parts[1]
        case "slip":
            return node.parts[3]
        case _:
            return ""


def _month_of(period: str) -> str:
    """Return the month that a day or a week is part of, with which it is closed; '' for others."""
    short = period and cal.period_kind(period) in ("day", "week")
    return cal.period_around(period, "month") if short else ""


def _is_slot(target: str) -> bool:
    """Return whether an appeal's target is a decision, by its slot, and no event."""
    return "\n" in target
