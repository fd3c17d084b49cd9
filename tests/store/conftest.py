"""A database for each test: SQLite, and PostgreSQL too where a server is named.

`ENVRULES_TEST_POSTGRESQL` is a URL whose user may create databases, for example
`postgresql+psycopg://postgres@localhost/postgres`.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from envrules.store import Store

SERVER = os.environ.get("ENVRULES_TEST_POSTGRESQL")


@pytest.fixture(params=["sqlite", "postgresql"] if SERVER else ["sqlite"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes empty databases, and drops them after the test."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
        return
    server = create_engine(make_url(SERVER or ""), isolation_level="AUTOCOMMIT")
    names: list[str] = []

    def create() -> str:
        names.append(f"envrules_{uuid.uuid4().hex}")
        with server.connect() as connection:
            # Sorted by pinyin, so that a column sorts by its bytes only if we say so.
            connection.execute(
                text(
                    f"CREATE DATABASE {names[-1]} TEMPLATE template0 ENCODING 'UTF8' "
                    "LOCALE_PROVIDER icu ICU_LOCALE 'zh'"
                )
            )
        return server.url.set(database=names[-1]).render_as_string(hide_password=False)

    yield create
    with server.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def store_url(new_url: Callable[[], str]) -> str:
    """The URL of an empty database."""
    return new_url()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with the localities `gaoling` and `liuhu`."""
    with Store.open(store_url) as opened:
        opened.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        opened.create_locality("liuhu", "柳湖", "Asia/Shanghai", 2)
        yield opened
