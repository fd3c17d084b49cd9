"""Scraping a server as Prometheus does, and collecting traces as a collector does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2
from prometheus_client.parser import text_string_to_metric_families

Labels = dict[str, str]


@dataclass
class Scrape:
    """What one scrape told."""

    families: dict[str, str] = field(default_factory=dict)
    """Name as it is asked for to kind, whether there are values or not."""
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of a metric with these labels among its own."""
        return [
            value for found, of, value in self.samples
            if found == name and labels.items() <= of.items()
        ]  # fmt: skip

    def value(self, name: str, **labels: str) -> float:
        """The only value."""
        (value,) = self.values(name, **labels)
        return value

    def total(self, name: str, **labels: str) -> float:
        """Their sum."""
        return sum(self.values(name, **labels))


def scrape(port: int) -> Scrape:
    """Ask for all metrics."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = Scrape()
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.families[name] = family.type
        found.samples += [(s.name, s.labels, s.value) for s in family.samples]
    return found


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """A collector of OpenTelemetry that keeps what it is sent."""

    def __init__(self) -> None:
        self.spans: list[tuple[trace_pb2.Span, Labels]] = []
        """Each with its resource."""
        self.metadata: list[Labels] = []

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802  gRPC's name
        """Take spans."""
        self.metadata.append(dict(context.invocation_metadata()))
        for resource in request.resource_spans:
            about = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(span, about) for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def named(self, name: str) -> list[trace_pb2.Span]:
        """The spans of a name."""
        return [span for span, _ in list(self.spans) if span.name == name]


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector on a free port, and its endpoint."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server  # not annotated there
    add(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collector, f"http://127.0.0.1:{port}"
    server.stop(None).wait()
