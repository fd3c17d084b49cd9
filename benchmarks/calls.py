"""Calls of the event service: requests as bytes, ways to send them, replies checked afterwards."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.servers import LOCALITY, PATIENCE, Server
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import events_pb2

BATCH = 1000
"""Events in a message where nothing else is said: the most that the service takes."""
WINDOW = 8000
"""Events of a stream that are unanswered at a time."""

Events: TypeAlias = Sequence[events_pb2.Event]


@dataclass(frozen=True)
class Sent:
    """What came of a slice."""

    replies: Sequence[bytes]
    seconds: float
    p50: float = 0.0
    """Milliseconds of the middle call, where calls were made one by one."""


@dataclass(frozen=True)
class Way:
    """A way to send events: everything but `send` happens while no clock runs."""

    prepare: Callable[[Events], list[bytes]]
    send: Callable[[Server, Sequence[bytes]], Sent]
    reply: type[pb.SubmitEventsResponse | pb.StreamEventsResponse]

    def check(self, sent: Sent, expected: int) -> None:
        """Refuse the figures of a server that did not store everything."""
        check(self.reply, sent.replies, expected)


def unary(in_flight: int) -> Way:
    """Return the way to send each event in a call of its own."""
    send = one_by_one if in_flight == 1 else lambda server, r: at_once(server, r, in_flight)
    return Way(lambda events: submissions(events, 1), send, pb.SubmitEventsResponse)


def stream(batch: int, *, decided: bool = False) -> Way:
    """Return the way to send events on one stream; `decided`: until the last one is judged."""

    def send(server: Server, requests: Sequence[bytes]) -> Sent:
        start = time.perf_counter()
        sent = stream_on(server, requests, WINDOW // batch)
        if not decided:
            return sent
        server.settle()  # the last reply may have been given up waiting
        return Sent(sent.replies, time.perf_counter() - start)

    return Way(
        lambda events: messages(events, batch, decided=decided), send, pb.StreamEventsResponse
    )


# ── requests and replies ──


def submissions(events: Events, batch: int) -> list[bytes]:
    """Return serialised SubmitEvents requests of `batch` events."""
    return [
        pb.SubmitEventsRequest(locality=LOCALITY, events=events[i : i + batch]).SerializeToString()
        for i in range(0, len(events), batch)
    ]


def messages(events: Events, batch: int, *, decided: bool = False) -> list[bytes]:
    """Return serialised StreamEvents requests; `decided`: the last one waits until it is judged."""
    requests = [
        pb.StreamEventsRequest(locality=LOCALITY, events=events[i : i + batch])
        for i in range(0, len(events), batch)
    ]
    if decided and requests:
        requests[-1].wait_for = pb.WAIT_FOR_DECIDED
        requests[-1].wait_timeout.FromSeconds(60)
    return [request.SerializeToString() for request in requests]


def check(
    kind: type[pb.SubmitEventsResponse | pb.StreamEventsResponse],
    replies: Sequence[bytes],
    expected: int,
) -> None:
    """Raise if not every event expected was stored."""
    stored = sum(
        receipt.status == pb.RECEIPT_STATUS_STORED
        for reply in replies
        for receipt in kind.FromString(reply).receipts
    )
    if stored != expected:
        raise RuntimeError(f"{stored} events stored of {expected}")


# ── sending ──


def stream_on(
    server: Server,
    requests: Sequence[bytes],
    window: int,
    goes_on: Callable[[], bool] = lambda: True,
) -> Sent:
    """Send requests on one stream, at most `window` unanswered, until `goes_on` says no."""
    free = threading.Semaphore(window)

    def feed() -> Iterator[bytes]:
        for request in requests:
            free.acquire()
            if not goes_on():
                return
            yield request

    replies: list[bytes] = []
    start = time.perf_counter()
    for reply in server.stream(feed(), timeout=PATIENCE):
        replies.append(reply)
        free.release()
    return Sent(replies, time.perf_counter() - start)


def one_by_one(server: Server, requests: Sequence[bytes]) -> Sent:
    """Make one call after the other."""
    replies, times = [], []
    for request in requests:
        start = time.perf_counter()
        replies.append(server.submit(request, timeout=PATIENCE))
        times.append(time.perf_counter() - start)
    return Sent(replies, sum(times), statistics.median(times) * 1e3)


def at_once(server: Server, requests: Sequence[bytes], in_flight: int) -> Sent:
    """Make calls with so many in flight."""
    free = threading.Semaphore(in_flight)
    start = time.perf_counter()
    calls = []
    for request in requests:
        free.acquire()
        call = server.submit.future(request, timeout=PATIENCE)
        call.add_done_callback(lambda _: free.release())
        calls.append(call)
    replies = [call.result() for call in calls]
    return Sent(replies, time.perf_counter() - start)
