"""Points, bands, ranks and lists of a log too large to replay: tallied by column, judged as ever.

What the units' figures would be, and no more: deadlines, slips and what follows from bands and
lists are the exact replay's. Units whose facts are not plain are replayed, over what concerns them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.engine.registry import FOREVER
from envrules.kinds import lists, scores
from envrules.kinds.lists import Ranked, Standing
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.entries import Arrived, Closed, Entry, decode_entry
from envrules.model.events import Event
from envrules.ruleset.compile import Scheme
from envrules.whatif import compare
from envrules.whatif.bands import Bands
from envrules.whatif.columnar import SIGHTINGS, Facts, Key, tally
from envrules.whatif.history import History
from envrules.whatif.model import Question, Row, Side
from envrules.whatif.parquet import polars
from envrules.whatif.replay import asked, replay


@dataclass(frozen=True, slots=True)
class Known:
    """A unit's figure: its status, and what is printed."""

    status: str
    printed: Decimal | None = None


@dataclass(frozen=True)
class Figures:
    """The figures of one score under one ruleset, ready to be judged by other thresholds."""

    scheme: Scheme
    score: Score
    facts: Facts
    known: Mapping[Key, Known]
    columnar: int
    """Unit-periods that were tallied by column; the others were replayed."""

    def sides(self, tried: Scheme) -> dict[Key, Side]:
        """Return where each unit stands by the bands and lists of `tried`.

        `tried` must have the same table: only thresholds of bands and lists may differ.
        """
        placed = Bands(tried, self.score.id)
        periods: dict[str, list[Standing]] = {}
        types = self._types
        for (period, unit), known in self.known.items():
            band = placed.of(known.printed, period) if known.printed is not None else ""
            periods.setdefault(period, []).append(
                Standing(unit, types.get(unit, ""), "", known.status, known.printed, band)
            )
        found: dict[Key, Side] = {}
        for period, standings in periods.items():
            found |= self._ranked(tried, period, standings)
        return found

    def rows(self, tried: Scheme) -> list[Row]:
        """Return every unit under the scheme and under the thresholds of `tried`."""
        return self.compared(self, tried)

    def compared(self, other: Figures, tried: Scheme) -> list[Row]:
        """Return every unit by these figures, and by others judged under `tried`."""
        before, after = self._own, other.sides(tried)
        types, titles = self._types, self._titles
        return [
            Row(self.score.id, key[0], key[1], titles[key],
                types.get(key[1], ""), before.get(key), after.get(key))
            for key in before
        ]  # fmt: skip

    @cached_property
    def _own(self) -> dict[Key, Side]:
        """Where each unit stands by the scheme's own thresholds."""
        return self.sides(self.scheme)

    @cached_property
    def _titles(self) -> dict[Key, str]:
        """The units' titles at the end of each period."""
        registry = self.facts.records.as_of(FOREVER)[0]
        zone = self.scheme.timezone
        ends = {p: cal.period_bounds(zone, p)[1] - 1 for p in {p for p, _ in self.known}}
        return {(p, u): registry.title(u, ends[p]) for p, u in self.known}

    @cached_property
    def _types(self) -> dict[str, str]:
        registry = self.facts.records.as_of(FOREVER)[0]
        units = {unit for _, unit in self.known}
        return {
            u.id: u.type for u in registry.of_types(self.score.units, 0, FOREVER) if u.id in units
        }

    def _ranked(self, tried: Scheme, period: str, standings: list[Standing]) -> dict[Key, Side]:
        day = cal.period_dates(period)[1]
        titles = {band.id: band.citation.title for band in tried.bands.get(self.score.id, ())}
        rules = [rule for rule in tried.lists if rule.of == self.score.id]
        members: dict[str, frozenset[str]] = {}
        listed: dict[str, list[str]] = {}
        ranks: dict[str, int] = {}
        bars = {s.unit: frozenset({f"{self.score.id}.{s.band}"}) for s in standings if s.band}
        for rule in rules:
            mine: set[str] = set()
            for group in lists.partitions(rule, standings, day).values():
                ranked: list[Ranked] = lists.rank(group)
                if rule is rules[0]:
                    ranks.update((r.standing.unit, r.rank) for r in ranked)
                others = members.get(rule.never_with, frozenset())
                for place in lists.places(rule, ranked, day, others, bars):
                    if not place.barred:
                        mine.add(place.ranked.standing.unit)
                        listed.setdefault(place.ranked.standing.unit, []).append(rule.id)
            members[rule.id] = frozenset(mine)
        return {
            (period, s.unit): Side(
                s.status, s.figure, s.band, titles.get(s.band, ""), ranks.get(s.unit),
                tuple(sorted(listed.get(s.unit, ()))),
            )
            for s in standings
        }  # fmt: skip


def reckon(
    log: Any, scheme: Scheme, score: Score, question: Question, periods: Collection[str],
    locality: str = "",
) -> Figures:  # fmt: skip
    """Return the figures of a score in these periods.

    Args:
        log: lazy frame of a log's columns.
        scheme: the rules.
        score: a score for which `columnar.is_columnar`.
        question: what the periods belong to, for what is replayed.
        periods: the periods, all of the score's kind.
        locality: name of the locality.
    """
    pl = polars()
    whole = log.filter(~pl.col("type").is_in(SIGHTINGS)).select("seq", "payload").collect()
    facts = _facts(whole, scheme)
    tallied = tally(log, facts, scheme, score, periods)
    known: dict[Key, Known] = {}
    fallback = {p: score.table.at(cal.period_dates(p)[1]).value for p in periods if score.table}
    for key, own in tallied.tallies.items():
        figure = scores.judge(score, own, fallback[key[0]])
        known[key] = Known(figure.status, figure.printed)
    columnar = len(known)
    if tallied.others:
        known |= _replayed(log, scheme, score, question, tallied.others, locality)
    return Figures(scheme, score, facts, known, columnar)


def _facts(whole: Any, scheme: Scheme) -> Facts:
    events: list[Event] = []
    closes: dict[str, tuple[int, Instant]] = {}
    for seq, payload in whole.iter_rows():
        entry = decode_entry(payload)
        if isinstance(entry, Arrived):
            events.append(_at(entry, seq).event)
        elif isinstance(entry, Closed) and entry.scheme == scheme.slug:
            closes.setdefault(entry.period, (seq, entry.at))
    return Facts(events, closes)


def _at(entry: Arrived, seq: int) -> Arrived:
    return replace(entry, event=replace(entry.event, seq=seq))


def _replayed(
    log: Any, scheme: Scheme, score: Score, question: Question, units: Collection[str],
    locality: str,
) -> dict[Key, Known]:  # fmt: skip
    """Return the figures of some units: the exact engine, over all but others' sightings."""
    pl = polars()
    named = [pl.col(name).is_in(sorted(units))
             for name in ("unit", "place_unit", "handling_unit", "department")]  # fmt: skip
    mine = ~pl.col("type").is_in(SIGHTINGS) | pl.any_horizontal(named)
    rows = log.filter(mine).sort("seq").select("payload").collect()
    entries: list[Entry] = [decode_entry(payload) for (payload,) in rows.iter_rows()]
    done = replay(History(locality, entries), scheme, question, Chainer(), lambda *_: None)
    contents = asked(scheme, question, done.held())
    sides = compare.sides(scheme, contents)
    return {
        (period, unit): Known(side.status, side.points)
        for (name, period, unit), side in sides.items() if name == score.id and unit in units
    }  # fmt: skip
