"""Connecting to SQLite, in WAL mode, with three kinds of connection.

Receipts are given for what the first one commits: `synchronous=FULL`, a sync before each commit
returns. Derived state is committed with `synchronous=NORMAL`, because nothing is lost when a power
cut takes its tail: position and state go back together and the same log gives the same rows again.
The database stays sound either way (the WAL is one file in commit order, and a FULL commit syncs
all before it). Readers see the last commit and never wait.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from envrules.store.rows import StoreError

BEGIN = "BEGIN IMMEDIATE"
"""How a transaction begins that may write."""
_WAIT_SECONDS = 30
"""How long to wait for a writer that is none of ours before SQLite's `database is locked`."""

# With random event ids, these two write 30 % more rows a second than SQLite's defaults, which
# are 2 MB of cache and a checkpoint every 4 MB; with ids in sequence they make no difference.
_WRITERS = ("cache_size=-32768", "wal_autocheckpoint=4000")


def sqlite_engines(url: URL) -> tuple[Engine, Engine, Engine]:
    """Return the engines of those who write to the log, who write derived state, and who read.

    Raises:
        StoreError: the database would not outlive the process, or its file system lacks WAL.
        sqlite3.Error: it cannot be opened, or not for writing.
    """
    if ":memory:" in (url.database or ":memory:"):
        raise StoreError("the store needs a file: a SQLite database in memory keeps nothing")
    durable = _engine(url, BEGIN, "synchronous=FULL", *_WRITERS)
    derived = _engine(url, BEGIN, "synchronous=NORMAL", *_WRITERS)
    readers = _engine(url, "BEGIN", "query_only=ON", writes=False)
    _use_wal(durable)
    return durable, derived, readers


def _engine(url: URL, begin: str, *pragmas: str, writes: bool = True) -> Engine:
    engine = create_engine(url, max_overflow=-1, connect_args={"timeout": _WAIT_SECONDS})

    # The driver would open transactions by itself, and too late: a transaction that reads
    # before it writes can fail instead of waiting. So it is switched off and we say BEGIN.
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        if writes:
            _check_writable(connection)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(begin)

    return engine


def _check_writable(connection: sqlite3.Connection) -> None:
    """Raise the driver's error unless the connection can write; nothing is written.

    SQLite opens a file that cannot be opened for writing for reading, without a word, and so it stays
    when the disk is well again.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {number}")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # others write: so could we
            raise
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    connection.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")


def _use_wal(engine: Engine) -> None:
    """Put the file into WAL mode, for good; two first openers may get in each other's way."""
    deadline = time.monotonic() + _WAIT_SECONDS
    mode = ""
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.dbapi_connection
        while not mode:
            try:
                (mode,) = driver.execute("PRAGMA journal_mode=WAL").fetchone()
            except sqlite3.OperationalError as error:
                # Changing the mode does not wait as other statements do.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    if mode != "wal":
        raise StoreError(f"{engine.url} cannot be put into WAL mode: its file system lacks it")
