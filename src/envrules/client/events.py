"""Calls that send events."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence

from envrules.client.connection import Connection
from envrules.client.errors import CallFailed, failing
from envrules.client.messages import AnyEvent, duration, event_message
from envrules.client.outbox import Outbox
from envrules.model.base import Instant
from envrules.v1 import event_service_pb2
from envrules.wire.field_types import timestamp


class EventCalls(Connection):
    """Send events and watermarks."""

    def submit(
        self, locality: str, events: Iterable[AnyEvent], *, decided: bool = False,
        wait: float = 60.0,
    ) -> list[event_service_pb2.Receipt]:  # fmt: skip
        """Store up to 1000 events; return a receipt for each, in order.

        With `decided` it waits up to `wait` seconds (60 at most) until they are judged as well.
        """
        request = event_service_pb2.SubmitEventsRequest(
            locality=locality, events=map(event_message, events), wait_for=_wait_for(decided)
        )
        if decided:
            request.wait_timeout.CopyFrom(duration(wait))
        return list(self._call(self.event_stub.SubmitEvents, request).receipts)

    def stream(
        self, locality: str, batches: Iterable[Sequence[AnyEvent]], *, decided: bool = False
    ) -> Generator[list[event_service_pb2.Receipt], None, None]:
        """Send batches of up to 1000 events without waiting; yield the receipts of each, in order.

        Reads on in `batches` while earlier ones are being stored, as far as the transport lets it.
        Within the client's patience a broken stream is opened again, and what had no receipts is
        sent again. After CallFailed, do that yourself: it is always safe.
        """
        outbox = Outbox(_requests(locality, batches, _wait_for(decided)))
        pauses = self._pauses()
        while True:
            call = self.event_stub.StreamEvents(outbox.items(), metadata=self._who)
            try:
                with failing():
                    for response in call:
                        outbox.answered()
                        pauses.heard()
                        yield list(response.receipts)
                return
            except CallFailed as error:
                pauses.wait(error)
            finally:
                call.cancel()

    def advance(
        self, locality: str, source: str, until: Instant | None
    ) -> event_service_pb2.AdvanceWatermarkResponse:
        """Say that `source` has sent everything before `until`; None: that it has ended."""
        request = event_service_pb2.AdvanceWatermarkRequest(
            locality=locality, source=source, release=until is None,
            until=None if until is None else timestamp(until),
        )  # fmt: skip
        return self._call(self.event_stub.AdvanceWatermark, request)


def _requests(
    locality: str,
    batches: Iterable[Sequence[AnyEvent]],
    wait_for: event_service_pb2.WaitFor.ValueType,
) -> Iterator[event_service_pb2.StreamEventsRequest]:
    for batch in batches:
        yield event_service_pb2.StreamEventsRequest(
            locality=locality, events=map(event_message, batch), wait_for=wait_for
        )


def _wait_for(decided: bool) -> event_service_pb2.WaitFor.ValueType:
    return event_service_pb2.WAIT_FOR_DECIDED if decided else event_service_pb2.WAIT_FOR_STORED
