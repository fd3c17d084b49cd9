"""What-if over a year of a city: the columnar tally against a hand-written DuckDB query.

    python -m benchmarks.whatif [--events 10000000] [--rounds 3]

Both read one Parquet file of `envrules export-log`'s columns and give every unit's figure of every
month; before anything is timed, all figures must be equal. The entries' payloads, which neither
reads of findings, are left empty there. Then one threshold moves, and all units are judged again.
Each contestant is a process of its own for its peak memory, and they take turns.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from envrules import calendar as cal
from envrules.kinds.scores import Score
from envrules.model.entries import Arrived, Closed, encode_entry
from envrules.model.events import Event, ScoreSupplied, UnitDeclared
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Library
from envrules.whatif import Question
from envrules.whatif.figures import Figures, reckon
from envrules.whatif.model import Row
from envrules.whatif.parquet import schema

SCHEME, SCORE, YEAR, VISITS = "town_deduction", "monthly", 2026, 4
PERIODS = [f"{YEAR}-{month:02d}" for month in range(1, 13)]
QUESTION = Question(SCHEME, PERIODS[0], PERIODS[-1])


def scheme_with(overrides: Overrides) -> Scheme:
    """Return the scheme with other values."""
    return Library(load_plugins()).add_builtin(SCHEME, overrides, 0)


def score_of(scheme: Scheme) -> Score:
    """Return the monthly score."""
    return scheme.score(SCORE)


# ── the data: the same on every machine ──


def write(path: Path, events: int, units: int) -> None:
    """Write a year's log: units, awards, `events` findings in four inspections a month, closes."""
    scheme, chance = scheme_with({}), random.Random(1)
    table = score_of(scheme).table.at(cal.period_dates(PERIODS[0])[0]).value  # type: ignore[union-attr]
    places = [(place, word) for row in table.rows.values() if row.each is not None
              for place in sorted(row.at) for word in sorted(row.find)]  # fmt: skip
    places += [("", "三大堆"), (places[0][0], "不在表内")]
    starts = [cal.period_bounds(scheme.timezone, p) for p in PERIODS]
    names = [f"v{n:04d}" for n in range(units)]
    few: list[tuple[str, Any]] = [
        ("event", Event(f"u-{n}", 0, UnitDeclared(n, n, "village"))) for n in names
    ]
    for period, (_, end) in zip(PERIODS, starts, strict=True):
        few += [
            ("event", Event(f"t-{period}-{n}", end - 1, ScoreSupplied(
                n, SCORE, "transfer", period, Decimal(chance.randrange(11)), "村建办")))
            for n in names
        ]  # fmt: skip
    small = _few(few)
    awards = [(e.payload.period, e.payload.unit, float(e.payload.points)) for _, e in few[units:]]
    pl.DataFrame(awards, schema=["period", "unit", "points"], orient="row").write_parquet(
        _awards_beside(path)
    )
    per = -(-events // (units * len(PERIODS)))
    parts: list[pl.DataFrame] = []
    for m, (start, end) in enumerate(starts):
        n = min(units * per, events - sum([len(p) for p in parts]))
        index = pl.DataFrame({"i": pl.int_range(n, eager=True)})
        which = (pl.col("i") * 2654435761 + m * 97) % 2147483647
        parts.append(_findings(index, which, names, places, start, end, m, len(small), per, events))
    bulk = pl.concat(parts)
    closes = _closes(scheme, starts, len(small) + len(bulk))
    pl.concat([small, bulk, closes]).write_parquet(path, row_group_size=500_000)


def _findings(
    index: pl.DataFrame, which: pl.Expr, names: list[str], places: list[tuple[str, str]],
    start: int, end: int, m: int, before: int, per: int, events: int,
) -> pl.DataFrame:  # fmt: skip
    unit = (pl.col("i") // per).cast(pl.UInt32)
    visit = (which % VISITS).cast(pl.Int64)
    code = (which // 7 % len(places)).cast(pl.UInt32)
    lists = pl.DataFrame({"findings": [
        [{"category": c, "place": p, "issue": "", "duplicate": False}] for p, c in places
    ]}, schema={"findings": schema()["findings"]})["findings"]  # fmt: skip
    unit_names = pl.Series("unit", names)
    rows = index.select(
        seq=(pl.col("i") + before + 1 + m * (events // 12)).cast(pl.Int64),
        u=unit,
        v=visit,
        c=code,
        occurred_at=(start + (end - start) // (VISITS + 1) * (visit + 1)).cast(pl.Int64),
    )
    return _filled(rows.select(
        "seq", "occurred_at", kind=pl.lit("event"), type=pl.lit("issue_found"),
        place_unit=pl.lit(unit_names).gather(pl.col("u")),
        inspection=pl.format(f"{PERIODS[m]}-{{}}-{{}}", pl.col("u"), pl.col("v")),
        assessed_by=pl.lit("monthly_check"), findings=pl.lit(lists).gather(pl.col("c")),
    ))  # fmt: skip


def _few(events: list[tuple[str, Any]]) -> pl.DataFrame:
    return _filled(pl.DataFrame([
        {"seq": seq, "kind": kind, "event_id": e.id, "payload": encode_entry(Arrived(e)),
         "type": str(type(e.payload).__struct_config__.tag), "occurred_at": e.occurred_at,
         "unit": e.payload.unit}
        for seq, (kind, e) in enumerate(events, start=1)
    ]))  # fmt: skip


def _closes(scheme: Scheme, starts: list[tuple[int, int]], before: int) -> pl.DataFrame:
    return _filled(pl.DataFrame([
        {"seq": before + i, "kind": "closed", "type": "",
         "payload": encode_entry(Closed(scheme.slug, period, at=end))}
        for i, (period, (_, end)) in enumerate(zip(PERIODS, starts, strict=True), start=1)
    ]))  # fmt: skip


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with all columns of a log, in order."""
    empty = {pl.String: "", pl.Binary: b"", pl.Int64: 0}
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(empty.get(dtype, []), dtype)).cast(dtype)
        .alias(name)
        for name, dtype in schema().items()
    )  # fmt: skip


# ── the contestants ──


def ours(path: Path, periods: Sequence[str] = tuple(PERIODS)) -> Figures:
    """Tally by column, judge by the judge."""
    scheme = scheme_with({})
    return reckon(pl.scan_parquet(path), scheme, score_of(scheme), QUESTION, periods)


def duckdb_figures(path: Path) -> dict[tuple[str, str], str]:
    """The same figures as one would write them in SQL."""
    import duckdb

    scheme = scheme_with({})
    table = score_of(scheme).table.at(cal.period_dates(PERIODS[0])[0]).value  # type: ignore[union-attr]
    rows = [row for row in table.rows.values() if row.each is not None]
    codes = [(p, c, r.id) for r in rows for p in sorted(r.at) for c in sorted(r.find)]
    db = duckdb.connect()
    db.execute("create table codes(place text, category text, row text)")
    db.executemany("insert into codes values (?, ?, ?)", codes)
    db.execute('create table rows(row text, "full" decimal(9,2), each decimal(9,2))')
    db.executemany("insert into rows values (?, ?, ?)", [(r.id, r.full, r.each) for r in rows])
    found = db.execute(_SQL, {"path": str(path), "awards": str(_awards_beside(path))}).fetchall()
    return {(period, unit): f"{points:.2f}" for period, unit, points in found}


_SQL = """
with seen as (
  select strftime(timezone('Asia/Shanghai', to_timestamp(occurred_at / 1000000)), '%Y-%m') as period,
         coalesce(nullif(place_unit, ''), handling_unit) as unit, inspection,
         findings[1].place as place, findings[1].category as category
  from read_parquet($path) where type = 'issue_found' and assessed_by = 'monthly_check'),
visits as (select distinct period, unit, inspection from seen),
counts as (
  select period, unit, inspection, codes.row, count(*) as n
  from seen join codes using (place, category) group by all),
kept as (
  select v.period, v.unit, r.row,
         avg(greatest(r."full" - r.each * coalesce(c.n, 0), 0)) as points
  from visits v cross join rows r
  left join counts c on c.period = v.period and c.unit = v.unit
   and c.inspection = v.inspection and c.row = r.row
  group by all)
select k.period, k.unit, round(sum(k.points) + any_value(a.points), 2)
from kept k join read_parquet($awards) a on a.period = k.period and a.unit = k.unit group by all
"""


def _awards_beside(path: Path) -> Path:
    """Return where the organs' awards lie as columns: the query need not decode payloads."""
    return path.with_name("awards.parquet")


# ── measuring ──


def main(arguments: Sequence[str]) -> int:
    """Run it; the exit code says nothing about speed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whatif", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--units", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=("ours", "duckdb"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        return _one(asked.one, asked.file)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.parquet"
        write(path, asked.events, asked.units)
        print(
            f"{asked.events} findings, {asked.units * 12} unit-months, {path.stat().st_size >> 20} MiB"
        )
        figures = ours(path)
        _check(figures, duckdb_figures(path))
        _rounds(path, asked.rounds)
        _slider(figures, asked.rounds)
    return 0


def _check(figures: Figures, theirs: dict[tuple[str, str], str]) -> None:
    mine = {
        key: str(known.printed) for key, known in figures.known.items() if known.printed is not None
    }
    different = [k for k in mine.keys() | theirs.keys() if mine.get(k) != theirs.get(k)]
    said = f"{len(mine)} figures ({figures.columnar} tallied by column)"
    print(f"{said}, {len(different)} differ from the query's {different[:3]}")
    for key in different[:3]:
        print("  ", key, mine.get(key), theirs.get(key))


def _one(name: str, path: Path) -> int:
    begun = time.perf_counter()
    _ = ours(path) if name == "ours" else duckdb_figures(path)
    spent = time.perf_counter() - begun
    print(spent, _peak())
    return 0


def _peak() -> float:
    """Return the most memory that this process had, in MiB; what it was forked from not counted."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _rounds(path: Path, rounds: int) -> None:
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "duckdb": []}
    for turn in range(rounds):
        for name in sorted(taken, reverse=bool(turn % 2)):
            command = [
                sys.executable,
                "-m",
                "benchmarks.whatif",
                "--one",
                name,
                "--file",
                str(path),
            ]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            taken[name].append((float(out[0]), float(out[1])))
    for name, figures in taken.items():
        seconds = statistics.median(s for s, _ in figures)
        print(f"{name:8} {seconds:8.2f} s   peak {max(m for _, m in figures):6.0f} MiB")
    pairs = zip(taken["ours"], taken["duckdb"], strict=True)
    print(f"ratio    {statistics.median(a[0] / b[0] for a, b in pairs):8.2f}     aim at most 1.5")


def _line(figures: Figures) -> int:
    """Return a line that many units are near: the middle figure."""
    printed = [known.printed for known in figures.known.values() if known.printed is not None]
    return int(statistics.median(printed))


def _slider(figures: Figures, rounds: int) -> None:
    """One threshold moves: all units are judged again, and no event is read."""
    times: list[float] = []
    rows: list[Row] = []
    for turn in range(rounds + 1):
        tried = scheme_with({"warning_line": {"always": str(_line(figures) + turn)}})
        begun = time.perf_counter()
        rows = figures.rows(tried)
        times.append(time.perf_counter() - begun)
    moved = sum(row.moves for row in rows)
    print(f"slider   {statistics.median(times):8.3f} s for {len(rows)} unit-months, {moved} of"
          " which move at the last; aim at most 0.2")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
