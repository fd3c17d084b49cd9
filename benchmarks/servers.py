"""The servers under test, each a process with a database of its own, unless replicas share one.

A server that does not have its turn is stopped (SIGSTOP): whatever it still has to do, it does
at its own expense and not while another one is being measured.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks import events
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import event_service_pb2_grpc as event_grpc
from envrules.v1 import locality_service_pb2 as locality_pb
from envrules.v1 import locality_service_pb2_grpc as locality_grpc

LOCALITY = "bench"
PATIENCE = 300.0
"""Seconds after which whatever is waited for has failed."""

OURS, APPEND, FULL = "ours", "append-only", "full"
APPEND_POSTGRESQL = "append-only on PostgreSQL"
_PROGRAMS = {
    OURS: ("envrules.cli", "serve", "--address", "127.0.0.1:0", "--db"),
    APPEND: ("benchmarks.reference_servers", "append"),
    FULL: ("benchmarks.reference_servers", "full"),
    APPEND_POSTGRESQL: ("benchmarks.reference_postgresql",),
}
"""Module and arguments of each, but for the last: the database's URL. Prints where it listens."""
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]

Unary: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"
Streaming: TypeAlias = "grpc.StreamStreamMultiCallable[bytes, bytes]"


@dataclass(frozen=True)
class Lag:
    """How far the decisions are behind the log."""

    head: int
    projected: int
    decisions: int

    @property
    def entries(self) -> int:
        """Log entries that are not judged yet."""
        return self.head - self.projected


class Server:
    """One server process."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[str], port: int) -> None:
        self.name, self.url = name, url
        self._process, self._port = process, port
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)
        self._events = event_grpc.EventServiceStub(self.channel)
        self._advancing: grpc.Future[pb.AdvanceWatermarkResponse] | None = None
        self._localities = locality_grpc.LocalityServiceStub(self.channel)
        # Bytes in, bytes out: a client that does as little as it can beside what it measures.
        service = "/envrules.v1.EventService"
        self.submit: Unary = self.channel.unary_unary(
            f"{service}/SubmitEvents", request_serializer=None, response_deserializer=None
        )
        self.stream: Streaming = self.channel.stream_stream(
            f"{service}/StreamEvents", request_serializer=None, response_deserializer=None
        )

    @property
    def is_ours(self) -> bool:
        """Whether it is the service, not a reference."""
        return self.name == OURS

    def set_up(self) -> None:
        """Create the locality, hold its time at the start, and declare the units."""
        if self.is_ours:
            # Time is held before there is a scheme, or the wall clock would make all of it late.
            self._create()
            self.advance(events.START)
            self.advanced()
            self._create(locality_pb.SchemeBinding(scheme=events.SCHEME))
        units = pb.SubmitEventsRequest(locality=LOCALITY, events=events.declarations())
        receipts = self._events.SubmitEvents(units, timeout=PATIENCE).receipts
        if any(receipt.status != pb.RECEIPT_STATUS_STORED for receipt in receipts):
            raise RuntimeError(f"{self.name} does not store the units")
        self.settle()

    def again(self) -> Server:
        """Return the same process, as another client sees it over a connection of its own."""
        return Server(self.name, self.url, self._process, self._port)

    def _create(self, *schemes: locality_pb.SchemeBinding) -> None:
        request = locality_pb.CreateLocalityRequest(
            locality=LOCALITY, title="基准", timezone=events.TIMEZONE, schemes=schemes
        )
        self._localities.CreateLocality(request, timeout=PATIENCE)

    def advance(self, until: int) -> None:
        """Say that everything up to `until` (seconds since the epoch) has been sent.

        Does not wait for the answer, which takes as long as the service thinks fit.
        """
        if self.is_ours:
            self.advanced()
            request = pb.AdvanceWatermarkRequest(
                locality=LOCALITY, source=events.SOURCE, until=Timestamp(seconds=until)
            )
            self._advancing = self._events.AdvanceWatermark.future(request, timeout=PATIENCE)

    def advanced(self) -> None:
        """Wait until the last watermark is answered."""
        if self._advancing is not None:
            self._advancing.result()

    def lag(self) -> Lag:
        """Return how far the decisions are; a reference has none to wait for."""
        if not self.is_ours:
            return Lag(0, 0, 0)
        request = locality_pb.GetLocalityRequest(locality=LOCALITY)
        found = self._localities.GetLocality(request, timeout=PATIENCE).locality
        if found.HasField("stall"):
            raise RuntimeError(f"the locality stalls: {found.stall.reason}")
        return Lag(found.head_seq, found.projected_seq, found.decision_seq)

    def settle(self) -> None:
        """Wait until everything stored is judged."""
        deadline = time.monotonic() + PATIENCE
        while (lag := self.lag()).entries:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{lag.entries} log entries still not judged")
            time.sleep(0.02)

    def pause(self) -> None:
        """Take the processor away from it, and from its projector, which is a process too."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End the process; what it has not judged stays so."""
        self.channel.close()
        self._process.terminate()
        self.resume()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(names: Sequence[str], folder: Path) -> Iterator[dict[str, Server]]:
    """Start servers with new databases in `folder`, set up and paused; end them afterwards."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name in names:
            database, log = folder / f"{name}.db", folder / f"{name}.log"
            server = servers[name] = start(name, f"sqlite:///{database}", log)
            stack.callback(server.stop)
            server.set_up()
            server.pause()
        yield servers


@contextmanager
def turn(server: Server) -> Iterator[Server]:
    """Let one server run for a while."""
    server.resume()
    try:
        yield server
    finally:
        server.pause()


def start(name: str, url: str, log: Path) -> Server:
    """Start a server on a database and wait until it listens; what it says goes into `log`."""
    module = (*_PROGRAMS[name], url)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", *module],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True,  # Ctrl-C ends the benchmark, which ends its servers
        )  # fmt: skip
    assert process.stdout is not None
    port = process.stdout.readline().strip().rpartition(":")[2]
    if not port:
        process.kill()
        raise RuntimeError(f"{' '.join(module)} did not start:\n{log.read_text()[-2000:]}")
    return Server(name, url, process, int(port))
