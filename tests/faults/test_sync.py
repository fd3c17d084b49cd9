"""A receipt means durable: what it vouches for is on disk before it is sent.

The server runs with `trace.c` preloaded, which writes down its writes and syncs in order. An event
cannot be written before it was received, so a write, a sync and the receipt in this order are proof.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.killing import PROGRAM, installed
from tests.faults.preload import compiled

from envrules.client import Client
from envrules.model.events import Event, UnitDeclared

LOCALITY = "yunxi"
MARK = "traced-event-"
UNSAFE = (sys.executable, str(Path(__file__).with_name("unsafe_server.py")))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trace is written for Linux")


@pytest.fixture
def trace(tmp_path: Path) -> dict[str, str]:
    """The environment in which a server is traced, its tracer compiled."""
    tracer = compiled("trace.c", tmp_path)
    return {
        "LD_PRELOAD": str(tracer), "TRACE_FILE": str(tmp_path / "trace"), "TRACE_MARK": MARK,
    }  # fmt: skip


def events(first: int, count: int) -> list[Event]:
    """Marked events, numbered from `first`."""
    return [
        Event(f"{MARK}{n:04}", 1_790_000_000_000_000, UnitDeclared(f"u{n}", f"第{n}村", "village"))
        for n in range(first, first + count)
    ]  # fmt: skip


@contextmanager
def running(
    folder: Path, environment: dict[str, str], program: Sequence[str] = PROGRAM
) -> Iterator[str]:
    """Give the address of a traced server with one locality."""
    with installed(folder, program, environment) as installation:
        address = installation.start()
        with Client.connect(address) as client:
            client.create_locality(LOCALITY, "云溪镇", "Asia/Shanghai")
        yield address


def unsynced(trace: Path) -> tuple[list[str], list[str]]:
    """Return the marks whose receipts were sent, in order, and those sent before their sync.

    Synced is what was written to the log file before a sync of it began that ended well.
    """
    written: set[str] = set()
    syncing: dict[str, set[str]] = {}
    synced: set[str] = set()
    sent: dict[str, bool] = {}
    for line in trace.read_text(encoding="ascii").splitlines():
        thread, what, mark = line.split(" ")
        match what:
            case "wrote":
                written.add(mark)
            case "sync-begins":
                syncing[thread] = set(written)
            case "sync-ended":
                synced |= syncing.pop(thread)
            case "sends":
                sent.setdefault(mark, mark in synced)
    return list(sent), [mark for mark, safe in sent.items() if not safe]


def send_one_by_one(address: str) -> list[str]:
    """Send batches, each after the receipts of the one before; return what has a receipt."""
    with Client.connect(address) as client:
        return [
            receipt.event_id
            for n in range(0, 60, 3) for receipt in client.submit(LOCALITY, events(n, 3))
        ]  # fmt: skip


def test_sync_before_each_receipt(tmp_path: Path, trace: dict[str, str]) -> None:
    """Between receiving a batch and sending its receipts, its entries are written and synced."""
    with running(tmp_path, trace) as address:
        receipted = send_one_by_one(address)
    sent, early = unsynced(tmp_path / "trace")
    assert sent == receipted
    assert not early


def test_sync_before_each_group_of_receipts(tmp_path: Path, trace: dict[str, str]) -> None:
    """The same holds for streams that do not wait, whose batches share their commits."""

    def stream(first: int) -> list[str]:
        with Client.connect(address) as client:
            batches = [events(n, 4) for n in range(first, first + 100, 4)]
            replies = client.stream(LOCALITY, batches)
            return [receipt.event_id for receipts in replies for receipt in receipts]

    with running(tmp_path, trace) as address, ThreadPoolExecutor(4) as pool:
        receipted = [id for ids in pool.map(stream, range(0, 400, 100)) for id in ids]
    sent, early = unsynced(tmp_path / "trace")
    assert sorted(sent) == sorted(receipted)
    assert not early


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_the_trace_tells(tmp_path: Path, trace: dict[str, str], synchronous: str) -> None:
    """A server whose commits do not wait for the disk is found out, at every single receipt."""
    unsafe = {**trace, "UNSAFE_SYNCHRONOUS": synchronous}
    with running(tmp_path, unsafe, UNSAFE) as address:
        receipted = send_one_by_one(address)
    sent, early = unsynced(tmp_path / "trace")
    assert sent == receipted
    assert early == receipted
