"""How a server is set up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from envrules.model.base import MINUTE, Instant
from envrules.wire.address import is_local
from envrules.wire.limits import BATCH_LIMIT

RESERVED_WORKERS = 8
"""Threads that streams and watchers can never take, so that single calls are always answered."""


Publish: TypeAlias = Literal["auto", "manual"]
"""What becomes of a good edit of a watched ruleset: it is published at once, or waits."""


class ConfigError(ValueError):
    """A server cannot be set up like this; the message says why, `fix` what to do about it."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where a server listens, and its limits."""

    address: str = "127.0.0.1:50051"
    """Host and port, or `unix:<path>`. Port 0 takes a free one."""
    insecure: bool = False
    """Listen without TLS or without tokens where other machines reach it: only behind a proxy."""
    tokens: Path | None = None
    """File of tokens. None: callers are believed to be who they say they are."""
    tls_cert: Path | None = None
    """PEM file of the server's certificate and those between it and the authority."""
    tls_key: Path | None = None
    """PEM file of its key."""
    client_ca: Path | None = None
    """PEM file of the authorities whose certificates clients must have. None: they need none."""
    audit: Path | None = None
    """File to which a line is appended for each call that acts and each one refused."""
    workers: int = 48
    """Threads that serve calls. Each stream and each watcher holds one for as long as it lasts."""
    max_streams: int = 16
    """Bidirectional streams at a time; more are told RESOURCE_EXHAUSTED."""
    max_watchers: int = 16
    """Server streams (watchers) at a time; more are told RESOURCE_EXHAUSTED."""
    max_each: int = 16
    """Streams, and also watchers, that one principal may have of these."""
    max_rate: float = 0.0
    """Calls, and messages of streams, a second of one principal. 0: any number."""
    max_burst: int = 100
    """How many of them may come at once after a pause."""
    max_queued: int = 1000
    """Calls that are being served or wait for a thread; more are told RESOURCE_EXHAUSTED."""
    max_batch: int = BATCH_LIMIT
    """Events in one request."""
    max_message_bytes: int = 4 << 20
    """Size of one request."""
    max_evaluation: int = 10_000
    """Entries of a stateless evaluation."""
    skew: Instant = 5 * MINUTE
    """How far an event may lie in the future of the server's clock. Microseconds."""
    drain_seconds: float = 10.0
    """How long calls under way may take to end once the server is told to stop."""
    health_seconds: float = 1.0
    """How often the store is probed."""
    health_patience: float = 5.0
    """Seconds that the store may take to answer a probe: under load a probe queues with writers."""

    rulesets: Path | None = None
    """Folder whose ruleset files are watched. None: nothing is."""
    publish: Publish = "manual"
    """By itself an edit puts nothing into force: a file does not say who decided it, nor why."""
    metrics: str = ""
    """Host and port of the Prometheus endpoint; port 0 takes a free one. Empty: there is none."""
    otlp: str = ""
    """Endpoint of the OpenTelemetry collector that traces go to. Empty: there are none."""
    survey_seconds: float = 5.0
    """How often the store is asked for what the metrics tell of it."""

    settle_seconds: float = 0.5
    """How long a watched folder must be at rest before it is read: editors write in pieces."""

    def __post_init__(self) -> None:
        """Refuse a set-up that is not safe or cannot work."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("a certificate and its key go together: name both, or none")
        if self.client_ca is not None and self.tls_cert is None:
            raise ConfigError("clients can show certificates only to a server that has one")
        if not (self.insecure or is_local(self.address)):
            self._check_secure()
        needed = self.max_streams + self.max_watchers + RESERVED_WORKERS
        if self.workers < needed:
            raise ConfigError(f"workers must be at least {needed} for so many streams and watchers")
        if not 1 <= self.max_batch <= BATCH_LIMIT:
            raise ConfigError(f"max_batch must be from 1 to {BATCH_LIMIT}")

    def _check_secure(self) -> None:
        """Refuse an address that other machines reach unless calls are encrypted and proven."""
        reached = f"{self.address} can be reached from other machines, and"
        if self.tls_cert is None:
            raise ConfigError(
                f"{reached} nothing is encrypted: name a certificate and its key, listen on "
                "127.0.0.1, or say insecure (--insecure) if a proxy in front does it"
            )
        if self.tokens is None:
            raise ConfigError(
                f"{reached} anybody may do anything: name a file of tokens, listen on 127.0.0.1, "
                "or say insecure (--insecure) if a proxy in front tells callers apart"
            )
