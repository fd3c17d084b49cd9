"""What a server takes of its machine: memory and file handles, its projector processes included."""

from __future__ import annotations

import enum
import itertools
import math
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]  # it comes without types

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took at one moment."""

    seconds: float
    memory: float
    """Resident, in MiB."""
    handles: int


def take(process: psutil.Process, seconds: float = 0.0) -> Sample:
    """Look at a process."""
    return Sample(seconds, process.memory_info().rss / MEBIBYTE, process.num_fds())


def family(server: int) -> list[psutil.Process]:
    """Return the server process and those that it has started."""
    process = psutil.Process(server)
    return [process, *process.children(recursive=True)]


@dataclass
class Gauge:
    """Looks at a server from time to time, on a thread of its own."""

    server: int
    every: float
    taken: dict[str, list[Sample]] = field(default_factory=dict)
    """By the process: `server`, `projector`."""

    @contextmanager
    def looking(self) -> Iterator[Gauge]:
        """Look while something goes on."""
        enough = threading.Event()
        thread = threading.Thread(target=self._look_on, args=(enough,))
        thread.start()
        try:
            yield self
        finally:
            enough.set()
            thread.join()

    def _look_on(self, enough: threading.Event) -> None:
        begun = time.monotonic()
        while not enough.wait(self.every):
            self.look(time.monotonic() - begun)

    def look(self, seconds: float) -> None:
        """Note what each process takes now; one that has just ended is left out."""
        for number, process in enumerate(family(self.server)):
            name = "server" if number == 0 else f"projector {number}" if number > 1 else "projector"
            try:
                self.taken.setdefault(name, []).append(take(process, seconds))
            except psutil.NoSuchProcess:
                continue


class Verdict(enum.Enum):
    """What a run says about a trend."""

    FLAT = "flat"
    RISING = "NOT FLAT"
    UNDECIDED = "NOT SHOWN to be flat: too short a run for so much noise"


@dataclass(frozen=True)
class Trend:
    """How the floor of something went once a run had warmed up: the least that each minute saw.

    A year's report takes a hundred megabytes for some seconds. What leaks is not given back, and
    raises the floor.
    """

    begun: float
    ended: float
    slope: float
    """By hour, by least squares."""
    error: float
    """The standard error of the slope: a floor swings, too, and a short run tells little."""
    highest: float
    """Of all that was seen."""

    def verdict(self, share: float, least: float) -> Verdict:
        """Say whether an hour adds less than a share, or less than a few at all, beyond doubt.

        Beyond doubt means two standard errors away from that limit, whichever side it is.
        """
        limit = max(share * self.ended, least)
        if self.slope + 2 * self.error <= limit:
            return Verdict.FLAT
        return Verdict.RISING if self.slope - 2 * self.error > limit else Verdict.UNDECIDED


def trend(samples: Sequence[Sample], of: str) -> Trend:
    """Return the trend of `memory` or `handles` in the last two thirds, when caches are full."""
    warm = samples[len(samples) // 3 :]
    floor = [
        (minute / 60, min(float(getattr(sample, of)) for sample in some))
        for minute, some in itertools.groupby(warm, lambda sample: sample.seconds // 60)
    ]
    slope, error = _line(floor)
    part = max(1, len(floor) // 8)
    return Trend(
        statistics.fmean(least for _, least in floor[:part]),
        statistics.fmean(least for _, least in floor[-part:]),
        slope,
        error,
        max(float(getattr(sample, of)) for sample in samples),
    )


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the line through some points, and its standard error."""
    if len(points) < 3:
        return 0.0, math.inf
    hours, values = zip(*points, strict=True)
    slope, intercept = statistics.linear_regression(hours, values)
    off = math.fsum((value - slope * hour - intercept) ** 2 for hour, value in points)
    spread = math.fsum((hour - statistics.fmean(hours)) ** 2 for hour in hours)
    return slope, math.sqrt(off / (len(points) - 2) / spread)


def renice(level: int) -> None:
    """Let others go first: a long run is nobody's hurry."""
    os.nice(level)
