"""One period of a locality as it looks from two points: what had occurred, and what was known.

An open period is read as if it were closed now: each unit as the close would leave it. What other
figures would tell it at that close is judged for the purpose; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import FOREVER, Close, Context, Records, Unit
from envrules.engine.evaluate import judge
from envrules.engine.judging import (
    AT_THE_CLOSE,
    Bench,
    Feed,
    Inputs,
    Judgement,
    freezes,
)
from envrules.engine.nodes import Node, indicator_node, parse_node, score_node
from envrules.engine.projection import Projection
from envrules.kinds.indicators import CountedBands
from envrules.model.base import Instant
from envrules.model.events import AppealDecided, AppealFiled, Event, EventWithdrawn

_OF_A_PERIOD = frozenset({"score", "indicator"})
"""Kinds of nodes that a close settles."""
_TELLS = frozenset({"issue", "recurrence", "score"})
"""Kinds of nodes that tell a score what its close freezes."""


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
        self._judgements: dict[Node, Judgement] = {}

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
            records = Records(e for e in known.records.events if e.seq <= last)
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
            closes[period] = Close(period, FOREVER, bench.scheme.revision, known.now)
        context = Context(known.now, records, closes, known.since)
        return replace(bench, context=context), events

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
        feeds: dict[str, Sequence[Feed]] = dict(stored)
        past = self._known_at is not None
        if node.kind not in _OF_A_PERIOD:
            return {
                source.key(): self._judged(source).feeds.get(node, ())
                for source in self._sources_of(stored)
            }
        is_open = bench.context.closes[node.parts[1]].seq == FOREVER
        if past:  # figures are judged anew
            feeds = {source: [f for f in fed if freezes(f)] for source, fed in feeds.items()}
        for source in self._sources(node, bench):
            if past or (is_open and source.parts[1] == self._period):
                feeds[source.key()] = self._judged(source).feeds.get(node, ())
        if is_open:
            for source in self._sources_of(stored):
                if source.kind in _TELLS and self._is_cut(source):
                    key, fresh = source.key(), self._judged(source).feeds.get(node, ())
                    figures = [f for f in feeds.get(key, ()) if not freezes(f)]
                    feeds[key] = [*figures, *(f for f in fresh if freezes(f))]
            feeds[AT_THE_CLOSE] = Inputs(feeds=feeds).told(closed=False)
        return feeds

    def _is_cut(self, node: Node) -> bool:
        """Return whether something that the node rests on had not occurred, or was not known."""
        _, inputs = self._projection.view(node)
        return any(
            (self._known_at is not None and event.seq > self._known_at)
            or (self._as_of is not None and event.occurred_at > self._as_of)
            for event in inputs.events
        ) or any(map(self._is_cut, self._sources_of(inputs.feeds)))

    @staticmethod
    def _sources_of(feeds: Mapping[str, Sequence[Feed]]) -> list[Node]:
        """Return the nodes that feed a node now."""
        return [parse_node(key) for key in feeds if key != AT_THE_CLOSE]

    def _judged(self, node: Node) -> Judgement:
        if node not in self._judgements:
            bench, events = self._seen(node)
            inputs = Inputs(events, (), self._feeds(node, bench))
            self._judgements[node] = judge(bench, node, inputs)
        return self._judgements[node]

    def _sources(self, node: Node, bench: Bench) -> Iterator[Node]:
        """Yield the figures that feed this one: its parts, its earlier periods, units below it."""
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
