"""Rows that could not be sent: kept where the host can see them, with what is wrong, until mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select

from envrules_grid_platform.bridge_tables import BridgeTables, add_rows, chunks
from envrules_grid_platform.clock import micros
from envrules_grid_platform.fields import Fault

_RETRIED = 200
"""Rows that are tried again in one transaction."""
STRAY = "flow:"
"""How it is said what a flow record without a case number is about."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is to be tried again."""

    about: list[str]
    flows: list[int]
    """Flow records among them: they may name another case by now."""


class Parked:
    """The parked rows."""

    def __init__(self, tables: BridgeTables, zone: ZoneInfo) -> None:
        """Times that the host reads are in its zone."""
        self._table, self._zone = tables.parked, zone

    def overdue(self, connection: Connection, now: datetime, after: timedelta) -> Overdue:
        """Return what has been parked since before `after` ago, the longest untried first."""
        table = self._table
        found = connection.execute(
            select(table.c.about, table.c.host_table, table.c.host_row)
            .where(table.c.tried <= micros(now - after)).order_by(table.c.tried).limit(_RETRIED)
        ).all()  # fmt: skip
        flows = {int(row) for _, kind, row in found if kind == "flow"}
        return Overdue(sorted({about for about, *_ in found}), sorted(flows))

    def replace(
        self, connection: Connection, found: Mapping[str, Sequence[Fault]], now: datetime
    ) -> None:
        """Let the faults found about cases and units be those that are parked about them."""
        table, since = self._table, {}
        for some in chunks(found):
            inside = table.c.about.in_(some)
            for row in connection.execute(select(table).where(inside)).mappings():
                since[row["host_table"], row["host_row"], row["host_column"]] = row["since"]
            connection.execute(delete(table).where(inside))
        rows = [
            _row(about, fault, since.get(_key(fault), self._local(now)), now)
            for about, faults in found.items() for fault in _distinct(faults)
        ]  # fmt: skip
        self._clear(connection, rows)
        add_rows(connection, table, rows)

    def add(self, connection: Connection, about: str, fault: Fault, now: datetime) -> None:
        """Park one row, for a reason of the server's."""
        row = _row(about, fault, self._local(now), now)
        self._clear(connection, [row])
        add_rows(connection, self._table, [row])

    def _clear(self, connection: Connection, rows: Iterable[dict[str, object]]) -> None:
        """Remove what stands under the same keys: a record that names another case by now."""
        table = self._table
        for row in rows:
            connection.execute(delete(table).where(*(table.c[name] == row[name] for name in _KEYS)))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None)


_KEYS = ("host_table", "host_row", "host_column")


def _key(fault: Fault) -> tuple[str, str, str]:
    return fault.table, fault.row, fault.column


def _distinct(faults: Iterable[Fault]) -> Iterable[Fault]:
    """Return one fault a field: the first."""
    return {_key(fault): fault for fault in reversed(list(faults))}.values()


def _row(about: str, fault: Fault, since: datetime, now: datetime) -> dict[str, object]:
    return {
        "host_table": fault.table, "host_row": fault.row, "host_column": fault.column,
        "about": about, "value": fault.value, "reason": fault.reason,
        "reason_zh": fault.reason_zh, "since": since, "tried": micros(now),
    }  # fmt: skip
