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
    ("grows", "by", "minutes", "told"),
    [
        ("memory", 0.0, 60, "flat"),
        ("memory", 3.0, 60, "flat"),
        ("memory", 60.0, 60, "NOT FLAT"),
        ("handles", 30.0, 60, "NOT FLAT"),
        ("objects", 100.0, 60, "NOT FLAT"),
        ("heap", 10.0, 60, "NOT FLAT"),
        ("heap", 1.0, 60, "flat"),
        ("objects", 0.0, 3, "NOT SHOWN"),
    ],
)
def test_verdict(grows: str, by: float, minutes: int, told: str) -> None:
    """A leak of so much an hour is told from what memory swings by, and from what is given back."""
    random = Random(1)
    leaks = dict.fromkeys(("memory", "handles", "objects", "heap"), 0.0) | {grows: by}

    def sample(seconds: int) -> Sample:
        memory, handles, objects, heap = (leaks[of] * seconds / 3600 for of in leaks)
        report = seconds % 200 == 0
        return Sample(
            seconds, 260 + memory + random.gauss(0, 12) + 150 * report, 30 + round(handles),
            640 + objects + random.gauss(5, 2) + 200 * report, 38 + heap + random.gauss(0.5, 0.2),
        )  # fmt: skip

    samples = [sample(seconds) for seconds in range(0, 60 * minutes, 10)]
    flat, figures = verdict(Gauge(1, 10, Path(), {"server": samples}), 20 * minutes)
    assert flat == (told == "flat"), figures
    assert f": {told}" in figures


def test_a_run_that_saw_nothing_shows_nothing() -> None:
    """Where no process told what it holds, nothing is flat."""
    assert verdict(Gauge(1, 10, Path()), 0) == (False, "")
