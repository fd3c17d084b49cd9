"""The HTTP endpoint that Prometheus scrapes."""

from __future__ import annotations

import socket
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from envrules.service.config import ConfigError

_PATIENCE = 10
"""Seconds that a client may take to ask, and to take the answer."""
_FIX = "choose another --metrics, as HOST:PORT; port 0 takes a free one"


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each scrape."""


class _OverIPv6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class Endpoint:
    """Answers scrapes on threads of its own until it is closed."""

    def __init__(self, address: str, registry: CollectorRegistry) -> None:
        """Listen on `HOST:PORT`; without a host, on this machine's own address only.

        Raises:
            ConfigError: the address is taken or makes no sense.
        """
        host, _, port = address.rpartition(":")
        kind = _OverIPv6 if ":" in host else ThreadingWSGIServer
        try:
            self._server = make_server(
                host.strip("[]") or "127.0.0.1", int(port), make_wsgi_app(registry), kind, _Handler
            )
        except (OSError, OverflowError, ValueError) as error:
            raise ConfigError(f"metrics cannot listen on {address}: {error}", _FIX) from None
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="envrules-metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
