"""What all services share."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from envrules.runtime.runtime import Runtime
from envrules.service.caseloads import Caseloads
from envrules.service.config import ServerConfig
from envrules.service.principal import Principals
from envrules.service.readings import Readings
from envrules.service.shelf import Shelf
from envrules.service.status import Refusal
from envrules.service.telemetry import Telemetry
from envrules.service.watched import WatchedFiles

_READERS = 2
"""Calls that read much at the same time: more would hold each other up, each with its memory."""
_SLICE = 0.5
"""Seconds after which a waiting call looks whether its caller is still there."""


@dataclass(frozen=True)
class Host:
    """The runtime behind a server, and how the server is set up."""

    runtime: Runtime
    config: ServerConfig
    shelf: Shelf
    principals: Principals = field(default_factory=Principals)
    watched: WatchedFiles = field(default_factory=WatchedFiles)
    telemetry: Telemetry = field(default_factory=Telemetry)
    turns: defaultdict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )
    """By locality: whose turn it is to publish there."""
    caseloads: Caseloads = field(default_factory=Caseloads)
    """See `PeriodView.cases`."""
    readings: Readings = field(default_factory=Readings)
    """See `StandingService.ListStandings`."""
    readers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_READERS))
    draining: threading.Event = field(default_factory=threading.Event)
    """Set once the server is told to stop: what waits gives up, streams end."""

    def wait_decided(
        self, context: grpc.ServicerContext | None, locality: str, seq: int, timeout: float
    ) -> bool:
        """Wait until log entry `seq` is judged; return whether it is.

        Gives up early if the caller is gone, the server is to stop, or the locality is stalled.
        Without a `context` it is the server itself that waits.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            if self.runtime.wait_decided(locality, seq, min(left, _SLICE)):
                return True
            if left <= _SLICE or not self.goes_on(context) or self.is_stalled(locality):
                return False

    @contextmanager
    def turn_to_read(self, context: grpc.ServicerContext) -> Iterator[None]:
        """Let a call that reads much have its turn, unless its caller has gone meanwhile.

        Raises:
            Refusal: CANCELLED, nobody waits for the answer; UNAVAILABLE, the server is to stop.
        """
        while not self.readers.acquire(timeout=_SLICE):
            self._check_awaited(context)
        try:
            self._check_awaited(context)
            yield
        finally:
            self.readers.release()

    def _check_awaited(self, context: grpc.ServicerContext) -> None:
        if self.draining.is_set():
            raise self.stopping()
        if not context.is_active():
            raise Refusal(
                grpc.StatusCode.CANCELLED, "CALLER_GONE", "nobody waits for the answer any more"
            )

    def goes_on(self, context: grpc.ServicerContext | None) -> bool:
        """Return whether a long call should go on."""
        return (context is None or context.is_active()) and not self.draining.is_set()

    def is_stalled(self, locality: str) -> bool:
        """Return whether the locality's decisions stand still at a log entry."""
        return self.runtime.store.projection(locality).stalled_seq is not None

    def stopping(self) -> Refusal:
        """Return the refusal by which streams end when the server is to stop."""
        return Refusal(
            grpc.StatusCode.UNAVAILABLE, "STOPPING", "this server is stopping: call another one"
        )
