"""The columnar tally: a group-by over a log's columns, the same numbers that events one by one give.

    sightings → groups (period, unit, inspection, kind of finding: how many) → tallies of plain units

Groups of two parts of a log add up to those of the whole. What a kind of finding costs is asked of
the engine, once for each kind there is. The judge is the one there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from envrules import calendar as cal
from envrules.model.base import Instant
from envrules.whatif.parquet import polars
from envrules.whatif.reading import CODES, SIGHTINGS, Reading


@dataclass(frozen=True)
class Sighted:
    """What columns have grouped for one score: additive, so parts of a log can be put together."""

    reading: Reading
    periods: tuple[str, ...]
    kind: tuple[str, ...]
    """Columns that tell kinds of finding apart, the first two being segment and type."""
    groups: Any
    """Frame: period, unit, inspection, the kind's columns; n, at (first), last (log entry)."""
    issues: Any
    """Frame: period, unit, inspection, issue; n: how often an issue was seen in one assessment."""


def sight(
    log: Any, how: Reading, periods: Sequence[str], changes: Iterable[Instant],
    within: range | None = None,
) -> Sighted:  # fmt: skip
    """Group the sightings of a log.

    Args:
        log: lazy frame of the log's columns, see `parquet.schema`.
        how: how the score takes them.
        periods: all periods of its kind that have sightings.
        changes: when what the score makes of a finding may change, see `starts`.
        within: which of the periods to look at; None: all.
    """
    pl = polars()
    rows = pl.concat(list(_by_unit(_assessing(log, how), how)))
    rows = rows.with_columns(
        period=_period(how.timezone, periods, within), segment=_segment(changes),
        own=(pl.col("reporter_unit") == pl.col("unit")) & (pl.col("unit") != ""),
    ).filter(pl.col("period").is_not_null())  # fmt: skip
    rows = rows.rename({"occurred_at": "at"})
    kind = _kind(how)
    if how.items:
        rows = rows.with_columns(
            pl.col("met").list.sort().list.join("\n"), pl.col("unmet").list.sort().list.join("\n"),
            issue=pl.lit(""),
        )  # fmt: skip
        groups, found = _groups(rows, kind, {}), rows
    else:
        groups, found = _findings(rows, kind)
    named = found.filter(pl.col("issue").fill_null("") != "")
    issues = named.group_by("period", "unit", "inspection", "issue").agg(n=pl.len())
    return Sighted(
        how, tuple(periods), tuple(kind), *pl.collect_all([groups, issues], engine="streaming")
    )


def _kind(how: Reading) -> list[str]:
    """Return the columns that tell kinds of finding apart."""
    said = ["met", "unmet"] if how.items else ["place", "category", "duplicate", *CODES]
    further = {
        "source_level": how.level, "own": how.own, "roles": bool(how.roles),
        "announced": how.announced,
    }  # fmt: skip
    return ["segment", "type", *said, *(name for name, is_read in further.items() if is_read)]


def _findings(rows: Any, kind: Sequence[str]) -> tuple[Any, Any]:
    """Return the groups of what was found, and what was found one by one.

    A visit's findings have no codes, levels and bearers of their own: they are grouped without, which
    saves reading and hashing columns that say nothing.
    """
    pl = polars()
    is_visit = pl.col("type") == "inspection"
    found = [
        rows.filter(these).explode("findings", empty_as_null=True, keep_nulls=True)
        .unnest("findings")
        for these in (is_visit, ~is_visit)
    ]  # fmt: skip
    silent = {name: pl.lit(said) for name, said in of_visits(kind).items()}
    groups = [_groups(found[0], kind, silent), _groups(found[1], kind, {})]
    return pl.concat(groups), pl.concat([one.select(*_SAW) for one in found])


def of_visits(kind: Sequence[str]) -> dict[str, str | bool]:
    """Return what these columns say of every visit: the same."""
    said: dict[str, str | bool] = {"type": "inspection", "own": False}
    said |= dict.fromkeys((*CODES, "source_level", "roles"), "")
    return {name: said[name] for name in kind if name in said}


_SAW = "period", "unit", "inspection", "issue"


def _groups(rows: Any, kind: Sequence[str], silent: Mapping[str, Any]) -> Any:
    """Return how many there are of each kind in each visit; `silent` columns are the same in all."""
    pl = polars()
    keys = ["period", "unit", "inspection"]
    told = [name for name in kind if name not in silent]
    groups = rows.group_by(*keys, *told).agg(
        n=pl.len(), at=pl.col("at").min(), last=pl.col("seq").max()
    )
    return groups.with_columns(**silent).select(*keys, *kind, "n", "at", "last")


def numbered(sighted: Sighted, name: str) -> tuple[Any, Any]:
    """Return the kinds of finding there are, with when each was seen first, and the groups.

    In the groups, which are not in order, the column `name` says which kind it is, by its row.
    """
    pl = polars()
    every, is_visit = list(sighted.kind), pl.col("type") == "inspection"
    same = list(of_visits(every))
    told = [column for column in every if column not in same]
    kinds, groups, rows = [], [], 0
    for these, keys, rest in ((is_visit, told, same), (~is_visit, every, [])):
        some = sighted.groups.filter(these)
        found = some.group_by(*keys).agg(pl.col("at").min(), pl.col(*rest).first() if rest else [])
        number = pl.int_range(rows, rows + pl.len(), dtype=pl.Int32).alias(name)
        groups.append(some.join(found.select(*keys, number), on=keys, nulls_equal=True))
        kinds.append(found.select(*every, "at"))
        rows += len(found)
    return pl.concat(kinds), pl.concat(groups)


def together(parts: Sequence[Sighted]) -> Sighted:
    """Return what the parts of a log, no sighting in two of them, amount to together."""
    pl = polars()
    first = parts[0]
    keys = ["period", "unit", "inspection"]
    groups = pl.concat([part.groups for part in parts]).group_by(*keys, *first.kind).agg(
        pl.col("n").sum(), pl.col("at").min(), pl.col("last").max()
    )  # fmt: skip
    issues = pl.concat([part.issues for part in parts]).group_by(*keys, "issue").agg(
        pl.col("n").sum()
    )  # fmt: skip
    return Sighted(first.reading, first.periods, first.kind, groups, issues)


def periods_seen(log: Any, how: Reading) -> list[str]:
    """Return the periods from the first to the last sighting."""
    pl = polars()
    bounds = _assessing(log, how).select(
        first=pl.col("occurred_at").min(), last=pl.col("occurred_at").max()
    )
    return periods_between(how.timezone, how.period, *bounds.collect().row(0))


def periods_between(
    timezone: str, kind: cal.PeriodKind, first: Instant | None, last: Instant | None
) -> list[str]:  # fmt: skip
    """Return the periods from the first moment's to the last one's; none if there is no moment."""
    if first is None or last is None:
        return []
    found = [cal.period_of(timezone, first, kind)]
    while cal.period_bounds(timezone, found[-1])[1] <= last:
        found.append(cal.next_period(found[-1]))
    return found


def located(log: Any, how: Reading, keys: Collection[tuple[str, str]]) -> Any:
    """Return the places (seq) of the sightings of these periods and units, as a lazy frame."""
    pl = polars()
    periods = sorted({period for period, _ in keys})
    places = {period: place for place, period in enumerate(periods)}
    wanted = pl.LazyFrame(
        [(places[period], unit) for period, unit in keys],
        schema={"period": pl.Int16, "unit": pl.String}, orient="row",
    )  # fmt: skip
    rows = pl.concat(list(_by_unit(_assessing(log, how), how)))
    rows = rows.with_columns(period=_period(how.timezone, periods, None))
    return rows.join(wanted, on=["period", "unit"], how="semi").select("seq").unique()


def among(name: str, values: Collection[str] | Collection[int]) -> Any:
    """Return whether a column is one of these values; where there are none it is not read."""
    pl = polars()
    return pl.col(name).is_in(sorted(values)) if values else pl.lit(False)


def _assessing(log: Any, how: Reading) -> Any:
    """Return what assesses in the score."""
    pl = polars()
    wanted = ["inspection"] if how.items else list(SIGHTINGS)
    return log.filter(
        pl.col("type").is_in(wanted) & pl.col("assessed_by").is_in(sorted(how.counts))
        & ((pl.col("type") == "inspection") | (pl.col("inspection") != ""))
    )  # fmt: skip


def _by_unit(seen: Any, how: Reading) -> Iterator[Any]:
    """Yield the sightings with the unit that each charges: an issue's once for each unit sharing it.

    As `engine.readers.sharing_units` has it.
    """
    pl = polars()
    inspected = pl.when(pl.col("type") == "inspection").then(pl.col("unit"))
    charged = pl.coalesce(inspected, *_named(how.charge), pl.lit(""))
    if not how.roles:
        yield seen.with_columns(unit=charged)
        return
    is_issue = pl.col("type") == "issue_found"
    yield seen.filter(~is_issue).with_columns(roles=pl.lit(""))
    bearers = [f"bearer_{role}" for role in how.roles]
    found = seen.filter(is_issue).with_columns(
        pl.coalesce(_given(_COLUMNS[role]), charged).alias(bearer)
        for role, bearer in zip(how.roles, bearers, strict=True)
    )
    for n, bearer in enumerate(bearers):
        alone = pl.all_horizontal(
            [pl.col(b) != pl.col(bearer) for b in bearers[:n]] or [pl.lit(True)]
        )
        own = [
            pl.when(pl.col(b) == pl.col(bearer)).then(pl.lit(f"{role} ")).otherwise(pl.lit(""))
            for role, b in zip(how.roles, bearers, strict=True)
        ]
        mine = found.filter(alone).with_columns(unit=pl.col(bearer), roles=pl.concat_str(own))
        yield mine.drop(bearers)


_COLUMNS: dict[str, str] = {
    "place": "place_unit", "handler": "handling_unit", "supervisor": "department",
}  # fmt: skip


def _named(charge: str) -> list[Any]:
    """Return the units that a finding may name as answerable, as `engine.readers.charged_unit` takes them."""
    order = {
        "handler": ("handling_unit", "place_unit"),
        "supervisor": ("department", "place_unit", "handling_unit"),
        "place": ("place_unit", "handling_unit"),
    }[charge]
    return [_given(name) for name in order]


def _given(name: str) -> Any:
    pl = polars()
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _period(timezone: str, periods: Sequence[str], within: range | None) -> Any:
    """Return the place of the sighting's period among `periods`; null outside them."""
    pl = polars()
    at, found = pl.col("occurred_at"), pl.lit(None, pl.Int16)
    for place in within if within is not None else range(len(periods)):
        start, end = cal.period_bounds(timezone, periods[place])
        inside = (at >= start) & (at < end)
        found = pl.when(inside).then(pl.lit(place, pl.Int16)).otherwise(found)
    return found


def _segment(changes: Iterable[Instant]) -> Any:
    """Return how many of the changes a sighting comes after."""
    pl = polars()
    found = pl.lit(0, pl.Int16)
    for place, start in enumerate(sorted(changes), start=1):
        after = pl.col("occurred_at") >= start
        found = pl.when(after).then(pl.lit(place, pl.Int16)).otherwise(found)
    return found
