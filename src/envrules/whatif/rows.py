"""All units' rows under other thresholds of bands and lists, at once: what a slider shows first.

The figures stay as they are, so bands, ranks and lists are all that can move. The reasons, and what
follows from them, are `answering.judge_under`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

from envrules import calendar as cal
from envrules.kinds import lists
from envrules.kinds.indicators import CountedBands
from envrules.kinds.lists import Standing
from envrules.ruleset.compile import Scheme
from envrules.whatif.bands import Bands
from envrules.whatif.model import Row, Side
from envrules.whatif.prepared import Prepared
from envrules.whatif.reach import moved_parameters, readers
from envrules.whatif.tried import Tried, changed


def rows_under(prepared: Prepared, tried: Tried) -> tuple[Row, ...] | None:
    """Return all rows under the thresholds of `tried`, or None: what differs reaches further."""
    names = moved_parameters(change.path for change in changed(prepared.in_force, tried))
    scheme = tried.scheme
    if names is None or not prepared.is_plain:
        return None
    moved: set[str] = set()
    for section, name, *_ in readers(prepared.in_force.loaded(), names):
        if section not in ("bands", "lists"):
            return None
        own = str(name)
        moved.add(own if section == "bands" else next(r.of for r in scheme.lists if r.id == own))
    if not all(_stands_alone(scheme, score) for score in moved):
        return None
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in prepared.rows.values():
        if row.score in moved:
            groups.setdefault((row.score, row.period), []).append(row)
    bands = {score: Bands(scheme, score) for score in moved}
    now: dict[tuple[str, str, str], Side] = {}
    for (score, period), rows in groups.items():
        for unit, side in _sides(scheme, score, period, rows, bands[score]):
            now[score, period, unit] = side
    return tuple(
        Row(row.score, row.period, row.unit, row.title, row.type, row.before, now.get(place, row.after))
        for place, row in prepared.rows.items()
    )  # fmt: skip


def _stands_alone(scheme: Scheme, score: str) -> bool:
    """Return whether its figures alone decide a score's bands and lists, and no figure reads these."""
    slips = {f"{ladder.id}.{rung.id}" for ladder in scheme.ladders for rung in ladder.rungs}
    counted = (i.origin for i in scheme.indicators if isinstance(i.origin, CountedBands))
    return (
        score not in scheme.demotions
        and not any(band.needs for band in scheme.bands.get(score, ()))
        and not any(rule.of == score and rule.unless & slips for rule in scheme.lists)
        and not any(origin.score == score for origin in counted)
    )


def _sides(
    scheme: Scheme, score: str, period: str, rows: Iterable[Row], bands: Bands
) -> Iterable[tuple[str, Side]]:
    """Yield where each unit stands, as `engine.lists` and `engine.score` have it."""
    day = cal.period_dates(period)[1]
    standings: list[Standing] = []
    for row in rows:
        side = row.before
        if side is not None:
            band = bands.of(side.points, period) if side.points is not None else ""
            standings.append(Standing(row.unit, row.type, "", side.status, side.points, band))
    titles = {band.id: band.citation.title for band in scheme.bands.get(score, ())}
    bars = {s.unit: frozenset({f"{score}.{s.band}"}) for s in standings if s.band}
    members: dict[str, frozenset[str]] = {}
    listed: dict[str, list[str]] = {}
    ranks: dict[str, int] = {}
    rules = [rule for rule in scheme.lists if rule.of == score]
    for rule in rules:
        mine: set[str] = set()
        for group in lists.partitions(rule, standings, day).values():
            ranked = lists.rank(group)
            if rule is rules[0]:
                ranks.update((r.standing.unit, r.rank) for r in ranked)
            others = members.get(rule.never_with, frozenset())
            for place in lists.places(rule, ranked, day, others, bars):
                if not place.barred:
                    mine.add(place.ranked.standing.unit)
                    listed.setdefault(place.ranked.standing.unit, []).append(rule.id)
        members[rule.id] = frozenset(mine)
    for s in standings:
        on = tuple(sorted(listed.get(s.unit, ())))
        yield (
            s.unit,
            Side(s.status, s.figure, s.band, titles.get(s.band, ""), ranks.get(s.unit), on),
        )
