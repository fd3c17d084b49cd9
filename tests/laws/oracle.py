"""Recompute what holds from a whole log at once, without any of the incremental bookkeeping."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.engine.context import CONTEXT_PAYLOADS, Close, Context, Records
from envrules.engine.duty import cycles_ended
from envrules.engine.evaluate import judge
from envrules.engine.judging import Bench, Feed, Inputs
from envrules.engine.nodes import (
    Node,
    event_node,
    issue_node,
    list_node,
    nodes_of,
    parse_node,
    score_node,
    stage,
    target_of,
)
from envrules.engine.projection import Library
from envrules.model.decisions import Content
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import Event, IssueFound, order_key

CHAINER = Chainer()


def recompute(entries: Sequence[Entry], library: Library) -> dict[str, Content]:
    """Return slot key → content for everything that holds after the last entry."""
    log = _numbered(entries)
    tick, bindings, closes = _settings(log)
    events = [e.event for _, e in log if isinstance(e, Arrived)]
    by_id = {event.id: event for event in events}
    records = Records(
        e for e in events
        if isinstance(e.payload, CONTEXT_PAYLOADS)
        or (target_of(e.payload) in by_id
            and isinstance(by_id[target_of(e.payload)].payload, CONTEXT_PAYLOADS))
    )  # fmt: skip
    court = _Court(library, bindings, closes, tick, records)
    inputs: dict[Node, list[Event]] = {}
    for event in events:
        about = by_id.get(target_of(event.payload), event)
        for node in court.readers(about):
            inputs.setdefault(node, []).append(event)
    acts: dict[Node, list[Act]] = {}
    for _, entry in log:
        if isinstance(entry, Act) and entry.node:
            home = parse_node(entry.node)
            for node in {home, *(issue_node(home.scheme, i) for i in entry.issues)}:
                acts.setdefault(node, []).append(entry)
    court.months = {
        node: _month(court, node, seen) for node, seen in inputs.items() if node.kind == "issue"
    }
    nodes = {*inputs, *acts, *court.owed()}
    return court.settle(nodes, inputs, acts)


def _numbered(entries: Sequence[Entry]) -> list[tuple[int, Entry]]:
    """Return the log as stored: each event id once, each entry with its place."""
    log: list[tuple[int, Entry]] = []
    seen: set[str] = set()
    for entry in entries:
        seq = len(log) + 1
        if isinstance(entry, Arrived):
            if entry.event.id in seen:
                continue
            seen.add(entry.event.id)
            entry = Arrived(replace(entry.event, seq=seq), entry.by, entry.node)
        log.append((seq, entry))
    return log


def _settings(
    log: Sequence[tuple[int, Entry]],
) -> tuple[int, dict[str, str], dict[str, dict[str, Close]]]:
    """Return the last tick, the revisions in force, and the closes."""
    tick = 0
    sources: dict[str, int] = {}
    bindings: dict[str, str] = {}
    closes: dict[str, dict[str, Close]] = {}
    for seq, entry in log:
        if isinstance(entry, Tick):
            if entry.source and entry.until is None:
                sources.pop(entry.source, None)
            elif entry.source and entry.until is not None:
                sources[entry.source] = max(entry.until, sources.get(entry.source, entry.until))
            tick = max(tick, min((entry.now, *sources.values())))
        elif isinstance(entry, Published):
            bindings[entry.scheme] = entry.revision
        elif isinstance(entry, Closed) and entry.scheme in bindings:
            close = Close(entry.period, seq, bindings[entry.scheme], tick)
            closes.setdefault(entry.scheme, {}).setdefault(entry.period, close)
    return tick, bindings, closes


def _month(court: _Court, node: Node, seen: Sequence[Event]) -> str:
    found = [e for e in seen if isinstance(e.payload, IssueFound)]
    if not found:
        return ""
    zone = court.library(node.scheme, court.bindings[node.scheme]).timezone
    return cal.period_of(zone, min(found, key=order_key).occurred_at, "month")


class _Court:
    """The locality at the end of its log."""

    def __init__(
        self, library: Library, bindings: dict[str, str], closes: dict[str, dict[str, Close]],
        tick: int, records: Records,
    ) -> None:  # fmt: skip
        self.library, self.bindings, self.closes = library, bindings, closes
        self.tick, self.records = tick, records
        self.months: dict[Node, str] = {}

    def revision(self, node: Node) -> str:
        """The revision frozen with the node's period, else the one in force."""
        period = {
            "issue": self.months.get(node, ""), "event": "", "slip": node.parts[-1][:7],
            "consequence": node.parts[-1],
        }.get(node.kind) or (node.parts[1] if len(node.parts) > 1 else "")  # fmt: skip
        closes = self.closes.get(node.scheme, {})
        close = closes.get(period) or (closes.get(period[:7]) if period.count("-") == 2 else None)
        return close.revision if close else self.bindings[node.scheme]

    def readers(self, event: Event) -> list[Node]:
        nodes = []
        for slug, current in self.bindings.items():
            for revision in {current, *(c.revision for c in self.closes.get(slug, {}).values())}:
                nodes += [
                    node for node in nodes_of(self.library(slug, revision), event)
                    if node.kind == "issue" or self.revision(node) == revision
                ]  # fmt: skip
        if nodes or isinstance(event.payload, CONTEXT_PAYLOADS) or target_of(event.payload):
            return list(dict.fromkeys(nodes))
        return [event_node(min(self.bindings), event.id)]

    def bench(self, slug: str, revision: str) -> Bench:
        context = Context(self.tick, self.records, self.closes.get(slug, {}))
        return Bench(self.library(slug, revision), context, CHAINER)

    def owed(self) -> set[Node]:
        """Nodes that hold something without any event: closed scores, lists, ended cycles."""
        nodes: set[Node] = set()
        for slug, revision in self.bindings.items():
            bench = self.bench(slug, revision)
            nodes.update(cycles_ended(bench, 0, self.tick))
            for period, close in self.closes.get(slug, {}).items():
                scheme = self.library(slug, close.revision)
                start, end = cal.period_bounds(scheme.timezone, period)
                for score in scheme.scores:
                    if score.period == cal.period_kind(period):
                        units = self.records.as_of(close.seq)[0].of_types(score.units, start, end)
                        nodes.update(score_node(slug, score.id, period, u.id) for u in units)
                        nodes.add(list_node(slug, score.id, period))
        return nodes

    def settle(
        self, nodes: set[Node], inputs: dict[Node, list[Event]], acts: dict[Node, list[Act]]
    ) -> dict[str, Content]:
        """Judge every node once, lowest stage first."""
        feeds: dict[Node, dict[str, list[Feed]]] = {}
        contents: dict[str, Content] = {}
        waiting = set(nodes)
        while waiting:
            node = min(
                waiting,
                key=lambda n: (*stage(n, self.library(n.scheme, self.revision(n))), n.key()),
            )
            waiting.remove(node)
            bench = self.bench(node.scheme, self.revision(node))
            given = Inputs(inputs.get(node, ()), acts.get(node, ()), feeds.get(node, {}))
            judged = judge(bench, node, given)
            contents.update({slot.key(): content for slot, content in judged.contents.items()})
            for target, items in judged.feeds.items():
                feeds.setdefault(target, {})[node.key()] = items
                waiting.add(target)
        return contents
