"""What only PostgreSQL brings: a driver that may be missing, sessions that end, a server that dies."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.postgresql import PostgreSQL, running

from envrules.store import Batch, NewEntry, NodeRow, ProjectionChange, Store, StoreError
from envrules.store.database import Database

SECRET = "天机-s3cret"
QUOTED = "%E5%A4%A9%E6%9C%BA-s3cret"
ENTRY = NewEntry("tick", b"")


@pytest.fixture
def url(postgresql: PostgreSQL, migrated: str) -> Iterator[str]:
    """The URL of an empty database of PostgreSQL."""
    name = postgresql.create(migrated)
    yield postgresql.url(name)
    postgresql.drop(name)


def test_the_roles_of_the_guide_suffice(postgresql: PostgreSQL) -> None:
    """What docs/deploy.md grants is enough: to migrate for the owner, to serve for the other role."""
    guide = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    owner, serving = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    for statement in owner.split(";\n")[:-1]:
        postgresql.execute(statement)
    url = postgresql.url("envrules").replace("postgres@", "envrules@")
    Store.open(url).close()
    for statement in serving.split(";\n")[:-1]:
        postgresql.execute(statement, "envrules")
    with Store.open(url.replace("envrules@", "envrules_serving@")) as store:
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        store.append([Batch("gaoling", [ENTRY], 1)])
        lease = store.lease("gaoling", "projector", 1, 1)
        assert lease is not None
        store.commit(lease, ProjectionChange(0, 1, 1, nodes=[NodeRow("n", "", None, b"")]))
        store.drop_derived("gaoling")
        store.ping()
    postgresql.drop("envrules")
    postgresql.execute("DROP ROLE envrules")
    postgresql.execute("DROP ROLE envrules_serving")


def test_missing_driver_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the message says which extra to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"needs psycopg .*pip install 'envrules\[postgres\]'"):
        Store.open(url)


def test_other_drivers_are_refused(url: str) -> None:
    """A URL that names another driver is refused with the one to name; without one it is good."""
    with pytest.raises(
        StoreError, match=r"psycopg2 is not.*begin the URL with postgresql\+psycopg:"
    ):
        Store.open(url.replace("+psycopg", "+psycopg2"))
    Store.open(url.replace("+psycopg", "")).close()


@pytest.mark.parametrize(
    "place",
    ["postgresql+psycopg://rules:{}@/none", "postgresql+psycopg://rules@/none?password={}"],
    ids=["user", "query"],
)
def test_passwords_are_not_shown(postgresql: PostgreSQL, place: str) -> None:
    """What is said of a database that cannot be opened does not hold the password, nor its user's."""
    host = postgresql.url("none").rpartition("?")[2]
    address = place.format(QUOTED)
    with pytest.raises(StoreError, match="cannot open postgresql") as refused:
        Store.open(f"{address}{'&' if '?' in address else '?'}{host}")
    said = "".join(map(str, (refused.value, refused.value.__cause__)))
    assert SECRET not in said
    assert QUOTED not in said


def test_sessions_of_writers_end_when_they_are_left_in_a_transaction(url: str) -> None:
    """PostgreSQL takes locks back from a writer that is frozen, and from one that has vanished."""
    database = Database(url)

    def setting(name: str, *, writes: bool) -> object:
        using = database.writing() if writes else database.reading()
        with using as connection:
            return connection.execute(text(f"SHOW {name}")).scalar_one()

    assert setting("idle_in_transaction_session_timeout", writes=True) == "10s"
    assert setting("idle_in_transaction_session_timeout", writes=False) == "0"
    assert setting("application_name", writes=True) == "envrules"
    assert setting("transaction_read_only", writes=False) == "on"
    database.close()


def test_a_frozen_writer_keeps_nobody_waiting(url: str) -> None:
    """Who stops in the middle of an append loses its transaction, and the others append."""
    frozen = Store.open(f"{url}&options=-c%20idle_in_transaction_session_timeout%3D200ms")

    def freeze(meanwhile: Callable[[], object]) -> None:
        with frozen._db.appending() as cursor:
            cursor.execute("UPDATE localities SET head_seq = head_seq + 5")
            meanwhile()

    with Store.open(url) as other:
        other.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        with pytest.raises(frozen.failures):
            freeze(lambda: other.append([Batch("gaoling", [ENTRY], 1)]))
        assert [row.seq for row in other.read_log("gaoling", 0, 9)] == [1]
        assert other.head("gaoling") == 1
        [[receipt]] = frozen.append([Batch("gaoling", [ENTRY], 1)])
        assert receipt.seq == 2
    frozen.close()


def test_a_store_outlives_its_server() -> None:
    """After PostgreSQL was killed, each call fails as the store's until it is back, then none does.

    What was receipted is there.
    """
    with running() as server, Store.open(server.url(server.create())) as store:
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        for _ in range(3):
            store.append([Batch("gaoling", [ENTRY], 1)])
            store.read_log("gaoling", 0, 9)
            server.kill()
            for call in (lambda: store.append([Batch("gaoling", [ENTRY], 1)]), store.ping):
                with pytest.raises(store.failures):
                    call()
            with pytest.raises(store.failures):
                store.read_log("gaoling", 0, 9)
            server.start()
            store.ping()
            assert len(store.read_log("gaoling", 0, 9)) == store.head("gaoling")
        assert store.head("gaoling") == 3
