"""From the server into the host's database: decisions as they are emitted, and standings.

Each batch of decisions and the cursor behind it change in one transaction: after a crash the same
batch comes again, and none twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Engine, delete, select, update

from envrules.client import Client
from envrules.v1 import decisions_pb2, ruleset_service_pb2, standings_pb2
from envrules.v1 import events_pb2 as pb
from envrules_grid_platform.bridge_tables import BridgeTables, Refused, add_rows, chunks
from envrules_grid_platform.clock import Clock
from envrules_grid_platform.config import Config, StandingPart
from envrules_grid_platform.periods import due_at, due_for, mark, named

_BATCH = 500


class Writer:
    """Keeps the host's copy of one locality's decisions and standings."""

    def __init__(
        self, engine: Engine, tables: BridgeTables, config: Config, client: Client, clock: Clock
    ) -> None:
        """Write into `engine` what the locality of the configuration decides."""
        self._engine, self._tables, self._config = engine, tables, config
        self._client, self._clock = client, clock

    # ── decisions ──

    def follow(self) -> Iterator[int]:
        """Write back all that is decided by now; yield the number of decisions after each batch.

        Raises:
            Refused: the server knows fewer decisions than the host has.
            CallFailed: what was yielded is written; call again for the rest.
        """
        goal = self._client.locality(self._config.locality).decision_seq
        with self._engine.connect() as connection:
            cursor = connection.scalar(select(self._tables.bridge.c.cursor)) or 0
        if cursor > goal:
            raise Refused(
                f"{self._config.locality} has {goal} decisions, and {cursor} were written back: this "
                "is not the server, or not the database, that the bridge's tables know"
            )
        if cursor == goal:
            return
        with closing(self._client.watch(self._config.locality, after=cursor, heartbeat=1)) as watch:
            for response in watch:
                for some in chunks(response.decisions, _BATCH):
                    self._write(some)
                    yield len(some)
                if response.cursor >= goal:
                    return

    def _write(self, decisions: Sequence[decisions_pb2.Decision]) -> None:
        tables = self._tables
        with self._engine.begin() as connection:
            cursor = tables.take_turn(connection)["cursor"]
            rows = [self._row(d) for d in decisions if d.decision_seq > cursor]
            if not rows:
                return
            bodies = {d.decision_seq: MessageToJson(d, preserving_proto_field_name=True, indent=None,
                                                    ensure_ascii=False) for d in decisions}  # fmt: skip
            add_rows(connection, tables.history, [
                row | {"body": bodies[row["decision_seq"]]} for row in rows
            ])  # fmt: skip
            last = {row["slot"]: row for row in rows}
            connection.execute(delete(tables.decision).where(tables.decision.c.slot.in_(last)))
            add_rows(connection, tables.decision, list(last.values()))
            mark(connection, tables, self._changed(decisions))
            connection.execute(update(tables.bridge).values(cursor=rows[-1]["decision_seq"]))

    def _changed(self, decisions: Sequence[decisions_pb2.Decision]) -> set[tuple[str, str]]:
        """Return the standings that decisions may have changed."""
        times = (d.at.ToDatetime(UTC) for d in decisions if d.HasField("at"))
        return due_at(self._config, times) | due_for(self._config, {d.period for d in decisions})

    def _row(self, d: decisions_pb2.Decision) -> dict[str, Any]:
        slot = "\n".join((d.slot.scheme, d.slot.rule, d.slot.subject, d.slot.anchor))
        return {
            "slot": hashlib.sha256(slot.encode()).hexdigest(), "decision_seq": d.decision_seq,
            "decision_id": d.id, "version": d.version,
            "change": decisions_pb2.Change.Name(d.change).removeprefix("CHANGE_").lower(),
            "holds": d.change != decisions_pb2.CHANGE_REVOKE, "scheme": d.slot.scheme,
            "rule": d.slot.rule, "subject": d.slot.subject, "anchor": d.slot.anchor,
            "kind": d.kind, "outcome": d.outcome, "title": d.title, "reason": d.reason,
            "at": self._local(d.at) if d.HasField("at") else None,
            "due": self._local(d.due) if d.HasField("due") else None,
            "case_no": next(iter(d.issues), ""), "unit": d.unit, "period": d.period,
            "points": d.points, "counted": d.counted,
            "rank": d.rank if d.HasField("rank") else None,
            "consequences": ",".join(c.words or c.action for c in d.consequences),
            "publication": decisions_pb2.Publication.Name(d.publication)
                           .removeprefix("PUBLICATION_").lower(),
            "revision": d.revision,
        }  # fmt: skip

    def _local(self, at: Timestamp) -> datetime:
        return at.ToDatetime(UTC).astimezone(self._config.timezone).replace(tzinfo=None)

    # ── standings and codes ──

    def write_standings(self) -> int:
        """Write back the standings that may have changed; return of how many periods.

        While a period is open they also change as time passes, so the current one is always among them.
        """
        now = self._client.locality(self._config.locality)
        settled = now.projected_seq >= now.head_seq  # else they are due again afterwards
        today = [now.now.ToDatetime(UTC)] if now.HasField("now") else []
        with self._engine.connect() as connection:
            noted = connection.execute(select(self._tables.due.c.score, self._tables.due.c.period))
            due = {(score, period) for score, period in noted}
        due |= due_at(self._config, today)
        wanted = {named(s): s for s in self._config.standings}
        for score, period in sorted(due):
            if score in wanted:
                one = wanted[score]
                found = list(
                    self._client.standings(self._config.locality, one.scheme, one.score, period)
                )
                self._replace(one, period, found)
                if settled:
                    self._done(score, period)
        return len(due)

    def _replace(
        self, score: StandingPart, period: str, found: Sequence[standings_pb2.Standing]
    ) -> None:
        table, where = self._tables.standing, {"scheme": score.scheme, "score": score.score,
                                               "period": period}  # fmt: skip
        written = self._clock().astimezone(self._config.timezone).replace(tzinfo=None)
        with self._engine.begin() as connection:
            self._tables.take_turn(connection)
            connection.execute(delete(table).where(*(table.c[n] == v for n, v in where.items())))
            add_rows(connection, table, [
                {**where, "written_at": written, **_standing(s)} for s in found
            ])  # fmt: skip

    def _done(self, score: str, period: str) -> None:
        due = self._tables.due
        with self._engine.begin() as connection:
            connection.execute(delete(due).where(due.c.score == score, due.c.period == period))

    def write_unknown_codes(self) -> int:
        """Write back the codes that keep findings parked; return how many there are."""
        found = list(self._client.unknown_codes(self._config.locality))
        with self._engine.begin() as connection:
            self._tables.take_turn(connection)
            connection.execute(delete(self._tables.unknown))
            add_rows(connection, self._tables.unknown, [_code(code) for code in found])
        return len(found)


def _standing(s: standings_pb2.Standing) -> dict[str, Any]:
    assessment = standings_pb2.Assessment.Name(s.assessment).removeprefix("ASSESSMENT_").lower()
    return {
        "unit": s.unit, "unit_title": s.unit_title, "partition": s.partition,
        "assessment": assessment, "points": s.points, "full": s.full, "band": s.band.id,
        "band_title": s.band.title, "rank": s.rank if s.HasField("rank") else None,
        "ranked": s.ranked, "lists": ",".join(s.lists), "closed": bool(s.decision_ids),
    }  # fmt: skip


def _code(code: ruleset_service_pb2.UnknownCode) -> dict[str, Any]:
    kind = pb.ObjectClass.Name(code.object_class).removeprefix("OBJECT_CLASS_").lower()
    return {
        "scheme": code.scheme, "object_class": "" if kind == "unspecified" else kind,
        "large_class": code.large_class, "small_class": code.small_class,
        "condition": code.condition, "category": code.category, "place": code.place,
        "findings": code.count, "cases": ",".join(code.issues),
    }  # fmt: skip
