"""All that keeps a server's door: its certificates, its tokens, its record of who did what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc

from envrules.model.base import Instant
from envrules.service.audit import AuditLog
from envrules.service.config import ServerConfig
from envrules.service.principal import Principals
from envrules.service.refreshed import Refreshed
from envrules.service.tls import CertificateFiles, Certificates


class Security:
    """Made from the configuration when the server is."""

    def __init__(self, config: ServerConfig, clock: Callable[[], Instant]) -> None:
        """Read the files that the configuration names.

        Raises:
            BadFile: one of them cannot be used.
        """
        self.principals = Principals(config.tokens, clock)
        self._certificates = _certificates(config)
        self.audit: AuditLog | None = None
        if config.audit is not None:
            self.audit = AuditLog(config.audit, self.principals, clock)

    def add_port(self, server: grpc.Server, address: str) -> int:
        """Let a server listen; return the port."""
        if self._certificates is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, self._certificates.credentials())

    def state(self) -> Mapping[str, bool]:
        """Return of each file by its name whether it is in force as it is now."""
        read: dict[str, Refreshed[Any]] = {}
        if self.principals.tokens is not None:
            read["tokens"] = self.principals.tokens
        if self._certificates is not None:
            read["tls"] = self._certificates.files
        for files in read.values():
            files.now()
        state = {name: not files.problem for name, files in read.items()}
        if self.audit is not None:
            state["audit"] = not self.audit.problem
        return state

    def close(self) -> None:
        """Write no more into the record."""
        if self.audit is not None:
            self.audit.close()


def _certificates(config: ServerConfig) -> Certificates | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    return Certificates(CertificateFiles(config.tls_cert, config.tls_key, config.client_ca))
