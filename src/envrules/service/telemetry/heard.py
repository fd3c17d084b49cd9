"""When each source last sent something."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from envrules.model.base import Instant

_LIMIT = 100
OTHERS = "(others)"
"""All sources of a locality after the first hundred: callers choose the names."""


class Heard:
    """By locality and source, the latest time. Written by calls and by the survey."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Instant]] = {}
        self._lock = threading.Lock()

    def note(self, locality: str, sources: Iterable[str], at: Instant) -> None:
        """Note that these sources have sent something at `at`."""
        with self._lock:
            known = self._last.setdefault(locality, {})
            for source in sources:
                name = source if source in known or len(known) < _LIMIT else OTHERS
                known[name] = max(at, known.get(name, at))

    def of(self, locality: str) -> Mapping[str, Instant]:
        """Return the last time of each source of a locality."""
        with self._lock:
            return dict(self._last.get(locality, {}))
