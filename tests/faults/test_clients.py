"""Clients that vanish, and clients that never read: others are served, and memory is bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.gauge import MEBIBYTE
from tests.faults.killing import PATIENCE, Installation
from tests.faults.relay import Relay, relayed
from tests.faults.test_projector_process import BEGIN, TOWN, check, found, judged, serving

from envrules.client import CallFailed, Client
from envrules.client.messages import event_message
from envrules.model.events import Event, UnitDeclared
from envrules.store import Store
from envrules.v1 import events_pb2

SILENT = 6
"""Clients of each kind that never read."""
SPARE = 8
"""Threads that a server keeps for later."""
ALLOWANCE = 160.0
"""MiB that they may cost the server, all of them together; what they ask for is far more."""


def memory(installation: Installation) -> float:
    """What the server process has in memory, in MiB."""
    return float(psutil.Process(installation.pid).memory_info().rss) / MEBIBYTE


def eventually(what: Callable[[], bool], says: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, says
        time.sleep(0.1)


class Stream(threading.Thread):
    """Sends one batch again and again without end, and takes no receipt but the first."""

    def __init__(self, client: Client, name: str) -> None:
        super().__init__(name=name)
        self._client = client
        self._ended = threading.Event()
        self.sent = 0
        """Batches that the transport has taken."""

    def run(self) -> None:
        """Open the stream, take its first receipts, and wait for the end of the test."""
        replies = self._client.stream(TOWN, self._batches())
        next(replies)
        self._ended.wait()
        replies.close()

    def _batches(self) -> Iterator[list[events_pb2.Event]]:
        units = (UnitDeclared(f"{self.name}-{n}", "第一村" * 20, "village") for n in range(200))
        batch = [event_message(Event(unit.unit, BEGIN, unit)) for unit in units]
        while not self._ended.is_set():
            yield batch
            self.sent += 1

    def end(self) -> None:
        """Let it end."""
        self._ended.set()
        self.join()


def sent_by(streams: list[Stream]) -> int:
    """How many batches the transport has taken from them."""
    return sum(stream.sent for stream in streams)


def test_clients_that_never_read(tmp_path: Path) -> None:
    """Streams whose receipts and watches whose decisions nobody takes are held back, not stored up.

    Others are served meanwhile, and what the silent ones sent is there once.
    """
    with serving(tmp_path) as (installation, client), ExitStack() as stack:
        for number in range(0, 300, 100):
            judged(client, *(found(number + n) for n in range(100)))
        address, before = installation.reach()[1], memory(installation)
        streams = [
            Stream(stack.enter_context(Client.connect(address)), f"silent{n}")
            for n in range(SILENT)
        ]
        watches = [client.watch(TOWN, after=0) for _ in range(SILENT)]
        for stream, watch in zip(streams, watches, strict=True):
            stack.callback(watch.close)
            stack.callback(stream.end)
            next(watch)
            stream.start()
        taken = -1
        while taken < (taken := sent_by(streams)):
            for number in range(10):  # others are served, until nothing is taken from these
                client.submit(TOWN, [found(1000 + number)])
                time.sleep(0.2)
        cost = memory(installation) - before
        assert cost < ALLOWANCE, f"{cost:.0f} MiB for {taken} batches"
        judged(client, found(1010))
        stack.close()
        installation.kill()
        check(installation.url, 1 + 300 + 11 + 200 * SILENT)


def test_clients_that_vanish(tmp_path: Path) -> None:
    """Connections that are reset in mid-stream leave nothing behind; what had a receipt is there."""
    with serving(tmp_path) as (installation, client):
        judged(client, found(0))
        process = psutil.Process(installation.pid)
        threads, handles = process.num_threads(), process.num_fds()
        receipts: dict[str, int] = {}
        for round in range(3):
            with (
                relayed(installation.reach()[1]) as relay,
                Client.connect(relay.address, retry=False) as vanishing,
            ):
                watch = vanishing.watch(TOWN, after=0)
                next(watch)
                vanish(vanishing, relay, receipts, round)
                with pytest.raises(CallFailed) as lost:
                    list(watch)
                assert lost.value.code is grpc.StatusCode.UNAVAILABLE
            judged(client, found(round + 1))
        eventually(lambda: process.num_fds() <= handles, "connections are left open")
        eventually(lambda: process.num_threads() <= threads + SPARE, "threads are left")
        installation.kill()
        with Store.open(installation.url) as store:
            stored = check_log(store, TOWN)
            assert receipts.items() <= stored.items()
            check_emitted(store, TOWN)
            check_replay(store, TOWN)
            check_rebuild(store, TOWN)


def vanish(client: Client, relay: Relay, receipts: dict[str, int], round: int) -> None:
    """Stream until the connection is gone, which is so in the middle of it."""
    batches = ([found(1000 * (round + 1) + 3 * n + i) for i in range(3)] for n in range(300))
    replies = client.stream(TOWN, batches)
    for _ in range(5 + round):
        receipts.update((receipt.event_id, receipt.seq) for receipt in next(replies))
    relay.reset()
    with pytest.raises(CallFailed) as lost:
        list(replies)
    assert lost.value.code is grpc.StatusCode.UNAVAILABLE


def test_a_client_whose_network_swallows_everything(tmp_path: Path) -> None:
    """A client whose network takes nothing from the server any more keeps nobody from stopping it."""
    with serving(tmp_path, "--drain", "3") as (installation, client):
        with (
            relayed(installation.reach()[1]) as relay,
            Client.connect(relay.address, retry=False) as deaf,
        ):
            watch = deaf.watch(TOWN, after=0)
            next(watch)
            relay.stop_reading()
            judged(client, *(found(number) for number in range(100)))
            assert installation.stop() == 0, installation.said()
            watch.close()
        check(installation.url, 101)
