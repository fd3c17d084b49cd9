"""The log that the engine still has to read: without the sightings that columns stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from envrules import calendar as cal
from envrules.model.entries import Entry, decode_entry
from envrules.ruleset.compile import Scheme
from envrules.whatif.columnar import among, located, periods_between
from envrules.whatif.parquet import polars
from envrules.whatif.plain import Facts, Key
from envrules.whatif.readers import Covered, both, covered
from envrules.whatif.reading import Reading


def thinned(
    sightings: Any, facts: Facts, schemes: tuple[Scheme, Scheme], readings: Mapping[str, Reading],
    exact: Mapping[str, frozenset[Key]],
) -> tuple[Sequence[tuple[int, Entry]], dict[str, int]]:  # fmt: skip
    """Return the entries to replay, and how many sightings are among them, by why.

    Args:
        sightings: lazy frame of the sightings that count.
        facts: the rest of the log.
        schemes: the rules of the two sides.
        readings: the figures that are tallied by column.
        exact: figure → periods and units that are not.
    """
    pl = polars()
    by_column, (before, after) = frozenset(readings), schemes
    left = both(covered(before, by_column), covered(after, by_column))
    if _names(before) != _names(after):
        left = Covered(left.inspections, frozenset(), left.duties)
    stand, disputed = _covered(left), among("event_id", facts.targets)
    wanted = {
        "others": sightings.filter(~stand).select("seq", "type"),
        "duties": _first_of_cycles(
            sightings.filter(stand & ~disputed), left.duties & left.inspections, schemes
        ),
        "disputed": sightings.filter(disputed).select("seq"),
    }  # fmt: skip
    wanted |= {
        name: located(sightings, readings[name], keys) for name, keys in exact.items() if keys
    }  # fmt: skip
    places = dict(zip(wanted, pl.collect_all(list(wanted.values())), strict=True))
    seqs = pl.concat([frame.select("seq") for frame in places.values()]).unique()
    # A filter, not a join: payloads are the bulk of a log, and only those wanted are decoded.
    wanted_rows = sightings.filter(pl.col("seq").is_in(seqs["seq"].implode()))
    rows = wanted_rows.select("seq", "payload").collect()
    read = [(seq, decode_entry(payload)) for seq, payload in rows.iter_rows()]
    entries = sorted((*facts.entries, *read), key=lambda one: one[0])
    found = places["others"]["type"].eq("issue_found").sum()
    return entries, {
        "issues": found, "inspections": len(places["others"]) - found, "duties": len(places["duties"])
    }  # fmt: skip


def _names(scheme: Scheme) -> tuple[object, ...]:
    """Return what says whether an issue can be read at all."""
    return scheme.categories, scheme.places, scheme.conditions, scheme.codes, scheme.lifecycle


def _covered(left: Covered) -> Any:
    """Return whether columns stand for a sighting."""
    pl = polars()
    kind = pl.col("type")
    inspected = (kind == "inspection") & among("assessed_by", left.inspections)
    found = (
        (kind == "issue_found") & (pl.col("inspection") != "") & among("assessed_by", left.issues)
    )
    return inspected | found


def _first_of_cycles(
    visits: Any, kinds: frozenset[str], schemes: tuple[Scheme, Scheme]
) -> Any:  # fmt: skip
    """Return the first visit of each unit, and by each organ, in every cycle of a duty.

    A duty is met by the first: the others change nothing.
    """
    pl = polars()
    found = [visits.select("seq").head(0)]
    duties = {
        (scheme.timezone, duty.every, tuple(sorted(duty.inspections & kinds)))
        for scheme in schemes for duty in scheme.duties if duty.inspections & kinds
    }  # fmt: skip
    for zone, every, own in sorted(duties):
        mine = visits.filter((pl.col("type") == "inspection") & pl.col("assessed_by").is_in(own))
        at = pl.col("occurred_at")
        begun, end = mine.select(first=at.min(), last=at.max()).collect().row(0)
        cycles = periods_between(zone, every, begun, end)
        starts = pl.Series([cal.period_bounds(zone, c)[0] for c in cycles], dtype=pl.Int64)
        # Which cycle it is, by its bounds: local time, cut to cycles, takes three times as long.
        cycle = pl.lit(starts).search_sorted(at, side="right").alias("cycle")
        found += [
            mine.filter(pl.col(unit) != "").group_by(unit, cycle)
            .agg(pl.col("seq").sort_by("occurred_at", "event_id").first()).select("seq")
            for unit in ("unit", "organ")
        ]  # fmt: skip
    return pl.concat(found).unique()
