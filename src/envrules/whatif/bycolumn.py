"""Both sides of a question from a log file: columns where sightings add up, the engine for the rest.

Columns tally the sightings of plain units and leave them out of the log; the engine replays what
is left and judges all of it, the tallies among its inputs. So whatever is not additive (an issue's
life, recurrences, what follows) is the exact engine's, on the keys that it concerns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from envrules.engine.chaining import Chainer
from envrules.engine.registry import FOREVER
from envrules.kinds.indicators import Visits
from envrules.kinds.scores import Tally
from envrules.model.entries import Entry, decode_entry
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Revision
from envrules.whatif.columnar import Sighted, among, periods_seen, sight
from envrules.whatif.history import History, Thin
from envrules.whatif.locality import Tallies
from envrules.whatif.model import Part, Question
from envrules.whatif.parquet import polars
from envrules.whatif.plain import Facts, Key
from envrules.whatif.readers import columnar_scores, columnar_visits
from envrules.whatif.reading import SIGHTINGS, Reading, compares, reading, starts
from envrules.whatif.replay import Progress, Replayed, replay
from envrules.whatif.sides import OfScore, OfVisits
from envrules.whatif.thin import thinned

Spread = Callable[[Any, Reading, Sequence[str], frozenset[int]], Sighted]
"""Groups a log's sightings: at once, or by parts that are put together."""


def at_once(
    log: Any, how: Reading, periods: Sequence[str], changes: frozenset[int]
) -> Sighted:  # fmt: skip
    """Group a log's sightings in one go."""
    return sight(log, how, periods, changes)


@dataclass(frozen=True, slots=True)
class SideTallies:
    """What columns say on one side."""

    tallied: Tallies
    """Node key → tally."""
    decisions: Counter[tuple[str, str]]
    """Kind and outcome of the decisions on single findings, which are not made one by one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How columns and engine share the work of a question."""

    schemes: tuple[Scheme, Scheme]
    history: History
    """What the engine reads one by one."""
    sides: tuple[SideTallies, SideTallies]
    """What columns say on either side."""
    parts: tuple[Part, ...]

    def same_before(self, other: Plan) -> bool:
        """Return whether the first side is shared out as in another plan."""
        mine, theirs = self.history.thin, other.history.thin
        return mine == theirs and self.sides[0].tallied.keys() == other.sides[0].tallied.keys()


class Shared:
    """What columns have said so far, on both sides."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self.tallied: tuple[dict[str, Tally | Visits], dict[str, Tally | Visits]] = ({}, {})
        self.decisions = (Counter[tuple[str, str]](), Counter[tuple[str, str]]())
        self.readings: dict[str, Reading] = {}
        """Figure, as `scores.monthly`, → how it takes sightings."""
        self.exact: dict[str, frozenset[Key]] = {}
        """Figure → periods and units whose sightings the engine reads one by one."""

    def add(self, name: str, how: Reading, exact: Collection[Key]) -> None:
        """Note that a figure is tallied by column, but for these periods and units."""
        self.readings[name], self.exact[name] = how, frozenset(exact)

    def parts(self) -> Iterator[Part]:
        """Yield how the figures are reckoned."""
        for name, exact in self.exact.items():
            kind, _, own = name.partition(".")
            prefix = "\n".join((self._scheme, kind.removesuffix("s"), own, ""))
            keys = sum(key.startswith(prefix) for key in self.tallied[0])
            yield Part(name, "columnar", keys)
            if exact:
                yield Part(name, "exact", len(exact))


@dataclass(frozen=True)
class Columns:
    """A log file as columns, and what of it is read whole."""

    log: Any
    """Lazy frame, see `parquet.schema`."""
    locality: str
    revisions: Mapping[tuple[str, str], Revision]
    scheme: str
    spread: Spread = at_once
    _kept: dict[tuple[Reading, frozenset[int]], Sighted] = field(default_factory=dict)

    @cached_property
    def facts(self) -> Facts:
        """Everything but the sightings."""
        pl = polars()
        rows = self.log.filter(~pl.col("type").is_in(SIGHTINGS)).select("seq", "payload")
        entries = [(seq, decode_entry(payload)) for seq, payload in rows.collect().iter_rows()]
        return Facts(sorted(entries, key=lambda one: one[0]), self.scheme)

    @cached_property
    def sightings(self) -> Any:
        """Lazy frame of the sightings that count."""
        pl = polars()
        skipped = among("seq", self.facts.skipped)
        return self.log.filter(pl.col("type").is_in(SIGHTINGS) & ~skipped)

    @cached_property
    def whole(self) -> History:
        """The log without any sighting: which revisions there are, how far it goes."""
        return self._history(self.facts.entries)

    def _history(self, entries: Sequence[tuple[int, Entry]]) -> History:
        return History(
            self.locality, [entry for _, entry in entries], dict(self.revisions),
            Thin([seq for seq, _ in entries], *self._extent),
        )  # fmt: skip

    @cached_property
    def _extent(self) -> tuple[int, int]:
        """The last log entry, and when the first thing happened that is not about units."""
        pl = polars()
        about_units = ("unit_declared", "unit_renamed", "unit_merged", "unit_split", "exemption")
        happened = (pl.col("kind") == "event") & ~pl.col("type").is_in(about_units)
        last, begun = self.log.select(
            pl.col("seq").max(), pl.col("occurred_at").filter(happened).min()
        ).collect().row(0)  # fmt: skip
        return last or 0, FOREVER if begun is None else begun

    def replayed(
        self, plan: Plan, side: int, question: Question, chainer: Chainer, progress: Progress
    ) -> Replayed:
        """Return a side replayed: what columns do not stand for, and their tallies."""
        tallied = plan.sides[side].tallied
        return replay(plan.history, plan.schemes[side], question, chainer, progress, tallied)

    def plan(self, question: Question, before: Scheme, after: Scheme) -> Plan:
        """Return how columns and engine share the work of two sides, and what columns say."""
        schemes = before, after
        shared = self.tally(question, schemes)
        entries, read = thinned(self.sightings, self.facts, schemes, shared.readings, shared.exact)
        first, second = map(SideTallies, shared.tallied, shared.decisions)
        parts = (
            *shared.parts(),
            *(Part(name, "exact", number) for name, number in read.items() if number),
        )
        return Plan(schemes, self._history(entries), (first, second), parts)

    # ── tallies ──

    def tally(self, question: Question, schemes: tuple[Scheme, Scheme]) -> Shared:
        """Return what columns say of the figures that both sides take from a log in the same way."""
        shared = Shared(self.scheme)
        others = {score.id: score for score in columnar_scores(schemes[1])}
        for score in columnar_scores(schemes[0]):
            other, how = others.get(score.id), reading(schemes[0], score)
            if other is None or reading(schemes[1], other) != how:
                continue
            changes = frozenset(starts(schemes[0], score) | starts(schemes[1], other))
            sighted = self.grouped(how, changes)
            one = OfScore(self.sightings, self.facts, sighted, schemes, (score, other))
            shared.add(f"scores.{score.id}", how, one.exact)
            shared.tallied[0].update(one.tallies(0))
            same = schemes[0] is schemes[1]
            shared.tallied[1].update(shared.tallied[0] if same else one.tallies(1))
            for side in range(2):
                shared.decisions[side].update(one.decisions(side, question))
        self._compare(schemes, shared)
        return shared

    def _compare(self, schemes: tuple[Scheme, Scheme], shared: Shared) -> None:
        others = {item.id: item for item in columnar_visits(schemes[1])}
        for item in columnar_visits(schemes[0]):
            other, how = others.get(item.id), compares(schemes[0], item)
            if other is None or compares(schemes[1], other) != how:
                continue
            sighted, units = self.grouped(how, frozenset()), item.units & other.units
            one = OfVisits(self.sightings, self.facts, sighted, schemes[0], units, item.id)
            shared.add(f"indicators.{item.id}", how, one.exact)
            for side in range(2):
                shared.tallied[side].update(one.tallies())

    def grouped(self, how: Reading, changes: frozenset[int]) -> Sighted:
        """Return the groups of a log's sightings; the last ones are kept."""
        key = how, changes
        if key not in self._kept:
            self._kept.clear()
            periods = periods_seen(self.sightings, how)
            self._kept[key] = self.spread(self.sightings, how, periods, changes)
        return self._kept[key]
