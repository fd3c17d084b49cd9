"""What has been sent, and the outbox of what is to be sent, in the bridge's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, delete, select, update

from envrules.v1 import events_pb2 as pb
from envrules_grid_platform.bridge_tables import BridgeTables, add_rows, chunks
from envrules_grid_platform.outbox import Difference, Sent


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox."""

    n: int
    key: str
    table: str
    row: str
    withdraws: bool
    event: pb.Event


class Ledger:
    """Reads and writes the two tables; every method is part of the caller's transaction."""

    def __init__(self, tables: BridgeTables) -> None:
        """Work on these tables."""
        self._event, self._outbox = tables.event, tables.outbox

    def known(
        self, connection: Connection, about: Iterable[str], keys: Iterable[str]
    ) -> dict[str, Sent]:
        """Return what is known about cases and units, and of keys, by key."""
        found: dict[str, Sent] = {}
        table = self._event
        queries = [select(table).where(table.c.about.in_(some)) for some in chunks(about)]
        for query in queries:
            found |= {row["key"]: Sent(**row) for row in connection.execute(query).mappings()}
        for some in chunks(key for key in keys if key not in found):
            rows = connection.execute(select(table).where(table.c.key.in_(some))).mappings()
            found |= {row["key"]: Sent(**row) for row in rows}
        return found

    def post(
        self, connection: Connection, differences: Sequence[Difference], known: Mapping[str, Sent]
    ) -> None:
        """Put letters into the outbox, and note what is sent with them."""
        sent = [asdict(one) for difference in differences for one in difference.sent]
        add_rows(connection, self._event, [row for row in sent if row["key"] not in known])
        changed = [
            {f"new_{name}": value for name, value in row.items()}
            for row in sent if row["key"] in known
        ]  # fmt: skip
        if changed:
            names = [c.name for c in self._event.c if c.name != "key"]
            connection.execute(
                update(self._event).where(self._event.c.key == bindparam("new_key"))
                .values({name: bindparam(f"new_{name}") for name in names}),
                changed,
            )  # fmt: skip
        letters = [letter for difference in differences for letter in difference.letters]
        add_rows(connection, self._outbox, [
            {"key": letter.key, "host_table": letter.table, "host_row": letter.row,
             "withdraws": letter.withdraws, "body": letter.event.SerializeToString()}
            for letter in letters
        ])  # fmt: skip

    def waiting(self, connection: Connection, limit: int, size: int) -> list[Waiting]:
        """Return the first events of the outbox, at most so many and of so many bytes together."""
        table, found = self._outbox, list[Waiting]()
        for row in connection.execute(select(table).order_by(table.c.n).limit(limit)).mappings():
            size -= len(row["body"])
            if size < 0 and found:
                break
            event = pb.Event.FromString(row["body"])
            found.append(
                Waiting(
                    row["n"],
                    row["key"],
                    row["host_table"],
                    row["host_row"],
                    row["withdraws"],
                    event,
                )
            )
        return found

    def delivered(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Take events out of the outbox."""
        for some in chunks(numbers):
            connection.execute(delete(self._outbox).where(self._outbox.c.n.in_(some)))

    def refused(self, connection: Connection, key: str, *, taken: bool) -> str:
        """Note that the server did not store an event; return what it was about.

        `taken`: its id stands for other content there, of an earlier life of these tables. That is
        withdrawn when the row is tried again.
        """
        where = self._event.c.key == key
        about = connection.scalar(select(self._event.c.about).where(where)) or ""
        connection.execute(update(self._event).where(where).values(live=taken, fingerprint=""))
        return about
