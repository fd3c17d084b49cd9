"""One period of a locality as it looks from two points: what had occurred, and what was known.

An open period is read as if it were closed now: each unit as the close would leave it. What other
figures would tell it at that close is judged for the purpose; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import FOREVER, Close, Context, Records, Unit
from envrules.engine.evaluate import judge
from envrules.engine.judging import (
    AT_THE_CLOSE,
    Bench,
    ChargedFeed,
    CountFeed,
    Feed,
    Inputs,
    Judgement,
    RectifiedFeed,
    RecurredFeed,
    freezes,
)
from envrules.engine.nodes import Node, indicator_node, score_node
from envrules.engine.projection import Projection
from envrules.kinds.indicators import CountedBands
from envrules.model.base import Instant
from envrules.model.events import AppealDecided, AppealFiled, Event, EventWithdrawn


class View:
    """What the units of a locality stand at in one period; see `standings` for the arguments.

    Of what issues and recurrences tell an open period, what rests on events that had not occurred
    or were not known is left out; what has been taken back since is not brought back.
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
        records, closes = known.records, known.closes
        last, period = self._known_at, node.parts[1]
        if last is not None:
            records = Records(e for e in known.records.events if e.seq <= last)
            closes = {p: close for p, close in closes.items() if close.seq <= last}
            events = [e for e in events if e.seq <= last]
        if period not in closes:
            if self._as_of is not None:
                events = [e for e in events if self._has_occurred(e, events)]
                zone = bench.scheme.timezone
                closes = {
                    p: c for p, c in closes.items() if cal.period_bounds(zone, p)[1] <= self._as_of
                }
            would_be = Close(period, FOREVER, bench.scheme.revision, known.now)
            closes = {**closes, period: would_be}
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
        feeds: dict[str, Sequence[Feed]] = dict(self._projection.view(node)[1].feeds)
        is_open = bench.context.closes[node.parts[1]].seq == FOREVER
        if is_open:
            told = Inputs(feeds=feeds).told(closed=False)
            feeds[AT_THE_CLOSE] = [seen for f in told if (seen := self._seen_feed(f)) is not None]
        past = self._known_at is not None
        if past:  # figures are judged anew
            feeds = {source: [f for f in fed if freezes(f)] for source, fed in feeds.items()}
        for source in self._sources(node, bench):
            if past or (is_open and source.parts[1] == self._period):
                feeds[source.key()] = self._judged(source).feeds.get(node, ())
        return feeds

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

    def _seen_feed(self, feed: Feed) -> Feed | None:
        """Return what was told, as far as what it rests on had occurred and was known."""
        match feed:
            case ChargedFeed():
                events: tuple[str, ...] = (feed.event,)
            case CountFeed():
                events = feed.counted.events
            case RectifiedFeed() | RecurredFeed():
                events = feed.events
            case _:
                return feed
        if all(map(self._is_seen, events)):
            return feed
        if isinstance(feed, RectifiedFeed):
            return msgspec.structs.replace(feed, stopped=None, in_time=False)
        return None

    def _is_seen(self, event_id: str) -> bool:
        if self._as_of is None and self._known_at is None:
            return True
        event = self._projection.event(event_id)
        if event is None:
            return False
        known = self._known_at is None or event.seq <= self._known_at
        return known and (self._as_of is None or event.occurred_at <= self._as_of)
