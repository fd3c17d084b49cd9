"""What a server takes of its machine: memory and file handles, its projector processes included.

Of memory three things: what is resident, the objects that Python holds, and what the C library has
given out. The last two a process tells itself, see `holding`.
"""

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
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes without types
from tests.faults.holding import sitecustomize as holding

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took at one moment."""

    seconds: float
    memory: float
    """Resident, in MiB."""
    handles: int
    objects: float
    """Thousands of blocks in use of Python's allocator: all its objects but large ones."""
    heap: float
    """In use of the C library's heaps, in MiB: large objects, and what other libraries hold."""


def take(process: psutil.Process, seconds: float, told: Path) -> Sample:
    """Look at a process, and at what it tells in the folder `told`. Raises FileNotFoundError."""
    objects, heap = map(int, (told / str(process.pid)).read_text().split())
    resident = process.memory_info().rss / MEBIBYTE
    return Sample(seconds, resident, process.num_fds(), objects / 1000, heap / MEBIBYTE)


def telling(folder: Path) -> dict[str, str]:
    """Return the environment of a process that is to tell what it holds in a folder."""
    path = [str(Path(holding.__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, path)), holding.FOLDER: str(folder)}


def family(server: int) -> list[psutil.Process]:
    """Return the server process and those that it has started."""
    process = psutil.Process(server)
    return [process, *process.children(recursive=True)]


@dataclass
class Gauge:
    """Looks at a server from time to time, on a thread of its own."""

    server: int
    every: float
    told: Path
    """Where the processes tell what they hold."""
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
        """Note what each process takes now; one that has just begun or ended is left out."""
        for number, process in enumerate(family(self.server)):
            name = "server" if number == 0 else f"projector {number}" if number > 1 else "projector"
            try:
                self.taken.setdefault(name, []).append(take(process, seconds, self.told))
            except (psutil.NoSuchProcess, FileNotFoundError):
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


def trend(samples: Sequence[Sample], of: str, warm_after: float) -> Trend:
    """Return the trend of a field since so many seconds had passed, when caches are full.

    A minute of which less than half was seen has no floor: that of one sample may be a peak.
    """
    warm = [sample for sample in samples if sample.seconds >= warm_after]
    minutes = [
        (minute / 60, [float(getattr(sample, of)) for sample in some])
        for minute, some in itertools.groupby(warm, lambda sample: sample.seconds // 60)
    ]
    enough = max((len(seen) for _, seen in minutes), default=0) / 2
    floor = [(minute, min(seen)) for minute, seen in minutes if len(seen) >= enough]
    slope, error = _line(floor)
    if not floor:
        return Trend(0, 0, 0, math.inf, max(float(getattr(sample, of)) for sample in samples))
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
