"""One period of a locality as it looks from two points: what had occurred, and what was known.

An open period is read as if it were closed now: each unit as the close would leave it. What other
figures would tell it at that close is judged for the purpose; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import Close, Context, Records
from envrules.engine.evaluate import judge
from envrules.engine.judging import (
    AT_THE_CLOSE,
    Bench,
    ChargedFeed,
    CountFeed,
    Feed,
    Inputs,
    RectifiedFeed,
    RecurredFeed,
    freezes,
)
from envrules.engine.nodes import (
    Node,
    duty_node,
    indicator_node,
    issue_node,
    parse_node,
    score_node,
)
from envrules.engine.projection import Projection
from envrules.engine.registry import FOREVER, Unit
from envrules.kinds.indicators import CountedBands, CountedDuties, CountedIssues
from envrules.model.base import Instant
from envrules.model.events import AppealDecided, AppealFiled, Event, EventWithdrawn

_OF_A_PERIOD = frozenset({"score", "indicator"})
"""Kinds of nodes that a close settles."""
_AT_ONCE, _KEPT = 500, 2000
"""Nodes that are read at once, and kept of those that were: a month has a city's issues."""
_TELLS = frozenset({"issue", "recurrence", "duty", "score"})
"""Kinds of nodes that tell a figure what its close freezes."""


class View:
    """What the units of a locality stand at in one period; see `standings` for the arguments.

    What issues and recurrences told an open period is judged anew where something has to be left
    out. One that tells nothing any more, because it was withdrawn since, is not brought back.
    """

    def __init__(
        self, projection: Projection, scheme: str, period: str, as_of: Instant | None,
        known_at: int | None,
    ) -> None:  # fmt: skip
        self._projection, self._scheme, self._period = projection, scheme, period
        self._as_of, self._known_at = as_of, known_at
        tick = projection.state.locality.tick
        known = tick if known_at is None else projection.time_at(known_at)
        self._now = known if as_of is None else min(known, as_of)
        self._is_past = known_at is not None or self._now < tick
        self._told: dict[Node, Mapping[Node, Sequence[Feed]]] = {}
        """What nodes that were judged anew tell: of a city's issues there is no room for more."""

    def bench(self, score: str) -> Bench:
        """Return the rules and the context that judge the score."""
        return self._seen(self._node(score, ""))[0]

    def units(self, score: str) -> list[Unit]:
        """Return the units that the score is about in the period."""
        bench = self.bench(score)
        registry = bench.context.as_of(bench.context.closes[self._period].seq)[0]
        bounds = cal.period_bounds(bench.scheme.timezone, self._period)
        return registry.of_types(bench.scheme.score(score).units, *bounds)

    def account(self, score: str, unit: str) -> Account:
        """Return a unit's account in the period."""
        node = self._node(score, unit)
        bench, events = self._seen(node)
        inputs = Inputs(events, (), self._feeds(node, bench))
        cut = bench.context.closes[self._period].seq
        return account_for(bench, bench.scheme.score(score), self._period, unit, inputs, cut)

    def _node(self, score: str, unit: str) -> Node:
        return score_node(self._scheme, score, self._period, unit)

    # ── bench and events ──

    def _seen(self, node: Node) -> tuple[Bench, list[Event]]:
        """Return a node's bench and the events that count for it; its period is closed there."""
        bench, inputs = self._projection.view(node)
        known, events = bench.context, list(inputs.events)
        records, closes, last = known.records, known.closes, self._known_at
        if last is not None:
            records = self._records_then
            closes = {p: close for p, close in closes.items() if close.seq <= last}
            events = [e for e in events if e.seq <= last]
        period = node.parts[1] if node.kind in _OF_A_PERIOD else ""
        if period not in closes:
            events = [e for e in events if self._has_occurred(e, events)]
        if period and period not in closes:
            zone, as_of = bench.scheme.timezone, self._as_of
            closes = {
                p: close for p, close in closes.items()
                if as_of is None or cal.period_bounds(zone, p)[1] <= as_of
            }  # fmt: skip
            closes[period] = Close(period, FOREVER, bench.scheme.revision, self._now)
        context = Context(self._now, records, closes, known.since)
        return replace(bench, context=context), events

    @cached_property
    def _records_then(self) -> Records:
        """Unit and exemption events that were known; the very records there are if all were."""
        records, last = self._projection.records(), self._known_at
        known = [e for e in records.events if last is None or e.seq <= last]
        return records if len(known) == len(records.events) else Records(known)

    def _has_occurred(self, event: Event, among: Sequence[Event]) -> bool:
        if self._as_of is None or event.occurred_at <= self._as_of:
            return True
        if isinstance(event.payload, AppealFiled):
            own = event.payload.appeal
            return any(
                isinstance(e.payload, AppealDecided) and e.payload.appeal == own for e in among
            )
        return isinstance(event.payload, EventWithdrawn | AppealDecided)

    # ── what it is told ──

    def _feeds(self, node: Node, bench: Bench) -> Mapping[str, Sequence[Feed]]:
        """Return what the node would find at the close of its period, or found there."""
        stored = self._projection.view(node)[1].feeds
        feeds: dict[str, Sequence[Feed]] = {}
        sources = self._sources_of(stored)
        for first in range(0, len(sources), _AT_ONCE):
            some = sources[first : first + _AT_ONCE]
            self._look_up(some)
            feeds |= {s.key(): self._fed(node, s, stored[s.key()]) for s in some}
        if node.kind not in _OF_A_PERIOD:
            return feeds
        is_open = bench.context.closes[node.parts[1]].seq == FOREVER
        figures = list(self._figures_in(node, bench))
        if self._known_at is not None:
            self._projection.state.load_nodes(source.key() for source in figures)
        for source in figures:
            if self._is_as_then(source, bench):
                feeds[source.key()] = stored.get(source.key(), ())
            elif self._known_at is not None or (is_open and source.parts[1] == self._period):
                feeds[source.key()] = self._tells(source).get(node, ())
        frozen = stored.get(AT_THE_CLOSE)
        if not is_open:
            return feeds if frozen is None else {**feeds, AT_THE_CLOSE: frozen}
        told = Inputs(feeds=feeds).told(closed=False)
        feeds[AT_THE_CLOSE] = told if frozen is None else self._told_then(node, stored)
        return feeds

    def _look_up(self, nodes: Sequence[Node]) -> None:
        """Read nodes at once if they will be looked at; of those read before a few are kept."""
        state = self._projection.state
        if self._is_past or self._as_of is not None:
            state.forget(_KEPT)
            state.load(node.key() for node in nodes)

    def _is_as_then(self, figure: Node, bench: Bench) -> bool:
        """Return whether nothing has reached a figure since `known_at`, with its period closed then.

        It still tells what it told: there may be years of them, and few are late.
        """
        last, state = self._known_at, self._projection.state
        close = bench.context.closes.get(figure.parts[1])
        if last is None or close is None or close.seq == FOREVER:
            return False
        if bench.context.records is not self._projection.records():
            return False  # some unit has changed since
        key = figure.key()
        if any(place > last for place in state.node(key).inputs[-1:]):
            return False
        sources = [parse_node(fed) for fed in state.payloads(key) if fed != AT_THE_CLOSE]
        return all(s.kind in _OF_A_PERIOD and self._is_as_then(s, bench) for s in sources)

    def _fed(self, node: Node, source: Node, fed: Sequence[Feed]) -> Sequence[Feed]:
        """Return what a source feeds a node, as far as it had occurred and was known.

        Figures of a past reading are not among it: those that were known then are judged anew.
        """
        known = fed
        if source.kind in _TELLS and self._is_cut(source):
            known = self._tells(source).get(node, ())
        if source.kind not in _OF_A_PERIOD:
            return known
        figures = [] if self._known_at is not None else [f for f in fed if not freezes(f)]
        return [*figures, *(f for f in known if freezes(f))]

    def _told_then(self, node: Node, stored: Mapping[str, Sequence[Feed]]) -> list[Feed]:
        """Return what had been told of a period that was still open then and is closed now."""
        told: list[Feed] = []
        tellers = {source for source in self._sources_of(stored) if source.kind in _TELLS}
        for feed in stored[AT_THE_CLOSE]:
            named = self._tellers_of(node, feed)
            tellers |= named
            if not named:
                told.append(feed)
        for teller in sorted(tellers):
            told += [f for f in self._tells(teller).get(node, ()) if freezes(f)]
        return told

    def _tellers_of(self, node: Node, feed: Feed) -> set[Node]:
        """Return who told what a close has kept, where that can be judged anew."""
        scheme, slug = self._projection.view(node)[0].scheme, node.scheme
        match feed:
            case RectifiedFeed():
                return {issue_node(slug, feed.issue)}
            case ChargedFeed():
                return {score_node(slug, node.parts[0], feed.period, node.parts[2])}
            case RecurredFeed() if feed.because is not None:
                issue = issue_node(slug, feed.because.subject.removeprefix("issue:"))
                return {n for n in self._tells(issue) if n.kind == "recurrence"} or {issue}
            case CountFeed():
                origin = scheme.indicator(node.parts[0]).origin
                if isinstance(origin, CountedIssues):
                    return {issue_node(slug, feed.counted.id)}
                if isinstance(origin, CountedDuties):
                    unit, _, cycle = feed.counted.id.rpartition("/")
                    return {duty_node(slug, origin.duty, cycle, unit)}
                return set()
            case _:
                return set()

    def _is_cut(self, node: Node) -> bool:
        """Return whether the node may have looked otherwise: earlier, with less that was known."""
        if self._is_past or self._as_of is None:
            return self._is_past
        _, inputs = self._projection.view(node)
        if any(event.occurred_at > self._as_of for event in inputs.events):
            return True
        return any(map(self._is_cut, self._sources_of(inputs.feeds)))

    @staticmethod
    def _sources_of(feeds: Mapping[str, Sequence[Feed]]) -> list[Node]:
        """Return the nodes that feed a node now."""
        return [parse_node(key) for key in feeds if key != AT_THE_CLOSE]

    def _tells(self, node: Node) -> Mapping[Node, Sequence[Feed]]:
        """Return what a node that is judged anew feeds others."""
        if node not in self._told:
            bench, events = self._seen(node)
            inputs = Inputs(events, (), self._feeds(node, bench))
            self._told[node] = judge(bench, node, inputs).feeds
        return self._told[node]

    def _figures_in(self, node: Node, bench: Bench) -> Iterator[Node]:
        """Yield the figures that this one reads: its parts, its earlier periods, units below it."""
        scheme, (name, period, unit) = bench.scheme, node.parts
        if node.kind == "indicator":
            origin = scheme.indicator(name).origin
            if isinstance(origin, CountedBands):
                start, end = cal.period_bounds(scheme.timezone, period)
                registry = bench.context.as_of(bench.context.closes[period].seq)[0]
                for below in registry.of_types(origin.units, start, end):
                    yield score_node(scheme.slug, origin.score, period, below.id)
            return
        score, kind = scheme.score(name), cal.period_kind(period)
        for closed in sorted(bench.context.closes):
            if cal.period_kind(closed) == kind and closed < period:
                yield score_node(scheme.slug, name, closed, unit)
        for part in map(scheme.score, sorted(score.parts)):
            for inside in cal.sub_periods(period, part.period):
                if inside in bench.context.closes:
                    yield score_node(scheme.slug, part.id, inside, unit)
        if score.indicator:
            yield indicator_node(scheme.slug, score.indicator, period, unit)
