"""A short run of `three_replicas`; `python -m tests.faults.three_replicas` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.faults.three_replicas import endure
from tests.postgresql import PostgreSQL


def test_three_replicas_under_load(tmp_path: Path, postgresql: PostgreSQL, migrated: str) -> None:
    """While one of three is killed every few seconds, streams go on and all is decided once."""
    name = postgresql.create(migrated)
    toll = endure(tmp_path, postgresql.url(name), seed=7, seconds=0, kills=3)
    postgresql.drop(name)
    assert toll.kills == 3
    assert toll.decisions
