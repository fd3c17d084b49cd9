"""The close of a month of a hundred thousand units, against bare SQLite that writes the same rows.

python -m benchmarks.close FILE     # as a process of its own: closes the month in FILE
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.locality import ID, SCHEME, opened, seconds
from benchmarks.timing import peak_mib
from envrules.model.base import HOUR, Instant
from envrules.model.entries import Closed
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.runtime.runtime import wall_clock

_PERIOD = "2015-01"
_BEGIN: Instant = 1_420_041_600_000_000  # 2015-01-01 00:00 in Shanghai
_OVER: Instant = 1_422_720_000_000_000  # 2015-02-01 00:00 in Shanghai
_FOUND = (("main_road", "三大堆"), ("main_road", "白色垃圾"), ("village", "三大堆"))


@dataclass(frozen=True)
class Result:
    """Seconds that the close took, and bare SQLite for the same rows."""

    units: int
    decisions: int
    ours: float
    bare: float
    resident_mib: float


def run(units: int, folder: Path) -> Result:
    """Make a month, unless an earlier run has left it, and close a copy of it."""
    kept = folder.parent / f"month-{units}.db"
    if not kept.exists():
        _make(kept, units)
    path = folder / "close.db"
    with closing(sqlite3.connect(kept)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
    command = [sys.executable, "-m", "benchmarks.close", str(path)]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    found = json.loads(run.stdout)
    decisions, bare = _write_again(path, folder / "again.db")
    return Result(units, decisions, found["seconds"], bare, found["resident_mib"])


def _make(path: Path, units: int) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with opened(part) as locality:
        locality.begin(_BEGIN)
        locality.project()
        locality.submit(_events(units))
        locality.advance(_OVER)
        locality.project()
    part.rename(path)


def _events(units: int) -> Iterator[Event]:
    """Yield the units, and an inspection of each with up to two findings."""
    names = [f"village-{n:06d}" for n in range(units)]
    for name in names:
        yield Event(f"u-{name}", _BEGIN - HOUR, UnitDeclared(name, name, "village"))
    for n, name in enumerate(names):
        found = tuple(
            Finding(f"f{i}", category, place)
            for i, (place, category) in enumerate(_FOUND[: n % len(_FOUND)])
        )
        yield Event(
            f"c-{name}", _BEGIN + HOUR, Inspection(f"c-{n}", name, "monthly_check", findings=found)
        )


def _close_here(path: Path) -> None:
    with opened(path) as locality:
        now = wall_clock()

        def close() -> None:
            locality.append([Closed(SCHEME, _PERIOD, ID, now)])
            locality.project()

        taken = seconds(close)
    print(json.dumps({"seconds": taken, "resident_mib": peak_mib()}))


def _write_again(path: Path, target: Path) -> tuple[int, float]:
    """Return how many decisions the close made, and how long bare SQLite takes for its rows."""
    with closing(sqlite3.connect(path)) as ours:
        [(closed,)] = ours.execute("SELECT seq FROM closes")
        decisions = ours.execute("SELECT * FROM decisions WHERE log_seq = ?", (closed,)).fetchall()
        place = _column(ours, "node")
        touched = {row[place] for row in decisions}
        nodes = [row for row in ours.execute("SELECT * FROM nodes") if row[1] in touched]
        made = [sql for (sql,) in ours.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ('nodes', 'decisions')"
            " ORDER BY type DESC"
        )]  # fmt: skip
    with closing(sqlite3.connect(target, isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode=WAL")
        for sql in made:
            bare.execute(sql)

        def write() -> None:
            bare.execute("BEGIN IMMEDIATE")
            for table, rows in (("decisions", decisions), ("nodes", nodes)):
                marks = ", ".join("?" * len(rows[0]))
                bare.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            bare.execute("COMMIT")

        return len(decisions), seconds(write)


def _column(connection: sqlite3.Connection, name: str) -> int:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(decisions)")]
    return columns.index(name)


if __name__ == "__main__":
    _close_here(Path(sys.argv[1]))
