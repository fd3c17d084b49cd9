"""The made-up town's July, judged by a server once for all tests, which only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.report.bulletin.month import PERIOD, PLACE, SCHEME, open_town
from tests.service.site import Site

from envrules.cli.bulletin import gather
from envrules.cli.server import Client
from envrules.report.bulletin import Document, Letterhead, Month, bulletin

HEAD = Letterhead(
    issuer="云溪镇人民政府", number="云政办〔2026〕7号", signatory="周某", to="各行政村",
    copies=("镇党委", "县城管局"), date="2026年8月3日",
)  # fmt: skip


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The town after the close of July."""
    site = open_town(tmp_path_factory.mktemp("town"))
    yield site
    site.stop(grace=0)


@pytest.fixture(scope="session")
def july(town: Site) -> Month:
    """What a bulletin of July is made from."""
    with Client.connect(town.address, principal="office") as client:
        return gather(client, PLACE, SCHEME, PERIOD, 6, "Asia/Shanghai")


@pytest.fixture(scope="session")
def document(july: Month) -> Document:
    """The bulletin of July."""
    return bulletin(july, HEAD, "云溪镇")
