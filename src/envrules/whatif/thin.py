"""The log that the engine still has to read: without the sightings that columns stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from envrules.model.entries import Entry, decode_entry
from envrules.ruleset.compile import Scheme
from envrules.whatif.columnar import Reading, located
from envrules.whatif.parquet import polars
from envrules.whatif.plain import Facts, Key
from envrules.whatif.readers import Covered, both, covered


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
    stand, disputed = _covered(left), pl.col("event_id").is_in(sorted(facts.targets))
    wanted = {
        "issues": sightings.filter(~stand & (pl.col("type") == "issue_found")).select("seq"),
        "inspections": sightings.filter(~stand & (pl.col("type") == "inspection")).select("seq"),
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
    rows = sightings.select("seq", "payload").join(seqs.lazy(), on="seq", how="semi").collect()
    read = [(seq, decode_entry(payload)) for seq, payload in rows.iter_rows()]
    entries = sorted((*facts.entries, *read), key=lambda one: one[0])
    names = ("issues", "inspections", "duties")
    return entries, {name: len(places[name]) for name in names}


def _names(scheme: Scheme) -> tuple[object, ...]:
    """Return what says whether an issue can be read at all."""
    return scheme.categories, scheme.places, scheme.conditions, scheme.codes, scheme.lifecycle


def _covered(left: Covered) -> Any:
    """Return whether columns stand for a sighting."""
    pl = polars()
    kind, by = pl.col("type"), pl.col("assessed_by")
    inspected = (kind == "inspection") & by.is_in(sorted(left.inspections))
    found = (kind == "issue_found") & (pl.col("inspection") != "") & by.is_in(sorted(left.issues))
    return inspected | found


_CYCLES = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


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
        local = pl.from_epoch("occurred_at", time_unit="us").dt.replace_time_zone("UTC")
        cycle = local.dt.convert_time_zone(zone).dt.truncate(_CYCLES[every])
        mine = visits.filter((pl.col("type") == "inspection") & pl.col("assessed_by").is_in(own))
        found += [
            mine.filter(pl.col(unit) != "").group_by(unit, cycle.alias("cycle"))
            .agg(pl.col("seq").sort_by("occurred_at", "event_id").first()).select("seq")
            for unit in ("unit", "organ")
        ]  # fmt: skip
    return pl.concat(found).unique()
