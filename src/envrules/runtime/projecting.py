"""Who projects the localities: threads of this process, or processes of their own.

Whoever it is finds out by itself what there is to do, within a second: what it is told only makes it
quicker. Of several that try, in this process, another or on another machine, the lease decides.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from typing import Protocol, TypeAlias

from envrules.engine.projection import Library
from envrules.model.base import Frozen, Instant
from envrules.runtime.leases import Leases
from envrules.runtime.outage import Outage
from envrules.runtime.projector import Projector
from envrules.store import Store

log = logging.getLogger(__name__)

OnAdvance: TypeAlias = Callable[[str, int], None]
"""Is told that a locality (its id) is projected up to a place of its log."""
_LOOK_SECONDS = 1.0
"""How often to look for localities that other processes have created."""


class Projecting(Protocol):
    """What the runtime says to whoever projects, and hears from it."""

    def report_to(self, on_advance: OnAdvance) -> None:
        """Say how far the localities are to this one; asked once, before anything else."""

    def start(self) -> None:
        """Project every locality there is, and those to come."""

    def wake(self, locality: str) -> None:
        """Say that there is more in a locality's log."""

    def hurry(self, locality: str) -> None:
        """Say that somebody waits for a locality's decisions."""

    def is_well(self) -> bool:
        """Return whether whoever projects runs, and does not end again and again."""

    def stop(self) -> None:
        """Stop after the transactions under way, and give the leases back."""


class Share(Frozen):
    """Which localities are dealt to one of several processes of one server."""

    number: int = 0
    of: int = 1

    def has(self, locality: str) -> bool:
        """Return whether a locality is among them."""
        return zlib.crc32(locality.encode()) % self.of == self.number


ALL = Share()


class ProjectingThreads:
    """Projects in this process, by a thread for each locality."""

    def __init__(
        self, store: Store, library: Library, clock: Callable[[], Instant], share: Share = ALL
    ) -> None:  # fmt: skip
        self._store, self._library, self._clock, self._share = store, library, clock, share
        self._leases = Leases(store)
        self._outage = Outage(store.failures, log, "looking for new localities")
        self._on_advance: OnAdvance = lambda _locality, _position: None
        self._projectors: dict[str, Projector] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="envrules-look", daemon=True)

    def report_to(self, on_advance: OnAdvance) -> None:
        """Say how far the localities are to this one."""
        self._on_advance = on_advance

    def start(self) -> None:
        """Project every locality there is, and those to come."""
        self._look()
        self._thread.start()

    def wake(self, locality: str) -> None:
        """Say that there is more in a locality's log."""
        projector = self._projector(locality)
        if projector is not None:
            projector.wake()

    def hurry(self, locality: str) -> None:
        """Say that somebody waits for a locality's decisions."""
        projector = self._projectors.get(locality)
        if projector is not None:
            projector.hurry()

    def is_well(self) -> bool:
        """Return whether whoever projects runs: threads do for as long as we do."""
        return True

    def stop(self) -> None:
        """Stop after the transactions under way, and give the leases back."""
        with self._lock:  # no projector is made any more
            self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for projector in self._projectors.values():
            projector.stop()
        self._leases.close()

    def _projector(self, locality: str) -> Projector | None:
        """Return who projects a locality here; made if need be, unless others do or we stop."""
        with self._lock:
            projector = self._projectors.get(locality)
            if projector is None and self._share.has(locality) and not self._stopping.is_set():
                projector = self._projectors[locality] = Projector(
                    self._store, locality, self._library, self._leases, self._clock,
                    self._on_advance,
                )  # fmt: skip
                projector.start()
            return projector

    def _look_on(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self._look()
                self._outage.over()
            except Exception as error:
                self._outage.tell(error)

    def _look(self) -> None:
        for row in self._store.localities():
            self._projector(row.id)
