"""Notices: what processes on one PostgreSQL tell each other, so that nobody waits for his next look.

They are hints: one may be lost, and everybody looks at the store now and then as well. Each is sent
after the commit that it tells of, in a transaction of its own, because PostgreSQL lets one
transaction that notifies commit at a time, and appends must not queue for that.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from envrules.store.rows import Row

if TYPE_CHECKING:
    from psycopg import Connection  # an extra

log = logging.getLogger(__name__)

_CHANNEL = "envrules"
_GATHER_SECONDS = 0.01
"""For so long after some notices were sent the next ones gather."""
_RETRY_SECONDS = 2.0


class Notice(Row, frozen=True, array_like=True):
    """`log`: a locality's log has grown. `at`: it is projected up to `position`."""

    word: Literal["log", "at"]
    locality: str
    position: int = 0


Connect: TypeAlias = "Callable[[], Connection[tuple[object, ...]]]"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Notice).decode


class Notices:
    """One process's ear and mouth: a thread with a connection of its own."""

    def __init__(self, connect: Connect | None, hear: Callable[[Notice], None]) -> None:
        """`hear` is told what other processes tell. Without `connect` there are none to tell."""
        self._connect, self._hear = connect, hear
        self._told: dict[tuple[str, str], Notice] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="envrules-notices", daemon=True)
        self._woken, self._wake = -1, -1

    def start(self) -> None:
        """Begin to listen."""
        if self._connect is not None:
            self._woken, self._wake = os.pipe()
            os.set_blocking(self._wake, False)
            self._thread.start()

    def tell(self, notice: Notice) -> None:
        """Tell the others soon; of several about one thing only the last."""
        if self._wake >= 0:
            with self._lock:
                first = not self._told
                self._told[notice.word, notice.locality] = notice
            if first:
                self._ring()

    def close(self) -> None:
        """Say and hear no more."""
        if self._thread.is_alive():
            self._closing.set()
            self._ring()
            self._thread.join()
            os.close(self._woken)
            os.close(self._wake)
            self._woken = self._wake = -1

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # full: it will wake up anyhow
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        assert self._connect is not None
        while not self._closing.is_set():
            try:
                with closing(self._connect()) as connection:
                    self._listen(connection)
            except Exception as error:
                log.warning("cannot hear of other processes, trying again: %s", error)
                self._closing.wait(_RETRY_SECONDS)

    def _listen(self, connection: Connection[tuple[object, ...]]) -> None:
        connection.autocommit = True
        connection.execute(f"LISTEN {_CHANNEL}".encode())
        with self._lock:
            self._told.clear()  # said to nobody: they will look by themselves
        while not self._closing.is_set():
            ready, _, _ = select.select([connection.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 1024)
                self._say(connection)
            for heard in connection.notifies(timeout=0):
                if heard.pid != connection.info.backend_pid:
                    self._hear(_decode(heard.payload))

    def _say(self, connection: Connection[tuple[object, ...]]) -> None:
        with self._lock:
            told, self._told = self._told, {}
        if told:
            texts = [_encode(notice).decode() for notice in told.values()]
            connection.execute(
                "SELECT pg_notify(%s, notice) FROM unnest(%s::text[]) AS notice", (_CHANNEL, texts)
            )
            self._closing.wait(_GATHER_SECONDS)
