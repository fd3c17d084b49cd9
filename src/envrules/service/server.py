"""The server: built from a runtime, started, and drained."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from envrules.runtime.runtime import Runtime
from envrules.service.config import ConfigError, ServerConfig
from envrules.service.decision_service import DecisionService
from envrules.service.evaluation_service import EvaluationService
from envrules.service.event_service import EventService
from envrules.service.guard import Guard
from envrules.service.health import Monitor
from envrules.service.host import Host
from envrules.service.locality_service import LocalityService
from envrules.service.observing import Observing
from envrules.service.refreshed import BadFile
from envrules.service.reload import Reloader
from envrules.service.ruleset_service import RulesetService
from envrules.service.security import Security
from envrules.service.shelf import Shelf
from envrules.service.standing_service import StandingService
from envrules.service.telemetry import Telemetry
from envrules.service.telemetry.opening import telemetry_of
from envrules.service.telemetry.survey import Survey
from envrules.v1 import (
    decision_service_pb2,
    decision_service_pb2_grpc,
    evaluation_service_pb2,
    evaluation_service_pb2_grpc,
    event_service_pb2,
    event_service_pb2_grpc,
    locality_service_pb2,
    locality_service_pb2_grpc,
    ruleset_service_pb2,
    ruleset_service_pb2_grpc,
    standing_service_pb2,
    standing_service_pb2_grpc,
)

log = logging.getLogger(__name__)

_SERVICES: dict[Any, tuple[Callable[[Host], Any], Callable[[Any, grpc.Server], None]]] = {
    event_service_pb2: (EventService, event_service_pb2_grpc.add_EventServiceServicer_to_server),
    decision_service_pb2: (
        DecisionService, decision_service_pb2_grpc.add_DecisionServiceServicer_to_server,
    ),
    standing_service_pb2: (
        StandingService, standing_service_pb2_grpc.add_StandingServiceServicer_to_server,
    ),
    ruleset_service_pb2: (
        RulesetService, ruleset_service_pb2_grpc.add_RulesetServiceServicer_to_server,
    ),
    locality_service_pb2: (
        LocalityService, locality_service_pb2_grpc.add_LocalityServiceServicer_to_server,
    ),
    evaluation_service_pb2: (
        EvaluationService, evaluation_service_pb2_grpc.add_EvaluationServiceServicer_to_server,
    ),
}  # fmt: skip

SERVICES = tuple(
    service.full_name
    for module in _SERVICES
    for service in module.DESCRIPTOR.services_by_name.values()
)
"""Full names of our own services."""


class Server:
    """A gRPC server in front of a runtime. The runtime is the caller's to start and to stop."""

    def __init__(
        self, server: grpc.Server, port: int, host: Host, monitor: Monitor,
        reloader: Reloader | None, security: Security,
    ) -> None:  # fmt: skip
        self.port = port
        """The port that it listens on; 0 for a unix socket."""
        self._server, self._host, self._monitor = server, host, monitor
        self._reloader, self._security = reloader, security
        self._stopped = threading.Event()

    @property
    def metrics_port(self) -> int:
        """The port on which metrics are scraped; 0: there is none."""
        metrics = self._host.telemetry.metrics
        return metrics.port if metrics is not None else 0

    def start(self) -> None:
        """Read the watched rulesets, and begin to answer calls."""
        if self._reloader is not None:
            self._reloader.start()
        self._monitor.start()
        self._server.start()

    def stop(self, grace: float | None = None) -> None:
        """Take no more calls, let those under way end, and cut off what is left after `grace`.

        Args:
            grace: seconds; the configuration's `drain_seconds` unless given.
        """
        self._monitor.drain()
        self._host.draining.set()
        if self._reloader is not None:
            self._reloader.stop()
        seconds = self._host.config.drain_seconds if grace is None else grace
        self._server.stop(seconds).wait()
        self._monitor.stop()
        self._host.telemetry.close()
        self._security.close()
        self._stopped.set()

    def wait(self) -> None:
        """Block until the server has stopped. In the main thread, SIGTERM and SIGINT stop it."""
        wanted = threading.Event()
        with _on_signals(wanted):
            while not (wanted.is_set() or self._stopped.is_set()):
                # Short, because a signal's handler runs only between two waits.
                wanted.wait(0.2)
            if not self._stopped.is_set():
                log.info("told to stop: draining")
                self.stop()


@contextmanager
def _on_signals(wanted: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        wanted.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def build_server(
    runtime: Runtime, config: ServerConfig | None = None, telemetry: Telemetry | None = None
) -> Server:
    """Return a server that listens but does not answer yet.

    Args:
        telemetry: what the configuration asks for unless given.

    Raises:
        ConfigError: an address is taken or makes no sense, or an extra is not installed.
    """
    config = config or ServerConfig()
    telemetry = telemetry or telemetry_of(config)
    try:
        security = Security(config, runtime.clock)
    except BadFile as error:
        raise ConfigError(str(error)) from None
    host = Host(runtime, config, Shelf(runtime), security.principals, telemetry=telemetry)
    monitor = Monitor(
        runtime.store, host.watched, SERVICES, config.health_seconds, config.health_patience,
        security, runtime.projecting.is_well,
    )  # fmt: skip
    reloader = Reloader(host, config.rulesets) if config.rulesets is not None else None
    guard = Guard(
        runtime.store.failures, monitor.failed, security.principals, config, security.audit
    )
    server = grpc.server(
        ThreadPoolExecutor(config.workers, "envrules-call"),
        interceptors=[Observing(telemetry), guard],
        options=_options(config),
        maximum_concurrent_rpcs=config.max_queued,
    )
    for servicer, add in _SERVICES.values():
        add(servicer(host), server)
    health_pb2_grpc.add_HealthServicer_to_server(monitor.servicer, server)
    reflection.enable_server_reflection(
        (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    try:
        port = security.add_port(server, config.address)
    except RuntimeError as error:
        security.close()
        raise ConfigError(f"cannot listen on {config.address}: {error}") from error
    # For a socket that is a file, grpc answers 1.
    if telemetry.metrics is not None:
        telemetry.metrics.open(config.metrics, Survey(host, monitor, telemetry.metrics.heard))
    runtime.observe_commits(telemetry.committed)
    is_file = config.address.startswith(("unix:", "unix-abstract:"))
    return Server(server, 0 if is_file else port, host, monitor, reloader, security)


def _options(config: ServerConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.max_message_bytes),
        ("grpc.max_send_message_length", -1),  # pages are cut by us; a report must go out whole
        ("grpc.so_reuseport", 0),  # a second server on our port is a mistake, not a helper
        # A peer that has gone without a word is found out, and its streams end.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]
