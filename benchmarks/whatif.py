"""What-if over a year of a city: the columnar tally against a hand-written DuckDB query.

    python -m benchmarks.whatif [--events 10000000] [--rounds 3]

Both read one file of `envrules export-log`'s columns and give every unit's figure of every month;
before anything is timed, all figures must be equal. Each contestant is a process of its own, for
its peak memory, and they take turns. Then the whole answer is prepared, which no query gives, and
one threshold moves: first all rows, then all reasons and consequences, and no event is read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.timing import peak_mib
from benchmarks.whatif_data import (
    PERIODS,
    SCHEME,
    awards_beside,
    scheme_with,
    score_of,
    write,
)
from envrules import calendar as cal
from envrules.kinds import scores
from envrules.kinds.scores import Tally, merge
from envrules.model.events import ScoreSupplied, order_key
from envrules.plugin_manager import load_plugins
from envrules.whatif import Prepared, Question, judge_under, prepare_columns, rejudge, rows_under
from envrules.whatif.answering import trial
from envrules.whatif.bulk import in_bulk
from envrules.whatif.bycolumn import Columns
from envrules.whatif.large import columns_of

QUESTION = Question(SCHEME, PERIODS[0], PERIODS[-1])
Figures = dict[tuple[str, str], str]
"""Period and unit → the printed figure."""


# ── the contestants ──


@in_bulk()
def ours(path: Path) -> Figures:
    """Tally by column, judge by the judge; the awards are read one by one."""
    columns, scheme = columns_of(path, SCHEME), scheme_with({})
    score = score_of(scheme)
    assert score.table is not None
    shared = columns.tally(QUESTION, (scheme, scheme))
    awards = _awards(columns)
    fallback = {p: score.table.at(cal.period_dates(p)[1]).value for p in PERIODS}
    found: Figures = {}
    for key, tally in shared.tallied[0].items():
        period, unit = key.split("\n")[3:]
        assert isinstance(tally, Tally)
        figure = scores.judge(score, merge(tally, awards[period, unit]), fallback[period])
        found[period, unit] = str(figure.printed)
    return found


def _awards(columns: Columns) -> dict[tuple[str, str], Tally]:
    return {
        (e.payload.period, e.payload.unit): Tally({}, {}, {e.payload.item: (order_key(e), e.payload.points)})
        for e in columns.facts.events if isinstance(e.payload, ScoreSupplied)
    }  # fmt: skip


def duckdb_figures(path: Path) -> Figures:
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
    found = db.execute(_SQL, {"path": str(path), "awards": str(awards_beside(path))}).fetchall()
    return {(period, unit): f"{points:.2f}" for period, unit, points in found}


_SQL = """
with seen as (
  select strftime(timezone('Asia/Shanghai', to_timestamp(occurred_at / 1000000)), '%Y-%m') as period,
         unit, inspection, findings[1].place as place, findings[1].category as category
  from read_parquet($path) where type = 'inspection' and assessed_by = 'monthly_check'),
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


def whole(path: Path, rounds: int = 5) -> tuple[float, float, float, int]:
    """Return how long it takes to prepare the answer, and to judge again after a slider's move.

    First all rows, then the whole answer with its reasons; and how many units move.
    """
    begun = time.perf_counter()
    prepared = prepare_columns(columns_of(path, SCHEME), load_plugins(), QUESTION)
    rejudge(prepared, {})  # what all answers share is made once
    ready = time.perf_counter() - begun
    quick, full, moved = list[float](), list[float](), 0
    line = _line(prepared)
    for turn in range(rounds):
        tried = trial(prepared, {"warning_line": {"always": str(line - turn % 2)}})
        begun = time.perf_counter()
        rows = rows_under(prepared, tried)
        quick.append(time.perf_counter() - begun)
        answer = judge_under(prepared, tried)
        full.append(time.perf_counter() - begun - quick[-1])
        assert rows == answer.rows
        moved = len(answer.movers)
    return ready, statistics.median(quick), statistics.median(full), moved


def _line(prepared: Prepared) -> int:
    """Return a line that a hundredth of the warned units would come to stand above."""
    warned = sorted(
        row.before.points for row in prepared.rows.values()
        if row.before is not None and row.before.band == "warned" and row.before.points is not None
    )  # fmt: skip
    return int(warned[-len(warned) // 100])


# ── measuring ──


@dataclass(frozen=True)
class Result:
    """What was measured; seconds and MiB."""

    events: int
    unit_months: int
    ours: float
    duckdb: float
    ratio: float
    """The median of the rounds'."""
    ratios: tuple[float, ...]
    ours_peak: float
    duckdb_peak: float
    prepared: float
    prepared_peak: float
    slider: float
    """All rows after one move."""
    reasons: float
    """The whole answer after it."""
    moved: int


def run(folder: Path, events: int, units: int, rounds: int, say: Callable[[str], None]) -> Result:
    """Measure; the file is kept in `folder` for the next time.

    Raises:
        RuntimeError: a figure differs from the query's.
    """
    path = folder / f"year-{events}-{units}.parquet"
    if not path.exists():
        say(f"what-if: writing {events} events")
        part = path.with_suffix(".part")
        write(part, events, units)
        awards_beside(part).rename(awards_beside(path))
        part.rename(path)
    say("what-if: are all figures equal?")
    _in_a_process("check", path)
    say("what-if: against DuckDB")
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "duckdb": []}
    for turn in range(rounds):
        for name in sorted(taken, reverse=bool(turn % 2)):
            seconds, peak = _in_a_process(name, path)[:2]
            taken[name].append((seconds, peak))
    pairs = zip(taken["ours"], taken["duckdb"], strict=True)
    ratios = tuple(a[0] / b[0] for a, b in pairs)
    say("what-if: the whole answer, and a slider")
    prepared, peak, slider, reasons, moved = _in_a_process("whole", path)
    middle = {name: statistics.median(s for s, _ in rows) for name, rows in taken.items()}
    most = {name: max(m for _, m in rows) for name, rows in taken.items()}
    return Result(
        events, units * len(PERIODS), middle["ours"], middle["duckdb"],
        statistics.median(ratios), ratios, most["ours"],
        most["duckdb"], prepared, peak, slider, reasons, int(moved),
    )  # fmt: skip


def line(found: Result) -> str:
    """Return what no query gives, as a sentence."""
    return (
        f"What-if: {found.events} events, {found.unit_months} unit-months. The whole answer, with"
        f" lists, duties and consequences, is ready after {found.prepared:.1f} s"
        f" ({found.prepared_peak:.0f} MiB); one line moved: all rows in {found.slider:.3f} s, all"
        f" reasons in {found.reasons:.2f} s, {found.moved} units move."
    )


def _in_a_process(name: str, path: Path) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.whatif", "--one", name, "--file", str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(word) for word in ran.stdout.split()]


def _one(name: str, path: Path) -> int:
    if name == "whole":
        prepared, *rest = whole(path)
        print(prepared, peak_mib(), *rest)
    elif name == "check":
        mine, theirs = ours(path), duckdb_figures(path)
        wrong = [k for k in mine.keys() | theirs.keys() if mine.get(k) != theirs.get(k)]
        for key in wrong[:3]:
            print(key, mine.get(key), theirs.get(key), file=sys.stderr)
        return 1 if wrong else 0
    else:
        begun = time.perf_counter()
        _ = ours(path) if name == "ours" else duckdb_figures(path)
        print(time.perf_counter() - begun, peak_mib())
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run it alone; the exit code says nothing about speed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whatif", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--units", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, default=Path(".bench"))
    parser.add_argument(
        "--one", choices=("ours", "duckdb", "whole", "check"), help=argparse.SUPPRESS
    )
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        return _one(asked.one, asked.file)
    asked.dir.mkdir(parents=True, exist_ok=True)
    found = run(asked.dir, asked.events, asked.units, asked.rounds, print)
    print(json.dumps(asdict(found), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
