"""Spans of calls, of the appends in them, and of the commits that appends share.

The projector has no spans: to tie them to the call that brought an event, the log would have to
hold trace ids, and what the log holds is fixed. `log` lines and decisions lead there instead.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Collection, Mapping
from contextvars import ContextVar

import grpc
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from envrules import __version__
from envrules.runtime.appender import Commit

log = logging.getLogger(__name__)

_CALL: ContextVar[trace.Span | None] = ContextVar("span", default=None)
"""The span of the call under way."""

_CARRIED = ("traceparent", "tracestate")
_COMMITS = 64
"""Commits that are remembered for the appends that were in them."""
_OURS = frozenset({
    grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.DEADLINE_EXCEEDED,
})  # fmt: skip
"""Statuses that are errors of a server, as OpenTelemetry's conventions for gRPC have it."""


class Span:
    """A span that has begun."""

    def __init__(self, span: trace.Span, commits: _Commits) -> None:
        self._span, self._commits = span, commits

    @property
    def ids(self) -> Mapping[str, str]:
        """What log lines tell of it."""
        context = self._span.get_span_context()
        return {
            "trace_id": trace.format_trace_id(context.trace_id),
            "span_id": trace.format_span_id(context.span_id),
        }

    def durable(self, locality: str, first: int, last: int) -> None:
        """Note where an append has come to be in the log, and link the commit that put it there."""
        self._span.set_attributes({"envrules.first_seq": first, "envrules.last_seq": last})
        commit = self._commits.of(locality, first)
        if commit is not None:
            self._span.add_link(commit)

    def end(self, error: BaseException | None) -> None:
        """End it, by an error perhaps."""
        if error is not None:
            self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        self._span.end()

    def end_call(self, code: grpc.StatusCode) -> None:
        """End the span of a call with the call's status."""
        number: int = code.value[0]
        self._span.set_attribute("rpc.grpc.status_code", number)
        if code in _OURS:
            self._span.set_status(trace.StatusCode.ERROR, code.name)
        self._span.end()
        _CALL.set(None)


class _Commits:
    """The spans of the last commits, by what they put into the logs."""

    def __init__(self) -> None:
        self._last: deque[tuple[dict[str, tuple[int, int]], trace.SpanContext]] = deque(
            maxlen=_COMMITS
        )
        self._lock = threading.Lock()

    def add(self, reach: dict[str, tuple[int, int]], context: trace.SpanContext) -> None:
        with self._lock:
            self._last.append((reach, context))

    def of(self, locality: str, seq: int) -> trace.SpanContext | None:
        with self._lock:
            for reach, context in reversed(self._last):
                first, last = reach.get(locality, (1, 0))
                if first <= seq <= last:
                    return context
        return None


class Tracing:
    """Begins spans, and sees to it that they are exported."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Export in the background; sampling, batches and resource are as OTEL_* say."""
        self._exporter = exporter
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("envrules", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._commits = _Commits()

    @classmethod
    def to(cls, endpoint: str) -> Tracing:
        """Return what exports to a collector by OTLP over gRPC."""
        return cls(OTLPSpanExporter(endpoint))

    def begin(self, method: str, metadata: Collection[tuple[str, str | bytes]]) -> Span:
        """Begin the span of a call, as part of the caller's trace if it says which that is."""
        carrier = {key: str(value) for key, value in metadata if key in _CARRIED}
        parent = self._propagator.extract(carrier, Context())
        service, _, name = method.partition("/")
        span = self._tracer.start_span(
            method, parent, trace.SpanKind.SERVER,
            {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
        )  # fmt: skip
        _CALL.set(span)
        return Span(span, self._commits)

    def append(self, locality: str, events: int) -> Span:
        """Begin the span of an append, from the queue to the disk, within the call's."""
        call = _CALL.get()
        parent = trace.set_span_in_context(call, Context()) if call is not None else Context()
        attributes: dict[str, str | int] = {
            "envrules.locality": locality, "envrules.events": events
        }  # fmt: skip
        return Span(self._tracer.start_span("append", parent, attributes=attributes), self._commits)

    def committed(self, commit: Commit) -> None:
        """Tell of a commit that is over: a trace of its own, for it serves many calls."""
        reach = _reach(commit)
        span = self._tracer.start_span(
            "commit", Context(), start_time=commit.begun,
            attributes={
                "envrules.localities": sorted(reach), "envrules.batches": len(commit.batches),
                "envrules.entries": sum(last - first + 1 for first, last in reach.values()),
            },
        )  # fmt: skip
        if not commit.results:
            span.set_status(trace.StatusCode.ERROR)
        span.end(commit.ended)
        self._commits.add(reach, span.get_span_context())

    def close(self, seconds: float) -> None:
        """Export what is left, but give up after so many seconds: the collector may be away."""
        closing = threading.Thread(
            target=self._provider.shutdown, name="envrules-traces", daemon=True
        )
        closing.start()
        closing.join(seconds)
        if closing.is_alive():
            log.warning("the collector does not answer: the last traces are lost")
            self._exporter.shutdown()  # interrupts the attempt under way


def _reach(commit: Commit) -> dict[str, tuple[int, int]]:
    """Return what a commit put into each log: first and last place, which have no gaps between."""
    found: dict[str, tuple[int, int]] = {}
    for batch, results in zip(commit.batches, commit.results, strict=False):
        new = [entry.seq for entry in results if not (entry.duplicate or entry.conflict)]
        if new:
            first, last = found.get(batch.locality, (new[0], 0))
            found[batch.locality] = (min(first, new[0]), max(last, new[-1]))
    return found


def _resource() -> Resource:
    resource = Resource.create({SERVICE_VERSION: __version__})
    name = str(resource.attributes.get(SERVICE_NAME, ""))
    if name.startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "envrules"}))
    return resource
