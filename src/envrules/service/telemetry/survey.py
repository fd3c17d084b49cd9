"""What the store and the watched rulesets say, looked up every few seconds for the metrics.

It all comes from the store, because the projector may be another process's, on another machine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from envrules.engine.kept import Locality
from envrules.model.entries import Arrived, Tick, decode_entry
from envrules.runtime.backing import StoreBacking
from envrules.runtime.unknown_codes import unknown_codes
from envrules.service.candidates import Candidates
from envrules.service.health import Monitor
from envrules.service.host import Host
from envrules.service.status import Refusal
from envrules.service.telemetry.heard import Heard
from envrules.service.telemetry.look import LocalityFound, Look
from envrules.service.telemetry.tally import Counted, Tally
from envrules.service.watched import WatchedFile
from envrules.store import Progress

log = logging.getLogger(__name__)

_TAIL = 1000
"""Log entries, the newest, that one look reads to find who has sent something elsewhere."""
_BUDGET = 1.0
"""Seconds of a look that may go into counting decisions: at the start there may be millions."""
_CODES_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class _Codes:
    """How many unknown codes there were, when that was looked for, and what made it so."""

    count: int
    cause: tuple[int, str]
    """Parked decisions, and revision."""
    at: float


class Survey:
    """Looks at the store on a thread of its own, so that no scrape waits for it."""

    def __init__(self, host: Host, monitor: Monitor, heard: Heard) -> None:
        self._host, self._monitor, self._heard = host, monitor, heard
        self._store = host.runtime.store
        self._candidates = Candidates(host)
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self._codes: dict[tuple[str, str], _Codes] = {}
        self._read: dict[str, int] = {}
        self._look: Look | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="envrules-survey", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join()

    @property
    def look(self) -> Look | None:
        """What was found last; None: nothing yet."""
        return self._look

    @property
    def store_is_up(self) -> bool:
        """Whether the server's health is good."""
        return self._monitor.serving

    def files(self) -> Mapping[str, WatchedFile]:
        """Return the watched files by scheme."""
        return self._host.watched.all()

    def _run(self) -> None:
        failed = False
        while not self._stopping.is_set():
            try:
                self._look = self._seen()
                failed = False
            except Exception as error:
                if not failed:
                    log.warning("metrics cannot look at the store, trying again: %r", error)
                failed = True
            self._stopping.wait(self._host.config.survey_seconds)

    def _seen(self) -> Look:
        at, until = time.monotonic(), time.monotonic() + _BUDGET
        found = tuple(self._locality(progress, until) for progress in self._store.progress())
        return Look(at, self._store.size(), found)

    def _locality(self, progress: Progress, until: float) -> LocalityFound:
        state = StoreBacking(self._store, progress.locality).load_locality()
        self._listen(progress)
        decisions = self._tallies[progress.locality].count(self._store, progress, until)
        now = self._host.runtime.clock()
        since = progress.waiting_since
        return LocalityFound(
            progress,
            lag=max(0, now - since) if since is not None else 0,
            silence={
                source: max(0, now - at)
                for source, at in self._heard.of(progress.locality).items()
            },
            watermarks={source: max(0, now - until) for source, until in state.sources.items()},
            decisions=decisions,
            unknown=self._unknown(progress.locality, state, decisions),
            candidates=self._waiting(state),
        )  # fmt: skip

    def _listen(self, progress: Progress) -> None:
        """Note who has sent something, to this server before it started or to another one."""
        after = max(self._read.get(progress.locality, 0), progress.head - _TAIL)
        if after >= progress.head:
            return
        for row in self._store.read_log(progress.locality, after, _TAIL):
            entry = decode_entry(row.payload)
            source = ""
            if isinstance(entry, Arrived):
                source = entry.event.source or entry.by
            elif isinstance(entry, Tick):
                source = entry.source
            if source:
                self._heard.note(progress.locality, (source,), row.recorded_at)
            self._read[progress.locality] = row.seq

    def _unknown(
        self, locality: str, state: Locality, decisions: Counted | None
    ) -> Mapping[str, int]:
        """Return how many codes nobody has mapped: looked for again only if that may differ."""
        if decisions is None:
            return {}
        found: dict[str, int] = {}
        for scheme, binding in state.bindings.items():
            parked = decisions.parked.get(scheme, 0)
            now, known = time.monotonic(), self._codes.get((locality, scheme))
            if known is None or (
                known.cause != (parked, binding.revision) and now - known.at >= _CODES_EVERY
            ):
                count = 0
                if parked:
                    compiled = self._host.runtime.library(scheme, binding.revision)
                    count = len(unknown_codes(self._store, locality, compiled))
                known = _Codes(count, (parked, binding.revision), now)
                self._codes[locality, scheme] = known
            found[scheme] = known.count
        return found

    def _waiting(self, state: Locality) -> Mapping[str, bool]:
        found: dict[str, bool] = {}
        for scheme, binding in state.bindings.items():
            if self._host.watched[scheme] is None:
                continue
            try:
                found[scheme] = self._candidates.state(binding)[0] is not None
            except Refusal:
                found[scheme] = False  # there is no good ruleset of that name
        return found
