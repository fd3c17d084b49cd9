"""Ours on a real PostgreSQL, with one replica and with three, beside what that database allows.

Three contestants: one replica of ours, three replicas of ours on one database, and the append-only
reference. All processes of a contestant run in its turn and are stopped out of it; the PostgreSQL
that has all their databases always runs. Each contestant has three clients with a stream and a
connection each; of three replicas, every client knows another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

from tests.postgresql import running

from benchmarks.calls import BATCH, WINDOW, Events, check, messages, stream_on
from benchmarks.events import City
from benchmarks.intake import Size
from benchmarks.servers import APPEND_POSTGRESQL, OURS, PATIENCE, Server, start, turn
from benchmarks.timing import Rounds, interleave
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import events_pb2

CLIENTS = 3
ONE, THREE, FLOOR = "1 replica", "3 replicas", APPEND_POSTGRESQL
_PROCESSES = {ONE: (OURS, 1), THREE: (OURS, CLIENTS), FLOOR: (FLOOR, 1)}
"""Program of each contestant, and how often it runs."""
_SETTINGS = {"shared_buffers": "128MB", "min_wal_size": "80MB", "max_wal_size": "1GB"}
"""As PostgreSQL comes, not as small as for tests; commits are synced."""
_LONGEST_PATH = 70
"""Bytes: a socket's path has 107, and the folder and the name of PostgreSQL's take the others."""


@dataclass(frozen=True)
class Result:
    """Events per second, round by round."""

    receipts: Rounds
    decided: Rounds
    """From sent to lag 0: of ours only, the reference decides nothing."""
    version: str
    """Of PostgreSQL."""


def run(size: Size, folder: Path, say: Callable[[str], None]) -> Result:
    """Run both jobs on the same servers and databases."""
    with running(_SETTINGS, _home(folder)) as server, ExitStack() as stack:
        contestants = {
            name: stack.enter_context(
                _contestant(program, count, server.url(server.create()), folder / "replicas" / name)
            )
            for name, (program, count) in _PROCESSES.items()
        }
        say("PostgreSQL, decided")  # first: the other job leaves events that are not judged
        decided = interleave(
            {name: partial(contestants[name].decide, size.decided) for name in (ONE, THREE)},
            size.rounds,
        )
        say(f"PostgreSQL, durable streams, {BATCH} events a message")
        receipts = interleave(
            {n: partial(one.receipt, size.streamed) for n, one in contestants.items()},
            size.rounds,
        )
        return Result(receipts, decided, str(server.execute("SHOW server_version")[0][0]))


def line(found: Result, cores: int) -> str:
    """Return what must be known to read the rows."""
    return (
        f"PostgreSQL {found.version}, all replicas and the clients share the {cores} cores of this"
        " machine: the rows say what replicas cost there, not what more machines give. If other"
        " programs run, three replicas also get more of the processor than one, and seem quicker."
    )


class Contestant:
    """The processes on one database, and the clients that send to them."""

    def __init__(self, servers: Sequence[Server]) -> None:
        """Without as many servers as clients, the first has them all."""
        self._servers = servers
        more = CLIENTS - len(servers)
        self._clients = [*servers, *(servers[0].again() for _ in range(more))]
        self._city = City()

    def decide(self, count: int) -> float:
        """Send `count` events from a standstill; return how many a second are judged."""
        return self._send(count, lambda: self._clients[-1].settle())  # any replica knows

    def receipt(self, count: int) -> float:
        """Send `count` events; return how many a second are receipted, while others are judged."""
        return self._send(count, lambda: None)

    def _send(self, count: int, wait: Callable[[], None]) -> float:
        watermark = self._city.until
        parts = [messages(events, BATCH) for events in _split(self._city.take(count))]
        with self._turn(watermark), ThreadPoolExecutor(CLIENTS) as pool:
            begin = time.perf_counter()
            sent = list(pool.map(stream_on, self._clients, parts, repeat(WINDOW // BATCH)))
            wait()
            seconds = time.perf_counter() - begin
        check(pb.StreamEventsResponse, [reply for one in sent for reply in one.replies], count)
        return count / seconds

    @contextmanager
    def _turn(self, watermark: int) -> Iterator[None]:
        """Let all its processes run; the clock starts once one of them decides.

        Whoever did may have lost its lease by the pause, which is none of what is measured.
        """
        with ExitStack() as stack:
            for server in self._servers:
                stack.enter_context(turn(server))
            if self._servers[0].is_ours:
                _wake(self._servers[0], watermark)
            yield

    def close(self) -> None:
        """Close the connections; the servers close their own."""
        for client in self._clients[len(self._servers) :]:
            client.channel.close()


def _wake(server: Server, watermark: int) -> None:
    """Tell a replica the watermark, and wait until it, or another one, has judged something."""
    before = server.lag()
    server.advance(watermark)
    given_up = time.monotonic() + PATIENCE
    while (lag := server.lag()).head == before.head or lag.projected == before.projected:
        if time.monotonic() > given_up:
            raise TimeoutError("no replica decides")
        time.sleep(0.02)


@contextmanager
def _contestant(program: str, count: int, url: str, folder: Path) -> Iterator[Contestant]:
    """Start `count` processes on one database, set up and paused; end them afterwards."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            servers.append(start(program, url, folder / f"{number}.log"))
            stack.callback(servers[-1].stop)
        servers[0].set_up()
        for server in servers:
            server.pause()
        contestant = Contestant(servers)
        stack.callback(contestant.close)
        yield contestant


def _split(events: Events) -> list[list[events_pb2.Event]]:
    """Deal events to the clients: all of an issue, and its inspection, to one of them, in order."""
    parts: list[list[events_pb2.Event]] = [[] for _ in range(CLIENTS)]
    for event in events:
        parts[int(event.id.split("-")[2]) % CLIENTS].append(event)
    return parts


def _home(folder: Path) -> Path | None:
    """Return where PostgreSQL's folder may lie: `folder`, unless that cannot be.

    It runs as another user if this is root, who has to get there; and a socket's path is short.
    """
    folder = folder.resolve()
    folder.chmod(0o711)
    is_open = all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))
    return folder if is_open and len(bytes(folder)) <= _LONGEST_PATH else None
