"""The metrics of a server for Prometheus: what it counts itself, and what the survey finds."""

from __future__ import annotations

import grpc
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from envrules import __version__
from envrules.runtime.appender import Commit
from envrules.service.telemetry import catalogue as c
from envrules.service.telemetry.endpoint import Endpoint
from envrules.service.telemetry.found import Found
from envrules.service.telemetry.heard import Heard
from envrules.service.telemetry.look import Looking

# As many series again, and nobody asks when a counter began. (The library does not annotate it.)
disable_created_metrics()  # type: ignore[no-untyped-call]

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Seconds: from a call that reads a little to one that waits for decisions."""


class Metrics:
    """Counts from the start; answers scrapes once it is opened."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.heard = Heard()
        self._survey: Looking | None = None
        self._endpoint: Endpoint | None = None
        self._calls, self._events = self._counter(c.CALLS), self._counter(c.EVENTS)
        self._failures, self._entries = self._counter(c.COMMIT_FAILURES), self._counter(c.COMMITTED)
        self._open = self._gauge(c.CALLS_OPEN)
        self._seconds, self._commits = (
            self._histogram(c.CALL_SECONDS), self._histogram(c.COMMIT_SECONDS)
        )  # fmt: skip
        self._gauge(c.INFO).labels(__version__).set(1)
        ProcessCollector(registry=self.registry)

    def _counter(self, metric: c.Metric) -> Counter:
        return Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)

    def _gauge(self, metric: c.Metric) -> Gauge:
        return Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)

    def _histogram(self, metric: c.Metric) -> Histogram:
        return Histogram(
            metric.name, metric.meaning, metric.labels, registry=self.registry, buckets=_BUCKETS
        )

    # ── life ──

    def open(self, address: str, survey: Looking) -> None:
        """Answer scrapes from now on, and survey the store for them.

        Raises:
            ConfigError: the address is taken or makes no sense.
        """
        self._endpoint = Endpoint(address, self.registry)
        self._survey = survey
        self.registry.register(Found(survey))
        survey.start()

    @property
    def port(self) -> int:
        """The port on which scrapes are answered; 0: none is."""
        return self._endpoint.port if self._endpoint is not None else 0

    def close(self) -> None:
        """Answer no more."""
        if self._survey is not None:
            self._survey.stop()
        if self._endpoint is not None:
            self._endpoint.close()

    # ── what the server tells ──

    def begun(self, method: str) -> None:
        """Count a call that begins."""
        self._open.labels(method).inc()

    def ended(self, method: str, code: grpc.StatusCode, seconds: float | None) -> None:
        """Count a call that has ended; `seconds`: how long it took, unless it was a stream."""
        self._open.labels(method).dec()
        self._calls.labels(method, code.name).inc()
        if seconds is not None:
            self._seconds.labels(method).observe(seconds)

    def events(self, locality: str, result: str, count: int) -> None:
        """Count receipts."""
        self._events.labels(locality, result).inc(count)

    def committed(self, commit: Commit) -> None:
        """Count a commit of the log."""
        if not commit.results:
            self._failures.inc()
            return
        self._commits.observe(max(0, commit.ended - commit.begun) / 1e9)  # clocks may jump
        self._entries.inc(sum(
            not (entry.duplicate or entry.conflict)
            for results in commit.results for entry in results
        ))  # fmt: skip
