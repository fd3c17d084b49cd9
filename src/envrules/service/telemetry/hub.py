"""What the server tells of itself while it works, and who listens."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import grpc

from envrules.logs import IDS
from envrules.model.base import Instant
from envrules.model.events import Event
from envrules.runtime.appender import Commit
from envrules.runtime.incoming import Receipt

if TYPE_CHECKING:
    from envrules.service.telemetry.metrics import Metrics
    from envrules.service.telemetry.tracing import Span, Tracing

log = logging.getLogger(__name__)

REQUEST_ID = "x-request-id"
"""Metadata by which a caller names its call."""
_REQUEST_ID = re.compile(r"[!-~]{1,64}")

_FLUSH_SECONDS = 3.0
"""How long the last traces may take to be delivered when the server stops."""


class Telemetry:
    """Passes on to metrics and traces what happens, as far as they are wanted."""

    def __init__(self, metrics: Metrics | None = None, tracing: Tracing | None = None) -> None:
        self.metrics, self.tracing = metrics, tracing

    def call(self, method: str, context: grpc.ServicerContext, *, single: bool) -> Call:
        """Return a context manager for a call; `single`: it is no stream."""
        return Call(self, method, context, single)

    def append(self, locality: str, by: str, events: Collection[Event], at: Instant) -> Append:
        """Return a context manager that ends when the events, queued now, are durable."""
        span = None
        if self.metrics is not None:
            self.metrics.heard.note(locality, {event.source or by for event in events}, at)
        if self.tracing is not None and events:
            span = self.tracing.append(locality, len(events))
        return Append(self, locality, by, span)

    def committed(self, commit: Commit) -> None:
        """Note a commit of the log."""
        if self.metrics is not None:
            self.metrics.committed(commit)
        if self.tracing is not None:
            self.tracing.committed(commit)

    def heard(self, locality: str, sources: Iterable[str], at: Instant) -> None:
        """Note that sources have sent something."""
        if self.metrics is not None:
            self.metrics.heard.note(locality, sources, at)

    def refused(self, locality: str, count: int) -> None:
        """Note events that were refused as they came."""
        if self.metrics is not None and count:
            self.metrics.events(locality, "refused", count)

    def close(self) -> None:
        """Deliver what is left, if that can be done soon, and end."""
        if self.metrics is not None:
            self.metrics.close()
        if self.tracing is not None:
            self.tracing.close(_FLUSH_SECONDS)


class Call:
    """One call, from its handler's begin to its end. Sets the ids that log lines carry."""

    __slots__ = ("_begun", "_context", "_hub", "_method", "_single", "_span")

    def __init__(
        self, hub: Telemetry, method: str, context: grpc.ServicerContext, single: bool
    ) -> None:
        self._hub, self._method, self._context, self._single = hub, method, context, single
        self._span: Span | None = None
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()
        metadata = self._context.invocation_metadata()
        ids = {"method": self._method, "request_id": _request_id(metadata)}
        if self._hub.tracing is not None:
            self._span = self._hub.tracing.begin(self._method, metadata)
            ids |= self._span.ids
        IDS.set(ids)
        if self._hub.metrics is not None:
            self._hub.metrics.begun(self._method)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        code = _code(self._context)
        if self._hub.metrics is not None:
            seconds = time.perf_counter() - self._begun if self._single else None
            self._hub.metrics.ended(self._method, code, seconds)
        if self._span is not None:
            self._span.end_call(code)
        IDS.set(None)


def _code(context: Any) -> grpc.StatusCode:
    """Return the status that the call has or, if its caller has left, would have had."""
    code = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    if context.is_active():
        return grpc.StatusCode.OK
    left = context.time_remaining()
    gone = left is not None and left <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if gone else grpc.StatusCode.CANCELLED


def _request_id(metadata: Collection[tuple[str, str | bytes]]) -> str:
    """Return the caller's own name of the call, if it is fit to be logged, or a new one."""
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return f"{random.getrandbits(64):016x}"  # tells calls apart, and need not be secret


@dataclass(slots=True)
class Append:
    """A batch of events on its way to the disk."""

    _hub: Telemetry
    _locality: str
    _by: str
    _span: Span | None

    def __enter__(self) -> Append:
        return self

    def stored(self, receipts: Sequence[Receipt]) -> None:
        """Note what became of the batch."""
        if not receipts:
            return
        count = sum(receipt.stored for receipt in receipts)
        conflicts = sum(receipt.conflict for receipt in receipts)
        duplicates = len(receipts) - count - conflicts
        if self._hub.metrics is not None:
            for result, number in (("stored", count), ("duplicate", duplicates)):
                if number:
                    self._hub.metrics.events(self._locality, result, number)
        self._hub.refused(self._locality, conflicts)
        seqs = [receipt.seq for receipt in receipts if receipt.stored]
        if self._span is not None and seqs:
            self._span.durable(self._locality, seqs[0], seqs[-1])
        log.debug(
            "a batch is stored",
            extra={"locality": self._locality, "principal": self._by, "stored": count,
                   "duplicates": duplicates, "refused": conflicts,
                   "first_seq": seqs[0] if seqs else 0, "last_seq": seqs[-1] if seqs else 0},
        )  # fmt: skip

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._span is not None:
            self._span.end(error)
