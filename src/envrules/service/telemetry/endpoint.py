"""The HTTP endpoint that Prometheus scrapes."""

from __future__ import annotations

import socket

from prometheus_client import CollectorRegistry, start_http_server

from envrules.service.config import ConfigError

_PATIENCE = 10
"""Seconds that a client may take to ask, and to take the answer."""


class Endpoint:
    """Answers scrapes on threads of its own until it is closed."""

    def __init__(self, address: str, registry: CollectorRegistry) -> None:
        """Listen on `HOST:PORT`, or on a port of this machine only.

        Raises:
            ConfigError: the address is taken or makes no sense.
        """
        host, port = _host_and_port(address)
        fix = "choose another --metrics; port 0 takes a free one"
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except (OSError, socket.gaierror) as error:
            raise ConfigError(f"metrics cannot listen on {address}: {error}", fix) from None
        except OverflowError:
            raise ConfigError(f"metrics cannot listen on {address}: no such port", fix) from None
        # The library waits forever for a client that says nothing.
        handler = self._server.RequestHandlerClass
        self._server.RequestHandlerClass = type(  # type: ignore[assignment]
            "Handler", (handler,), {"timeout": _PATIENCE}
        )
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ConfigError(f"metrics cannot listen on {address}", "write --metrics HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)
