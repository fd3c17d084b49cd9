"""A short run of `soak`; `python -m tests.faults.soak` is the long one, which judges memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.gauge import Gauge, Sample
from tests.faults.soak import Wanted, soak, verdict


def test_two_months(tmp_path: Path) -> None:
    """Two months with closes, edits, unknown codes and watchers that come and go are all checked."""
    wanted = Wanted(
        months=2, seconds=600, fastest=5, units=10, issues=4, edits_every=0.5, samples_every=1
    )
    toll, gauge = soak(tmp_path, wanted)
    assert toll.closes >= 2
    assert toll.edits
    assert toll.watchers
    assert toll.reads
    assert toll.unknown_codes
    assert {"server", "projector"} <= gauge.taken.keys()


@pytest.mark.parametrize(
    ("memory", "handles", "flat"),
    [(0.0, 0.0, True), (0.001, 0.0, True), (0.1, 0.0, False), (0.0, 0.01, False)],
)
def test_verdict(memory: float, handles: float, flat: bool) -> None:
    """A leak of memory or of handles is told, one of a few MiB an hour is within the noise."""
    samples = [
        Sample(seconds, 120 + memory * seconds, 30 + round(handles * seconds))
        for seconds in range(0, 1800, 10)
    ]
    told, figures = verdict(Gauge(1, 10, {"server": samples}))
    assert told == flat
    assert ("NOT FLAT" in figures) != flat
