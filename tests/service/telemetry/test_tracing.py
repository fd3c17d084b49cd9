"""Traces: a span for each call, in the caller's trace, with its append and the commit it was in."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from tests.service.site import TOWN, Site, refused, village
from tests.service.telemetry.scraping import collecting
from tests.service.test_streaming import batch, eventually

from envrules.service.telemetry import Telemetry
from envrules.service.telemetry.tracing import Tracing
from envrules.store import StoreError
from envrules.v1 import event_service_pb2 as pb

EVENTS = "envrules.v1.EventService"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
Traced = Callable[[], tuple[Site, "Spans"]]


class Spans:
    """The spans that have ended, once they are exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def named(self, name: str, count: int = 1) -> list[ReadableSpan]:
        """So many spans of a name, the first ones first."""

        def found() -> list[ReadableSpan]:
            return [span for span in self.exporter.get_finished_spans() if span.name == name]

        assert eventually(lambda: len(found()) >= count), (name, found())
        return found()


@pytest.fixture
def traced(start: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Traced:
    """Starts a server whose spans are kept, with the locality `yunxi`."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")

    def opened() -> tuple[Site, Spans]:
        spans = Spans()
        site = start(telemetry=Telemetry(tracing=Tracing(spans.exporter)))
        site.client("office").create_locality("yunxi", "云溪镇", "Asia/Shanghai")
        return site, spans

    return opened


def submit(site: Site, name: str, **metadata: str) -> None:
    """Submit an event with this metadata."""
    request = pb.SubmitEventsRequest(locality="yunxi", events=batch(int(name), 1))
    pairs = (("envrules-principal", "grid"), *metadata.items())
    site.client().event_stub.SubmitEvents(request, metadata=pairs)


def context_of(span: ReadableSpan) -> tuple[str, str]:
    """Ids of a span's trace and of itself."""
    return format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)


def parent_of(span: ReadableSpan) -> str:
    """Id of the span that it is part of."""
    assert span.parent is not None
    return format_span_id(span.parent.span_id)


def test_a_call_joins_its_caller_s_trace(traced: Traced) -> None:
    """The W3C context of the caller is continued: trace, parent, state, and whether to sample."""
    site, spans = traced()
    submit(site, "1", traceparent=f"00-{TRACE}-{PARENT}-01", tracestate="vendor=x")
    submit(site, "2", traceparent=f"00-{TRACE}-{PARENT}-00")
    submit(site, "3")
    submit(site, "4", traceparent="nonsense")
    first, *others = spans.named(f"{EVENTS}/SubmitEvents", 3)
    assert (context_of(first)[0], parent_of(first)) == (TRACE, PARENT)
    assert first.context.trace_state.get("vendor") == "x"
    assert first.kind is SpanKind.SERVER
    assert dict(first.attributes or {}) == {
        "rpc.system": "grpc", "rpc.service": EVENTS, "rpc.method": "SubmitEvents",
        "rpc.grpc.status_code": 0,
    }  # fmt: skip
    assert len(others) == 2, "the second one was not to be sampled"
    assert all(span.parent is None for span in others)


def test_an_append_is_part_of_its_call_and_links_its_commit(traced: Traced) -> None:
    """From the queue to the disk: within the call, with its places in the log, linked to the commit."""
    site, spans = traced()
    submit(site, "1")
    submit(site, "2")
    calls, appends = spans.named(f"{EVENTS}/SubmitEvents", 2), spans.named("append", 2)
    commits = {context_of(span): span for span in spans.named("commit", 2)}
    for call, append, seq in zip(calls, appends, (1, 2), strict=True):
        assert parent_of(append) == context_of(call)[1]
        assert append.context.trace_id == call.context.trace_id
        assert dict(append.attributes or {}) == {
            "envrules.locality": "yunxi", "envrules.events": 1,
            "envrules.first_seq": seq, "envrules.last_seq": seq,
        }  # fmt: skip
        (link,) = append.links
        commit = commits[
            format_trace_id(link.context.trace_id), format_span_id(link.context.span_id)
        ]
        assert commit.parent is None
        assert dict(commit.attributes or {}) == {
            "envrules.localities": ("yunxi",), "envrules.batches": 1, "envrules.entries": 1,
        }  # fmt: skip
        assert call.start_time < append.start_time <= commit.start_time  # type: ignore[operator]
        assert commit.end_time <= append.end_time <= call.end_time  # type: ignore[operator]


def test_appends_of_a_stream_are_part_of_it(traced: Traced) -> None:
    """A stream is one span; each of its batches is an append within."""
    site, spans = traced()
    list(site.client().stream("yunxi", [batch(0, 2), batch(2, 3)]))
    (stream,) = spans.named(f"{EVENTS}/StreamEvents")
    appends = spans.named("append", 2)
    assert {parent_of(append) for append in appends} == {context_of(stream)[1]}
    assert [(append.attributes or {})["envrules.events"] for append in appends] == [2, 3]


def test_statuses_are_on_spans(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller did wrong is a status; what we did wrong is an error, of the append as well."""
    site, spans = traced()
    client = site.client()
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        client.locality("nowhere")

    def fail(_batches: object) -> None:
        raise StoreError("secret detail")

    monkeypatch.setattr(site.store, "append", fail)
    with refused("INTERNAL", "INTERNAL"):
        client.submit("yunxi", [village("a")])
    (asked,) = spans.named("envrules.v1.LocalityService/GetLocality")
    assert (asked.attributes or {})["rpc.grpc.status_code"] == 5
    assert asked.status.status_code is StatusCode.UNSET
    (failed,), (append,) = spans.named(f"{EVENTS}/SubmitEvents"), spans.named("append")
    commit = spans.named("commit")[-1]
    assert {s.status.status_code for s in (failed, append, commit)} == {StatusCode.ERROR}
    assert append.status.description == "StoreError"
    assert not any("secret" in span.to_json() for span in (failed, append, commit))


def test_no_span_holds_what_an_event_says(traced: Traced) -> None:
    """Spans tell places and counts only."""
    site, spans = traced()
    site.client("office").create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    site.client().submit("yunxi", [village("zhao", "赵庄村")], decided=True)
    spans.named("append")
    assert all("zhao" not in s.to_json() for s in spans.exporter.get_finished_spans())


def test_log_lines_name_their_trace(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    """A line that a call logs can be found from its trace."""
    lines: list[dict[str, Any]] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            from envrules.logs import IDS

            lines.append({"message": record.getMessage(), **(IDS.get() or {})})

    site, spans = traced()
    keeper, ours = Keeper(), logging.getLogger("envrules")
    ours.addHandler(keeper)
    try:
        with caplog.at_level(logging.DEBUG, "envrules"):
            submit(site, "1")
    finally:
        ours.removeHandler(keeper)
    (span,) = spans.named(f"{EVENTS}/SubmitEvents")
    (line,) = [line for line in lines if line["message"] == "a batch is stored"]
    assert (line["trace_id"], line["span_id"]) == context_of(span)


# ── OTLP ──


def test_spans_arrive_at_a_collector(
    start: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported by OTLP over gRPC, with headers and resource as the standard variables say."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=city")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    with collecting() as (collector, endpoint):
        site = start(otlp=endpoint)
        site.client("office").create_locality("yunxi", "云溪镇", "Asia/Shanghai")
        submit(site, "1", traceparent=f"00-{TRACE}-{PARENT}-01")
        assert eventually(lambda: bool(collector.named(f"{EVENTS}/SubmitEvents")))
        (span,) = collector.named(f"{EVENTS}/SubmitEvents")
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        about = collector.spans[0][1]
        assert (about["service.name"], about["deployment.environment"]) == ("envrules", "test")
        assert collector.metadata[0]["x-tenant"] == "city"


def test_the_last_spans_are_delivered_before_the_end(start: Callable[..., Site]) -> None:
    """A server that stops sends what it has not sent yet, the calls that it drained included."""
    with collecting() as (collector, endpoint):
        site = start(otlp=endpoint)
        client = site.client("office")
        client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
        watch = client.watch("yunxi")
        next(watch)
        site.server.stop(5)
        with refused("UNAVAILABLE", "STOPPING"):
            list(watch)
        assert collector.named("envrules.v1.LocalityService/CreateLocality")
        (span,) = collector.named("envrules.v1.DecisionService/WatchDecisions")
        codes = {a.key: a.value.int_value for a in span.attributes}
        assert codes["rpc.grpc.status_code"] == grpc.StatusCode.UNAVAILABLE.value[0]


def test_a_sampler_is_taken_from_the_environment(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_TRACES_SAMPLER decides what is traced; calls work all the same."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    site, spans = traced()
    submit(site, "1", traceparent=f"00-{TRACE}-{PARENT}-01")
    site.server.stop(0)
    assert spans.exporter.get_finished_spans() == ()
    assert site.store.head("yunxi") == 1


@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "says nothing"])
def test_a_collector_that_is_away_keeps_nobody_waiting(
    start: Callable[..., Site], silent: bool
) -> None:
    """Calls are answered, streams drained and the server ends, though no span can be delivered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if silent:
            listener.listen()
        site = start(otlp=f"http://127.0.0.1:{listener.getsockname()[1]}", metrics="127.0.0.1:0")
        client = site.client("office")
        client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
        watch = client.watch("yunxi")
        next(watch)
        replies = client.stream("yunxi", iter([batch(0, 3)]))
        assert len(next(replies)) == 3
        stopping = threading.Thread(target=site.server.stop, args=(5.0,))
        stopping.start()
        with refused("UNAVAILABLE", "STOPPING"):
            list(watch)
        stopping.join(25)
        assert not stopping.is_alive()
        site.server.wait()
