"""The columnar tally: a group-by over the log's columns, for the units whose facts are plain.

Plain is what the columns alone say: nothing withdrawn, disputed, exempted or taken out, nothing
that arrived after its period was closed, a unit that is there throughout, no issue seen twice in
one assessment. Every other unit is told apart, for the exact engine. The judge is the one there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from envrules import calendar as cal
from envrules.engine.context import CONTEXT_PAYLOADS, Records
from envrules.engine.evidence import Evidence
from envrules.engine.nodes import period_within, target_of
from envrules.engine.registry import FOREVER
from envrules.engine.routing import OUT_MOVES
from envrules.engine.supplied import supply
from envrules.kinds.scores import Score, Table, Tally
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    Exemption,
    IssueMoved,
    ScoreSupplied,
    UnitDeclared,
    order_key,
)
from envrules.model.values import ALWAYS
from envrules.ruleset.compile import Scheme
from envrules.whatif.parquet import polars

SIGHTINGS = ("inspection", "issue_found")
"""Types of event that assess: the bulk of a log, read by column only."""


def is_columnar(scheme: Scheme, score: Score) -> bool:
    """Return whether a score's tally can be read from columns at all.

    A list that slips bar units from needs the slips, which only the exact engine knows.
    """
    lifecycle, bands = scheme.lifecycle, scheme.bands.get(score.id, ())
    slips = {f"{ladder.id}.{rung.id}" for ladder in scheme.ladders for rung in ladder.rungs}
    barred_by_slips = any(rule.of == score.id and rule.unless & slips for rule in scheme.lists)
    return (
        score.table is not None and score.checklist is None and not score.watches_issues
        and not score.finder and score.own_found is None and not score.bonus_by
        and not lifecycle.shares and not scheme.exclusions and score.id not in scheme.demotions
        and scheme.codes is None and scheme.classify is None and not any(b.needs for b in bands)
        and not barred_by_slips
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a log is read whole: all but the sightings."""

    events: Sequence[Event]
    closes: Mapping[str, tuple[int, Instant]]
    """Closed period of the scheme → its log entry, and the locality's time."""
    records: Records = field(init=False)

    def __post_init__(self) -> None:
        known = (e for e in self.events if isinstance(e.payload, CONTEXT_PAYLOADS))
        object.__setattr__(self, "records", Records(known))


Key = tuple[str, str]
"""Period and unit."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """The tallies of one score: of the plain units, and which units are not plain."""

    tallies: Mapping[Key, Tally]
    others: frozenset[str]


def tally(
    log: Any, facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> Tallied:  # fmt: skip
    """Return the tallies of the score's units in these periods.

    Args:
        log: lazy frame of the log's columns, see `parquet.schema`.
        facts: what of the log is read whole.
        scheme: the rules.
        score: one of its scores, see `is_columnar`.
        periods: the periods asked about.
    """
    pl = polars()
    # What came late for an earlier period is charged to one of these.
    closed = {p for p in facts.closes if cal.period_kind(p) == score.period}
    every = _sightings(log, facts, scheme, score, closed.union(periods))
    others = _others(every, facts, scheme, score, periods)
    asked = pl.col("period").is_in(sorted(periods))
    plain = every.filter(asked & ~pl.col("unit").is_in(sorted(others)))
    visits = plain.group_by("period", "unit", "inspection").agg(pl.col("at").min())
    found = (
        plain.filter(pl.col("findings").list.len() > 0)
        .explode("findings").unnest("findings").filter(~pl.col("duplicate"))
        .group_by("period", "unit", "inspection", "segment", "place", "category").len()
    )  # fmt: skip
    visits, found = pl.collect_all([visits, found])
    same_time = visits.filter(pl.struct("period", "unit", "at").is_duplicated())
    others |= frozenset(same_time["unit"].unique().to_list())
    return Tallied(_tallies(visits, found, facts, scheme, score, periods, others), others)


# ── columns ──


def _sightings(
    log: Any, facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> Any:  # fmt: skip
    """Return what assesses in the score: period, unit, inspection, time, segment, findings."""
    pl = polars()
    found = log.filter(
        pl.col("type").is_in(SIGHTINGS) & pl.col("assessed_by").is_in(sorted(score.counts))
        & (pl.col("inspection") != "")
    )  # fmt: skip
    at = pl.col("occurred_at")
    period, segment, close = pl.lit(None, pl.String), pl.lit(0), pl.lit(FOREVER)
    for name in sorted(periods):
        start, end = cal.period_bounds(scheme.timezone, name)
        inside = (at >= start) & (at < end)
        period = pl.when(inside).then(pl.lit(name)).otherwise(period)
        if name in facts.closes:
            close = pl.when(inside).then(pl.lit(facts.closes[name][0])).otherwise(close)
    for i, start in enumerate(_starts(scheme, score), start=1):
        segment = pl.when(at >= start).then(pl.lit(i)).otherwise(segment)
    return found.select(
        period.alias("period"), _unit(scheme).alias("unit"), "inspection", at.alias("at"),
        segment.alias("segment"), "findings", (pl.col("seq") > close).alias("late"),
    ).filter(pl.col("period").is_not_null())  # fmt: skip


def _unit(scheme: Scheme) -> Any:
    """Return the unit that a sighting charges, as `nodes.charged_unit` does."""
    pl = polars()
    order = {
        "handler": ("handling_unit", "place_unit"),
        "supervisor": ("department", "place_unit", "handling_unit"),
        "place": ("place_unit", "handling_unit"),
    }[scheme.lifecycle.charge]
    named = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in order]
    own = pl.when(pl.col("type") == "inspection").then(pl.col("unit"))
    return pl.coalesce(own, *named, pl.lit(""))


def _starts(scheme: Scheme, score: Score) -> list[Instant]:
    """Return when the table or a flag of it changes, in order."""
    assert score.table is not None
    days = {held.since for held in score.table.all()}
    for held in score.table.all():
        for row in held.value.rows.values():
            for flag in (*row.at_if.values(), *row.find_if.values()):
                days |= {value.since for value in flag.dated.all()}
    return sorted(
        cal.day_bounds(scheme.timezone, date.fromisoformat(day))[0] for day in days - {ALWAYS}
    )


def _others(
    seen: Any, facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> frozenset[str]:
    """Return the units that are not plain."""
    pl = polars()
    others = set(_by_record(facts, scheme, score, periods))
    targets = {target_of(e.payload) for e in facts.events} - {""}
    moved = {
        e.payload.issue for e in facts.events
        if isinstance(e.payload, IssueMoved) and e.payload.move in OUT_MOVES
    }  # fmt: skip
    others.update(_late_awards(facts, scheme, score))
    late = seen.filter(pl.col("late")).select("unit").unique()
    issues = (
        seen.select("unit", "period", "inspection", "findings").explode("findings")
        .unnest("findings").filter(pl.col("issue") != "")
    )  # fmt: skip
    twice = issues.group_by("unit", "period", "inspection", "issue").len().filter(pl.col("len") > 1)
    out = issues.filter(pl.col("issue").is_in(sorted(moved)))
    for frame in pl.collect_all([late, twice.select("unit").unique(), out.select("unit").unique()]):
        others.update(frame["unit"].to_list())
    return frozenset(others) if not targets else _and_targets(others, facts, scheme, score, periods)


def _late_awards(facts: Facts, scheme: Scheme, score: Score) -> Iterator[str]:
    """Yield the units that were awarded points after the close of the period."""
    for event in facts.events:
        given = event.payload
        if isinstance(given, ScoreSupplied) and given.score == score.id:
            period = period_within(scheme, score.period, given.period)
            if period in facts.closes and event.seq > facts.closes[period][0]:
                yield given.unit


def _and_targets(
    others: set[str], facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> frozenset[str]:
    """Something is withdrawn or disputed: which unit that is about, the columns do not say."""
    return frozenset(others | {u for p in periods for u in _units(facts, scheme, score, p)})


def _units(facts: Facts, scheme: Scheme, score: Score, period: str) -> list[str]:
    bounds = cal.period_bounds(scheme.timezone, period)
    cut = facts.closes[period][0] if period in facts.closes else FOREVER
    return [unit.id for unit in facts.records.as_of(cut)[0].of_types(score.units, *bounds)]


def _by_record(
    facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> Iterator[str]:
    """Yield the units that are declared more than once or late, exempt, or not there throughout."""
    first = min((seq for seq, _ in facts.closes.values()), default=FOREVER)
    begin = min(cal.period_bounds(scheme.timezone, p)[0] for p in periods)
    end = max(cal.period_bounds(scheme.timezone, p)[1] for p in periods)
    declared: set[str] = set()
    for event in facts.records.events:
        payload = event.payload
        if isinstance(payload, Exemption):
            everyone = (u for p in periods for u in _units(facts, scheme, score, p))
            yield from payload.units or everyone
        elif not isinstance(payload, UnitDeclared):
            yield from getattr(payload, "units", ()) or (getattr(payload, "unit", ""),)
            into = getattr(payload, "into", ())
            yield from (into,) if isinstance(into, str) else into
        else:
            since = payload.since if payload.since is not None else event.occurred_at
            short = since > begin or (payload.until is not None and payload.until < end)
            wrong = payload.type not in score.units
            if payload.unit in declared or event.seq > first or short or wrong:
                yield payload.unit
            declared.add(payload.unit)


# ── rows to tallies ──


def _tallies(
    visits: Any, found: Any, facts: Facts, scheme: Scheme, score: Score,
    periods: Collection[str], others: frozenset[str],
) -> dict[Key, Tally]:  # fmt: skip
    assert score.table is not None
    known = {
        (p, u): _Counting() for p in periods for u in _units(facts, scheme, score, p)
        if u not in others
    }  # fmt: skip
    for period, unit, inspection, at in visits.sort("at").iter_rows():
        counting = known.get((period, unit))
        if counting is not None:
            counting.assessments[inspection] = at, score.table.at(scheme.day(at)).value
    rows = _Rows(scheme, score)
    for period, unit, inspection, segment, place, category, number in found.iter_rows():
        counting, row = known.get((period, unit)), rows.of(segment, place, category)
        if counting is not None and row:
            counts, key = counting.counts, (inspection, row)
            counts[key] = counts.get(key, 0) + number
    supplied = _supplied(facts, scheme, score, periods)
    return {
        key: Tally(
            {k: Fraction(n) for k, n in c.counts.items()}, c.assessments, supplied.get(key, {})
        )
        for key, c in known.items()
    }  # fmt: skip


@dataclass(slots=True)
class _Counting:
    """A tally in the making."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    assessments: dict[str, tuple[Instant, Table]] = field(default_factory=dict)


class _Rows:
    """The row that deducts for a place and category, by segment; asked once for each there is."""

    def __init__(self, scheme: Scheme, score: Score) -> None:
        self._scheme, self._score = scheme, score
        self._starts = [0, *_starts(scheme, score)]
        self._known: dict[tuple[int, str, str], str] = {}

    def of(self, segment: int, place: str, category: str) -> str:
        """Return the id of the row, or '' if nothing is deducted."""
        key = (segment, place, category)
        if key not in self._known:
            self._known[key] = self._find(segment, place, category)
        return self._known[key]

    def _find(self, segment: int, place: str, category: str) -> str:
        scheme, table = self._scheme, self._score.table
        assert table is not None
        day = scheme.day(self._starts[segment])
        unread = scheme.categories and category not in scheme.categories
        if not category or unread or (place and scheme.places and place not in scheme.places):
            return ""
        for row, flags in table.at(day).value.match(place, category):
            if all(flag.at(day).value is True for flag in flags):
                return row.id
        return ""


def _supplied(
    facts: Facts, scheme: Scheme, score: Score, periods: Collection[str]
) -> dict[Key, dict[str, tuple[Decimal, ...]]]:
    """Return what organs awarded, in Order, by the one who accepts it."""
    evidence: dict[Key, Evidence] = {}
    for event in sorted(facts.events, key=order_key):
        given = event.payload
        if not isinstance(given, ScoreSupplied) or given.score != score.id:
            continue
        period = period_within(scheme, score.period, given.period)
        cut = facts.closes[period][0] if period in facts.closes else FOREVER
        if period in periods and event.seq <= cut:
            own = evidence.setdefault((period, given.unit), Evidence())
            supply(score, period, event, given, (), own)
    return {key: own.supplied for key, own in evidence.items()}
