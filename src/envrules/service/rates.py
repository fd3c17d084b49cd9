"""How often somebody may come: a bucket of tokens each, refilled at a steady rate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_KEPT = 4096
"""Whoever has not come for longest is forgotten, and would find a full bucket anyway."""


class Rates:
    """Counts who comes how often. Thread-safe."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`rate` is times a second; `burst` is how many may come at once after a pause."""
        self.rate, self._burst, self._clock = rate, burst, clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, who: str) -> float:
        """Let `who` in and return 0, or return the seconds until there is room."""
        now = self._clock()
        with self._lock:
            level, since = self._buckets.pop(who, (self._burst, now))
            level = min(self._burst, level + (now - since) * self.rate)
            wait = 0.0 if level >= 1 else (1 - level) / self.rate
            self._buckets[who] = (level if wait else level - 1, now)
            if len(self._buckets) > _KEPT:
                self._buckets.popitem(last=False)
        return wait
