"""The log: append with one commit for many callers, and read.

An append advances the locality's `head_seq` and inserts the entries in one transaction. The
updated row stays locked until the commit, so `seq` has no gaps and its order is the order of
commits: who has read up to n never meets a late n - 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import bindparam, select, update

from envrules.model.base import Instant
from envrules.store.database import Database, chunks
from envrules.store.localities import Localities
from envrules.store.rows import Appended, Batch, Lease, LeaseLost, LogRow
from envrules.store.tables import localities, log, projections, rows_of

_Known: TypeAlias = dict[str, tuple[int, bytes]]
"""Event id to the seq and digest of its entry."""

_Values: TypeAlias = tuple[int, int, str, str | None, bytes, Instant, str, bytes]
"""One row of the table, in the order of its columns."""

_FIND = select(log.c.event_id, log.c.seq, log.c.digest).where(
    log.c.locality_no == bindparam("locality_no"),
    log.c.event_id.in_(bindparam("ids", expanding=True)),
)
_BY_SEQ = rows_of(log).where(log.c.seq.in_(bindparam("seqs", expanding=True)))
_BY_EVENT = rows_of(log).where(log.c.event_id.in_(bindparam("ids", expanding=True)))


class Log(Localities):
    """The part of the store that holds the logs."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._update_head = database.sql(
            update(localities)
            .where(localities.c.no == bindparam("locality_no"))
            .values(head_seq=localities.c.head_seq + bindparam("count"))
            .returning(localities.c.head_seq),
            "count", "locality_no",
        )  # fmt: skip
        self._hold_lease = database.sql(
            select(projections.c.fence)
            .where(
                projections.c.locality_no == bindparam("locality_no"),
                projections.c.fence == bindparam("fence"),
            )
            .with_for_update(),  # whoever takes over waits, and then finds what we append
            "locality_no", "fence",
        )  # fmt: skip
        self._insert_entries = database.insert_sql(log)
        self._read_entries = database.sql(
            rows_of(log)
            .where(log.c.seq > bindparam("after"), log.c.seq <= bindparam("last"))
            .order_by(log.c.seq),
            "locality_no", "after", "last",
        )  # fmt: skip

    def append(self, batches: Sequence[Batch], lease: Lease | None = None) -> list[list[Appended]]:
        """Append the batches, of one or several localities, in one durable transaction.

        Returns one list for each batch with one receipt for each entry. When this returns,
        everything that it calls stored is on disk; when it raises, nothing was stored.

        Args:
            batches: what to append.
            lease: what is appended only by whoever holds this one.

        Raises:
            UnknownLocality: a batch names a locality that does not exist.
            LeaseLost: the lease was taken over.
        """
        by_number: dict[int, list[int]] = {}
        for index, batch in enumerate(batches):
            by_number.setdefault(self._number(batch.locality), []).append(index)
        # Ids are nearly always new, and the insert finds out by itself; looking every one up
        # first would take a third of the speed. Once logged, an id stays: what was looked up
        # holds for the next attempt, which fails only if somebody else logged more of them.
        known: dict[int, _Known] = {}
        while True:
            try:
                return self._append(batches, by_number, known, lease)
            except self._db.integrity_error:
                found = {
                    number: self._known(number, [batches[index] for index in indexes])
                    for number, indexes in by_number.items()
                }
                if found == known:
                    raise  # not about a known id
                known = found

    def _append(
        self,
        batches: Sequence[Batch],
        by_number: dict[int, list[int]],
        known: dict[int, _Known],
        lease: Lease | None,
    ) -> list[list[Appended]]:
        receipts: list[list[Appended]] = [[] for _ in batches]
        with self._db.appending() as cursor:
            if lease is not None:
                cursor.execute(self._hold_lease, (self._number(lease.locality), lease.fence))
                if not cursor.fetchall():
                    raise LeaseLost(f"{lease.owner} no longer projects {lease.locality!r}")
            for number in sorted(by_number):  # in one order for all, so that none deadlock
                mine = [batches[index] for index in by_number[number]]
                count = sum(len(batch.entries) for batch in mine)
                if count == 0:
                    continue
                cursor.execute(self._update_head, (count, number))
                [(head,)] = cursor.fetchall()
                rows, answers = _assign(number, head - count, mine, dict(known.get(number, {})))
                if rows:
                    self._db.insert_rows(cursor, self._insert_entries, rows)
                if len(rows) < count:
                    cursor.execute(self._update_head, (len(rows) - count, number))
                    cursor.fetchall()
                for index, answer in zip(by_number[number], answers, strict=True):
                    receipts[index] = answer
        return receipts

    def _known(self, number: int, batches: Sequence[Batch]) -> _Known:
        ids = [e.event_id for batch in batches for e in batch.entries if e.event_id is not None]
        known: _Known = {}
        with self._db.reading() as connection:
            for some in chunks(ids):
                rows = connection.execute(_FIND, {"locality_no": number, "ids": some})
                known.update((row.event_id, (row.seq, row.digest)) for row in rows)
        return known

    def head(self, locality: str) -> int:
        """Return the seq of the locality's last entry, 0 for an empty log."""
        return self.locality(locality).head_seq

    def read_log(self, locality: str, after: int, limit: int) -> list[LogRow]:
        """Return up to `limit` entries with a seq greater than `after`, in order."""
        values = (self._number(locality), after, after + limit)  # seq has no gaps
        with self._db.reading() as connection:
            rows = connection.exec_driver_sql(self._read_entries, values)
            return [LogRow(*row) for row in rows]

    def log_rows(self, locality: str, seqs: Iterable[int]) -> dict[int, LogRow]:
        """Return the entries of these seqs, as far as they exist."""
        number = self._number(locality)
        found: dict[int, LogRow] = {}
        with self._db.reading() as connection:
            for some in chunks(seqs):
                rows = connection.execute(_BY_SEQ, {"locality_no": number, "seqs": some})
                found.update((row.seq, LogRow(*row)) for row in rows)
        return found

    def event_row(self, locality: str, event_id: str) -> LogRow | None:
        """Return the entry of the event, or None."""
        return self.event_rows(locality, (event_id,)).get(event_id)

    def event_rows(self, locality: str, event_ids: Iterable[str]) -> dict[str, LogRow]:
        """Return the entries of these events, as far as they exist."""
        number = self._number(locality)
        found: dict[str, LogRow] = {}
        with self._db.reading() as connection:
            for some in chunks(event_ids):
                rows = connection.execute(_BY_EVENT, {"locality_no": number, "ids": some})
                found.update((row.event_id, LogRow(*row)) for row in rows)
        return found


def _assign(
    number: int, seq: int, batches: Sequence[Batch], known: _Known
) -> tuple[list[_Values], list[list[Appended]]]:
    """Number the entries of one locality from `seq` + 1; those of known ids get none.

    `known` takes up the new ids, so that a repetition within the call is found too.
    """
    rows: list[_Values] = []
    answers: list[list[Appended]] = []
    for batch in batches:
        answer: list[Appended] = []
        for entry in batch.entries:
            if entry.event_id is not None:
                first = known.get(entry.event_id)
                if first is not None:
                    same = first[1] == entry.digest
                    answer.append(Appended(first[0], duplicate=same, conflict=not same))
                    continue
                known[entry.event_id] = (seq + 1, entry.digest)
            seq += 1
            rows.append((number, seq, entry.kind, entry.event_id, entry.digest, batch.at,
                         entry.submitted_by, entry.payload))  # fmt: skip
            answer.append(Appended(seq))
        answers.append(answer)
    return rows, answers
