"""A short run of `soak`; `python -m tests.faults.soak` is the long one, which judges memory."""

from __future__ import annotations

from pathlib import Path
from random import Random

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
    ("memory", "handles", "minutes", "told"),
    [
        (0.0, 0.0, 60, "flat"),
        (3.0, 0.0, 60, "flat"),
        (30.0, 0.0, 60, "NOT FLAT"),
        (0.0, 30.0, 60, "NOT FLAT"),
        (0.0, 0.0, 6, "NOT SHOWN"),
    ],
)
def test_verdict(memory: float, handles: float, minutes: int, told: str) -> None:
    """A leak of so much an hour is told from what memory swings by, and from what is given back."""
    random = Random(1)
    samples = [
        Sample(
            seconds,
            260 + memory * seconds / 3600 + random.gauss(0, 5) + 150 * (seconds % 200 == 0),
            30 + round(handles * seconds / 3600),
        )
        for seconds in range(0, 60 * minutes, 10)
    ]
    flat, figures = verdict(Gauge(1, 10, {"server": samples}))
    assert flat == (told == "flat")
    assert told in figures
