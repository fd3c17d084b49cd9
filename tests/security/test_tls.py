"""TLS by real handshakes: who vouches for whom, until when, and certificates that are replaced."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from tests.security.conftest import OWN, ROLES
from tests.security.door import grant
from tests.service.site import Site, open_site
from tests.service.test_streaming import eventually

from envrules.client import CallFailed, Client
from envrules.credentials import Credentials
from envrules.service import ConfigError

YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@dataclass
class Pems:
    """Where a server's files lie, and who signed them."""

    folder: Path
    authority: trustme.CA

    @property
    def ca(self) -> Path:
        """The authority's certificate, for clients."""
        file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(file)
        return file

    @property
    def certificate(self) -> Path:
        """The server's certificate with the authority's."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.folder / "server.key"

    def issue(self, authority: trustme.CA | None = None, **options: Any) -> bytes:
        """Write a new certificate and key; return the certificate."""
        issued = (authority or self.authority).issue_cert("localhost", "127.0.0.1", **options)
        self.key.write_bytes(issued.private_key_pem.bytes())
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return issued.cert_chain_pems[0].bytes()

    def own(self, name: str, authority: trustme.CA | None = None) -> dict[str, Any]:
        """Return a client's own certificate and key."""
        issued = (authority or self.authority).issue_cert(f"{name}.example", common_name=name)
        files = {"certificate": self.folder / f"{name}.pem", "key": self.folder / f"{name}.key"}
        files["key"].write_bytes(issued.private_key_pem.bytes())
        files["certificate"].write_bytes(issued.cert_chain_pems[0].bytes())
        return files


@pytest.fixture
def pems(tmp_path: Path) -> Pems:
    """A server's files in the test's folder."""
    pems = Pems(tmp_path, trustme.CA())
    pems.issue()
    return pems


Start = Callable[..., Site]


@pytest.fixture
def start(tmp_path: Path, pems: Pems) -> Iterator[Start]:
    """Starts servers with these files, and stops them."""
    sites: list[Site] = []

    def started(**config: Any) -> Site:
        sites.append(open_site(tmp_path, tls_cert=pems.certificate, tls_key=pems.key, **config))
        return sites[-1]

    yield started
    for site in sites:
        site.stop(grace=0)


def reaches(site: Site, credentials: Credentials) -> bool:
    """Tell whether a call gets through a connection of its own."""
    with Client.connect(site.address, credentials) as client:
        try:
            list(client.list_localities())
        except CallFailed as error:
            if error.code != grpc.StatusCode.UNAVAILABLE:
                raise
            return False
    return True


def shown(site: Site) -> str:
    """Return the certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", site.server.port))


def test_calls_are_encrypted(start: Start, pems: Pems) -> None:
    """A client that trusts the authority gets through, one that speaks plainly does not."""
    site = start()
    assert reaches(site, Credentials(ca=pems.ca))
    assert not reaches(site, Credentials())


def test_another_authority_is_not_believed(start: Start, pems: Pems, tmp_path: Path) -> None:
    """A client turns away from a server for which its authority does not vouch."""
    del pems
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    assert not reaches(start(), Credentials(ca=other))
    assert not reaches(start(), Credentials(tls=True))


def test_an_expired_certificate_is_not_believed(start: Start, pems: Pems) -> None:
    """A client turns away from a server whose certificate is over."""
    pems.issue(not_after=YESTERDAY)
    assert not reaches(start(), Credentials(ca=pems.ca))


def test_a_new_certificate_needs_no_restart(start: Start, pems: Pems) -> None:
    """New connections are shown the new certificate; those that are open go on."""
    site = start()
    with Client.connect(site.address, Credentials(ca=pems.ca)) as client:
        assert list(client.list_localities()) == []
        before = shown(site)
        new = pems.issue()
        assert ssl.PEM_cert_to_DER_cert(shown(site)) == ssl.PEM_cert_to_DER_cert(new.decode())
        assert shown(site) != before
        assert list(client.list_localities()) == []
    assert reaches(site, Credentials(ca=pems.ca))


def test_a_new_authority_needs_no_restart(start: Start, pems: Pems) -> None:
    """When the whole chain is replaced, those who trust the new authority get through."""
    site = start()
    old = Credentials(ca=pems.ca)
    pems.authority = trustme.CA()
    pems.issue()
    assert reaches(site, Credentials(ca=pems.ca))
    assert old.ca is not None


@pytest.mark.parametrize("damage", ["no key", "half a certificate", "key of another", "rubbish"])
def test_a_bad_certificate_keeps_the_old_one(start: Start, pems: Pems, damage: str) -> None:
    """What cannot be used is not shown; health says so until it is mended."""
    site = start()
    before = shown(site)
    key = pems.key.read_bytes()
    match damage:
        case "no key":
            pems.key.unlink()
        case "half a certificate":
            pems.certificate.write_bytes(pems.certificate.read_bytes()[:300])
        case "key of another":
            pems.key.write_bytes(trustme.CA().issue_cert("x.example").private_key_pem.bytes())
        case "rubbish":
            pems.certificate.write_bytes(b"rubbish")
    assert shown(site) == before
    assert reaches(site, Credentials(ca=pems.ca))
    assert eventually(lambda: not site.server._security.state()["tls"])
    pems.issue()
    assert shown(site) != before
    assert site.server._security.state()["tls"]
    assert key != pems.key.read_bytes()


@pytest.mark.parametrize("file", ["certificate", "key", "client_ca"])
def test_no_start_with_files_that_cannot_be_used(
    start: Start, pems: Pems, tmp_path: Path, file: str
) -> None:
    """The message names the file."""
    bad = tmp_path / "bad.pem"
    bad.write_bytes(b"rubbish")
    if file != "client_ca":
        getattr(pems, file).write_bytes(b"rubbish")
    with pytest.raises(ConfigError, match=r"server\.pem|bad\.pem"):
        start(client_ca=bad if file == "client_ca" else None)


def test_an_encrypted_key_is_refused(start: Start, pems: Pems) -> None:
    """Nobody is there to be asked for a password."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(pems.key.read_bytes(), None)
    pems.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    with pytest.raises(ConfigError, match="encrypted"):
        start()


def test_clients_show_certificates(start: Start, pems: Pems) -> None:
    """With --client-ca only those connect for whom its authority vouches."""
    site = start(client_ca=pems.ca)
    assert reaches(site, Credentials(ca=pems.ca, **pems.own("grid")))
    assert not reaches(site, Credentials(ca=pems.ca))
    assert not reaches(site, Credentials(ca=pems.ca, **pems.own("stranger", trustme.CA())))


def test_a_certificate_lets_one_connect_and_a_token_says_who(
    start: Start, pems: Pems, tmp_path: Path
) -> None:
    """A certificate alone opens nothing where there are tokens; the record names both."""
    tokens, audit = tmp_path / "tokens.json", tmp_path / "audit.jsonl"
    token = grant(tokens, "office", ROLES, None)
    site = start(client_ca=pems.ca, tokens=tokens, audit=audit)
    own = pems.own("gateway")
    with Client.connect(site.address, Credentials(ca=pems.ca, **own)) as client:
        with pytest.raises(CallFailed) as caught:
            client.locality(OWN)
        assert caught.value.reason == "TOKEN_MISSING"
    with Client.connect(site.address, Credentials(token, ca=pems.ca, **own)) as client:
        client.create_locality(OWN, "云溪镇", "Asia/Shanghai")
    refused, created = audit.read_text("utf-8").splitlines()
    assert '"certificate": "gateway"' in refused
    assert '"certificate": "gateway"' in created
    assert '"principal": "office"' in created
