"""Recompute what holds from a whole log at once, without any of the incremental bookkeeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.engine.context import CONTEXT_PAYLOADS, Close, Context, Records, live
from envrules.engine.duty import cycles_ended
from envrules.engine.evaluate import judge
from envrules.engine.judging import AT_THE_CLOSE, Bench, Feed, Inputs, freezes
from envrules.engine.nodes import (
    Node,
    consequence_home,
    defines,
    event_node,
    indicator_node,
    issue_node,
    list_node,
    parse_node,
    recurrence_node,
    score_node,
    sequence_node,
    stage,
)
from envrules.engine.readers import charged_unit, nodes_of, target_of
from envrules.engine.routing import OUT_MOVES, Library
from envrules.model.decisions import Content
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import Event, IssueFound, IssueMoved, order_key
from envrules.ruleset.compile import Scheme

CHAINER = Chainer()
Feeds = dict[Node, dict[str, list[Feed]]]


def recompute(entries: Sequence[Entry], library: Library) -> dict[str, Content]:
    """Return slot key → content for everything that holds after the last entry."""
    return _recompute(_numbered(entries), library, {})[0]


def _recompute(
    log: Sequence[tuple[int, Entry]], library: Library, told: dict[int, Feeds]
) -> tuple[dict[str, Content], Feeds]:
    """`told` keeps what was told before each close, which every later place asks for again."""
    tick, bindings, closes = _settings(log)
    events = [e.event for _, e in log if isinstance(e, Arrived)]
    by_id = {event.id: event for event in events}
    about = {event.id: _root(event, by_id) for event in events}
    records = Records(
        e for e in events
        if (root := about[e.id]) is not None and isinstance(root.payload, CONTEXT_PAYLOADS)
    )  # fmt: skip
    court = _Court(library, bindings, closes, tick, records, _since(log))
    inputs: dict[Node, list[Event]] = {}
    named = {e.event.id: e for _, e in log if isinstance(e, Arrived) and e.node}
    disputes = {e.id: _appeal_against_decision(e, by_id) for e in events}
    for event in events:
        appeal = disputes[event.id]
        if appeal is None or appeal.id not in named:
            for node in court.readers(event, about[event.id]):
                inputs.setdefault(node, []).append(event)
    for event in events:  # a finding is not judged without the moves that take its issue out
        payload = event.payload
        if isinstance(payload, IssueMoved) and payload.move in OUT_MOVES:
            for found in events:
                if isinstance(found.payload, IssueFound) and found.payload.issue == payload.issue:
                    for node in court.readers(found, found):
                        if node.kind != "issue":
                            inputs[node].append(event)
    court.months = {
        node: _month(court, node, seen) for node, seen in inputs.items() if node.kind == "issue"
    }
    for event in events:
        appeal = disputes[event.id]
        if appeal is not None and appeal.id in named:
            filed = named[appeal.id]
            home = court.decides(parse_node(filed.node), target_of(appeal.payload), by_id)
            for node in {home, *(issue_node(home.scheme, i) for i in filed.issues)}:
                inputs.setdefault(node, []).append(event)
    acts: dict[Node, list[Act]] = {}
    for _, entry in log:
        if isinstance(entry, Act) and entry.node:
            home = parse_node(entry.node)
            if entry.slot is not None:
                home = court.decides(home, entry.slot.key(), by_id)
            for node in {home, *(issue_node(home.scheme, i) for i in entry.issues)}:
                acts.setdefault(node, []).append(entry)
    nodes = {*inputs, *acts, *court.owed()}
    return court.settle(nodes, inputs, acts, _bars_at_closes(log, library, closes, told))


def _bars_at_closes(
    log: Sequence[tuple[int, Entry]], library: Library, closes: dict[str, dict[str, Close]],
    known: dict[int, Feeds],
) -> Feeds:  # fmt: skip
    """Return what issues and slips had told figures and lists when their period was closed."""
    frozen: Feeds = {}
    for slug, periods in closes.items():
        for close in periods.values():
            if close.seq not in known:
                before = [e for e in log if e[0] < close.seq]
                known[close.seq] = _recompute(before, library, known)[1]
            for node, sources in known[close.seq].items():
                kinds = ("list", "score", "indicator")
                if node.kind in kinds and node.scheme == slug and node.parts[1] == close.period:
                    told = [
                        feed for _, items in sorted(sources.items()) for feed in items
                        if freezes(feed)
                    ]  # fmt: skip
                    frozen[node] = {AT_THE_CLOSE: told} if told else {}
    return frozen


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
            entry = replace(entry, event=replace(entry.event, seq=seq))
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


def _root(event: Event, by_id: dict[str, Event]) -> Event | None:
    """Return what an event is about in the end, if that is in the log."""
    seen: set[str] = set()
    while target := target_of(event.payload):
        if target in seen or target not in by_id:
            return None
        seen.add(target)
        event = by_id[target]
    return event


def _appeal_against_decision(event: Event, by_id: dict[str, Event]) -> Event | None:
    """Return the appeal against a decision that an event is, or is about in the end."""
    seen: set[str] = set()
    while (target := target_of(event.payload)) and target not in seen:
        if "\n" in target:
            return event
        if target not in by_id:
            return None
        seen.add(target)
        event = by_id[target]
    return None


def _since(log: Sequence[tuple[int, Entry]]) -> dict[str, int]:
    """Return when each scheme was first bound."""
    since: dict[str, int] = {}
    for _, entry in log:
        if isinstance(entry, Published):
            since.setdefault(entry.scheme, entry.at)
    return since


def _month(court: _Court, node: Node, seen: Sequence[Event]) -> str:
    found = [e for e in live(seen) if isinstance(e.payload, IssueFound)]
    if not found:
        return ""
    zone = court.library(node.scheme, court.bindings[node.scheme]).timezone
    return cal.period_of(zone, min(found, key=order_key).occurred_at, "month")


class _Court:
    """The locality at the end of its log."""

    def __init__(
        self, library: Library, bindings: dict[str, str], closes: dict[str, dict[str, Close]],
        tick: int, records: Records, since: dict[str, int],
    ) -> None:  # fmt: skip
        self.library, self.bindings, self.closes = library, bindings, closes
        self.tick, self.records, self.since = tick, records, since
        self.months: dict[Node, str] = {}

    def revision(self, node: Node) -> str:
        """The revision frozen with the node's period, else the one in force."""
        period = {
            "issue": self.months.get(node, ""), "event": "", "slip": node.parts[-1][:7],
        }.get(node.kind) or (node.parts[1] if len(node.parts) > 1 else "")  # fmt: skip
        closes = self.closes.get(self.slug(node), {})
        if node.kind == "duty" and cal.period_kind(period) in ("day", "week"):
            period = cal.period_around(period, "month")
        close = closes.get(period)
        return close.revision if close else self.bindings[self.slug(node)]

    def decides(self, node: Node, slot: str, by_id: Mapping[str, Event]) -> Node:
        """Return the node that decides a slot today, where it was once decided by `node`."""
        if node.kind == "consequence":
            return consequence_home(self.library(node.scheme, self.revision(node)), node, slot)
        found = by_id.get(slot.rpartition("\n")[2])
        if node.kind != "recurrence" or found is None or not isinstance(found.payload, IssueFound):
            return node
        home = issue_node(node.scheme, found.payload.issue)
        scheme = self.library(node.scheme, self.revision(home))
        payload = scheme.read(found).payload
        assert isinstance(payload, IssueFound)
        for item in scheme.recurrences:
            key = item.key_of(payload, charged_unit(scheme, payload))
            if item.id == node.parts[0] and key is not None:
                return recurrence_node(node.scheme, item.id, key)
        return node

    def slug(self, node: Node) -> str:
        """The scheme that judges the node."""
        return node.scheme or min(self.bindings)

    def readers(self, event: Event, root: Event | None) -> list[Node]:
        if root is None:
            return [event_node(event.id)]
        if isinstance(root.payload, CONTEXT_PAYLOADS):
            return []
        nodes = []
        for slug, current in self.bindings.items():
            for revision in {current, *(c.revision for c in self.closes.get(slug, {}).values())}:
                scheme = self.library(slug, revision)
                nodes += [
                    node for node in nodes_of(scheme, scheme.read(root))
                    if node.kind == "issue" or self.revision(node) == revision
                ]  # fmt: skip
        return list(dict.fromkeys(nodes)) or [event_node(root.id)]

    def bench(self, slug: str, revision: str) -> Bench:
        context = Context(self.tick, self.records, self.closes.get(slug, {}), self.since[slug])
        return Bench(self.library(slug, revision), context, CHAINER, partial(self.rules, slug))

    def rules(self, slug: str, period: str) -> Scheme:
        """The rules that judge a period."""
        close = self.closes.get(slug, {}).get(period)
        return self.library(slug, close.revision if close else self.bindings[slug])

    def owed(self) -> set[Node]:
        """Nodes that hold something without any event: closed scores, lists, ended cycles."""
        nodes: set[Node] = set()
        for slug, revision in self.bindings.items():
            bench = self.bench(slug, revision)
            for rules in {revision, *(c.revision for c in self.closes.get(slug, {}).values())}:
                ended = cycles_ended(self.bench(slug, rules), 0, self.tick)
                nodes.update(node for node in ended if self.revision(node) == rules)
            for period, close in self.closes.get(slug, {}).items():
                scheme = self.library(slug, close.revision)
                start, end = cal.period_bounds(scheme.timezone, period)
                for score in scheme.scores:
                    if score.period == cal.period_kind(period):
                        units = self.records.as_of(close.seq)[0].of_types(score.units, start, end)
                        nodes.update(score_node(slug, score.id, period, u.id) for u in units)
                        nodes.add(list_node(slug, score.id, period))
                for item in scheme.indicators:
                    if item.period == cal.period_kind(period):
                        units = self.records.as_of(close.seq)[0].of_types(item.units, start, end)
                        nodes.update(indicator_node(slug, item.id, period, u.id) for u in units)
            nodes.update(sequence_node(slug, s.id) for s in bench.scheme.sequences)
        return nodes

    def settle(
        self, nodes: set[Node], inputs: dict[Node, list[Event]], acts: dict[Node, list[Act]],
        feeds: Feeds,
    ) -> tuple[dict[str, Content], Feeds]:  # fmt: skip
        """Judge every node once, lowest stage first."""
        contents: dict[str, Content] = {}
        waiting = set(nodes)
        while waiting:
            node = min(
                waiting,
                key=lambda n: (*stage(n, self.library(self.slug(n), self.revision(n))), n.key()),
            )
            waiting.remove(node)
            bench = self.bench(self.slug(node), self.revision(node))
            if not defines(bench.scheme, node):
                continue
            events, codes = inputs.get(node, ()), bench.scheme.codes
            given = Inputs(
                [bench.scheme.read(event) for event in events], acts.get(node, ()),
                feeds.get(node, {}), codes.how(events) if codes is not None else {},
            )  # fmt: skip
            judged = judge(bench, node, given)
            contents.update({slot.key(): content for slot, content in judged.contents.items()})
            for target, items in judged.feeds.items():
                feeds.setdefault(target, {})[node.key()] = items
                waiting.add(target)
        return contents, feeds
