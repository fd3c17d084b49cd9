"""Whether the server should be sent calls: only while its store answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from grpc_health.v1 import health, health_pb2

from envrules.service.watched import WatchedFiles
from envrules.store import Store

log = logging.getLogger(__name__)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def ruleset_name(scheme: str) -> str:
    """Return the name under which the health service tells of a watched ruleset file."""
    return f"rulesets/{scheme}"


def locality_name(locality: str) -> str:
    """Return the name under which the health service tells of one locality's decisions."""
    return f"localities/{locality}"


class Monitor:
    """Probes the store and keeps the health service's answers.

    The names are "" (all), each service, `localities/<slug>`: NOT_SERVING while that locality is
    stalled, and `rulesets/<scheme>`: NOT_SERVING while its watched file cannot be used as it is.
    """

    def __init__(
        self, store: Store, watched: WatchedFiles, services: Iterable[str], every: float,
        patience: float,
    ) -> None:  # fmt: skip
        """`every`: seconds between probes; `patience`: how long one may take."""
        self.servicer = health.HealthServicer()
        self._store, self._watched, self._services = store, watched, ("", *services)
        self._every, self._patience = every, patience
        self._told: dict[str, int] = {}
        self._soon, self._stopping = threading.Event(), threading.Event()
        self._probes = ThreadPoolExecutor(1, "envrules-probe")
        self._thread = threading.Thread(target=self._run, name="envrules-health", daemon=True)

    def start(self) -> None:
        """Probe once, then go on by itself."""
        self._tell_all(NOT_SERVING)
        self._check(self._probes.submit(self._probe))
        self._thread.start()

    @property
    def serving(self) -> bool:
        """Whether the store could be used when it was last probed."""
        return self._told.get("") == SERVING

    def look(self) -> None:
        """Probe now, not in a moment: something went wrong."""
        self._soon.set()

    def drain(self) -> None:
        """Say NOT_SERVING from now on, whatever the store does."""
        self.servicer.enter_graceful_shutdown()

    def stop(self) -> None:
        """Probe no more."""
        self._stopping.set()
        self._soon.set()
        if self._thread.is_alive():
            self._thread.join()
        self._probes.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        probe: Future[dict[str, int]] | None = None
        while not self._stopping.is_set():
            self._soon.wait(self._every)
            self._soon.clear()
            if self._stopping.is_set():
                return
            # A probe that hangs is not joined by more of them.
            if probe is None or probe.done():
                probe = self._probes.submit(self._probe)
            self._check(probe)

    def _probe(self) -> dict[str, int]:
        """Return what is to be told of each locality and each watched file."""
        self._store.ping()
        stalled = self._store.stalls()
        good = {locality_name(row.id): row.id not in stalled for row in self._store.localities()}
        good |= {ruleset_name(scheme): ok for scheme, ok in self._watched.usable().items()}
        return {name: SERVING if ok else NOT_SERVING for name, ok in good.items()}

    def _check(self, probe: Future[dict[str, int]]) -> None:
        try:
            told = probe.result(self._patience)
        except Exception as error:
            if self.serving:
                log.error("the store cannot be used: %r", error)
            self._tell_all(NOT_SERVING)
            return
        self._tell_all(SERVING)
        for name, status in told.items():
            self._tell(name, status)

    def _tell_all(self, status: int) -> None:
        for name in self._services:
            self._tell(name, status)

    def _tell(self, name: str, status: int) -> None:
        if self._told.get(name) != status:
            self._told[name] = status
            self.servicer.set(name, status)
