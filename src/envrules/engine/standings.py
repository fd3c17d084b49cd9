"""What the units of a locality stand at in one score and period, open or closed.

Two clocks. `as_of` leaves out what occurred later, `known_at` what was stored later. A withdrawal
or a decided appeal says what has been true all along: only `known_at` leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import FOREVER, Context, Records, Unit
from envrules.engine.judging import Bench, Feed, Inputs
from envrules.engine.nodes import score_node
from envrules.engine.projection import Projection
from envrules.engine.score import judge_score
from envrules.kinds import lists
from envrules.kinds.lists import Standing
from envrules.model.base import Instant
from envrules.model.events import AppealDecided, AppealFiled, Event, EventWithdrawn

Status = Literal["scored", "not_assessed", "incomplete", "not_participating"]


@dataclass(frozen=True, slots=True)
class Row:
    """One unit's standing, with the account that it rests on."""

    unit: Unit
    title: str
    account: Account
    held: bool
    """An appeal that bears on the figure is pending (申诉中)."""
    partition: str = ""
    """Unit type within which it is ranked; empty where there is one ranking of all."""
    rank: int | None = None
    """Equal figures share a rank (1, 2, 2, 4); None without a figure."""
    ranked: int = 0
    """Units ranked in the partition."""

    @property
    def figure(self) -> Decimal | None:
        """The printed figure, adjustments included, or None."""
        return self.account.figure.printed

    @property
    def status(self) -> Status:
        """Whether there is a figure, and if not, why."""
        return "not_participating" if self.account.not_in else self.account.figure.status

    @property
    def band(self) -> str:
        """Id of the band that the figure falls in; empty without bands or figure."""
        return self.account.band

    @property
    def adjusted(self) -> Decimal:
        """Sum of the corrections of earlier, closed periods that the figure includes."""
        return sum((Decimal(a.points) for a in self.account.adjustments), Decimal(0))


def standings(
    projection: Projection, scheme: str, score: str, period: str, *,
    as_of: Instant | None = None, known_at: int | None = None,
) -> list[Row]:  # fmt: skip
    """Return the units' standings by partition and rank, those without a figure last.

    A period is judged by the rules that govern it today: its frozen ones if it is closed, else
    the published ones. A closed period is read as frozen, whatever `as_of`; with `known_at`
    before its close it is read as it was while open. An open one shows the band and the rank
    that a close would give now.

    Args:
        projection: the locality's projection; it is only read.
        scheme: the scheme's slug.
        score: id of the score in the ruleset.
        period: name of a period of the score's kind, in the scheme's time zone.
        as_of: last instant at which events count; None: no limit.
        known_at: last log entry that is known; None: no limit.

    Raises:
        KeyError: the locality does not use the scheme.
        StopIteration: the scheme has no such score.
        NoValueInForce: a parameter or table has no value on the period's last day.
    """
    view = _View(projection, scheme, as_of, known_at)
    bench = view.bench(score, period)
    start, end = cal.period_bounds(bench.scheme.timezone, period)
    units = bench.context.as_of(view.cut(bench, period))[0].of_types(
        bench.scheme.score(score).units, start, end
    )
    seen_at = end - 1 if as_of is None else min(end - 1, as_of)
    rows = [view.row(score, period, unit, seen_at) for unit in units]
    return _ranked(bench, score, period, rows)


class _View:
    """A projection as it looks from two points: what had occurred, and what was known."""

    def __init__(
        self, projection: Projection, scheme: str, as_of: Instant | None, known_at: int | None
    ) -> None:
        self._projection, self._scheme = projection, scheme
        self._as_of, self._known_at = as_of, known_at
        self._feeds: dict[tuple[str, str, str], Mapping[str, Sequence[Feed]]] = {}

    def bench(self, score: str, period: str, unit: str = "") -> Bench:
        return self._seen(score, period, unit)[0]

    def cut(self, bench: Bench, period: str) -> int:
        """Return the log entry that ends what the period's figure rests on."""
        close = bench.context.closes.get(period)
        return FOREVER if close is None else close.seq

    def row(self, score: str, period: str, unit: Unit, seen_at: Instant) -> Row:
        bench, inputs = self._seen(score, period, unit.id)
        is_open = period not in bench.context.closes
        events = [e for e in inputs.events if not is_open or self._has_occurred(e, inputs.events)]
        feeds = inputs.feeds if self._known_at is None else self._fed(score, period, unit.id)
        if is_open and self._as_of is not None:
            bench = _closed_by(self._as_of, bench)
        account = account_for(
            bench, bench.scheme.score(score), period, unit.id, Inputs(events, (), feeds),
            self.cut(bench, period),
        )  # fmt: skip
        names = bench.context.as_of(self.cut(bench, period))[0]
        return Row(unit, names.title(unit.id, seen_at), account, account.held)

    def _has_occurred(self, event: Event, among: Sequence[Event]) -> bool:
        if self._as_of is None or event.occurred_at <= self._as_of:
            return True
        if isinstance(event.payload, AppealFiled):
            own = event.payload.appeal
            return any(
                isinstance(e.payload, AppealDecided) and e.payload.appeal == own for e in among
            )
        return isinstance(event.payload, EventWithdrawn | AppealDecided)

    def _seen(self, score: str, period: str, unit: str) -> tuple[Bench, Inputs]:
        """Return a score node's bench and events as known at `known_at`."""
        bench, inputs = self._projection.view((self._scheme, score, period, unit))
        last = self._known_at
        if last is None:
            return bench, inputs
        known = bench.context
        records = Records(e for e in known.records.events if e.seq <= last)
        closes = {p: close for p, close in known.closes.items() if close.seq <= last}
        events = [e for e in inputs.events if e.seq <= last]
        context = Context(known.now, records, closes)
        return Bench(bench.scheme, context, bench.chainer), Inputs(events, (), inputs.feeds)

    def _fed(self, score: str, period: str, unit: str) -> Mapping[str, Sequence[Feed]]:
        """Return what other periods of the unit fed this one as known then: by judging them so."""
        key = (score, period, unit)
        if key in self._feeds:
            return self._feeds[key]
        feeds: dict[str, Sequence[Feed]] = {}
        target = score_node(self._scheme, *key)
        for source_score, source_period in self._sources(score, period):
            source = score_node(self._scheme, source_score, source_period, unit)
            bench, inputs = self._seen(source_score, source_period, unit)
            before = self._fed(source_score, source_period, unit)
            judged = judge_score(bench, source, Inputs(inputs.events, (), before))
            if target in judged.feeds:
                feeds[source.key()] = judged.feeds[target]
        self._feeds[key] = feeds
        return feeds

    def _sources(self, score: str, period: str) -> list[tuple[str, str]]:
        """Return the closed periods that may feed this one: earlier ones, and its parts."""
        bench = self.bench(score, period)
        kind, shorter = cal.period_kind(period), bench.scheme.score(score).mean_of
        closed = sorted(bench.context.closes)
        sources = [(score, p) for p in closed if cal.period_kind(p) == kind and p < period]
        if shorter:
            inside = set(cal.sub_periods(period, bench.scheme.score(shorter).period))
            sources += [(shorter, p) for p in closed if p in inside]
        return sources


def _closed_by(as_of: Instant, bench: Bench) -> Bench:
    """Return the bench without the closes of periods that were not over at `as_of`."""
    zone, known = bench.scheme.timezone, bench.context
    closes = {p: c for p, c in known.closes.items() if cal.period_bounds(zone, p)[1] <= as_of}
    return Bench(bench.scheme, Context(known.now, known.records, closes), bench.chainer)


def _ranked(bench: Bench, score: str, period: str, rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their ranks, in the partitions of the score's lists."""
    by_unit = {row.unit.id: row for row in rows}
    figures = [
        Standing(row.unit.id, row.unit.type, row.title, row.status, row.figure) for row in rows
    ]
    rule = next((rule for rule in bench.scheme.lists if rule.of == score), None)
    groups = {"": figures}
    if rule is not None:
        groups = lists.partitions(rule, figures, cal.period_dates(period)[1])
    found: list[Row] = []
    for partition, group in sorted(groups.items()):
        ranked = {r.standing.unit: r for r in lists.rank(group)}
        for unit in [*ranked, *sorted(s.unit for s in group if s.unit not in ranked)]:
            place = ranked.get(unit)
            found.append(Row(
                by_unit[unit].unit, by_unit[unit].title, by_unit[unit].account,
                by_unit[unit].held, partition, place.rank if place else None, len(ranked),
            ))  # fmt: skip
    return found
