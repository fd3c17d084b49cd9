"""The two references: what the transport and the disk allow, written by hand for just this load.

*append* parses the events, gives each the next place, inserts it under a unique index of ids and
gives receipts after a commit that is synced (WAL, FULL) and shared by all who wait. *full* also
writes in that transaction the decision, state and timer rows that envrules writes for the same
events, from rules that are code. Neither checks fields, explains where a value stands, takes
late events or corrections, or can be restarted.

    python -m benchmarks.reference_servers append|full sqlite:///FILE

prints its port and serves until it is killed.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, TypeAlias

import grpc

from benchmarks.reference_rules import DecisionRow, Judge, StateRow
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import event_service_pb2_grpc, events_pb2

WORKERS = 40
"""Threads: more than the 32 calls that are in flight at most."""
MAX_ROWS = 20_000
"""Events in one commit."""

_STORED = pb.RECEIPT_STATUS_STORED
_DUPLICATE = pb.RECEIPT_STATUS_DUPLICATE
_REFUSED = pb.RECEIPT_STATUS_REFUSED

_SCHEMA = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, occurred_at INTEGER NOT NULL,
    payload BLOB NOT NULL);
CREATE TABLE states (
    key TEXT PRIMARY KEY, unit TEXT NOT NULL, wake_at INTEGER, payload BLOB NOT NULL);
CREATE INDEX timers ON states (wake_at, key) WHERE wake_at IS NOT NULL;
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, slot TEXT NOT NULL, version INTEGER NOT NULL,
    log_seq INTEGER NOT NULL, rule TEXT NOT NULL, outcome TEXT NOT NULL, unit TEXT NOT NULL,
    period TEXT NOT NULL, at INTEGER NOT NULL, payload BLOB NOT NULL, UNIQUE (slot, version));
CREATE INDEX decisions_unit ON decisions (unit, seq);
"""
_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?)"
_STATE = (
    "INSERT INTO states VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
    " unit = excluded.unit, wake_at = excluded.wake_at, payload = excluded.payload"
)
_DECISION = "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

EventRow: TypeAlias = tuple[int, str, int, bytes]
Events: TypeAlias = Sequence[events_pb2.Event]
Receipts: TypeAlias = list[pb.Receipt]


class Database(Protocol):
    """What is written to, by one thread; at first it has the tables and no rows."""

    clash: type[Exception]
    """What `write` raises, and writes nothing, if an event's id is there already."""

    def find(self, id: str) -> tuple[int, bytes] | None:
        """Return place and payload of an event that is there."""

    def write(
        self, events: Sequence[EventRow], states: Collection[StateRow],
        decisions: Collection[DecisionRow],
    ) -> None:  # fmt: skip
        """Write all rows durably in one transaction."""


class Sqlite:
    """A file with a write-ahead log, synced by every commit."""

    clash: type[Exception] = sqlite3.IntegrityError

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768",
                       "wal_autocheckpoint=4000"):  # fmt: skip
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)

    def find(self, id: str) -> tuple[int, bytes] | None:
        """Return place and payload of an event that is there."""
        found: tuple[int, bytes] | None = self._db.execute(
            "SELECT seq, payload FROM events WHERE id = ?", (id,)
        ).fetchone()
        return found

    def write(
        self, events: Sequence[EventRow], states: Collection[StateRow],
        decisions: Collection[DecisionRow],
    ) -> None:  # fmt: skip
        """Write all rows durably in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(_EVENT, events)
        except self.clash:
            self._db.execute("ROLLBACK")
            raise
        if states:
            self._db.executemany(_STATE, states)
        if decisions:
            self._db.executemany(_DECISION, decisions)
        self._db.execute("COMMIT")


class Log:
    """Appends with one commit for all who wait while the one before is under way."""

    def __init__(self, database: Database, judge: Judge | None = None) -> None:
        self._db, self._judge = database, judge
        self._head = 0
        self._queue: queue.SimpleQueue[tuple[Events, Future[Receipts]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def append(self, events: Events) -> Future[Receipts]:
        """Queue events; the future is done once they are durable."""
        future: Future[Receipts] = Future()
        self._queue.put((events, future))
        return future

    def _run(self) -> None:
        while True:
            group = [self._queue.get()]
            size = len(group[0][0])
            with suppress(queue.Empty):
                while size < MAX_ROWS:
                    group.append(self._queue.get_nowait())
                    size += len(group[-1][0])
            try:
                answers = self._commit([events for events, _ in group])
            except Exception as error:  # the callers must be told, whatever it was
                for _, future in group:
                    future.set_exception(error)
            else:
                for (_, future), receipts in zip(group, answers, strict=True):
                    future.set_result(receipts)

    def _commit(self, group: list[Events]) -> list[Receipts]:
        try:
            return self._insert(group, {})
        except self._db.clash:
            found = ((e.id, self._db.find(e.id)) for events in group for e in events)
            return self._insert(group, {id: row for id, row in found if row is not None})

    def _insert(self, group: list[Events], known: dict[str, tuple[int, bytes]]) -> list[Receipts]:
        rows: list[EventRow] = []
        states: dict[str, StateRow] = {}
        decisions: list[DecisionRow] = []
        answers: list[Receipts] = []
        seq = self._head
        for events in group:
            receipts: Receipts = []
            for event in events:
                payload = event.SerializeToString()
                first = known.get(event.id)
                if first is not None:
                    status = _DUPLICATE if first[1] == payload else _REFUSED
                    receipts.append(pb.Receipt(event_id=event.id, status=status, seq=first[0]))
                    continue
                seq += 1
                rows.append((seq, event.id, event.occurred_at.seconds, payload))
                receipts.append(pb.Receipt(event_id=event.id, status=_STORED, seq=seq))
                if self._judge is not None:
                    self._judge.judge(seq, event, states, decisions)
            answers.append(receipts)
        self._db.write(rows, states.values(), decisions)
        self._head = seq
        return answers


class Service(event_service_pb2_grpc.EventServiceServicer):
    """SubmitEvents and StreamEvents, for one locality whatever it is called."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def SubmitEvents(  # noqa: N802 (the proto's name)
        self,
        request: pb.SubmitEventsRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> pb.SubmitEventsResponse:
        """Store a batch."""
        return pb.SubmitEventsResponse(receipts=self._log.append(request.events).result())

    def StreamEvents(  # noqa: N802 (the proto's name)
        self,
        request_iterator: Iterator[pb.StreamEventsRequest],
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> Iterator[pb.StreamEventsResponse]:
        """Store batches, and read on while the ones before are being committed."""
        waiting: queue.Queue[tuple[str, Future[Receipts]] | None] = queue.Queue(64)

        def read() -> None:
            try:
                for request in request_iterator:
                    waiting.put((request.batch_id, self._log.append(request.events)))
            finally:
                waiting.put(None)

        threading.Thread(target=read, daemon=True).start()
        while (item := waiting.get()) is not None:
            yield pb.StreamEventsResponse(batch_id=item[0], receipts=item[1].result())

    def AdvanceWatermark(  # noqa: N802 (the proto's name)
        self,
        request: pb.AdvanceWatermarkRequest,  # noqa: ARG002 (gRPC passes it)
        context: grpc.ServicerContext,  # noqa: ARG002 (gRPC passes it)
    ) -> pb.AdvanceWatermarkResponse:
        """Do nothing: no deadline of a reference ever fires."""
        return pb.AdvanceWatermarkResponse()


def serve(log: Log) -> None:
    """Print the port and serve until the process is killed."""
    server = grpc.server(ThreadPoolExecutor(WORKERS))
    service = Service(log)
    event_service_pb2_grpc.add_EventServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    kind, url = sys.argv[1:]
    serve(Log(Sqlite(url.removeprefix("sqlite:///")), Judge() if kind == "full" else None))
