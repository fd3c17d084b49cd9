"""Events in: how fast they are receipted and decided, beside the two references.

All three servers run as processes of their own and take turns; who has no turn is stopped. Every
server gets the same events in the same order. Events that ours has receipted and not yet judged
are judged during its own next turns: so its receipts are given while its projector works.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from benchmarks.calls import BATCH, WINDOW, Way, check, messages, stream, stream_on, unary
from benchmarks.events import START, City
from benchmarks.servers import APPEND, FULL, OURS, Server, running, turn
from benchmarks.timing import Rounds, interleave, turns
from envrules.v1 import event_service_pb2 as pb

IN_FLIGHT = 32
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Size:
    """How much a run does."""

    rounds: int
    calls: int
    """Unary calls in a slice."""
    streamed: int
    """Events in a slice of a stream."""
    decided: int
    """Events in a slice that ends when the last one is decided."""
    seconds: float
    """How long ours has its turns in the sustained run, in all."""
    slice_seconds: float
    """Length of one turn of ours; a reference, which never lags, has a fifth of it."""
    limit: int
    """Most events that ours gets in the sustained run."""


FULL_SIZE = Size(rounds=9, calls=400, streamed=10_000, decided=4_000, seconds=60.0,
                 slice_seconds=5.0, limit=3_000_000)  # fmt: skip
QUICK_SIZE = Size(rounds=3, calls=100, streamed=4_000, decided=1_000, seconds=6.0,
                  slice_seconds=2.0, limit=400_000)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """What a server derived, for each event."""

    decisions: float
    payload: float
    """Bytes of decisions and states."""


@dataclass(frozen=True)
class Result:
    """Figures of every job. Rates are per second, `p50` is in milliseconds."""

    p50: Rounds
    """With one call in flight."""
    one: Rounds
    """Calls per second with one in flight."""
    many: Rounds
    """Calls per second with 32 in flight."""
    stream: Mapping[int, Rounds]
    """Receipts per second, by events in a message."""
    decided: Rounds
    written: Mapping[str, Written]
    """What ours and the full reference wrote for the same load: the comparison is fair if it is
    about as much."""


def run(size: Size, folder: Path, say: Callable[[str], None]) -> Result:
    """Run the short jobs, one after the other, on the same three servers."""
    with running((OURS, APPEND, FULL), folder / "short") as servers:
        contest = Turns(servers, size.rounds)
        say("durable unary, 1 in flight")
        one = contest.run(unary(1), size.calls, APPEND)
        say(f"durable unary, {IN_FLIGHT} in flight")
        many = contest.run(unary(IN_FLIGHT), size.calls * 4, APPEND)
        say("decided")
        contest.settle()
        decided = contest.run(stream(100, decided=True), size.decided, FULL)
        written = {name: _written(servers[name], contest.taken[name]) for name in (OURS, FULL)}
        streams = {}
        for batch in (100, 1000):
            say(f"durable stream, {batch} events a message")
            streams[batch] = contest.run(stream(batch), size.streamed, APPEND)
    return Result(
        one.p50, one.rate, many.rate, {b: s.rate for b, s in streams.items()}, decided.rate, written
    )


@dataclass(frozen=True)
class Measured:
    """Figures of one job: events per second, and p50 where calls were made one by one."""

    rate: Rounds
    p50: Rounds


class Turns:
    """Gives ours and a reference their slices, each with the next events of the same city."""

    def __init__(self, servers: Mapping[str, Server], rounds: int) -> None:
        self.taken = dict.fromkeys(servers, 0)
        """Events that each server has been given."""
        self._servers, self._rounds = servers, rounds
        self._cities = {name: City() for name in servers}

    def settle(self) -> None:
        """Let ours judge all that it has."""
        with turn(self._servers[OURS]) as server:
            server.settle()

    def run(self, way: Way, count: int, reference: str) -> Measured:
        """Let ours and the reference send `count` events in every slice."""
        p50: dict[str, list[float]] = {}

        def slice_of(name: str) -> Callable[[], float]:
            city = self._cities[name]

            def once() -> float:
                requests = way.prepare(city.take(count))
                with turn(self._servers[name]) as server:
                    sent = way.send(server, requests)
                    server.advance(city.until)
                way.check(sent, count)
                self.taken[name] += count
                p50.setdefault(name, []).append(sent.p50)
                return count / sent.seconds

            return once

        rate = interleave({name: slice_of(name) for name in (OURS, reference)}, self._rounds)
        return Measured(rate, Rounds({name: values[1:] for name, values in p50.items()}))


_DERIVED = {OURS: ("nodes", "feeds"), FULL: ("states",)}


def _written(server: Server, events: int) -> Written:
    """Look into the database of a server that has judged so many events and has no turn."""
    file = make_url(server.url).database
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:

        def total(expression: str, table: str) -> int:
            return int(database.execute(f"SELECT {expression} FROM {table}").fetchone()[0] or 0)

        payload = sum(
            total("sum(length(payload))", t) for t in ("decisions", *_DERIVED[server.name])
        )
        return Written(total("count(*)", "decisions") / events, payload / events)


# ── sustained ──


@dataclass
class Sustained:
    """Figures of the sustained run, slice by slice."""

    receipts: dict[str, list[float]] = field(default_factory=lambda: {OURS: [], APPEND: []})
    decided: dict[str, list[float]] = field(default_factory=lambda: {OURS: [], FULL: []})
    lag: list[tuple[float, int]] = field(default_factory=list)
    """(seconds that ours has run, log entries not yet judged)."""
    seconds: float = 0.0
    events: dict[str, int] = field(default_factory=dict)
    """Events receipted in all."""


def sustain(size: Size, folder: Path, say: Callable[[str], None]) -> Sustained:
    """Stream as fast as receipts come, for as long as asked, all three in turns."""
    done = Sustained()
    names = (OURS, APPEND, FULL)
    with running(names, folder / "sustained") as servers:
        streams = {name: _Stream(servers[name]) for name in names}
        rounds = max(1, round(size.seconds / size.slice_seconds))
        for number in range(rounds):
            if streams[OURS].sent >= size.limit:
                say(f"sustained, ended early: {streams[OURS].sent:,} events sent")
                break
            for name in turns(names, number):
                seconds = size.slice_seconds if name == OURS else size.slice_seconds / 5
                streams[name].go_on(seconds, done)
            say(f"sustained, {number + 1} of {rounds} rounds, lag {done.lag[-1][1]:,}")
    done.events = {name: stream.sent for name, stream in streams.items()}
    return done


class _Stream:
    """One server's part of the sustained run: the city's events in order, none left out."""

    def __init__(self, server: Server) -> None:
        self.sent = 0
        self._server = server
        self._city = City()
        self._ahead: deque[bytes] = deque()
        self._rate = 20_000.0
        self._until = START

    def go_on(self, seconds: float, done: Sustained) -> None:
        """Stream for some seconds and note what came of it."""
        server, requests = self._server, self._prepared(seconds)
        with turn(server):
            before = server.lag()
            server.advance(self._until)
            end = time.perf_counter() + seconds
            with _sampled(server, done):
                sent = stream_on(
                    server, requests, WINDOW // BATCH, lambda: time.perf_counter() < end
                )
            after = server.lag()
        check(pb.StreamEventsResponse, sent.replies, len(sent.replies) * BATCH)
        self._sent(len(sent.replies), sent.seconds)
        if server.name in done.receipts:
            done.receipts[server.name].append(self._rate)
        if server.is_ours:
            done.seconds += sent.seconds
            done.decided[OURS].append((after.projected - before.projected) / sent.seconds)
        elif server.name in done.decided:
            done.decided[server.name].append(self._rate)

    def _prepared(self, seconds: float) -> list[bytes]:
        """Return more messages than can be sent: none is made while the clock runs."""
        wanted = int(self._rate * seconds * 1.5 + WINDOW) // BATCH
        missing = max(0, wanted - len(self._ahead))
        self._ahead += messages(self._city.take(missing * BATCH), BATCH)
        return list(self._ahead)

    def _sent(self, count: int, took: float) -> None:
        sent = [self._ahead.popleft() for _ in range(count)]
        self._until = pb.StreamEventsRequest.FromString(sent[-1]).events[-1].occurred_at.seconds
        self.sent += count * BATCH
        self._rate = count * BATCH / took


@contextmanager
def _sampled(server: Server, done: Sustained) -> Iterator[None]:
    """Sample the lag of ours meanwhile."""
    if not server.is_ours:
        yield
        return
    finished = threading.Event()
    start = time.perf_counter()

    def sample() -> None:
        while not finished.wait(SAMPLE_SECONDS):
            lag = server.lag()
            done.lag.append((done.seconds + time.perf_counter() - start, lag.entries))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
