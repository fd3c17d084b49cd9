"""Opening a database: migrations, refusals, and what each connection is set to."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from envrules.store import Batch, NewEntry, Store, StoreError
from envrules.store.database import Database
from envrules.store.tables import localities, metadata

OPEN_AND_APPEND = """
import sys
from envrules.store import Batch, NewEntry, Store
with Store.open(sys.argv[1]) as store:
    store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
    store.append([Batch("gaoling", [NewEntry("event", b"", sys.argv[2])], 2)])
"""


def schema(url: str) -> dict[str, Any]:
    """Everything that a database says about its tables but their constraints' names."""
    engine = create_engine(url)
    found = {}
    inspector = inspect(engine)
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        found[table] = {
            "columns": [
                (column["name"], repr(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(
                unique["column_names"] for unique in inspector.get_unique_constraints(table)
            ),
            "indexes": [
                (index["name"], index["column_names"], index["unique"], condition(index))
                for index in inspector.get_indexes(table)
            ],
            "options": inspector.get_table_options(table),
        }
    engine.dispose()
    return found


def condition(index: ReflectedIndex) -> dict[str, str]:
    """What a partial index says of the rows in it."""
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def execute(url: str, statement: str) -> None:
    """Change a database behind the store's back."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_migrations_lead_to_the_tables(new_url: Callable[[], str]) -> None:
    """Migrating an empty database gives exactly what `tables.py` states."""
    migrated, created = new_url(), new_url()
    Store.open(migrated).close()
    engine = create_engine(created)
    metadata.create_all(engine)
    engine.dispose()
    assert set(schema(migrated)) == set(metadata.tables)
    assert schema(migrated) == schema(created)


def test_reopening_keeps_everything(store_url: str) -> None:
    """What was stored is there when the database is opened again, migrating or not."""
    with Store.open(store_url) as store:
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        store.append([Batch("gaoling", [NewEntry("tick", b"payload")], 2)])
    for migrate in (True, False):
        with Store.open(store_url, migrate=migrate) as store:
            assert [row.payload for row in store.read_log("gaoling", 0, 9)] == [b"payload"]


def test_newer_schema_is_refused(store_url: str) -> None:
    """A schema that this code does not know is refused, and the message says what to do."""
    Store.open(store_url).close()
    execute(store_url, "UPDATE alembic_version SET version_num = '9999'")
    before = schema(store_url)
    with pytest.raises(StoreError, match=r"schema 9999.*newer envrules wrote it"):
        Store.open(store_url)
    assert schema(store_url) == before


def test_unmigrated_database_is_refused_without_leave_to_migrate(store_url: str) -> None:
    """With `migrate=False` an empty database is refused and left empty."""
    with pytest.raises(StoreError, match=r"no schema.*must be migrated first"):
        Store.open(store_url, migrate=False)
    assert schema(store_url) == {}


def test_failed_migration_leaves_nothing(store_url: str) -> None:
    """A migration that fails halfway is undone as a whole."""
    execute(store_url, "CREATE TABLE bindings (something INTEGER)")
    with pytest.raises(Exception, match=r"bindings.*already exists"):
        Store.open(store_url)
    assert set(schema(store_url)) == {"bindings"}


def test_processes_may_open_a_new_database_at_once(store_url: str) -> None:
    """Several processes that open an empty database together all succeed, and append."""
    names = [f"e{number}" for number in range(4)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AND_APPEND, store_url, name], stderr=subprocess.PIPE
        )
        for name in names
    ]
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(names), errors
    with Store.open(store_url) as store:
        rows = store.read_log("gaoling", 0, 99)
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert sorted(row.event_id or "" for row in rows) == names


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///{folder}/missing/store.db", "cannot open sqlite.*unable to open"),
        ("sqlite:///{folder}/text.db", "cannot open sqlite.*not a database"),
        ("oracle://host/name", "use a sqlite or a postgresql database"),
        ("no url", "cannot use this database URL"),
        ("postgresql+psycopg://me:secret@host:4x/name", "URL: its port is no number$"),
        ("postgresql+psycopg://me:se@cret@host/name", "URL: write @ in a name or password as %40$"),
    ],
)
def test_unusable_url_is_refused(url: str, message: str, tmp_path: Path) -> None:
    """A URL that cannot serve is refused with the reason."""
    (tmp_path / "text.db").write_text("not a database " * 100)
    with pytest.raises(StoreError, match=message):
        Store.open(url.format(folder=tmp_path))


def test_sqlite_syncs_before_a_receipt(tmp_path: Path) -> None:
    """On SQLite, receipts come from a synced commit in WAL mode; derived state need not sync."""
    database = Database(f"sqlite:///{tmp_path}/store.db")

    def pragma(connection: Any, name: str) -> object:
        (value,) = connection.execute(f"PRAGMA {name}").fetchone()
        return value

    with database.appending() as cursor:
        assert pragma(cursor, "journal_mode") == "wal"
        assert pragma(cursor, "synchronous") == 2  # FULL
    with database.writing() as connection:
        assert pragma(connection.connection.cursor(), "synchronous") == 2
    with database.writing(durable=False) as connection:
        assert pragma(connection.connection.cursor(), "synchronous") == 1  # NORMAL
    with database.reading() as connection:
        assert pragma(connection.connection.cursor(), "query_only") == 1
    database.close()


def test_sqlite_writers_queue_from_their_start(tmp_path: Path) -> None:
    """On SQLite a write transaction waits at its start for one of another process to end.

    Else both could read first, and one of them would fail when it writes.
    """
    databases = [Database(f"sqlite:///{tmp_path}/store.db") for _ in range(2)]
    entered = threading.Event()

    def write() -> None:
        with databases[1].writing():
            entered.set()

    with databases[0].writing():
        other = threading.Thread(target=write)
        other.start()
        assert not entered.wait(0.1)
    other.join()
    assert entered.is_set()
    for database in databases:
        database.close()


def test_reads_of_one_transaction_see_one_state(store_url: str) -> None:
    """What is committed between two reads of a transaction shows in neither."""
    database = Database(store_url)
    with Store.open(store_url) as store, database.reading() as connection:
        count = select(func.count()).select_from(localities)
        assert connection.execute(count).scalar_one() == 0
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        assert connection.execute(count).scalar_one() == 0
        assert len(store.localities()) == 1
    database.close()
