"""A year of a town's log as a file: 24,000 unit-months of inspections, the same on every machine.

Payloads are there of the entries that an answer reads whole (of inspections those by which a unit's
monthly duty is met); of the others, which are read by column alone, they are left empty.
"""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from envrules import calendar as cal
from envrules.kinds.scores import Score
from envrules.model.base import canonical_json
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick, encode_entry
from envrules.model.events import Event, Finding, Inspection, ScoreSupplied, UnitDeclared
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Library, Revision
from envrules.whatif.parquet import FORMAT, Header, StoredRevision, frame_of, schema

SCHEME, SCORE, YEAR, VISITS = "town_deduction", "monthly", 2026, 4
PERIODS = [f"{YEAR}-{month:02d}" for month in range(1, 13)]


def scheme_with(overrides: Overrides) -> Scheme:
    """Return the scheme with other values."""
    return Library(load_plugins()).add_builtin(SCHEME, overrides, 0)


def score_of(scheme: Scheme) -> Score:
    """Return the monthly score."""
    return scheme.score(SCORE)


def awards_beside(path: Path) -> Path:
    """Return where the organs' awards lie as columns: the query need not decode payloads."""
    return path.with_suffix(".awards.parquet")


def write(path: Path, events: int, units: int) -> None:
    """Write a year's log: units, awards, `events` findings in four inspections a month, closes."""
    scheme, chance = scheme_with({}), random.Random(1)
    table = score_of(scheme).table.at(cal.period_dates(PERIODS[0])[0]).value  # type: ignore[union-attr]
    places = [(place, word) for row in table.rows.values() if row.each is not None
              for place in sorted(row.at) for word in sorted(row.find)]  # fmt: skip
    places += [("", "三大堆"), (places[0][0], "不在表内")]
    starts = [cal.period_bounds(scheme.timezone, p) for p in PERIODS]
    names = [f"v{n:04d}" for n in range(units)]
    begin = starts[0][0]
    declared = [Event(f"u-{n}", begin, UnitDeclared(n, n, "village")) for n in names]
    supplied = [
        (end - 1, ScoreSupplied(n, SCORE, "transfer", period, Decimal(chance.randrange(11)), "村建办"))
        for period, (_, end) in zip(PERIODS, starts, strict=True) for n in names
    ]  # fmt: skip
    awards = [Event(f"t-{award.period}-{award.unit}", at, award) for at, award in supplied]
    first: list[Entry] = [Published(SCHEME, scheme.revision, at=begin)]
    first += [Arrived(event) for event in (*declared, *awards)]
    small = frame_of(first)
    given = [(award.period, award.unit, float(award.points)) for _, award in supplied]
    pl.DataFrame(given, schema=["period", "unit", "points"], orient="row").write_parquet(
        awards_beside(path)
    )
    per = -(-events // (units * len(PERIODS)))
    parts: list[pl.DataFrame] = []
    for m, (start, end) in enumerate(starts):
        n = min(units * per, events - sum([len(p) for p in parts]))
        index = pl.DataFrame({"i": pl.int_range(n, eager=True)})
        which = (pl.col("i") * 2654435761 + m * 97) % 2147483647
        before = len(small) + sum(len(part) for part in parts)
        parts.append(_findings(index, which, names, places, start, end, m, before, per))
    bulk = pl.concat(parts)
    last: list[Entry] = [Tick(starts[-1][1])]
    last += [
        Closed(SCHEME, period, at=end) for period, (_, end) in zip(PERIODS, starts, strict=True)
    ]
    after = frame_of(last).with_columns(pl.col("seq") + len(small) + len(bulk))
    pl.concat([small, bulk, after]).write_parquet(
        path,
        row_group_size=500_000,
        metadata={"envrules": canonical_json(_header(scheme)).decode()},
    )


def _header(scheme: Scheme) -> Header:
    source = load_plugins().schemes[SCHEME].ruleset
    own = Revision(source.name, source.read_text(encoding="utf-8"))
    return Header(FORMAT, "town", "town", scheme.timezone, (
        StoredRevision(SCHEME, scheme.revision, own),
    ))  # fmt: skip


def _findings(
    index: pl.DataFrame, which: pl.Expr, names: list[str], places: list[tuple[str, str]],
    start: int, end: int, m: int, before: int, per: int,
) -> pl.DataFrame:  # fmt: skip
    unit = (pl.col("i") // per).cast(pl.UInt32)
    visit = (which % VISITS).cast(pl.Int64)
    code = (which // 7 % len(places)).cast(pl.UInt32)
    lists = pl.DataFrame({"findings": [
        [{"category": c, "place": p, "issue": "", "duplicate": False}] for p, c in places
    ]}, schema={"findings": schema()["findings"]})["findings"]  # fmt: skip
    unit_names = pl.Series("unit", names)
    rows = index.select(
        seq=(pl.col("i") + before + 1).cast(pl.Int64),
        u=unit,
        v=visit,
        c=code,
        occurred_at=(start + (end - start) // (VISITS + 1) * (visit + 1)).cast(pl.Int64),
    )
    found = _filled(rows.select(
        "seq", "occurred_at", kind=pl.lit("event"), type=pl.lit("inspection"),
        event_id=pl.format("e{}", pl.col("seq")), unit=pl.lit(unit_names).gather(pl.col("u")),
        inspection=pl.format(f"{PERIODS[m]}-{{}}-{{}}", pl.col("u"), pl.col("v")),
        assessed_by=pl.lit("monthly_check"), findings=pl.lit(lists).gather(pl.col("c")),
    ))  # fmt: skip
    firsts = found.sort("occurred_at", "event_id").unique("unit", keep="first", maintain_order=True)
    whole = firsts.select(
        "seq", whole=pl.Series([_payload(row) for row in firsts.iter_rows(named=True)])
    )
    return found.join(whole, on="seq", how="left").with_columns(
        payload=pl.coalesce("whole", "payload")
    ).drop("whole")  # fmt: skip


def _payload(row: dict[str, Any]) -> bytes:
    (found,) = row["findings"]
    finding = Finding("1", found["category"], found["place"])
    visit = Inspection(row["inspection"], row["unit"], row["assessed_by"], findings=(finding,))
    return encode_entry(Arrived(Event(row["event_id"], row["occurred_at"], visit)))


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with all columns of a log, in order."""
    empty = {pl.String: "", pl.Binary: b"", pl.Int64: 0, pl.Boolean: False}
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(empty.get(dtype, []), dtype)).cast(dtype)
        .alias(name)
        for name, dtype in schema().items()
    )  # fmt: skip
