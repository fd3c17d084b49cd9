"""EventService: events in, receipts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc

from envrules.engine.kept import Locality
from envrules.model.base import Instant
from envrules.service import intake
from envrules.service.fields import ID, OPTIONAL_ID, OPTIONAL_SLUG, Fields
from envrules.service.host import Host
from envrules.service.streaming import Pipeline
from envrules.v1 import event_service_pb2 as pb
from envrules.v1.event_service_pb2_grpc import EventServiceServicer
from envrules.wire.decisions_out import optional_timestamp

_SETTLE_SECONDS = 1.0
"""How long AdvanceWatermark waits for its own effect before it computes what that will be."""


class EventService(EventServiceServicer):
    """Takes events and watermarks."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def SubmitEvents(
        self, request: pb.SubmitEventsRequest, context: grpc.ServicerContext
    ) -> pb.SubmitEventsResponse:
        """Store a batch."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        fields.done()
        by = self._host.principals.caller(context, "submit", locality)
        pending = intake.take(self._host, request, locality, by)
        return pb.SubmitEventsResponse(receipts=pending.receipts(context))

    def StreamEvents(
        self, request_iterator: Iterator[pb.StreamEventsRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.StreamEventsResponse]:
        """Store batches as they come, and answer each in turn."""
        stream = _Stream(self._host, context)
        pipeline = Pipeline(
            request_iterator, stream.begin, _weight, lambda: self._host.goes_on(context)
        )
        yield from pipeline.replies()
        if self._host.draining.is_set():
            raise self._host.stopping()

    def AdvanceWatermark(
        self, request: pb.AdvanceWatermarkRequest, context: grpc.ServicerContext
    ) -> pb.AdvanceWatermarkResponse:
        """Note how far a source has sent everything."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        source = fields.take("source", ID, request.source)
        until = fields.time(request, "until")
        if request.release and request.HasField("until"):
            fields.contradict("until", "excludes release", "until 与 release 只能填一个")
        if not (request.release or request.HasField("until")):
            fields.refuse("until", "REQUIRED")
        fields.done()
        self._host.principals.caller(context, "submit", locality)
        seq = self._host.runtime.advance(locality, source, until)
        self._host.telemetry.heard(locality, (source,), self._host.runtime.clock())
        self._host.wait_decided(context, locality, seq, _SETTLE_SECONDS)
        _, _, state = self._host.runtime.locality(locality)
        now, held_by = _time_of(state, source, until, self._host.runtime.clock())
        return pb.AdvanceWatermarkResponse(now=optional_timestamp(now), held_by=held_by)


class _Stream:
    """What a stream remembers from one request to the next."""

    def __init__(self, host: Host, context: grpc.ServicerContext) -> None:
        self._host, self._context = host, context
        self._locality = ""

    def begin(self, request: pb.StreamEventsRequest) -> Callable[[], pb.StreamEventsResponse]:
        """Queue a batch; what is returned waits for its receipts."""
        fields = Fields()
        batch_id = fields.take("batch_id", OPTIONAL_ID, request.batch_id)
        locality = fields.take("locality", OPTIONAL_SLUG, request.locality) or self._locality
        if not (locality or request.locality):
            fields.refuse("locality", "REQUIRED")
        fields.done()
        # Asked anew for each request: a token that is revoked ends the stream.
        by = self._host.principals.caller(self._context, "submit", locality)
        self._locality = locality
        pending = intake.take(self._host, request, locality, by)

        def finish() -> pb.StreamEventsResponse:
            receipts = pending.receipts(self._context)
            return pb.StreamEventsResponse(batch_id=batch_id, receipts=receipts)

        return finish


def _weight(request: pb.StreamEventsRequest) -> int:
    return max(1, len(request.events), request.ByteSize() >> 10)


def _time_of(
    state: Locality, source: str, until: Instant | None, clock: Instant
) -> tuple[Instant | None, str]:
    """Return the locality's time and the source that holds it back, this watermark included.

    Where the watermark is judged already, taking it into account again changes nothing.
    """
    sources = dict(state.sources)
    if until is None:
        sources.pop(source, None)
    else:
        sources[source] = max(until, sources.get(source, until))
    reach = min((clock, *sources.values()))
    held_by = min(sources, key=lambda name: (sources[name], name)) if reach < clock else ""
    return max(state.tick, reach), held_by
