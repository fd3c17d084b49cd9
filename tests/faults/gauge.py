"""What a server takes of its machine: memory and file handles, its projector processes included."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Trend:
    """How something went in the last third of a run, which is when caches are full."""

    begun: float
    ended: float
    slope: float
    """By hour, by least squares."""
    highest: float

    def is_flat(self, share: float, least: float) -> bool:
        """Return whether an hour of it would add less than a share, or less than a few at all."""
        return self.slope <= max(share * self.ended, least)


def last_third(samples: Sequence[Sample], of: str) -> Trend:
    """Return the trend of `memory` or `handles`."""
    third = samples[-max(2, len(samples) // 3) :]
    hours = [sample.seconds / 3600 for sample in third]
    values = [float(getattr(sample, of)) for sample in third]
    slope = statistics.linear_regression(hours, values).slope if hours[0] < hours[-1] else 0.0
    highest = max(float(getattr(sample, of)) for sample in samples)
    part = max(1, len(values) // 4)
    return Trend(
        statistics.median(values[:part]), statistics.median(values[-part:]), slope, highest
    )


def renice(level: int) -> None:
    """Let others go first: a long run is nobody's hurry."""
    os.nice(level)
