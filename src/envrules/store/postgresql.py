"""Connecting to PostgreSQL: what a session is set to, and how a lost one is found out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from envrules.store.rows import StoreError

if TYPE_CHECKING:
    from psycopg import Connection  # an extra

_DRIVER = "postgresql+psycopg"

_SESSION: dict[str, int | str] = {
    "application_name": "envrules",
    "connect_timeout": 10,
    # Whoever waits for a machine that has vanished is told so in half a minute, not in hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""libpq's parameters, unless the URL gives them."""

_WRITER = {
    # Others wait for what a writer has locked. If its machine vanishes, or the process is frozen
    # in the middle of a transaction, it loses that: what was not committed was not receipted.
    "options": " ".join(
        f"-c {setting}"
        for setting in (
            "idle_in_transaction_session_timeout=10s",
            "tcp_keepalives_idle=10",
            "tcp_keepalives_interval=5",
            "tcp_keepalives_count=4",
        )
    )
}

_KEPT, _MORE = 4, 8
"""Connections that each pool keeps, and how many more it may open for a while."""
_PATIENCE_SECONDS = 30


def postgresql_engines(url: URL, closed: threading.Event) -> tuple[Engine, Engine]:
    """Return the engines of those who write and of those who only read.

    Once `closed` is set, a connection that is given back is closed.

    Raises:
        StoreError: the URL names another driver, or the one that we need is not installed.
    """
    if url.drivername not in ("postgresql", _DRIVER):
        raise StoreError(f"{url.drivername} is not supported: begin the URL with {_DRIVER}://")
    try:
        import psycopg  # noqa: F401 - an extra: most installations do without it
    except ImportError as error:
        raise StoreError(
            f"PostgreSQL needs psycopg ({error}): pip install 'envrules[postgres]'"
        ) from None
    readers = _engine(
        url,
        closed,
        _SESSION,
        isolation_level="REPEATABLE READ",  # several reads in one transaction see one state
        execution_options={"postgresql_readonly": True},
    )
    return _engine(url, closed, {**_SESSION, **_WRITER}), readers


def postgresql_connection(engine: Engine) -> Connection[tuple[object, ...]]:
    """Return a connection outside of the engine's pool."""
    import psycopg

    _, parameters = engine.dialect.create_connect_args(engine.url)
    return psycopg.connect(**{**_SESSION, **parameters})


def _engine(url: URL, closed: threading.Event, session: dict[str, Any], **options: Any) -> Engine:
    engine = create_engine(
        url.set(drivername=_DRIVER),
        connect_args={name: value for name, value in session.items() if name not in url.query},
        # Positional parameters, as SQLite has: hot statements run with plain tuples on both.
        paramstyle="format",
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_timeout=_PATIENCE_SECONDS,
        # Costs a round trip, but after a restart of PostgreSQL no call meets a dead connection.
        pool_pre_ping=True,
        **options,
    )

    @event.listens_for(engine, "checkin")
    def given_back(connection: Connection[tuple[object, ...]] | None, _record: object) -> None:
        if connection is not None and closed.is_set():
            connection.close()

    return engine
