"""kill -9 at any moment: nothing receipted is lost, nothing is applied twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.campaign import endure


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_kill_during_a_stream(tmp_path: Path, seed: int) -> None:
    """A server killed five times while a month is played to it ends up with all of it, once.

    Every receipted event is in the log at its place, which has no gap; each (slot, version) was
    emitted once, counting 1, 2, 3; a watcher that went on from its cursor saw all of them once, in
    order; what fell due is dated when it did; a replay decides the same; a rebuild changes nothing.
    """
    toll = endure(tmp_path, seed, kills=5)
    assert toll.kills >= 5
    assert toll.overdue
