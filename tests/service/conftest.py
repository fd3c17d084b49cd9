"""Servers that are stopped when the test ends, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.site import STREET, TOWN, Site, open_site

from envrules.client import Client


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Site]]:
    """Starts servers over one database, with the arguments of `open_site`."""
    sites: list[Site] = []

    def opened(*plugins: object, **config: object) -> Site:
        config.setdefault("url", database_url)
        sites.append(open_site(tmp_path, *plugins, **config))  # type: ignore[arg-type]
        return sites[-1]

    yield opened
    for site in sites:
        site.stop(grace=0)


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    """A server with the town `yunxi` and the street `liuhu`, whose time has come up to now.

    Both logs hold two entries, a tick and a publication, and grow only by what the test does.
    """
    site = start()
    office = site.client("office")
    for locality, title, scheme in (("yunxi", "云溪镇", TOWN), ("liuhu", "柳湖街道", STREET)):
        office.create_locality(locality, title, "Asia/Shanghai")
        office.advance(locality, "clock", None)
        office.create_locality(locality, title, "Asia/Shanghai", [scheme])
    return site


@pytest.fixture
def client(site: Site) -> Client:
    """The platform `grid`, connected."""
    return site.client()
