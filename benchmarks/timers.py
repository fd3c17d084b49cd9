"""A million open timers: what they cost to hold, to start with, and to fire.

Every timer is an open issue with a deadline. A working day's deadlines run out together; each
round lets the next day's run out, ours by the engine, with a decision for each one, and the
reference by bare SQLite that finds the same rows by the same index and writes as many bytes.

    python -m benchmarks.timers FILE     # as a process of its own: opens FILE and says what it took
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

from benchmarks.locality import ID, Locality, opened, seconds
from benchmarks.timing import Rounds, interleave, peak_mib
from envrules.engine.registry import FOREVER
from envrules.model.base import HOUR, Instant
from envrules.model.events import Event, IssueFound, UnitDeclared

OURS, BARE = "ours", "bare SQLite, the same rows"
_BEGIN: Instant = 1_420_387_200_000_000  # 2015-01-05 00:00 in Shanghai, a Monday
_WORKDAYS = 200
_UNITS = 1000
_FOUND = (("main_road", "三大堆"), ("main_road", "白色垃圾"), ("village", "三大堆"))


@dataclass(frozen=True)
class Result:
    """Timers fired a second, round by round, and what it takes to open the file."""

    timers: int
    rate: Rounds
    opening: Rounds
    """Seconds from nothing until the first timer may fire, and until bare SQLite knows it."""
    resident_mib: float
    file_mib: float


def run(timers: int, rounds: int, folder: Path) -> Result:
    """Make the timers, unless an earlier run has left them, and fire a day's a round."""
    kept = folder.parent / f"timers-{timers}.db"
    if not kept.exists():
        _make(kept, timers)
    ours, bare = folder / "timers.db", folder / "bare.db"
    _copy(kept, ours)
    with closing(_bare(ours, bare)) as reference, opened(ours) as locality:
        rate = interleave(
            {OURS: lambda: _fire(locality), BARE: lambda: _fire_bare(reference)}, rounds
        )
    openings: list[dict[str, float]] = []

    def opening() -> float:
        openings.append(_open_alone(ours))
        return openings[-1]["seconds"]

    opened_in = interleave({OURS: opening, BARE: lambda: _open_bare(bare)}, 3)
    resident = max(one["resident_mib"] for one in openings)
    return Result(timers, rate, opened_in, resident, ours.stat().st_size / 2**20)


def _make(path: Path, timers: int) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with opened(part) as locality:
        locality.begin(_BEGIN)
        locality.project()
        locality.submit(_events(timers))
    part.rename(path)


def _events(timers: int) -> Iterator[Event]:
    for n in range(_UNITS):
        unit = f"village-{n:04d}"
        yield Event(f"u-{unit}", _BEGIN - HOUR, UnitDeclared(unit, unit, "village"))
    for n in range(timers):
        day = n * _WORKDAYS // timers
        at = _BEGIN + (day // 5 * 7 + day % 5) * 24 * HOUR + 9 * HOUR
        place, category = _FOUND[n % len(_FOUND)]
        unit = f"village-{n % _UNITS:04d}"
        yield Event(
            f"i-{n:08d}",
            at,
            IssueFound(f"GD-{n:08d}", category, place, source="patrol", place_unit=unit),
        )


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _next_due(connection: sqlite3.Connection, table: str) -> Instant:
    query = f"SELECT min(wake_at) FROM {table} WHERE wake_at IS NOT NULL"
    [(due,)] = connection.execute(query)
    return int(due)


def _fire(locality: Locality) -> float:
    """Let the next day's timers run out; return how many a second did."""
    due = locality.store.due(ID, FOREVER, 1)[0].wake_at
    assert due is not None
    count = len(locality.store.keys_due(ID, due))

    def fire() -> None:
        locality.advance(due)
        locality.project()

    return count / seconds(fire)


# ── the reference ──


def _bare(ours: Path, path: Path) -> sqlite3.Connection:
    """Return a database with our nodes, and an empty table of decisions like ours."""
    reference = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768"):
        reference.execute(f"PRAGMA {pragma}")
    reference.executescript(
        "CREATE TABLE nodes (key TEXT PRIMARY KEY, unit TEXT, wake_at INTEGER, payload BLOB);"
        "CREATE INDEX due ON nodes (wake_at, key) WHERE wake_at IS NOT NULL;"
        "CREATE TABLE decisions (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, slot TEXT, version INTEGER,"
        " unit TEXT, payload BLOB, UNIQUE (slot, version));"
        "CREATE INDEX by_unit ON decisions (unit, seq);"
    )
    reference.execute("ATTACH ? AS ours", (f"{ours}",))
    reference.execute("BEGIN")
    reference.execute(
        "INSERT INTO nodes SELECT key, unit, wake_at, payload FROM ours.nodes"
        " WHERE wake_at IS NOT NULL"
    )
    reference.execute("COMMIT")
    reference.execute("DETACH ours")
    return reference


def _fire_bare(reference: sqlite3.Connection) -> float:
    due = _next_due(reference, "nodes")
    fired = 0

    def fire() -> None:
        nonlocal fired
        reference.execute("BEGIN IMMEDIATE")
        rows = reference.execute(
            "SELECT key, unit, payload FROM nodes WHERE wake_at <= ? ORDER BY key", (due,)
        ).fetchall()
        [(last,)] = reference.execute("SELECT coalesce(max(seq), 0) FROM decisions")
        reference.executemany(
            "INSERT INTO decisions VALUES (?, ?, ?, 2, ?, ?)",
            [(last + n, f"{last + n:024x}", key, unit, payload * 2)
             for n, (key, unit, payload) in enumerate(rows, start=1)],
        )  # fmt: skip
        reference.executemany(
            "UPDATE nodes SET wake_at = NULL, payload = ? WHERE key = ?",
            [(payload, key) for key, _, payload in rows],
        )
        reference.execute("COMMIT")
        fired = len(rows)

    taken = seconds(fire)
    return fired / taken


# ── opening ──


def _open_alone(path: Path) -> dict[str, float]:
    """Open the file in a process of its own; return what that took."""
    command = [sys.executable, "-m", "benchmarks.timers", str(path)]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    found: dict[str, float] = json.loads(run.stdout)
    return found


def _open_bare(path: Path) -> float:
    def look() -> None:
        with closing(sqlite3.connect(path)) as connection:
            _next_due(connection, "nodes")

    return seconds(look)


def _opened_here(path: Path) -> None:
    def look() -> None:
        with opened(path) as locality:
            locality.project()
            locality.store.due(ID, FOREVER, 1)

    taken = seconds(look)
    print(json.dumps({"seconds": taken, "resident_mib": peak_mib()}))


if __name__ == "__main__":
    _opened_here(Path(sys.argv[1]))
