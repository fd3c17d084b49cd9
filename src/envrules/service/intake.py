"""Taking a batch of events: checked one by one, stored together, each with a receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc

from envrules.model.decisions import decode_decision
from envrules.model.events import Event
from envrules.runtime.incoming import Receipt
from envrules.service.fields import Fields
from envrules.service.host import Host
from envrules.service.telemetry.hub import Append
from envrules.v1 import event_service_pb2 as pb
from envrules.wire.events_in import Problems, read_events
from envrules.wire.problems import field_problem, problem_to_proto

Request: TypeAlias = pb.SubmitEventsRequest | pb.StreamEventsRequest

WAIT_SECONDS = 10.0
WAIT_LIMIT = 60.0
_GAP = 100
"""Log entries between two events up to which their decisions are looked up together."""


def take(host: Host, request: Request, locality: str, by: str) -> Pending:
    """Queue the good events of a request to be stored, and return what will become of all.

    Raises:
        Refusal: the request itself is wrong, or there is no such locality; nothing is stored.
    """
    fields = Fields()
    wait = fields.seconds(request, "wait_timeout", WAIT_SECONDS, 0, WAIT_LIMIT)
    if request.wait_for not in pb.WaitFor.values():
        hint = "; is your copy of the proto newer?"
        fields.refuse("wait_for", "UNKNOWN_VALUE", value=request.wait_for, hint=hint)
    count, limit = len(request.events), host.config.max_batch
    if not count:
        fields.refuse("events", "REQUIRED")
    elif count > limit:
        fields.refuse("events", "TOO_MANY", length=count, limit=limit)
    fields.done()
    host.runtime.store.require_locality(locality)
    read = read_events(request.events, host.runtime.clock() + host.config.skew)
    good = [event for event in read if isinstance(event, Event)]
    append = host.telemetry.append(locality, by, good, host.runtime.clock())
    stored = host.runtime.submit_later(locality, good, by) if good else _nothing
    decided = request.wait_for == pb.WAIT_FOR_DECIDED
    ids = [message.id for message in request.events]
    return Pending(host, locality, ids, read, stored, append, wait if decided else None)


def _nothing() -> list[Receipt]:
    return []


@dataclass
class Pending:
    """A batch under way."""

    host: Host
    locality: str
    ids: Sequence[str]
    read: Sequence[Event | Problems]
    stored: Callable[[], list[Receipt]]
    """Waits until the good ones are durable."""
    append: Append
    wait: float | None
    """Seconds to wait until they are judged, if at all."""
    answers: list[pb.Receipt] = field(default_factory=list)

    def receipts(self, context: grpc.ServicerContext) -> list[pb.Receipt]:
        """Return the receipts of the batch, once what they say holds."""
        with self.append as append:
            receipts = self.stored()
            append.stored(receipts)
        self.host.telemetry.refused(self.locality, len(self.read) - len(receipts))
        stored = iter(receipts)
        self.answers = [
            _stored(index, next(stored)) if isinstance(read, Event) else _refused(name, read)
            for index, (name, read) in enumerate(zip(self.ids, self.read, strict=True))
        ]
        self._note_decided(context)
        return self.answers

    def _note_decided(self, context: grpc.ServicerContext) -> None:
        durable = [answer for answer in self.answers if answer.seq]
        if durable and self.wait is not None:
            last = max(answer.seq for answer in durable)
            self.host.wait_decided(context, self.locality, last, self.wait)
        decided_up_to = self.host.runtime.decided_up_to(self.locality)
        decided = [answer for answer in durable if answer.seq <= decided_up_to]
        for answer in decided:
            answer.decided = True
        if self.wait is not None:
            self._name_decisions(decided)

    def _name_decisions(self, decided: Sequence[pb.Receipt]) -> None:
        """Add the decisions that each event gave rise to when it was judged."""
        by_seq: dict[int, list[pb.Receipt]] = {}
        for answer in decided:  # a batch may hold an event twice
            by_seq.setdefault(answer.seq, []).append(answer)
        for first, last in _runs(sorted(by_seq)):
            for log_seq, decision_id, events in self._decisions(first, last):
                for answer in by_seq.get(log_seq, ()):
                    if answer.event_id in events:
                        answer.decision_ids.append(decision_id)

    def _decisions(self, first: int, last: int) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield the decisions that these log entries gave: entry, id, causing events."""
        store = self.host.runtime.store
        after = store.emitted_by(self.locality, first - 1)
        while rows := store.decisions(self.locality, after, 1000):
            for row in rows:
                if row.log_seq > last:
                    return
                yield row.log_seq, row.id, decode_decision(row.payload).content.events
            after = rows[-1].decision_seq


def _runs(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of places that lie close together."""
    first = last = 0
    for seq in seqs:
        if first and seq - last > _GAP:
            yield first, last
            first = seq
        first, last = first or seq, seq
    if first:
        yield first, last


def _stored(index: int, receipt: Receipt) -> pb.Receipt:
    if receipt.conflict:
        return _refused(receipt.event_id, (field_problem(f"events[{index}].id", "ID_REUSED"),))
    status = pb.RECEIPT_STATUS_STORED if receipt.stored else pb.RECEIPT_STATUS_DUPLICATE
    return pb.Receipt(event_id=receipt.event_id, status=status, seq=receipt.seq)


def _refused(event_id: str, problems: Problems) -> pb.Receipt:
    return pb.Receipt(
        event_id=event_id, status=pb.RECEIPT_STATUS_REFUSED,
        problems=map(problem_to_proto, problems),
    )  # fmt: skip
