"""The servers under test, each a process with a database of its own, and how they are called.

A server that does not have its turn is stopped (SIGSTOP): whatever it still has to do, it does
at its own expense and not while another one is being measured.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks import events
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import event_service_pb2_grpc as event_grpc
from envrules.v1 import events_pb2
from envrules.v1 import locality_service_pb2 as locality_pb
from envrules.v1 import locality_service_pb2_grpc as locality_grpc

LOCALITY = "bench"
BATCH = 1000
"""Events in a message where nothing else is said: the most that the service takes."""
PATIENCE = 300.0
"""Seconds after which whatever is waited for has failed."""

OURS, APPEND, FULL = "ours", "append-only", "full"
_PROGRAMS = {
    OURS: ("envrules.cli", "serve", "--address", "127.0.0.1:0", "--db", "sqlite:///{}"),
    APPEND: ("benchmarks.reference_servers", "append", "{}"),
    FULL: ("benchmarks.reference_servers", "full", "{}"),
}
"""Module and arguments of each; `{}` is the database file. Prints where it listens."""
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
_PR_SET_PDEATHSIG = 1
_STORED = (pb.RECEIPT_STATUS_STORED,)


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

    def __init__(
        self, name: str, database: Path, process: subprocess.Popen[str], port: int
    ) -> None:
        self.name, self.database = name, database
        self._process = process
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
        for request in submissions(events.declarations(), BATCH):
            check(pb.SubmitEventsResponse, [self.submit(request, timeout=PATIENCE)], BATCH)
        self.settle()

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
        """Take the processor away from it."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

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
            server = servers[name] = _start(name, folder / f"{name}.db")
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


def _start(name: str, database: Path) -> Server:
    program = [sys.executable, "-m", *(part.format(database) for part in _PROGRAMS[name])]
    log = database.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True,  # Ctrl-C ends the benchmark, which ends its servers
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )  # fmt: skip
    assert process.stdout is not None
    port = process.stdout.readline().strip().rpartition(":")[2]
    if not port:
        process.kill()
        raise RuntimeError(f"{' '.join(program)} did not start:\n{log.read_text()[-2000:]}")
    return Server(name, database, process, int(port))


def _die_with_parent() -> None:
    """A stopped process would outlive a benchmark that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# ── requests ──


def submissions(load: Sequence[events_pb2.Event], size: int) -> list[bytes]:
    """Return the load as serialised SubmitEvents requests of `size` events."""
    return [
        pb.SubmitEventsRequest(locality=LOCALITY, events=load[i : i + size]).SerializeToString()
        for i in range(0, len(load), size)
    ]


def messages(load: Sequence[events_pb2.Event], size: int, *, decided: bool = False) -> list[bytes]:
    """Return the load as serialised StreamEvents requests; `decided`: the last one waits."""
    requests = [
        pb.StreamEventsRequest(locality=LOCALITY, events=load[i : i + size])
        for i in range(0, len(load), size)
    ]
    if decided and requests:
        requests[-1].wait_for = pb.WAIT_FOR_DECIDED
        requests[-1].wait_timeout.FromSeconds(60)
    return [request.SerializeToString() for request in requests]


def check(
    kind: type[pb.SubmitEventsResponse | pb.StreamEventsResponse], replies: Sequence[bytes],
    expected: int,
) -> None:  # fmt: skip
    """Refuse figures of a server that did not store everything."""
    stored = sum(
        receipt.status in _STORED
        for reply in replies
        for receipt in kind.FromString(reply).receipts
    )
    if stored != expected:
        raise RuntimeError(f"{stored} events stored of {expected}")


# ── calls ──


def send_stream(
    server: Server,
    requests: Sequence[bytes],
    window: int,
    goes_on: Callable[[], bool] | None = None,
) -> tuple[list[bytes], float]:
    """Send requests on one stream, at most `window` unanswered; return replies and seconds.

    Sends no more once `goes_on` says no.
    """
    free = threading.Semaphore(window)

    def feed() -> Iterator[bytes]:
        for request in requests:
            free.acquire()
            if goes_on is not None and not goes_on():
                return
            yield request

    replies: list[bytes] = []
    start = time.perf_counter()
    for reply in server.stream(feed(), timeout=PATIENCE):
        replies.append(reply)
        free.release()
    return replies, time.perf_counter() - start


def send_one_by_one(server: Server, requests: Sequence[bytes]) -> tuple[list[bytes], list[float]]:
    """Make one call after the other; return the replies and the milliseconds of each."""
    replies, times = [], []
    for request in requests:
        start = time.perf_counter()
        replies.append(server.submit(request, timeout=PATIENCE))
        times.append((time.perf_counter() - start) * 1e3)
    return replies, times


def send_at_once(
    server: Server, requests: Sequence[bytes], in_flight: int
) -> tuple[list[bytes], float]:
    """Make calls with so many in flight; return the replies and the seconds it took."""
    free = threading.Semaphore(in_flight)
    start = time.perf_counter()
    calls = []
    for request in requests:
        free.acquire()
        call = server.submit.future(request, timeout=PATIENCE)
        call.add_done_callback(lambda _: free.release())
        calls.append(call)
    replies = [call.result() for call in calls]
    return replies, time.perf_counter() - start
