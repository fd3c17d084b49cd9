"""A locality in a file of its own, with its projector in this process: for what no client measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from envrules.model.base import Instant, digest
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick, encode_entry
from envrules.model.events import Event, encode_event
from envrules.plugin_manager import load_plugins
from envrules.runtime.leases import Leases
from envrules.runtime.library import Library
from envrules.runtime.projector import Projector
from envrules.runtime.runtime import wall_clock
from envrules.store import Batch, NewEntry, Store

ID, SOURCE, SCHEME = "bench", "host", "town_deduction"
_KINDS = {Tick: "tick", Published: "published", Closed: "closed"}
_BATCH = 1000


class Locality:
    """Appends to its log and projects it, step by step, as told."""

    def __init__(self, store: Store, leases: Leases) -> None:
        self.store = store
        self.library = Library(load_plugins(), store)
        self.projector = Projector(
            store, ID, self.library, leases, wall_clock, lambda _locality, _position: None
        )

    def begin(self, at: Instant) -> None:
        """Create the locality, whose time is `at`, and let the scheme judge it."""
        self.store.create_locality(ID, ID, "Asia/Shanghai", wall_clock())
        revision = self.library.add_builtin(SCHEME, {}, 0).revision
        self.append([Tick(wall_clock(), SOURCE, at), Published(SCHEME, revision, {}, ID, "", at)])

    def append(self, entries: Iterable[Entry]) -> None:
        """Store entries that are no events, durably."""
        rows = [NewEntry(_KINDS[type(entry)], encode_entry(entry)) for entry in entries]
        self.store.append([Batch(ID, rows, wall_clock())])

    def submit(self, events: Iterable[Event]) -> None:
        """Store events, durably, and project them."""
        batch: list[NewEntry] = []
        for event in events:
            content = digest(encode_event(event)).encode()
            batch.append(NewEntry("event", encode_entry(Arrived(event, ID)), event.id, content, ID))
            if len(batch) == _BATCH:
                self._flush(batch)
        self._flush(batch)

    def _flush(self, batch: list[NewEntry]) -> None:
        if batch:
            self.store.append([Batch(ID, batch, wall_clock())])
            batch.clear()
            self.project()

    def advance(self, until: Instant) -> None:
        """Let the locality's time be `until`, durably."""
        self.append([Tick(wall_clock(), SOURCE, until)])

    def project(self) -> None:
        """Project all that is in the log."""
        while self.projector.step():
            pass


@contextmanager
def opened(path: Path) -> Iterator[Locality]:
    """Give the locality in a SQLite file, which is made if it is not there."""
    with Store.open(f"sqlite:///{path}") as store, Leases(store) as leases:
        locality = Locality(store, leases)
        try:
            yield locality
        finally:
            locality.projector.stop()


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def mean_bytes(payloads: Sequence[bytes]) -> int:
    """Return the mean length."""
    return sum(map(len, payloads)) // max(len(payloads), 1)
