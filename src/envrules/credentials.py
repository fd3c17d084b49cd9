"""What a client shows to a server, and asks to be shown: a token, certificates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from envrules.wire.address import is_local

_TOKEN = re.compile(r"[\x21-\x7e]+")


class BadCredentials(ValueError):
    """These credentials cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one connects. By itself: without TLS, and without saying who one is."""

    token: str = field(default="", repr=False)
    tls: bool = False
    ca: Path | None = None
    """PEM file of the authorities that may have signed the server's certificate; None: those that
    gRPC knows of. Given, there is TLS."""
    certificate: Path | None = None
    """PEM file of the client's own certificate, if the server wants to see one."""
    key: Path | None = None
    plaintext: bool = False
    """Send the token unencrypted to another machine: only through a proxy that encrypts."""

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        if self.token and not _TOKEN.fullmatch(self.token):
            raise BadCredentials("the token is no single word of visible ASCII characters")
        if (self.certificate is None) != (self.key is None):
            raise BadCredentials("a client's certificate and its key go together")

    @property
    def encrypts(self) -> bool:
        """Whether the connection is encrypted."""
        return self.tls or self.ca is not None or self.certificate is not None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel(self, address: str, options: Sequence[tuple[str, Any]] = ()) -> grpc.Channel:
        """Return a connection to a server.

        Raises:
            BadCredentials: a file cannot be read, or a token would go over the wire in the open.
        """
        if self.encrypts:
            return grpc.secure_channel(address, self._certificates(), options)
        if self.token and not (self.plaintext or is_local(address)):
            raise BadCredentials(
                f"the token would go to {address} unencrypted: use TLS, or say plaintext if a "
                "proxy on the way encrypts"
            )
        return grpc.insecure_channel(address, options)

    def _certificates(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(
            _read(self.ca), private_key=_read(self.key), certificate_chain=_read(self.certificate)
        )


def token_in(file: Path) -> str:
    """Return the token in a file, white space round it aside.

    Raises:
        BadCredentials: it cannot be read, or holds none.
    """
    text = (_read(file) or b"").decode("utf-8", "replace").strip()
    if not text:
        raise BadCredentials(f"{file} is empty")
    return text


def _read(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadCredentials(f"{file}: {error.strerror}") from None
