"""A TCP proxy that lets requests through and loses replies: it knows the frames of HTTP/2.

It stands at one address, whichever server is behind it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self

_HEAD = 9
_DATA, _HEADERS = 0, 1


class Part(Enum):
    """A part of a reply."""

    FIRST = auto()
    """The headers that begin it: once they have come, gRPC itself does not repeat a call."""
    REST = auto()
    """Its messages and its status."""


def never(_part: Part) -> bool:
    """Lose nothing."""
    return False


class Proxy:
    """Passes connections on to `port`, and cuts one where `cut` says that a reply gets lost.

    `cut` is asked, by one thread at a time, about every frame of every reply when the server has
    sent it: what was asked for has been done by then.
    """

    def __init__(self, port: int, cut: Callable[[Part], bool] = never) -> None:
        self.port, self.cut = port, cut
        self.cuts = 0
        self._deciding = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._threads[0].join()
        self._listener.close()
        for one in list(self._open):
            _end(one)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                client.close()  # as if nobody were there
                continue
            self._open |= {client, server}
            thread = threading.Thread(target=self._serve, args=(client, server))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pass_back, args=(server, client))
        back.start()
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        _end(client)
        _end(server)
        back.join()
        self._open -= {client, server}
        client.close()
        server.close()

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        """Pass the server's frames on until one is to be lost, and everything after it."""
        begun: set[int] = set()
        with suppress(OSError), server.makefile("rb") as frames:
            while len(head := frames.read(_HEAD)) == _HEAD:
                body = frames.read(int.from_bytes(head[:3], "big"))
                if head[3] in (_DATA, _HEADERS):
                    stream = int.from_bytes(head[5:], "big")
                    part = Part.REST if stream in begun else Part.FIRST
                    begun.add(stream)
                    if self._is_lost(part):
                        break
                client.sendall(head + body)
        _end(client)
        _end(server)

    def _is_lost(self, part: Part) -> bool:
        with self._deciding:
            lost = self.cut(part)
            self.cuts += lost
            return lost


def _end(one: socket.socket) -> None:
    """End a connection in both directions, from whichever thread."""
    with suppress(OSError):  # it may have ended already
        one.shutdown(socket.SHUT_RDWR)
