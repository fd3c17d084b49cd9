"""What several suites share: a browser, and databases of SQLite and of PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.postgresql import QUICK, PostgreSQL, running

from envrules.store import Store

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; where it is absent the tests fail.

    One for all: two of them in one process get in each other's way.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server for all tests of this process that need one; it waits for no disk."""
    with running(QUICK) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgresql: PostgreSQL) -> str:
    """The name of an empty database that has our tables: a copy of it is made quickly."""
    name = postgresql.create()
    Store.open(postgresql.url(name)).close()
    return name


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database: what asks for it, or for one of the fixtures below, runs once on each."""
    return str(request.param)


@pytest.fixture
def new_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], str]]:
    """Makes databases without tables, and drops them after the test."""
    if backend == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    names: list[str] = []

    def create() -> str:
        names.append(server.create())
        return server.url(names[-1])

    yield create
    for name in names:
        server.drop(name)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    with _database(backend, request, tmp_path) as url:
        yield url


@pytest.fixture(scope="module")
def shared_url(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database that the tests of one file share."""
    with _database(backend, request, tmp_path_factory.mktemp("shared")) as url:
        yield url


@contextmanager
def _database(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'envrules.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.create(request.getfixturevalue("migrated"))
    yield server.url(name)
    server.drop(name)
