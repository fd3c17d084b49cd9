"""Who may write to a SQLite file: one thread of one process at a time, and who waits is woken.

SQLite's own way for a writer to wait is to sleep for a while and to try again: up to 0.1 s at a
time, and whoever does not sleep is in first. Here the kernel wakes the next one at once.
"""

from __future__ import annotations

import fcntl
import os
import threading
from types import TracebackType

_CLOSED = -1


class WriteLock:
    """Kept on two files beside the database, which stay: to remove one would let two writers in.

    A writer enters the queue, waits for its turn, and only then lets the next one into the queue.
    So a process that writes without a pause cannot be in again before one that waits.
    """

    def __init__(self, database: str) -> None:
        """Make the files, named after the one of the database, if they are not there."""
        self._threads = threading.Lock()
        self._queue, self._turn = (
            os.open(f"{database}.{name}", os.O_RDWR | os.O_CREAT, 0o644)
            for name in ("queue", "turn")
        )

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._queue, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._turn, fcntl.LOCK_EX)
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            fcntl.flock(self._turn, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Let go of the files."""
        with self._threads:
            for file in {self._queue, self._turn} - {_CLOSED}:
                os.close(file)
            self._queue = self._turn = _CLOSED
