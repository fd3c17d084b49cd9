"""Whether the server should be sent calls: only while its store answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

from envrules.runtime.outage import Outage
from envrules.service.principal import Principals
from envrules.service.security import Security
from envrules.service.status import Refusal
from envrules.service.watched import WatchedFiles
from envrules.store import Store
from envrules.wire.limits import NAME_LIMIT

log = logging.getLogger(__name__)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

NOBODY_S = "?"
"""A name that stands for all that a caller may not know."""


PROJECTORS = "projectors"
"""The name under which the health service tells of the processes that judge."""


def ruleset_name(scheme: str) -> str:
    """Return the name under which the health service tells of a watched ruleset file."""
    return f"rulesets/{scheme}"


def locality_name(locality: str) -> str:
    """Return the name under which the health service tells of one locality's decisions."""
    return f"localities/{locality}"


class Answers(health.HealthServicer):
    """The health service. A name that does not concern the caller is answered for as unknown."""

    def __init__(self, principals: Principals, public: Iterable[str]) -> None:
        """`public`: names that anybody may ask for, with or without a token."""
        super().__init__()
        self._principals, self._public = principals, frozenset(public)

    def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """Tell the state of a name."""
        return super().Check(self._asked(request, context), context)

    def Watch(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext,
        send_response_callback: Callable[[Any], None] | None = None,
    ) -> Any:  # fmt: skip
        """Follow the state of a name."""
        return super().Watch(self._asked(request, context), context, send_response_callback)

    def _asked(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckRequest:
        if request.service in self._public or self._concerns(request.service, context):
            return request
        return health_pb2.HealthCheckRequest(service=NOBODY_S)

    def _concerns(self, name: str, context: grpc.ServicerContext) -> bool:
        if len(name) > NAME_LIMIT:  # what is watched is kept
            return False
        try:
            caller = self._principals.of(context)
        except Refusal:
            return False
        kind, _, locality = name.partition("/")
        return kind != "localities" or ("read" in caller.roles and caller.sees(locality))


class Monitor:
    """Probes the store and keeps the health service's answers.

    The names are "" (all), each service, `localities/<slug>`: NOT_SERVING while that locality is
    stalled, `rulesets/<scheme>`: NOT_SERVING while its watched file cannot be used as it is,
    `tokens`, `tls` and `audit`, if there are such files: NOT_SERVING while one cannot be used;
    `projectors`: NOT_SERVING while a process that judges ends again and again.
    """

    def __init__(
        self, store: Store, watched: WatchedFiles, services: Iterable[str], every: float,
        patience: float, security: Security, projects: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        """`every`: seconds between probes; `patience`: how long one may take.

        `projects` is asked whether the projector processes are well.
        """
        services = tuple(services)
        self.servicer = Answers(security.principals, ("", *services))
        self._security = security
        self._store, self._watched, self._services = store, watched, ("", *services)
        self._every, self._patience, self._projects = every, patience, projects
        self._outage = Outage(store.failures, log, "answering calls")
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

    def failed(self, error: Exception) -> str:
        """Hear that the store failed a call: probe now; return the number of the outage."""
        self._soon.set()
        return self._outage.begin(error)

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
        good |= self._security.state()
        good[PROJECTORS] = self._projects()
        return {name: SERVING if ok else NOT_SERVING for name, ok in good.items()}

    def _check(self, probe: Future[dict[str, int]]) -> None:
        try:
            told = probe.result(self._patience)
        except Exception as error:
            self._outage.begin(error)
            self._tell_all(NOT_SERVING)
            return
        self._outage.over()
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
