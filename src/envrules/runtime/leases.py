"""The leases of one process: taken one by one, kept up together.

All times are the database's, which all replicas share; how often to renew is counted by a clock that
never jumps. Should two hold a lease at once all the same, the fence lets one of them write.
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from envrules.model.base import Instant
from envrules.runtime.outage import Outage
from envrules.runtime.owner import is_gone, owner_name
from envrules.store import Lease, ProjectionRow, Store

log = logging.getLogger(__name__)

LEASE_TTL: Instant = 4_000_000
"""How long a lease lasts: until then nobody takes a locality from a machine that has vanished."""
_RENEW_SECONDS = 1.0
"""Often enough that one or two renewals may come late, behind somebody's long transaction."""


class Leases:
    """Renews by a thread of its own: one step of a projector may take longer than a lease lasts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.owner = owner_name()
        self._any = False
        self._outage = Outage(store.failures, log, "renewing the leases")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="envrules-lease", daemon=True)
        self._thread.start()

    def take(self, locality: str) -> Lease | None:
        """Lease a locality: at once if its holder has died on this machine, else in its time."""
        held = self._store.projection(locality)
        now = self._store.now()
        if is_gone(held.owner):
            # In its name and under its fence: nothing happens if another took over meanwhile.
            self._store.release(Lease(locality, held.owner, held.fence, held.leased_until))
        elif is_held(held, now):
            return None
        lease = self._store.lease(locality, self.owner, now, LEASE_TTL)
        self._any |= lease is not None
        return lease

    def give_back(self, lease: Lease) -> None:
        """Let anybody have the locality now."""
        self._store.release(lease)

    def close(self) -> None:
        """Renew no more."""
        self._closing.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def _run(self) -> None:
        while not self._closing.wait(_RENEW_SECONDS):
            if self._any:  # who only waits for a lease need not write
                try:
                    self._store.renew(self.owner, self._store.now(), LEASE_TTL)
                    self._outage.over()
                except Exception as error:
                    self._outage.tell(error)


def is_held(held: ProjectionRow, now: Instant) -> bool:
    """Return whether a locality must be left to its projector, at the database's time `now`."""
    return now < held.leased_until <= now + LEASE_TTL and not is_gone(held.owner)
