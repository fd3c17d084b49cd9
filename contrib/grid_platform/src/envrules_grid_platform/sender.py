"""From the outbox to the server: batches, receipts, and then the watermark."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, select, update

from envrules.client import Client
from envrules.v1 import event_service_pb2 as service
from envrules_grid_platform.bridge_tables import BridgeTables
from envrules_grid_platform.clock import Clock
from envrules_grid_platform.config import Config
from envrules_grid_platform.fields import Fault
from envrules_grid_platform.ledger import Ledger, Waiting
from envrules_grid_platform.parked import Parked

_EVENTS = 1000
_BYTES = 2 << 20
"""The most that goes out at once; the server takes 4 MiB."""


class Sender:
    """Empties the outbox of one host."""

    def __init__(
        self, engine: Engine, tables: BridgeTables, config: Config, client: Client, clock: Clock
    ) -> None:
        """Send from `engine` to the locality of the configuration."""
        self._engine, self._tables, self._config = engine, tables, config
        self._client, self._clock = client, clock
        self._ledger, self._parked = Ledger(tables), Parked(tables, config.timezone)
        self._told = 0

    def send(self) -> int:
        """Send one batch; return how many events it had.

        Raises:
            CallFailed: nothing has changed; the same batch goes out again.
        """
        with self._engine.connect() as connection:
            waiting = self._ledger.waiting(connection, _EVENTS, _BYTES)
        if not waiting:
            return 0
        receipts = self._client.submit(self._config.locality, [one.event for one in waiting])
        with self._engine.begin() as connection:
            bridge = self._tables.take_turn(connection)
            self._ledger.delivered(connection, [one.n for one in waiting])
            self._settle(connection, waiting, receipts)
            sent = bridge["sent"] + sum(r.status == service.RECEIPT_STATUS_STORED for r in receipts)
            connection.execute(update(self._tables.bridge).values(sent=sent))
        return len(waiting)

    def _settle(
        self,
        connection: Connection,
        waiting: Sequence[Waiting],
        receipts: Sequence[service.Receipt],
    ) -> None:
        """Park what the server refused."""
        for one, receipt in zip(waiting, receipts, strict=True):
            if receipt.status != service.RECEIPT_STATUS_REFUSED:
                continue
            taken = any(problem.code == "ID_REUSED" for problem in receipt.problems)
            if one.withdraws and taken:
                continue  # it was withdrawn before
            about = self._ledger.refused(connection, one.key, taken=taken)
            for problem in receipt.problems:
                field = problem.field.partition(".")[2] or problem.field
                fault = Fault(
                    one.table, one.row, field, "", problem.message, problem.message_zh  # type: ignore[arg-type]  # as written by us
                )  # fmt: skip
                self._parked.add(connection, about, fault, self._clock())

    def advance(self) -> None:
        """Tell the server up to when all has been sent, if that is news and nothing waits."""
        with self._engine.connect() as connection:
            waits = connection.scalar(select(self._tables.outbox.c.n).limit(1)) is not None
            watermark = connection.scalar(select(self._tables.bridge.c.watermark)) or 0
        if watermark > self._told and not waits:
            self._client.advance(self._config.locality, self._config.source, watermark)
            self._told = watermark
