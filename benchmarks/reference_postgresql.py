"""The append-only reference on PostgreSQL: what gRPC, Python and that database allow.

As `reference_servers`, but for the database: the same rows under the same indexes, one commit for
all who wait. A COPY takes rows faster than any INSERT does.

    python -m benchmarks.reference_postgresql postgresql+psycopg://…

prints its port and serves until it is killed.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

import psycopg

from benchmarks.reference_rules import DecisionRow, StateRow
from benchmarks.reference_servers import EventRow, Log, serve

_SCHEMA = """
CREATE TABLE events (
    seq BIGINT PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, occurred_at BIGINT NOT NULL,
    payload BYTEA NOT NULL)
"""


class PostgreSQL:
    """A database of a running server, which syncs at every commit unless it is told otherwise."""

    clash: type[Exception] = psycopg.errors.UniqueViolation

    def __init__(self, url: str) -> None:
        # Without a transaction around it, every statement is one.
        self._db = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
        self._db.execute(_SCHEMA)

    def find(self, id: str) -> tuple[int, bytes] | None:
        """Return place and payload of an event that is there."""
        found: tuple[int, bytes] | None = self._db.execute(
            "SELECT seq, payload FROM events WHERE id = %s", (id,)
        ).fetchone()
        return found

    def write(
        self, events: Sequence[EventRow], states: Collection[StateRow],
        decisions: Collection[DecisionRow],
    ) -> None:  # fmt: skip
        """Write all events durably in one transaction; nothing else is derived here."""
        assert not states
        assert not decisions
        with (
            self._db.cursor() as cursor,
            cursor.copy("COPY events FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(("int8", "text", "int8", "bytea"))
            for row in events:
                copy.write_row(row)


if __name__ == "__main__":
    serve(Log(PostgreSQL(sys.argv[1])))
