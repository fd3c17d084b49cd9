"""Group commit: whoever appends while a commit is under way shares the next one.

A receipt means stored durably: `append` returns after the commit that holds its entries.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from envrules.model.base import Instant
from envrules.runtime.errors import Stopping
from envrules.store import Appended, Batch, NewEntry, Store

MAX_ENTRIES = 20_000
"""Entries in one commit; what is queued beyond that waits for the next."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the log, as it went. Times are the system's, in nanoseconds."""

    begun: int
    ended: int
    batches: Sequence[Batch]
    results: Sequence[Sequence[Appended]]
    """By batch; empty if it failed."""


class Appender:
    """The one place where a process appends to logs."""

    def __init__(self, store: Store, on_append: Callable[[set[str]], None]) -> None:
        """`on_append` is told the localities that a commit has reached."""
        self._store, self._on_append = store, on_append
        self.on_commit: Callable[[Commit], None] | None = None
        """Is told of every commit before the receipts go out; it must neither wait nor raise."""
        self._queue: list[tuple[Batch, Future[list[Appended]]]] = []
        self._wanted = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="envrules-append", daemon=True)
        self._thread.start()

    def append(self, locality: str, entries: Sequence[NewEntry], at: Instant) -> list[Appended]:
        """Append entries in order and return what became of each, once it is durable.

        Raises:
            StoreError: nothing of this call was stored.
            Stopping: the appender is closed.
        """
        return self.append_later(locality, entries, at).result()

    def append_later(
        self, locality: str, entries: Sequence[NewEntry], at: Instant
    ) -> Future[list[Appended]]:
        """Queue entries; the future is done once they are durable, or nothing of them is stored."""
        future: Future[list[Appended]] = Future()
        with self._wanted:
            if self._stopping:
                raise Stopping("this process is stopping: send it again", "STOPPING")
            self._queue.append((Batch(locality, entries, at), future))
            self._wanted.notify()
        return future

    def close(self) -> None:
        """Commit what is queued and stop."""
        with self._wanted:
            self._stopping = True
            self._wanted.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._commit(group)

    def _next_group(self) -> list[tuple[Batch, Future[list[Appended]]]]:
        with self._wanted:
            while not self._queue and not self._stopping:
                self._wanted.wait()
            size = count = 0
            for batch, _ in self._queue:
                size += len(batch.entries)
                if count and size > MAX_ENTRIES:
                    break
                count += 1
            group, self._queue = self._queue[:count], self._queue[count:]
            return group

    def _commit(self, group: list[tuple[Batch, Future[list[Appended]]]]) -> None:
        try:
            results = self._append([batch for batch, _ in group])
        except Exception as error:
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            # One bad batch (a locality that is gone) must not refuse its neighbours.
            for one in group:
                self._commit([one])
            return
        for (_, future), appended in zip(group, results, strict=True):
            future.set_result(appended)
        self._on_append({batch.locality for batch, _ in group})

    def _append(self, batches: list[Batch]) -> list[list[Appended]]:
        results: list[list[Appended]] = []
        begun = time.time_ns()
        try:
            results = self._store.append(batches)
        finally:
            if self.on_commit is not None:
                self.on_commit(Commit(begun, time.time_ns(), batches, results))
        return results
