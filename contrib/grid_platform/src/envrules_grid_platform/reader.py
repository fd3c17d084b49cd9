"""From the host's tables into the outbox, one transaction at a time.

A transaction takes the next flow records, compares the cases that they are about with what was
sent, and puts the difference into the outbox; position, watermark and parked rows change with it.
What is in the outbox stays as it is until the server has it (`sender.py`). So a crash at any point
repeats something, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from envrules_grid_platform.bridge_tables import BridgeTables, add_rows, chunks
from envrules_grid_platform.clock import Clock, instant, micros
from envrules_grid_platform.config import Config
from envrules_grid_platform.fields import Fields, Raw
from envrules_grid_platform.host import Host
from envrules_grid_platform.ledger import Ledger
from envrules_grid_platform.outbox import difference
from envrules_grid_platform.parked import STRAY, Parked
from envrules_grid_platform.periods import due_at, mark
from envrules_grid_platform.rows import read_flow
from envrules_grid_platform.translate import Translation, translate_case, translate_units


@dataclass(frozen=True, slots=True)
class Reading:
    """What one transaction did."""

    flows: int
    """New flow records read."""
    letters: int
    """Events put into the outbox."""
    caught_up: bool
    """There was nothing more."""


class Reader:
    """Reads one host."""

    def __init__(self, host: Host, tables: BridgeTables, config: Config, clock: Clock) -> None:
        """Read `host`; at first all flow records that were ever missed are looked for."""
        self._host, self._tables, self._config, self._clock = host, tables, config, clock
        self._ledger, self._parked = Ledger(tables), Parked(tables, config.timezone)
        self._reached = 0  # not where it stopped last: a start looks for all that was missed
        self._patience = timedelta(0)  # what was parked may pass under today's configuration

    def read(self) -> Reading:
        """Take the next flow records, and what has been parked for long enough."""
        now, batch = self._clock(), self._config.poll.batch
        with self._host.engine.begin() as connection:
            bridge = self._tables.take_turn(connection)
            after = self._reached - self._config.poll.look_back
            rows = self._host.new_flows(
                connection, self._tables.seen.c.flow_id, max(after, 0), batch
            )
            caught_up = len(rows) < batch
            again = self._parked.overdue(connection, now, self._patience)
            retried = self._host.flows(connection, again.flows)
            touched = _touched([*rows, *retried], again.about)
            flows = self._host.flows_of(connection, touched)
            found = self._cases(connection, touched, flows)
            found |= self._strays([*rows, *retried])
            if caught_up or not self._reached:  # before all else: who is unknown is judged twice
                found = translate_units(self._host.units(connection), self._config) | found
            letters = self._post(connection, found, now)
            ahead = self._ahead(connection, rows, flows)
            add_rows(
                connection, self._tables.seen, [{"flow_id": r["flow_id"]} for r in (*rows, *ahead)]
            )
            position = self._move_on(connection, bridge, rows, ahead, now, caught_up)
        self._reached = position
        self._patience = self._config.poll.retry
        return Reading(len(rows) + len(ahead), letters, caught_up)

    def read_again(self) -> int:
        """Compare every case with what was sent: for changes that no flow record announced."""
        letters, last = 0, ""
        while True:
            with self._host.engine.begin() as connection:
                self._tables.take_turn(connection)
                numbers = self._host.case_numbers(connection, last, self._config.poll.batch)
                cases = [number.strip() for number in numbers]
                flows = self._host.flows_of(connection, cases)
                found = self._cases(connection, cases, flows)
                letters += self._post(connection, found, self._clock())
            if not numbers:
                return letters
            last = numbers[-1]

    def _cases(
        self, connection: Connection, numbers: Sequence[str], flows: Mapping[str, Sequence[Raw]]
    ) -> dict[str, Translation]:
        cases = self._host.cases(connection, numbers)
        return {
            number: translate_case(number, cases.get(number), flows.get(number, ()), self._config)
            for number in numbers
        }

    def _ahead(
        self, connection: Connection, rows: Sequence[Raw], flows: Mapping[str, Sequence[Raw]]
    ) -> list[Raw]:
        """Return the flow records that were read with their cases before it was their turn.

        They count as read: where much waits to be read, each case is translated once.
        """
        taken = {row["flow_id"] for row in rows}
        others = {row["flow_id"]: row for some in flows.values() for row in some}
        seen = self._tables.seen.c.flow_id
        for some in chunks(number for number in others if number not in taken):
            taken |= {*connection.scalars(select(seen).where(seen.in_(some)))}
        return [row for number, row in others.items() if number not in taken]

    def _strays(self, rows: Iterable[Raw]) -> dict[str, Translation]:
        """Return the faults of flow records that name no case; none for one that does by now."""
        return {
            f"{STRAY}{row['flow_id']}": Translation(
                faults=[] if case_of(row) else read_flow(row, self._config)[1]
            )
            for row in rows
        }

    def _post(self, connection: Connection, found: Mapping[str, Translation], now: datetime) -> int:
        """Put the difference to what was sent into the outbox, and park what cannot be sent."""
        keys = [draft.key for translation in found.values() for draft in translation.drafts]
        known = self._ledger.known(connection, found, keys)
        by_about: dict[str, dict[str, Any]] = {}
        for sent in known.values():
            by_about.setdefault(sent.about, {})[sent.key] = sent
        differences = []
        for about, translation in found.items():
            own = {d.key: known[d.key] for d in translation.drafts if d.key in known}
            differences.append(
                difference(
                    about, translation.drafts, by_about.get(about, {}) | own, self._config.source
                )
            )
        self._ledger.post(connection, differences, known)
        faults = {about: translation.faults for about, translation in found.items()}
        self._parked.replace(connection, faults, now)
        letters = [letter for one in differences for letter in one.letters]
        times = (
            instant(letter.event.occurred_at.ToMicroseconds())
            for letter in letters
            if letter.table != "unit"
        )
        mark(connection, self._tables, due_at(self._config, times))
        return len(letters)

    def _move_on(
        self, connection: Connection, bridge: Any, rows: Sequence[Raw], ahead: Sequence[Raw],
        now: datetime, caught_up: bool,
    ) -> int:  # fmt: skip
        """Note up to when the host has told all but what comes late; return how far it is read."""
        before, furthest = instant(bridge["watermark"]), instant(bridge["furthest"])
        told = [self._times(row) for row in rows]
        late = sum(occurred is not None and occurred < before for occurred, _ in told)
        reached = max((at for _, at in told if at is not None and at <= now), default=before)
        others = (self._times(row)[1] for row in ahead)
        furthest = max([furthest, reached, *(at for at in others if at is not None and at <= now)])
        if caught_up:
            reached = now if self._config.time.idle == "clock" else furthest
        watermark = max(before, reached - self._config.time.lateness)
        position: int = max([self._reached, *(row["flow_id"] for row in rows)])
        if caught_up:  # what was read ahead lies behind it now
            last = connection.scalar(select(func.max(self._tables.seen.c.flow_id)))
            position = int(last or position)
        connection.execute(
            update(self._tables.bridge).values(
                position=max(bridge["position"], position),
                late=bridge["late"] + late, watermark=micros(watermark), furthest=micros(furthest),
            )
        )  # fmt: skip
        return position

    def _times(self, row: Raw) -> tuple[datetime | None, datetime | None]:
        """Return when a step occurred, and when its record was written."""
        fields = Fields("flow", "", row, self._config)
        occurred = fields.time("occurred_at")
        return occurred, fields.time("recorded_at") or occurred


def case_of(row: Raw) -> str:
    """Return the case that a flow record is about, or ''."""
    return "" if row["case_no"] is None else str(row["case_no"]).strip()


def _touched(rows: Iterable[Raw], about: Iterable[str]) -> list[str]:
    """Return the cases to be looked at, each once."""
    cases = [*map(case_of, rows), *(one for one in about if ":" not in one)]
    return list(dict.fromkeys(filter(None, cases)))
