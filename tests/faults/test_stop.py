"""SIGTERM in the middle of everything: what was taken is answered, and nothing is left half-done."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.faults.checks import (
    check_emitted,
    check_log,
    check_rebuild,
    check_replay,
    read_log,
)
from tests.faults.killing import installed
from tests.faults.traffic import settle

from envrules.client import CallFailed, Client
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.service.streaming import Pipeline
from envrules.store import Store
from envrules.v1 import event_service_pb2

TOWN, SCHEME = "yunxi", "town_deduction"
BEGIN = 1_790_000_000_000_000
"""An instant of September 2026."""


@dataclass
class Busy:
    """A client that goes on until it is told that the server stops."""

    address: str
    name: str
    under_way: threading.Event = field(default_factory=threading.Event)
    """Set once it has its first receipts."""
    receipts: dict[str, int] = field(default_factory=dict)
    refusal: str = ""
    """The reason that the server gave."""

    def batches(self) -> Iterator[list[Event]]:
        """Inspections without end, five at a time."""
        for n in itertools.count():
            yield [
                Event(f"{self.name}-{n}-{i}", BEGIN + n, Inspection(
                    f"{self.name}-{n}-{i}", "zhao", "patrol",
                    findings=(Finding("f", "三大堆", "village"),),
                ))
                for i in range(5)
            ]  # fmt: skip

    def stream(self, client: Client) -> None:
        """Send them on one stream."""
        for receipts in client.stream(TOWN, self.batches()):
            self.note(receipts)

    def submit(self, client: Client) -> None:
        """Send them one by one, and wait for what is decided."""
        for batch in self.batches():
            self.note(client.submit(TOWN, batch, decided=True))

    def watch(self, client: Client) -> None:
        """Send nothing, but watch."""
        for _ in client.watch(TOWN, after=0):
            self.under_way.set()

    def note(self, receipts: list[event_service_pb2.Receipt]) -> None:
        """Keep receipts."""
        self.receipts.update((receipt.event_id, receipt.seq) for receipt in receipts)
        self.under_way.set()

    def run(self, act: Callable[[Busy, Client], None]) -> None:
        """Do one of these things until the server refuses it."""
        try:
            with Client.connect(self.address, principal=self.name) as client:
                act(self, client)
        except CallFailed as error:
            self.refusal = f"{error.code.name} {error.reason}".strip()
        finally:
            self.under_way.set()


@pytest.mark.parametrize("run", range(2))
def test_stop_drains(tmp_path: Path, database_url: str, run: int) -> None:
    """A server told to stop ends by itself: what it stored has receipts, what it began is done.

    Its streams are told that it stops. Nothing is left in the write-ahead file, the lease is given
    back, and the next start appends nothing and goes on where this one was.
    """
    with installed(tmp_path, url=database_url) as installation:
        address = installation.start()
        with Client.connect(address) as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
            client.advance(TOWN, "patrols", BEGIN)
            client.publish(TOWN, SCHEME)
            client.submit(TOWN, [Event("zhao", BEGIN, UnitDeclared("zhao", "赵庄村", "village"))])
        stream, submit, watch = (Busy(address, f"{name}{run}") for name in ("s", "u", "w"))
        acts = ((stream, Busy.stream), (submit, Busy.submit), (watch, Busy.watch))
        with ThreadPoolExecutor(3) as pool:
            running = [pool.submit(busy.run, act) for busy, act in acts]
            for busy, _ in acts:
                busy.under_way.wait()
            time.sleep(run * 0.2)
            assert installation.stop() == 0, installation.said()
        for one in running:
            one.result()
        assert watch.refusal == "UNAVAILABLE STOPPING"
        # What comes in at the very end is refused by gRPC, not by us.
        assert submit.refusal.split()[0] in ("UNAVAILABLE", "CANCELLED")
        assert not list(tmp_path.glob("envrules.db-*"))
        assert " ERROR " not in installation.said()
        with Store.open(installation.url) as store:
            stored = check_log(store, TOWN)
            receipted = {"zhao": 3, **stream.receipts, **submit.receipts}
            assert receipted.items() <= stored.items()
            # A client that writes on may find the connection closed before it has read the last.
            if stream.refusal == "UNAVAILABLE STOPPING":
                assert receipted == stored
            else:
                assert stream.refusal == "UNAVAILABLE"
            assert store.projection(TOWN).owner == ""
            log, decisions = read_log(store, TOWN), check_emitted(store, TOWN)

        with Client.connect(installation.start()) as client:
            settle(client, TOWN)
        assert installation.stop() == 0, installation.said()
        with Store.open(installation.url) as store:
            assert read_log(store, TOWN) == log
            assert check_emitted(store, TOWN)[: len(decisions)] == decisions
            check_replay(store, TOWN)
            check_rebuild(store, TOWN)


def test_what_is_being_begun_is_answered() -> None:
    """A stream that is told to end while it begins to store a batch still answers that batch."""
    stopping = threading.Event()

    def begin(request: event_service_pb2.StreamEventsRequest) -> Callable[[], str]:
        stopping.set()
        time.sleep(1.5)  # longer than the stream waits between two looks
        return lambda: f"stored {request.batch_id}"

    requests = iter([event_service_pb2.StreamEventsRequest(batch_id="b1")])
    pipeline = Pipeline(requests, begin, lambda _: 1, lambda: not stopping.is_set())
    assert list(pipeline.replies()) == ["stored b1"]
