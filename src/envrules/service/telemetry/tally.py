"""Counting decisions as they are emitted, whoever emits them: each one is read once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from envrules.store import Progress, Store

_CHUNK = 20_000
"""Decisions counted in one query."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The decisions of a locality, all of them."""

    emitted: Mapping[tuple[str, str, str], int]
    """By scheme, kind and change."""
    parked: Mapping[str, int]
    """By scheme: those that stand with the outcome `parked`."""


@dataclass
class Tally:
    """Counts one locality's decisions from the first one on."""

    _last: int = 0
    _emitted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _parked: Counter[str] = field(default_factory=Counter)

    def count(self, store: Store, progress: Progress, until: float) -> Counted | None:
        """Count on up to what is emitted by now; None if it is not done by `until` (monotonic).

        While a rebuild emits again what is counted already, nothing is counted.
        """
        while self._last < progress.decision_seq:
            if time.monotonic() > until:
                return None
            last = min(self._last + _CHUNK, progress.decision_seq)
            for row in store.tally(progress.locality, self._last, last, "parked"):
                self._emitted[row.scheme, row.kind, row.change] += row.count
                self._parked[row.scheme] += row.standing
            self._last = last
        return Counted(dict(self._emitted), dict(self._parked))
