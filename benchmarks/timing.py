"""Interleaved measuring: contestants take turns in short slices, and only ratios are judged.

A machine swings by a factor of two from minute to minute. So every round lets each contestant
have a slice, beginning with another one each time, and a ratio is taken within a round; the
median over the rounds is the result, and the quartiles say how far it can be trusted.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

Slice = Callable[[], float]
"""Runs one contestant for one slice and returns the figure measured."""


@dataclass(frozen=True)
class Rounds:
    """Figures of several contestants, round by round."""

    figures: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return a contestant's middle figure: to be shown beside a ratio only."""
        return statistics.median(self.figures[name])

    def ratios(self, ours: str, reference: str) -> list[float]:
        """Return the ratio in each round."""
        pairs = zip(self.figures[ours], self.figures[reference], strict=True)
        return [mine / other for mine, other in pairs]


def interleave(slices: Mapping[str, Slice], rounds: int) -> Rounds:
    """Let the contestants take turns, after one round that does not count."""
    figures: dict[str, list[float]] = {name: [] for name in slices}
    for turn in range(-1, rounds):
        for name in turns(list(slices), turn):
            figure = slices[name]()
            if turn >= 0:
                figures[name].append(figure)
    return Rounds(figures)


def turns(names: Sequence[str], turn: int) -> Iterator[str]:
    """Yield the contestants of one round: nobody always comes first, or after the same one."""
    start = turn % len(names)
    order = [*names[start:], *names[:start]]
    yield from order if turn % 2 == 0 else reversed(order)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the lower and the upper quartile."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def per_call(function: Callable[[], object], calls: int) -> float:
    """Return the microseconds that one of `calls` calls takes; `function` makes them all."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) / calls * 1e6


def machine(folder: Path) -> dict[str, str | float]:
    """Return what the absolute figures depend on; `folder` is where the databases lie."""
    return {
        "processor": _processor(),
        "cores": float(len(os.sched_getaffinity(0))),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
        "sqlite": sqlite3.sqlite_version,
        "sync_ms": _sync_ms(folder),
        "load": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _sync_ms(folder: Path) -> float:
    """Return the median milliseconds that it takes to append 4 KiB to a file and sync it."""
    path = folder / "sync"
    times = []
    with path.open("wb") as file:
        for _ in range(30):
            file.write(bytes(4096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - start) * 1e3)
    path.unlink()
    return statistics.median(times)


def peak_mib() -> float:
    """Return the most memory that this process has taken, in MiB.

    Since it began to run this program: `getrusage` counts what its parent took as well.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
