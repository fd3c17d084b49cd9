"""One locality's projector: reads on in the log, runs the engine, stores what it decides.

Leased and fenced: of several replicas only the holder of the lease advances the position, in the
same transaction as the decisions, so each (slot, version) is emitted exactly once. The holder also
tells the time: it appends the ticks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from msgspec.structs import replace

from envrules.engine.chaining import Chainer
from envrules.engine.kept import Locality
from envrules.engine.projection import Library, Projection
from envrules.engine.state import State
from envrules.model.base import Instant
from envrules.model.entries import Act, Tick, decode_entry, encode_entry
from envrules.runtime.backing import StoreBacking, rows_of
from envrules.runtime.leases import Leases
from envrules.runtime.outage import Outage
from envrules.runtime.ticking import next_time
from envrules.store import Batch, Lease, LeaseLost, LogRow, NewEntry, Store, StoreError

log = logging.getLogger(__name__)

SECOND: Instant = 1_000_000
TICK_EVERY: Instant = 300 * SECOND
"""A locality's time is advanced at least this often, and within a second of anything due."""
_LOOK_SECONDS = 0.5
"""Seconds between two looks at the clock."""
COMPANY = 0.02
"""Seconds that a projector woken from idleness lets entries gather, and receipts go out first."""
BATCH = 1000
"""Log entries in one transaction of the projector."""


class Projector:
    """Projects one locality on a thread of its own."""

    def __init__(
        self, store: Store, locality: str, library: Library, leases: Leases,
        clock: Callable[[], Instant], on_advance: Callable[[str, int], None],
    ) -> None:  # fmt: skip
        """`on_advance` is told (locality, position) after every commit."""
        self.locality = locality
        self._store, self._library, self._leases = store, library, leases
        self._clock, self._on_advance = clock, on_advance
        self._not_its_fault: tuple[type[Exception], ...] = (OSError, StoreError, *store.failures)
        """The machine's or the database's trouble: what entry is being judged does not matter."""
        self._lease: Lease | None = None
        self._projection: Projection | None = None
        self._position = 0
        self._stalled = 0
        self._outage = Outage(store.failures, log, f"projector of {locality}")
        self._ticked = 0
        self._look_at = 0.0
        self._limit = BATCH
        self._skipped: set[int] = set()
        self._more = threading.Event()
        self._urgent = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"envrules-project-{locality}", daemon=True
        )

    def start(self) -> None:
        """Begin to project."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is more in the log."""
        self._more.set()

    def hurry(self) -> None:
        """Say that somebody waits for the decisions: do not wait for company."""
        self._urgent.set()

    def stop(self) -> None:
        """Stop after the transaction under way, and give the lease back."""
        self._stopping.set()
        self._more.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._lease is not None:
            self._leases.give_back(self._lease)
            self._lease = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._more.clear()
            try:
                while not self._stopping.is_set() and self.go_on():
                    pass
                self._outage.over()
            except LeaseLost:
                self._forget()
            except Exception as error:
                self._outage.tell(error)
                self._projection = None  # the lease is still ours: there is nothing to wait for
            if not self._stopping.is_set():
                woken = self._more.wait(timeout=1.0)
                if woken and not self._stopping.is_set():
                    self._urgent.wait(COMPANY)
                self._urgent.clear()

    def _forget(self) -> None:
        self._lease, self._projection = None, None

    def go_on(self) -> bool:
        """Project the next batch and tell the time; return whether there may be more to do now."""
        more = self.step()
        return self.tell_time() or more

    def step(self) -> bool:
        """Project the next batch; return whether there may be more to do now."""
        if not self._hold_lease():
            return False
        projection = self._loaded()
        rows = self._store.read_log(self.locality, self._position, self._limit)
        self._note_skips(rows)
        if not rows or (self._stalled and self._stalled not in self._skipped):
            return False
        base = self._position
        entries = [(row.seq, decode_entry(row.payload)) for row in rows]
        projection.prepare(entry for _, entry in entries)
        for seq, entry in entries:
            if seq in self._skipped:
                projection.skip(seq)
            else:
                try:
                    projection.apply(seq, entry)
                except self._not_its_fault:
                    raise
                except Exception as error:
                    self._stall(base, seq, error)
                    return False
            self._position = seq
        try:
            self._commit(base)
        except self._store.contradictions as error:
            return self._isolate(base, error)
        full = len(rows) == self._limit
        self._limit, self._stalled = BATCH, 0
        return full

    def _isolate(self, base: int, error: Exception) -> bool:
        """Decisions contradict what is stored: find the entry that gives rise to them, and stall."""
        if self._limit == 1:
            self._stall(base, base + 1, error)
            return False
        self._limit, self._projection = 1, None
        return True

    def _hold_lease(self) -> bool:
        if self._lease is None:
            self._lease = self._leases.take(self.locality)
        return self._lease is not None

    def tell_time(self) -> bool:
        """Append a tick if time has something to say now; return whether it had."""
        if self._lease is None or self._projection is None or time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + _LOOK_SECONDS
        now, state = self._clock(), self._projection.state.locality
        # One is enough while it waits to be projected, behind a stall perhaps.
        if self._position < self._ticked or not self._is_time(state, now):
            return False
        reached = next_time(self._store, self.locality, state, now, state.sources)
        tick = NewEntry("tick", encode_entry(Tick(reached)))
        [[appended]] = self._store.append([Batch(self.locality, [tick], now)], self._lease)
        self._ticked = appended.seq
        if reached < now:
            self._look_at = 0.0  # there is more to tell
        return True

    def _is_time(self, state: Locality, now: Instant) -> bool:
        """Return whether a timer is due, or the last tick long ago."""
        reach = min((now, *state.sources.values()))
        if reach <= state.tick or not state.bindings:
            return False
        late = reach == now and now - state.tick >= TICK_EVERY
        return late or bool(self._store.due(self.locality, reach, 1))

    def _loaded(self) -> Projection:
        if self._projection is None:
            self._projection = open_projection(self._store, self.locality, self._library)
            self._position = self._store.projection(self.locality).position
            self._ticked = self._store.head(self.locality)  # whoever was here before may have
            self._stalled = 0  # a stall is tried again: the plugin may have been mended
            self._skipped = skips(self._store, self.locality, self._position)
        return self._projection

    def _note_skips(self, rows: list[LogRow]) -> None:
        if self._stalled:
            self._skipped |= skips(self._store, self.locality, self._position)
        else:
            self._skipped |= _skips_in(rows)

    def _commit(self, base: int) -> None:
        assert self._lease is not None
        assert self._projection is not None
        state = self._projection.state
        change = rows_of(state.changes, base, self._position, state.locality)
        self._store.commit(self._lease, change)
        state.take()
        self._on_advance(self.locality, self._position)

    def _stall(self, base: int, seq: int, error: Exception) -> None:
        """Keep what came before the entry, and say visibly that it cannot be passed.

        The failed entry has left the state half-changed, so it is dropped and the entries before
        are applied again.
        """
        row = self._store.log_rows(self.locality, (seq,))[seq]
        log.error(
            "locality %s stalls at log entry %d: %s", self.locality, seq, error, exc_info=error,
            extra={"locality": self.locality, "seq": seq, "event_id": row.event_id or ""},
        )  # fmt: skip
        assert self._lease is not None
        self._projection = None
        projection = self._loaded()
        for row in self._store.read_log(self.locality, base, seq - 1 - base):
            if row.seq in self._skipped:
                projection.skip(row.seq)
            else:
                projection.apply(row.seq, decode_entry(row.payload))
        self._position, self._stalled = seq - 1, seq
        reason = f"{type(error).__name__}: {error}"
        change = rows_of(projection.state.changes, base, seq - 1, projection.state.locality)
        stalled = replace(change, stalled_seq=seq, stalled_reason=reason[:500])
        self._store.commit(self._lease, stalled)
        projection.state.take()
        self._on_advance(self.locality, self._position)


def open_projection(store: Store, locality: str, library: Library) -> Projection:
    """Return the locality's projection as it is stored."""
    backing = StoreBacking(store, locality)
    state = State(backing, backing.load_locality())
    return Projection(locality, state, library, Chainer())


def skips(store: Store, locality: str, after: int) -> set[int]:
    """Return the log entries that operators' acts after `after` pass over."""
    found: set[int] = set()
    while rows := store.read_log(locality, after, BATCH):
        found |= _skips_in(rows)
        after = rows[-1].seq
    return found


def _skips_in(rows: list[LogRow]) -> set[int]:
    acts = (decode_entry(row.payload) for row in rows if row.kind == "act")
    return {act.target_seq for act in acts if isinstance(act, Act) and act.action == "skip"}
