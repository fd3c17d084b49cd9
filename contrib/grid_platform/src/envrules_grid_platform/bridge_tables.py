"""The bridge's own tables in the host's database: its position and outbox, and what the host reads.

Their names begin with the configured prefix. The host may read all of them and writes none. Times
in those that are meant for it are in its own zone, without an offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

_COUNTS = ("turn", "position", "watermark", "furthest", "cursor", "late", "sent")
VERSION = 1
"""Of these tables. A database with a later one is refused."""
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_KEY = String(190)

T = TypeVar("T")


class Refused(Exception):
    """The bridge must not work on this database; the message says why."""


def chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Yield values in lists that fit into one statement of every database."""
    some: list[T] = []
    for value in values:
        some.append(value)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


class BridgeTables:
    """The tables, by what they are for."""

    def __init__(self, prefix: str) -> None:
        """Define them; `create` makes them."""
        self.metadata = MetaData()

        def made(name: str, *columns: Column[Any]) -> Table:
            return Table(f"{prefix}{name}", self.metadata, *columns)

        self.bridge = made(
            "bridge",
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("version", Integer, nullable=False),
            Column("locality", _KEY, nullable=False),
            Column("turn", BigInteger, nullable=False),
            Column("position", BigInteger, nullable=False, comment="highest flow record read"),
            Column("watermark", BigInteger, nullable=False, comment="microseconds UTC"),
            Column("furthest", BigInteger, nullable=False, comment="last record seen, the same"),
            Column("cursor", BigInteger, nullable=False, comment="last decision written back"),
            Column("late", BigInteger, nullable=False, comment="records that came too late"),
            Column("sent", BigInteger, nullable=False, comment="events stored by the server"),
        )  # fmt: skip
        self.seen = made(
            "flow_seen", Column("flow_id", BigInteger, primary_key=True, autoincrement=False)
        )
        self.event = made(
            "event",
            Column("key", _KEY, primary_key=True),
            Column("about", _KEY, nullable=False, comment="case number or unit"),
            Column("version", Integer, nullable=False),
            Column("fingerprint", String(64), nullable=False),
            Column("occurred", BigInteger, nullable=False, comment="microseconds UTC"),
            Column("live", Boolean, nullable=False),
        )
        Index(f"{prefix}event_about", self.event.c.about)
        self.outbox = made(
            "outbox",
            Column("n", _NUMBER, primary_key=True),
            Column("key", _KEY, nullable=False),
            Column("host_table", String(8), nullable=False),
            Column("host_row", _KEY, nullable=False),
            Column("withdraws", Boolean, nullable=False),
            Column("body", LargeBinary, nullable=False),
        )
        self.parked = made(
            "parked",
            Column("host_table", String(8), primary_key=True),
            Column("host_row", _KEY, primary_key=True),
            Column("host_column", _KEY, primary_key=True),
            Column("about", _KEY, nullable=False),
            Column("value", Text, nullable=False),
            Column("reason", Text, nullable=False),
            Column("reason_zh", Text, nullable=False),
            Column("since", DateTime, nullable=False),
            Column("tried", BigInteger, nullable=False, comment="microseconds UTC"),
        )
        Index(f"{prefix}parked_about", self.parked.c.about)
        self.decision = made("decision", Column("slot", String(64), primary_key=True), *_decision())
        self.history = made(
            "decision_history",
            Column("decision_seq", BigInteger, primary_key=True, autoincrement=False),
            Column("slot", String(64), nullable=False),
            *(c for c in _decision() if c.name != "decision_seq"),
            Column("body", Text, nullable=False, comment="the whole decision, JSON"),
        )
        Index(f"{prefix}history_slot", self.history.c.slot)
        self.standing = made(
            "standing",
            Column("scheme", String(64), primary_key=True),
            Column("score", _KEY, primary_key=True),
            Column("period", String(16), primary_key=True),
            Column("unit", _KEY, primary_key=True),
            Column("unit_title", Text, nullable=False),
            Column("partition", _KEY, nullable=False),
            Column("assessment", String(32), nullable=False),
            Column("points", String(32), nullable=False, comment="decimal text; empty: none"),
            Column("full", String(32), nullable=False),
            Column("band", _KEY, nullable=False),
            Column("band_title", Text, nullable=False),
            Column("rank", Integer),
            Column("ranked", Integer, nullable=False),
            Column("lists", Text, nullable=False, comment="separated by commas"),
            Column("closed", Boolean, nullable=False),
            Column("written_at", DateTime, nullable=False),
        )
        self.due = made(
            "standing_due",
            Column("score", _KEY, primary_key=True, comment="scheme.score"),
            Column("period", String(16), primary_key=True),
        )
        self.unknown = made(
            "unknown_code",
            Column("n", _NUMBER, primary_key=True),
            Column("scheme", String(64), nullable=False),
            Column("object_class", String(16), nullable=False),
            Column("large_class", _KEY, nullable=False),
            Column("small_class", _KEY, nullable=False),
            Column("condition", _KEY, nullable=False),
            Column("category", _KEY, nullable=False),
            Column("place", _KEY, nullable=False),
            Column("findings", Integer, nullable=False),
            Column("cases", Text, nullable=False, comment="some of them, separated by commas"),
        )

    def create(self, engine: Engine, locality: str) -> None:
        """Make what is missing; raises Refused when the tables are another locality's or newer."""
        self.metadata.create_all(engine)
        with engine.begin() as connection:
            found = connection.execute(select(self.bridge)).mappings().first()
            if found is None:
                values = dict.fromkeys(_COUNTS, 0)
                connection.execute(
                    insert(self.bridge).values(id=1, version=VERSION, locality=locality, **values)
                )
                return
        if found["version"] > VERSION:
            raise Refused(
                f"the tables {self.bridge.name}… are of version {found['version']}, and this bridge "
                f"knows {VERSION}: install the newer envrules-grid-platform again"
            )
        if found["locality"] != locality:
            raise Refused(
                f"the tables {self.bridge.name}… belong to locality {found['locality']}, not to "
                f"{locality}: give another database.prefix"
            )

    def take_turn(self, connection: Connection) -> Any:
        """Return the bridge's row, locked until the transaction ends: one at a time writes."""
        connection.execute(update(self.bridge).values(turn=self.bridge.c.turn + 1))
        return connection.execute(select(self.bridge)).mappings().one()


def add_rows(connection: Connection, into: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(insert(into), rows)


def _decision() -> list[Column[Any]]:
    return [
        Column("decision_seq", BigInteger, nullable=False),
        Column("decision_id", _KEY, nullable=False),
        Column("version", Integer, nullable=False),
        Column("change", String(16), nullable=False, comment="issue, supersede, revoke"),
        Column("holds", Boolean, nullable=False, comment="false: revoked, nothing holds"),
        Column("scheme", String(64), nullable=False),
        Column("rule", _KEY, nullable=False),
        Column("subject", Text, nullable=False),
        Column("anchor", Text, nullable=False),
        Column("kind", String(64), nullable=False),
        Column("outcome", String(64), nullable=False),
        Column("title", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("at", DateTime),
        Column("due", DateTime),
        Column("case_no", _KEY, nullable=False, comment="the first case concerned"),
        Column("unit", _KEY, nullable=False),
        Column("period", String(64), nullable=False),
        Column("points", String(32), nullable=False),
        Column("counted", String(32), nullable=False),
        Column("rank", Integer),
        Column("consequences", Text, nullable=False, comment="in the scheme's words, by commas"),
        Column("publication", String(16), nullable=False),
        Column("revision", _KEY, nullable=False),
    ]
