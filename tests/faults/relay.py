"""Stands between a client and a server, and lets the client behave as no client of ours does."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: what is closed is reset at once."""


class Relay:
    """Passes bytes on, both ways, until it is told not to."""

    def __init__(self, server: str) -> None:
        """Listen for connections that are passed on to the server at this address."""
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._deaf = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop_reading(self) -> None:
        """Take nothing from the server any more, on any connection."""
        self._deaf.set()

    def reset(self) -> None:
        """Let all clients vanish without a word: their connections are reset."""
        for one in self._sockets:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RD)  # wakes who reads; nothing is told to the other side
            one.close()

    def close(self) -> None:
        """End everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
        self._deaf.clear()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._sockets += (server, client)
            for source, sink, heard in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._pass_on, args=(source, sink, heard))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, heard: bool) -> None:
        with suppress(OSError):
            while heard or not self._deaf.is_set():
                data = source.recv(1 << 16)
                if not data:
                    break
                sink.sendall(data)


@contextmanager
def relayed(server: str) -> Iterator[Relay]:
    """A relay to the server at this address."""
    relay = Relay(server)
    try:
        yield relay
    finally:
        relay.close()
