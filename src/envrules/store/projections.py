"""Projections: the lease on a locality, and the derived state that its holder writes.

One projector at a time holds a locality's lease. Each takeover raises the `fence`, and every
change advances `position` from the place it was computed at, under the fence it was leased
with. So a projector that was taken over, or whose last commit was lost with a power cut,
writes nothing: it is told `LeaseLost` and reads anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing

import msgspec
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from envrules.model.base import Instant
from envrules.store.database import Database
from envrules.store.localities import Localities
from envrules.store.rows import (
    Lease,
    LeaseLost,
    ProjectionChange,
    ProjectionRow,
    Row,
    StoreError,
)
from envrules.store.tables import (
    DERIVED,
    bindings,
    closes,
    decision_issues,
    decisions,
    feeds,
    localities,
    nodes,
    projections,
    rows_of,
    withdrawals,
)

_THIS = projections.c.locality_no == bindparam("number")
_HELD = _THIS & (projections.c.fence == bindparam("held"))
_LEASE = (
    update(projections)
    .where(
        _THIS,
        or_(
            projections.c.leased_until <= bindparam("now"),
            projections.c.leased_until > bindparam("until"),
        ),
    )
    .values(fence=projections.c.fence + 1)
    .returning(projections.c.fence)
)
_ADVANCE = (
    update(projections)
    .where(_HELD, projections.c.position == bindparam("base"))
    .values(decision_seq=projections.c.decision_seq + bindparam("emitted"))
    .returning(projections.c.decision_seq)
)


class Projections(Localities):
    """The part of the store that holds leases and takes changes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._upsert_nodes = database.upsert_sql(nodes)
        self._upsert_feeds = database.upsert_sql(feeds)
        key = feeds.primary_key.columns
        self._delete_feeds = database.sql(
            delete(feeds).where(*(column == bindparam(column.name) for column in key)), *key.keys()
        )
        self._insert_decisions = database.insert_sql(decisions)
        self._insert_issues = database.insert_sql(decision_issues)
        self._insert_closes = database.insert_sql(closes)
        self._insert_withdrawals = database.insert_missing_sql(withdrawals)
        self._insert_bindings = database.insert_sql(bindings)

    def lease(self, locality: str, owner: str, now: Instant, ttl: Instant) -> Lease | None:
        """Lease the locality until `now` + `ttl`; None while somebody's lease has not run out.

        One that reaches further than a new one would is no longer good either: the clock has
        gone back since. `owner` names the process: the fence alone says whose lease counts.
        """
        until = now + ttl
        values = {"number": self._number(locality), "now": now, "until": until}
        with self._db.writing(durable=False) as connection:
            taken = _LEASE.values(owner=owner, leased_until=bindparam("until"))
            fence = connection.execute(taken, values).scalar_one_or_none()
        return None if fence is None else Lease(locality, owner, fence, until)

    def renew(self, owner: str, now: Instant, ttl: Instant) -> int:
        """Extend all leases of `owner` to `now` + `ttl`; return how many it still holds."""
        held = update(projections).where(projections.c.owner == owner)
        with self._db.writing(durable=False) as connection:
            return connection.execute(held.values(leased_until=now + ttl)).rowcount

    def release(self, lease: Lease) -> None:
        """Give the lease back; do nothing if it was taken over meanwhile."""
        values = {"number": self._number(lease.locality), "held": lease.fence}
        with self._db.writing(durable=False) as connection:
            free = update(projections).where(_HELD).values(owner="", leased_until=0)
            connection.execute(free, values)

    def projection(self, locality: str) -> ProjectionRow:
        """Return how far the locality is projected."""
        values = {"locality_no": self._number(locality)}
        with self._db.reading() as connection:
            return ProjectionRow(*connection.execute(rows_of(projections), values).one())

    def stalls(self) -> dict[str, int]:
        """Return the localities whose projector cannot pass a log entry, with that entry."""
        query = select(localities.c.id, projections.c.stalled_seq).where(
            localities.c.no == projections.c.locality_no, projections.c.stalled_seq.is_not(None)
        )
        with self._db.reading() as connection:
            return {row.id: row.stalled_seq for row in connection.execute(query)}

    def commit(self, lease: Lease, change: ProjectionChange) -> None:
        """Write all of the change, or nothing.

        Raises:
            LeaseLost: the lease was taken over, or the position is not `change.base`.
            StoreError: the decisions do not continue the locality's decision_seq.
        """
        number = self._number(lease.locality)
        parts: tuple[tuple[str, Sequence[Row]], ...] = (
            (self._upsert_nodes, change.nodes),
            (self._upsert_feeds, change.feeds),
            (self._insert_decisions, change.decisions),
            (self._insert_issues, change.issues),
            (self._insert_closes, change.closes),
            (self._insert_withdrawals, change.withdrawals),
            (self._insert_bindings, change.bindings),
        )
        # All that can be done beforehand is: whoever appends waits for this transaction.
        gone = [(number, *pair) for pair in change.feeds_gone]
        written = [
            (statement, [(number, *msgspec.structs.astuple(row)) for row in rows])
            for statement, rows in parts
        ]
        with self._db.writing(durable=False) as connection:
            self._move_position(connection, number, lease, change)
            with closing(connection.connection.cursor()) as cursor:
                if gone:
                    cursor.executemany(self._delete_feeds, gone)
                for statement, values in written:
                    self._db.insert_rows(cursor, statement, values)

    def _move_position(
        self, connection: Connection, number: int, lease: Lease, change: ProjectionChange
    ) -> None:
        advance = _ADVANCE.values(
            position=change.position,
            tick=change.tick,
            stalled_seq=change.stalled_seq,
            stalled_reason=change.stalled_reason,
        )
        emitted = len(change.decisions)
        last = connection.execute(
            advance,
            {"number": number, "held": lease.fence, "base": change.base, "emitted": emitted},
        ).scalar_one_or_none()
        if last is None:
            raise LeaseLost(
                f"{lease.owner} no longer projects {lease.locality!r} from {change.base}"
            )
        if any(
            decision.decision_seq != last - emitted + place
            for place, decision in enumerate(change.decisions, 1)
        ):
            raise StoreError(f"the decisions must continue after {last - emitted} without a gap")

    def drop_derived(self, locality: str) -> None:
        """Delete all that derives from the locality's log and end its lease.

        Whoever leases it next projects the log from the start.
        """
        number = self._number(locality)
        with self._db.writing(durable=False) as connection:
            for table in DERIVED:
                connection.execute(delete(table).where(table.c.locality_no == number))
            reset = update(projections).where(_THIS).values(
                position=0, decision_seq=0, tick=0, stalled_seq=None, stalled_reason="",
                fence=projections.c.fence + 1, owner="", leased_until=0,
            )  # fmt: skip
            connection.execute(reset, {"number": number})

    def derived_digest(self, locality: str) -> str:
        """Return a digest of all that derives from the locality's log; the lease does not count.

        Equal for equal rows, on every database: SQLite or PostgreSQL, live or rebuilt.
        """
        values = {"locality_no": self._number(locality)}
        progress = rows_of(projections).with_only_columns(
            projections.c.position, projections.c.decision_seq, projections.c.tick,
            projections.c.stalled_seq, projections.c.stalled_reason,
        )  # fmt: skip
        queries = {table.name: rows_of(table).order_by(*table.primary_key) for table in DERIVED}
        total = hashlib.blake2b(digest_size=16)
        encode = msgspec.msgpack.encode
        with self._db.reading() as connection:
            for name, query in {"projections": progress, **queries}.items():
                total.update(encode(str(name)))
                for row in connection.execution_options(yield_per=1000).execute(query, values):
                    total.update(encode(tuple(row)))
        return total.hexdigest()
