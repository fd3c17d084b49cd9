"""How far the localities are projected, as one process knows it, and waiting for that."""

from __future__ import annotations

import threading
import time

from envrules.store import Store

_LOOK_SECONDS = 0.2
"""How often who waits for decisions looks whether another process has stored them."""


class Progress:
    """Log positions by locality. Its methods may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._positions: dict[str, int] = {}
        self._advanced = threading.Condition()
        self._closing = threading.Event()

    def at(self, locality: str) -> int:
        """Return how far a locality is known to be projected, without looking."""
        return self._positions.get(locality, 0)

    def note(self, locality: str, position: int) -> None:
        """Know how far a locality is; a rebuilt one starts again."""
        with self._advanced:
            self._positions[locality] = position
            self._advanced.notify_all()

    def note_at_least(self, locality: str, position: int) -> None:
        """Know how far a locality is by somebody who may have said it late."""
        self.note(locality, max(position, self.at(locality)))

    def wait(self, locality: str, seq: int, timeout: float) -> bool:
        """Wait until a locality has reached `seq`, for so many seconds; return whether it has.

        Does not wait for one that is stalled before `seq`.
        """
        now = time.monotonic()
        deadline, look_at = now + timeout, now + _LOOK_SECONDS * (locality in self._positions)
        while self.at(locality) < seq and not self._closing.is_set():
            # Another replica may be the one that projects: look at the store now and then.
            if time.monotonic() >= look_at:
                if self._is_stalled(locality, seq):
                    break
                look_at = time.monotonic() + _LOOK_SECONDS
            with self._advanced:
                now = time.monotonic()
                if self.at(locality) >= seq or now >= deadline:
                    break
                self._advanced.wait(max(0.0, min(deadline, look_at) - now))
        return self.at(locality) >= seq

    def close(self) -> None:
        """Let nobody wait any more."""
        self._closing.set()
        with self._advanced:
            self._advanced.notify_all()

    def _is_stalled(self, locality: str, seq: int) -> bool:
        """Look at the store: note how far the locality is; return whether it stops before `seq`."""
        row = self._store.projection(locality)
        self.note_at_least(locality, row.position)
        return row.stalled_seq is not None and row.stalled_seq <= seq
