"""One host and one server: read, send, write back, again and again until told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import grpc
from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError

from envrules.client import CallFailed, Client
from envrules_grid_platform.bridge_tables import BridgeTables
from envrules_grid_platform.clock import Clock, instant, now
from envrules_grid_platform.config import Config
from envrules_grid_platform.host import Host
from envrules_grid_platform.reader import Reader
from envrules_grid_platform.sender import Sender
from envrules_grid_platform.writer import Writer

log = logging.getLogger(__name__)

_PASSING = frozenset({
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
})  # fmt: skip
"""Failures that may be over the next time; the others need a person."""
_LONGEST = 60.0
_GLANCE = 0.2


class Stalled(Exception):
    """The locality's decisions stand still; the message says at what and why."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far the bridge is."""

    position: int
    last_flow: int
    """The host's last flow record."""
    watermark: datetime
    late: int
    sent: int
    waiting: int
    """Events in the outbox."""
    parked: int
    cursor: int


class Bridge:
    """What connects a host's database with a locality."""

    def __init__(self, config: Config, engine: Engine, client: Client, clock: Clock = now) -> None:
        """Prepare the bridge's tables and look at the host's.

        Raises:
            Refused: the bridge's tables are another locality's, or newer.
            Mismatch: the host's tables are not as the configuration says.
        """
        self.config, self._engine, self._client, self._clock = config, engine, client, clock
        self.tables = BridgeTables(config.database.prefix)
        self.host = Host(engine, config)
        self.tables.create(engine, config.locality)
        self.reader = Reader(self.host, self.tables, config, clock)
        self.sender = Sender(engine, self.tables, config, client, clock)
        self.writer = Writer(engine, self.tables, config, client, clock)
        self.stopping = threading.Event()
        self._standings_at: datetime | None = None

    def once(self, *, everything: bool = False) -> None:
        """Bring both sides up to date, and wait until all of it is judged and written back.

        Raises:
            CallFailed, DBAPIError: what was done stands; call again for the rest.
            Stalled: the server cannot judge an event.
        """
        if everything:
            self.reader.read_again()
        while not self._forward():
            if self.stopping.is_set():
                return
        self._await_judged()
        self._back()
        self.writer.write_standings()
        self.writer.write_unknown_codes()

    def run(self) -> None:
        """Do so until `stopping` is set; what may pass by itself is tried again.

        Raises:
            CallFailed: a call failed in a way that needs a person.
        """
        pause = 1.0
        while not self.stopping.is_set():
            try:
                caught_up = self._forward()
                self._back()
                self._standings()
                pause = 1.0
            except (CallFailed, DBAPIError) as error:
                if isinstance(error, CallFailed) and error.code not in _PASSING:
                    raise
                log.warning("%s; again in %g s", _line(error), pause)
                self.stopping.wait(pause)
                pause = min(2 * pause, _LONGEST)
                continue
            if caught_up:
                self.stopping.wait(self.config.poll.every.total_seconds())

    def _forward(self) -> bool:
        """Read once and send all that waits; return whether the host has no more."""
        while self.sender.send():  # what a crash left behind comes first
            if self.stopping.is_set():
                return False
        reading = self.reader.read()
        while self.sender.send():
            if self.stopping.is_set():
                return False
        self.sender.advance()
        if reading.flows:
            log.info("%d flow records, %d events", reading.flows, reading.letters)
        return reading.caught_up

    def _back(self) -> None:
        for _ in self.writer.follow():
            if self.stopping.is_set():
                return

    def _standings(self) -> None:
        due = self._standings_at
        if due is None or self._clock() >= due:
            self.writer.write_standings()
            self.writer.write_unknown_codes()
            self._standings_at = self._clock() + self.config.poll.standings

    def _await_judged(self) -> None:
        seen = self._client.locality(self.config.locality)
        head = seen.head_seq
        while seen.projected_seq < head and not self.stopping.is_set():
            if seen.HasField("stall"):
                raise Stalled(f"log entry {seen.stall.seq}: {seen.stall.reason}")
            self._back()
            self.stopping.wait(_GLANCE)
            seen = self._client.locality(self.config.locality)

    def status(self) -> Status:
        """Return how far the bridge is; the server is not asked."""
        return status(self.host, self.tables)


def status(host: Host, tables: BridgeTables) -> Status:
    """Return how far a bridge is, by its tables."""
    with host.engine.connect() as connection:
        row = connection.execute(select(tables.bridge)).mappings().one()
        waiting, parked = (
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (tables.outbox, tables.parked)
        )
        return Status(
            position=row["position"], last_flow=host.last_flow(connection),
            watermark=instant(row["watermark"]), late=row["late"], sent=row["sent"],
            waiting=waiting, parked=parked, cursor=row["cursor"],
        )  # fmt: skip


@contextmanager
def engine_of(config: Config) -> Iterator[Engine]:
    """Open the host's database."""
    engine = create_engine(config.database.address)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _patient)
    try:
        yield engine
    finally:
        engine.dispose()


def _patient(connection: object, _record: object) -> None:
    """Let SQLite wait for the host's own writers."""
    connection.execute("PRAGMA busy_timeout = 30000")  # type: ignore[attr-defined]  # DB-API connection


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
