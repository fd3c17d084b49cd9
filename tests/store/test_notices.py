"""Notices: what one process tells is heard by the others, soon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.postgresql import PostgreSQL, running

from envrules.store import Notice, Notices, Store

PATIENCE = 60.0


class Process:
    """A store with its notices, and what it has heard."""

    def __init__(self, url: str) -> None:
        self.store = Store.open(url)
        self.heard: SimpleQueue[Notice] = SimpleQueue()
        self.known: list[Notice] = []
        self.notices: Notices = self.store.notices(self.heard.put)

    def hears(self, notice: Notice) -> bool:
        """Wait for a notice."""
        while notice not in self.known:
            self.known.append(self.heard.get(timeout=PATIENCE))
        return True


@contextmanager
def processes(url: str, count: int) -> Iterator[list[Process]]:
    """As many, on one database, that hear each other."""
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            one = Process(url)
            stack.callback(one.store.close)
            one.notices.start()
            stack.callback(one.notices.close)
            found.append(one)
        for one in found[1:]:
            meet(found[0], one)
        yield found


def meet(one: Process, other: Process) -> None:
    """Wait until each hears the other."""
    hello, given_up = 0, time.monotonic() + PATIENCE
    for speaker, listener in ((one, other), (other, one)):
        while listener.heard.empty():
            hello += 1
            speaker.notices.tell(Notice("at", "hello", hello))
            assert time.monotonic() < given_up
            time.sleep(0.02)


def test_all_others_hear(postgresql: PostgreSQL, migrated: str) -> None:
    """A notice reaches every other process on the database, and not the one that gave it."""
    name = postgresql.create(migrated)
    with processes(postgresql.url(name), 3) as (first, second, third):
        first.notices.tell(Notice("log", "gaoling"))
        assert second.hears(Notice("log", "gaoling"))
        assert third.hears(Notice("log", "gaoling"))
        second.notices.tell(Notice("at", "柳湖", 1 << 40))
        assert first.hears(Notice("at", "柳湖", 1 << 40))
        assert third.hears(Notice("at", "柳湖", 1 << 40))
        assert Notice("log", "gaoling") not in first.known
    postgresql.drop(name)


def test_the_last_of_many_is_heard(postgresql: PostgreSQL, migrated: str) -> None:
    """However many come at once, the last one about a locality is among those that are heard."""
    name = postgresql.create(migrated)
    with processes(postgresql.url(name), 2) as (speaker, listener):
        for position in range(1, 5001):
            speaker.notices.tell(Notice("at", f"place-{position % 3}", position))
        for position in (4998, 4999, 5000):
            assert listener.hears(Notice("at", f"place-{position % 3}", position))
    postgresql.drop(name)


def test_they_hear_again_after_a_restart() -> None:
    """When PostgreSQL comes back after it was killed, the processes hear each other again."""
    with running() as server, processes(server.url(server.create()), 2) as (one, other):
        server.kill()
        server.start()
        for process in (one, other):
            while not process.heard.empty():
                process.heard.get()
        meet(one, other)


def test_on_sqlite_nobody_tells_anything(tmp_path: Path) -> None:
    """There a notice is no error, and reaches nobody: its processes look at the file."""
    process = Process(f"sqlite:///{tmp_path / 'envrules.db'}")
    process.notices.start()
    process.notices.tell(Notice("log", "gaoling"))
    process.notices.close()
    process.store.close()
    assert process.heard.empty()
