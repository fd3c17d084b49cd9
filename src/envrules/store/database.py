"""A database: engines, transactions, the schema's version. What only one dialect says is here.

How to connect is in `store.sqlite` and `store.postgresql`. On SQLite a lock (`write_lock`) keeps
writers apart, those of other processes too, so that none of them is told `database is locked` and
each is woken in its turn.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import cache, partial
from itertools import chain
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Table,
    cast,
    extract,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import CompilerElement

from envrules.model.base import Instant
from envrules.store.notices import Notice, Notices
from envrules.store.postgresql import postgresql_connection, postgresql_engines
from envrules.store.rows import StoreError
from envrules.store.sqlite import BEGIN, sqlite_engines
from envrules.store.write_lock import WriteLock

Insert: TypeAlias = sqlite.Insert | postgresql.Insert
Row: TypeAlias = tuple[Any, ...]
T = TypeVar("T")

_SCHEMA_LOCK = 0x656E7672
"""PostgreSQL's advisory lock that migrations hold: any number nobody else uses."""


_SERVER_TIME = select(cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger))


class _Snapshot(threading.local):
    """The transaction that a thread reads in, if it reads at one moment."""

    connection: Connection | None = None


class Database:
    """One process's connections to a SQLite or PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Connect; nothing is read or created yet, but SQLite is put into WAL mode.

        Raises:
            StoreError: the URL is wrong, or the database cannot be reached.
        """
        self._closed = threading.Event()
        self._snapshot = _Snapshot()
        try:
            self.url = _parsed(url)
            if self.url.get_backend_name() == "sqlite":
                self._open_sqlite(self.url)
            elif self.url.get_backend_name() == "postgresql":
                self._open_postgresql(self.url)
            else:
                raise StoreError(f"{self}: use a sqlite or a postgresql database")
            with self.reading():
                pass
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(f"cannot use this database URL: {error}") from error
        except DBAPIError as error:
            raise StoreError(f"cannot open {self}: {error.orig}") from error
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open {self}: {error}") from error

    def __str__(self) -> str:
        shown = self.url.difference_update_query(("password", "sslpassword"))
        return shown.render_as_string(hide_password=True)

    def _open_sqlite(self, url: URL) -> None:
        self._begin = BEGIN
        self._durable, self._derived, self._readers = sqlite_engines(url)
        self._write_lock: WriteLock | nullcontext[None] = WriteLock(str(url.database))

    def _open_postgresql(self, url: URL) -> None:
        self._write_lock = nullcontext()
        self._begin = ""  # the driver begins a transaction by itself
        self._durable, self._readers = postgresql_engines(url, self._closed)
        self._derived = self._durable

    def close(self) -> None:
        """Close every connection, those in use when they are given back."""
        self._closed.set()
        for engine in (self._readers, self._derived, self._durable):
            engine.dispose()
        if isinstance(self._write_lock, WriteLock):
            self._write_lock.close()

    def now(self) -> Instant:
        """Return the time by the clock that all processes on this database share.

        A SQLite file has the clock of its machine.
        """
        if self._durable.dialect.name == "sqlite":
            return time.time_ns() // 1000
        with self.reading() as connection:
            return connection.execute(_SERVER_TIME).scalar_one()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a transaction that commits at the end, or rolls back on an error.

        It is on disk once committed; `durable=False` is for what the log gives again.
        """
        engine = self._durable if durable else self._derived
        with self._write_lock, engine.begin() as connection:
            yield connection

    @contextmanager
    def appending(self) -> Iterator[DBAPICursor]:
        """Give what `writing` gives, durable, as the driver's own cursor: for the hot path.

        Committing one row costs 50 µs more than with the bare driver, not 200 as in `writing`.
        Errors are the driver's; it runs statements made by `sql`.
        """
        with self._write_lock, closing(self._durable.raw_connection()) as connection:
            try:
                cursor = connection.cursor()
                if self._begin:
                    cursor.execute(self._begin)
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @property
    def integrity_error(self) -> type[Exception]:
        """The driver's error for a row that exists already."""
        return self._durable.dialect.loaded_dbapi.IntegrityError

    @property
    def driver_error(self) -> type[Exception]:
        """The base of the driver's errors."""
        return self._durable.dialect.loaded_dbapi.Error

    def notices(self, hear: Callable[[Notice], None]) -> Notices:
        """Return what tells the other processes on this database, and `hear` what they tell.

        On SQLite nobody tells anything: its processes look at the store.
        """
        if self._durable.dialect.name != "postgresql":
            return Notices(None, hear)

        return Notices(partial(postgresql_connection, self._durable), hear)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a read-only transaction: all its reads see the same state."""
        if self._snapshot.connection is not None:
            yield self._snapshot.connection
        else:
            with self._readers.begin() as connection:
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let whatever this thread reads meanwhile see the same state, that of its first read.

        Others may write as ever. What SQLite's log of writes (WAL) has gathered stays as long as a
        snapshot: it is for seconds, not for minutes.
        """
        if self._snapshot.connection is not None:
            yield
            return
        with self._readers.begin() as connection:
            self._snapshot.connection = connection
            try:
                yield
            finally:
                self._snapshot.connection = None

    def touch(self, connection: Connection) -> None:
        """Write a few bytes that mean nothing, so that the commit has something to put on disk.

        A transaction that changes no row writes nothing, and a full disk goes unnoticed.
        """
        if self._durable.dialect.name == "postgresql":
            connection.execute(select(func.pg_logical_emit_message(True, "envrules", "")))
        else:
            number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            connection.exec_driver_sql(f"PRAGMA user_version = {(number + 1) % 2**31}")

    def lock_schema(self, connection: Connection) -> None:
        """Wait until no other process migrates, and keep others waiting until the commit."""
        if self._durable.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        # On SQLite, BEGIN IMMEDIATE has done it.

    def sql(self, statement: Executable, *names: str) -> str:
        """Return the statement's text, to run with tuples of the values `names`.

        For `exec_driver_sql` and `appending`: `Connection.execute` prepares every row in
        Python, and so halves what SQLite writes (1,000 log rows in 8.3 ms; `exec_driver_sql`
        4.3 ms, the bare driver 4.1 ms).
        """
        assert isinstance(statement, CompilerElement)
        compiled = statement.compile(dialect=self._durable.dialect)
        order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        assert tuple(order or ()) == names, f"parameters are {order}, not {names}"
        return str(compiled)

    def insert(self, table: Table) -> Insert:
        """Return an insert statement that both databases let handle conflicts."""
        if self._durable.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def insert_sql(self, table: Table) -> str:
        """Return the text that inserts rows given as tuples in the order of the columns."""
        return self.sql(self.insert(table), *table.c.keys())

    def upsert_sql(self, table: Table) -> str:
        """Return `insert_sql` that replaces the row of the same primary key."""
        statement = self.insert(table)
        others = {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
        return self.sql(
            statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others),
            *table.c.keys(),
        )

    def insert_rows(self, cursor: DBAPICursor, statement: str, rows: Sequence[Row]) -> None:
        """Run the text of `insert_sql` or `upsert_sql` for every row; none has another one's key.

        Many rows in one statement take SQLite two thirds of the time, and its driver gives up the
        interpreter's lock once for all of them: it may wait long to get it back.
        """
        done = 0
        if self._durable.dialect.name == "sqlite":
            for count in _ROWS_TOGETHER:
                while len(rows) - done >= count:
                    some = chain.from_iterable(rows[done : done + count])
                    cursor.execute(_for_rows(statement, count), tuple(some))
                    done += count
        if done < len(rows):
            cursor.executemany(statement, rows[done:])

    def insert_missing_sql(self, table: Table) -> str:
        """Return `insert_sql` that leaves a row of the same key as it is."""
        return self.sql(self.insert(table).on_conflict_do_nothing(), *table.c.keys())


def _parsed(url: str) -> URL:
    """Return the URL's parts; what is said of one that is wrong must not hold its password.

    Raises:
        ArgumentError: it is no URL, or its password would be taken for something else.
    """
    try:
        parsed = make_url(url)
    except ValueError:
        raise ArgumentError("its port is no number") from None
    if "@" in (parsed.host or ""):
        raise ArgumentError("write @ in a name or password as %40")
    return parsed


_ROWS_TOGETHER = (50, 10)


@cache
def _for_rows(statement: str, count: int) -> str:
    """Return the statement that inserts one row for `count` of them."""
    before, row, after = re.split(r"(?<= VALUES )(\([?, ]+\))", statement)
    return before + ", ".join([row] * count) + after


def chunks(values: Iterable[T], size: int = 512) -> Iterator[list[T]]:
    """Cut distinct values into lists for `IN`, short enough for the parameters of one statement.

    A list's length is a power of two, its last value repeated: every connection keeps the
    statements it has prepared, and 128 of all lengths up to 500 take 13 MB of it.
    """
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        some = distinct[start : start + size]
        length = 1 << (len(some) - 1).bit_length()
        yield some + some[-1:] * (length - len(some))
