"""A projector that is stopped in the middle of its work, loses its lease, and goes on later."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import PATIENCE, Installation
from tests.faults.test_projector_process import TOWN, found, projectors, set_up
from tests.faults.traffic import settle

from envrules.client import Client
from envrules.store import Store

ROUNDS = 2
_ENOUGH = 20.0
"""Seconds after which one that was stopped while it held up all writers is let go again."""


@contextmanager
def two_servers(folder: Path, url: str) -> Iterator[tuple[Installation, Installation]]:
    """Two servers on one database; no process of them is left."""
    first, second = (Installation(folder, url=url, name=name) for name in ("first", "second"))
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        first.end()
        second.end()


def stopped_while_it_projects(store: Store, servers: tuple[Installation, ...]) -> psutil.Process:
    """Stop the projector that holds the town's lease, in whatever it is doing, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        owner = store.projection(TOWN).owner
        for projector in (p for server in servers for p in projectors(server)):
            if owner and projector.pid == int(owner.split(":")[1]):
                projector.send_signal(signal.SIGSTOP)
                return projector
        time.sleep(0.05)
    raise AssertionError("nobody projects")


def taken_over(store: Store, fence: int) -> bool:
    """Return whether another takes the lease; not if the one that is stopped holds up writers."""
    end = time.monotonic() + _ENOUGH
    while time.monotonic() < end:
        if store.projection(TOWN).fence > fence:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("seed", [1])
def test_a_projector_loses_its_lease(tmp_path: Path, database_url: str, seed: int) -> None:
    """Stopped at work until another has its lease, then let go, a projector does no harm.

    It may be stopped anywhere, in the middle of a transaction, too. Each (slot, version) is emitted
    once, by one of them; what both were about to decide, a replay decides the same.
    """
    random, enough = Random(seed), threading.Event()
    with two_servers(tmp_path, database_url) as servers, Store.open(database_url) as store:
        with Client.connect(servers[0].reach()[1], principal="grid") as client:
            set_up(client)

        def send() -> int:
            """Send inspections to one server and the other until it is enough, not in a hurry."""
            with (
                Client.connect(servers[0].reach()[1], principal="grid") as one,
                Client.connect(servers[1].reach()[1], principal="grid") as other,
            ):
                number = 0
                while not enough.wait(0.1):
                    batch = [found(number + n) for n in range(3)]
                    (one, other)[number % 2].submit(TOWN, batch)
                    number += len(batch)
                return number

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send)
            try:
                took = sum(lose(store, servers, random) for _ in range(ROUNDS))
            finally:
                enough.set()
            sent = sending.result(PATIENCE)
        with Client.connect(servers[1].reach()[1]) as client:
            settle(client, TOWN)
        for server in servers:
            server.kill()
        assert took
        assert len(check_log(store, TOWN)) == sent + 1
        check_emitted(store, TOWN)
        check_replay(store, TOWN)
        check_rebuild(store, TOWN)


def lose(store: Store, servers: tuple[Installation, ...], random: Random) -> bool:
    """Stop who projects until another does, if he lets it, and a while longer; then let him go on."""
    time.sleep(random.uniform(0, 1))
    fence = store.projection(TOWN).fence
    projector = stopped_while_it_projects(store, servers)
    try:
        took = taken_over(store, fence)
        time.sleep(random.uniform(0, 1))
    finally:
        projector.send_signal(signal.SIGCONT)
    return took
