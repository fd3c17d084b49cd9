"""What those ask who watch the store: how far each locality is, and its decisions counted."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.pool import Pool
from tests.store.test_reading import DECISION, emit

from envrules.store import (
    Batch,
    DecisionFilter,
    DecisionRow,
    NewEntry,
    Progress,
    ProjectionChange,
    Store,
)


def test_progress_tells_what_waits_and_since_when(store: Store) -> None:
    """Head, position and stall of every locality, and when the oldest waiting entry was recorded."""
    for at in (10, 20, 30):
        store.append([Batch("liuhu", [NewEntry("tick", b"")], at)])
    assert store.progress() == [
        Progress("gaoling", 0, 0, 0, None, None), Progress("liuhu", 3, 0, 0, None, 10),
    ]  # fmt: skip
    lease = store.lease("liuhu", "p", 10**15, 0)
    assert lease is not None
    store.commit(lease, ProjectionChange(0, 1, 0, stalled_seq=2, stalled_reason="x"))
    assert store.progress()[1] == Progress("liuhu", 3, 1, 0, 2, 20)
    store.commit(lease, ProjectionChange(1, 3, 0))
    assert store.progress()[1] == Progress("liuhu", 3, 3, 0, None, None)


def versions(random: Random, count: int) -> Iterator[DecisionRow]:
    """Decisions of ten slots, each issued, superseded, revoked and issued again in any order."""
    last: dict[str, DecisionRow] = {}
    for _ in range(count):
        slot = f"slot-{random.randrange(10)}"
        before = last.get(slot)
        change = "issue"
        if before is not None and before.change != "revoke":
            change = random.choice(("supersede", "revoke"))
        outcome = random.choice(("parked", "red", "parked", "rejected"))
        if before is not None and change == "revoke":
            outcome = before.outcome  # it tells what holds no longer
        last[slot] = replace(
            DECISION, slot=slot, version=1 if before is None else before.version + 1,
            change=change, outcome=outcome, scheme=f"scheme-{slot[-1] in '012'}",
            kind=f"kind-{slot[-1] in '246'}",
        )  # fmt: skip
        yield last[slot]


@pytest.mark.parametrize("seed", range(5))
def test_tallies_of_adjoining_ranges_add_up(store: Store, seed: int) -> None:
    """However the decisions are cut, the tallies count each once, and what stands parked."""
    random = Random(seed)
    rows = emit(store, *versions(random, 80))
    emit(store, replace(DECISION, outcome="parked"), locality="liuhu")
    cuts = sorted({0, len(rows), *random.sample(range(len(rows)), 7)})
    counts: Counter[tuple[str, str, str]] = Counter()
    standing = 0
    for after, last in pairwise(cuts):
        for row in store.tally("gaoling", after, last, "parked"):
            counts[row.scheme, row.kind, row.change] += row.count
            standing += row.standing
    assert counts == Counter((row.scheme, row.kind, row.change) for row in rows)
    wanted = DecisionFilter(current_only=True, outcome="parked")
    assert standing == len(store.decisions("gaoling", limit=1000, filters=wanted)) > 0


def test_the_size_of_the_database_grows_with_it(store: Store) -> None:
    """Its size is told in bytes."""
    before = store.size()
    entries = [NewEntry("event", b"x" * 1000, f"e{n}", b"d") for n in range(2000)]
    store.append([Batch("gaoling", entries, 1)])
    assert before > 0
    assert store.size() >= before + 2_000_000


@contextmanager
def read_only() -> Iterator[None]:
    """Every SQLite connection may only read for a while, as on a disk that is mounted so."""
    bound: set[Any] = set()

    def bind(connection: Any, *_: object) -> None:
        if not connection.execute("PRAGMA query_only").fetchone()[0]:
            connection.execute("PRAGMA query_only=ON")
            bound.add(connection)

    event.listen(Pool, "checkout", bind)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", bind)
        for connection in bound:
            connection.execute("PRAGMA query_only=OFF")


def test_a_ping_writes(tmp_path: Path) -> None:
    """It puts something on disk, raises where only reading is possible, and works again after."""
    with Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        outside = sqlite3.connect(tmp_path / "x.db")
        seen = outside.execute("PRAGMA data_version").fetchone()
        assert outside.execute("PRAGMA data_version").fetchone() == seen
        store.ping()
        assert outside.execute("PRAGMA data_version").fetchone() != seen
        outside.close()
        with read_only():
            assert store.localities() == []
            with pytest.raises(store.failures):
                store.ping()
        store.ping()
