"""A server that takes tokens, with two localities of which callers see one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.security.door import connect, grant
from tests.service.site import TOWN, Site, month_of_the_town, open_site

from envrules.client import Client
from envrules.service.tokens import Role

OWN, OTHER, ABSENT = "yunxi", "liuhu", "nihil"
"""Names of one length, so that answers about them can be compared byte by byte."""


@dataclass
class Guarded:
    """A site behind tokens."""

    site: Site
    tokens: Path
    channel: grpc.Channel
    root: str
    """A token of all roles everywhere."""

    def grant(self, *roles: Role, localities: tuple[str, ...] | None = (OWN,), principal: str = "",
              expires: str = "") -> str:  # fmt: skip
        """Return a new token."""
        name = principal or "-".join(roles)
        return grant(self.tokens, name, roles, localities, expires)

    def client(self, *roles: Role, localities: tuple[str, ...] | None = (OWN,)) -> Client:
        """Return a client with a new token."""
        return connect(self.site, self.grant(*roles, localities=localities))


ROLES: tuple[Role, ...] = ("submit", "read", "operate", "approve", "administer")


def guarded_site(folder: Path, **config: Any) -> Guarded:
    """Start one: both localities know the same month."""
    tokens = folder / "tokens.json"
    root = grant(tokens, "root", ROLES, None)
    site = open_site(folder, tokens=tokens, **config)
    client = connect(site, root)
    for locality in (OWN, OTHER):
        client.create_locality(locality, "云溪镇", "Asia/Shanghai")
        client.advance(locality, "clock", None)
        client.create_locality(locality, "云溪镇", "Asia/Shanghai", [TOWN])
        client.submit(locality, month_of_the_town(), decided=True)
    return Guarded(site, tokens, grpc.insecure_channel(site.address), root)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Guarded]]:
    """Starts guarded sites, and stops them."""
    started: list[Guarded] = []

    def opened(**config: object) -> Guarded:
        started.append(guarded_site(tmp_path, **config))
        return started[-1]

    yield opened
    for one in started:
        one.channel.close()
        one.site.stop(grace=0)


@pytest.fixture
def guarded(start: Callable[..., Guarded]) -> Guarded:
    """A guarded site of the test's own."""
    return start()
