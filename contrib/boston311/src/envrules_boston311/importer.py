"""Sending a timeline to a server: batch, receipts, watermark, and so on to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import grpc

from envrules.client import CallFailed, Client
from envrules.v1 import event_service_pb2 as service
from envrules.v1 import events_pb2 as pb
from envrules.v1 import locality_service_pb2 as localities
from envrules_boston311.rows import ZONE, Remark
from envrules_boston311.timeline import SOURCE, Batch, Happening, Timeline, batches

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GLANCE = 0.2
"""Seconds between two looks at how far the server has judged."""


class Stalled(Exception):
    """The locality's decisions stand still; the message says at what and why."""


@dataclass(slots=True)
class Outcome:
    """What became of a timeline's events."""

    stored: int = 0
    known: int = 0
    """Events that were there already."""
    late: int = 0
    """Stored, but the locality's time had passed them: what they change is decided anew."""
    refused: list[Remark] = field(default_factory=list)
    locality: localities.Locality | None = None
    """The locality once everything is judged."""


class Importer:
    """Brings timelines into one locality."""

    def __init__(self, client: Client, locality: str, scheme: str = "boston311") -> None:
        self._client, self._locality, self._scheme = client, locality, scheme

    def run(
        self, line: Timeline, *, size: int = 1000, release: bool = False,
        stored: Callable[[int], None] | None = None,
    ) -> Outcome:  # fmt: skip
        """Send a timeline, and wait until it is judged.

        Args:
            line: what happened. Whatever of it the server has already is not stored again.
            size: events in one batch, 1 to 1000.
            release: let the locality's time run on with the server's clock afterwards.
            stored: told how many events have been stored since it was last told, for a progress bar.

        Raises:
            CallFailed: a call failed; running it again goes on where it ended.
            Stalled: the server cannot judge an event.
        """
        known = self._prepare(line.start)
        passed = known.now.ToDatetime(UTC) if known.HasField("now") else _EPOCH
        # Whoever released the source before let time run on: it is not stopped again.
        holds = any(source.source == SOURCE for source in known.sources)
        outcome = Outcome()
        units = Batch(line.units, line.start)
        plan = [*([units] if line.units else []), *batches(line, size)]
        for batch, receipts in self._paced(plan):
            for happening, receipt in zip(batch.happenings, receipts, strict=True):
                _note(outcome, happening, receipt, passed)
            if holds:
                self._client.advance(self._locality, SOURCE, _instant(batch.until))
            if stored is not None:
                stored(len(receipts))
        if holds and release:
            self._client.advance(self._locality, SOURCE, None)
        outcome.locality = self._judged()
        return outcome

    def _prepare(self, start: datetime) -> localities.Locality:
        """Return the locality, judged by the scheme; a new one's time begins at `start`.

        The watermark comes before the scheme: a scheme without one would live today, and judge
        whatever happened long ago as overdue at once.
        """
        try:
            known = self._client.locality(self._locality)
        except CallFailed as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
            known = self._client.create_locality(self._locality, "Boston", ZONE.key)
        if all(binding.scheme != self._scheme for binding in known.schemes):
            self._client.advance(self._locality, SOURCE, _instant(start))
            self._client.publish(self._locality, self._scheme)
            known = self._client.locality(self._locality)
        return known

    def _paced(self, plan: Sequence[Batch]) -> Iterator[tuple[Batch, Sequence[service.Receipt]]]:
        """Send batches on one stream; yield each with its receipts.

        The next is sent once the caller is done with the one before, its watermark included: who
        watches sees deadlines pass in order, not a month of events and then its deadlines.
        """
        turn = threading.Semaphore(1)
        ended = False

        def in_turn() -> Iterator[list[pb.Event]]:
            for batch in plan:
                turn.acquire()
                if ended:
                    return
                yield [happening.event for happening in batch.happenings]

        try:
            answers = self._client.stream(self._locality, in_turn())
            for batch, receipts in zip(plan, answers, strict=True):
                yield batch, receipts
                turn.release()
        finally:
            ended = True
            turn.release()  # gRPC's own thread may wait for its turn

    def _judged(self) -> localities.Locality:
        """Return the locality once all that is in its log now has been judged."""
        seen = self._client.locality(self._locality)
        until = seen.head_seq
        while seen.projected_seq < until:
            if seen.HasField("stall"):
                raise Stalled(f"log entry {seen.stall.seq}: {seen.stall.reason}")
            time.sleep(_GLANCE)
            seen = self._client.locality(self._locality)
        return seen


def _note(
    outcome: Outcome, happening: Happening, receipt: service.Receipt, passed: datetime
) -> None:
    match receipt.status:
        case service.RECEIPT_STATUS_STORED:
            outcome.stored += 1
            # Units are declared as of long before, and nothing waits for them.
            outcome.late += bool(happening.place) and happening.at < passed
        case service.RECEIPT_STATUS_DUPLICATE:
            outcome.known += 1
        case _:
            why = "; ".join(f"{p.field} {p.message}" for p in receipt.problems)
            outcome.refused.append(Remark(happening.place, f"{receipt.event_id}: {why}"))


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
