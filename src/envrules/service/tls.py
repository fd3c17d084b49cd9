"""TLS: the server's certificate and who may connect, read again for new connections."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from envrules.service.refreshed import BadFile, Refreshed


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files of a server."""

    certificate: Path
    """Its certificate, and those between it and the authority."""
    key: Path
    client_ca: Path | None = None
    """Authorities whose certificates a client must show one of; None: it shows none."""

    @property
    def all(self) -> list[Path]:
        """Every file that is read."""
        return [file for file in (self.certificate, self.key, self.client_ca) if file is not None]


class Certificates:
    """What a server shows to new connections; what is open stays open."""

    def __init__(self, files: CertificateFiles) -> None:
        """Read the files.

        Raises:
            BadFile: they cannot be used, or not together.
        """
        self._files = files
        self.files = Refreshed("TLS certificate", files.all, self._read)
        self._shown = self.files.now()

    def credentials(self) -> grpc.ServerCredentials:
        """Return the credentials for a port."""
        return grpc.dynamic_ssl_server_credentials(
            self._shown,
            self._newer,  # type: ignore[arg-type]  # None is "no other", says grpc's own page
            self._files.client_ca is not None,
        )

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what to show from this connection on, if that has changed."""
        now = self.files.now()
        if now is self._shown:
            return None
        self._shown = now
        return now

    def _read(self) -> grpc.ServerCertificateConfiguration:
        # While both files are being replaced they may not belong together: then the old ones hold.
        files = self._files
        before = [_bytes(file) for file in files.all]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise BadFile(
                f"{files.certificate} and {files.key}: no certificate with its own, "
                f"unencrypted key in PEM form ({_said(error)})"
            ) from None
        if files.client_ca is not None:
            try:
                context.load_verify_locations(files.client_ca)
            except (ssl.SSLError, OSError) as error:
                raise BadFile(
                    f"{files.client_ca}: no certificates in PEM form ({_said(error)})"
                ) from None
        if before != [_bytes(file) for file in files.all]:
            raise BadFile("the files are just being written")
        pair = [(before[1], before[0])]
        return grpc.ssl_server_certificate_configuration(pair, before[2] if before[2:] else None)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadFile(f"{file}: {error.strerror}") from None


def _no_password() -> str:
    """Refuse an encrypted key: nobody is there to be asked."""
    raise ValueError("the key is encrypted")


def _said(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
