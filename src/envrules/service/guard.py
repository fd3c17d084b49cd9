"""The interceptor round every call: errors become statuses, streams are limited in number."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health
from grpc_status import rpc_status

from envrules.service.status import Refusal, refusal_of, status_of

log = logging.getLogger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Parse: TypeAlias = Callable[[bytes], Any]


class Guard(grpc.ServerInterceptor):
    """Lets nothing but a proper status out, and no stream take the last thread."""

    def __init__(
        self, failures: tuple[type[Exception], ...], on_failure: Callable[[], None],
        max_streams: int, max_watchers: int,
    ) -> None:  # fmt: skip
        """`failures` are the store's errors; `on_failure` is told when one occurs."""
        self._failures, self._on_failure = failures, on_failure
        self._streams = _Places(max_streams, "TOO_MANY_STREAMS")
        self._watchers = _Places(max_watchers, "TOO_MANY_WATCHERS")
        self._guarded: dict[str, Handler] = {}

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # fmt: skip
        """Return the method's handler, guarded."""
        method = handler_call_details.method
        guarded = self._guarded.get(method)
        if guarded is None:
            handler = continuation(handler_call_details)
            # Health must answer whatever happens, and its watchers hold no thread.
            if handler is None or method.startswith(f"/{health.SERVICE_NAME}/"):
                return handler
            guarded = self._guarded[method] = self._guard(method, handler)
        return guarded

    def _guard(self, method: str, handler: Any) -> Handler:
        # grpc hands us the bytes as they came: what it cannot read it would call INTERNAL.
        parse, serialize = handler.request_deserializer, handler.response_serializer
        if handler.request_streaming:
            stream = self._stream(method, handler.stream_stream, _Requests, parse, self._streams)
            return grpc.stream_stream_rpc_method_handler(stream, None, serialize)
        if handler.response_streaming:
            watch = self._stream(method, handler.unary_stream, _parsed, parse, self._watchers)
            return grpc.unary_stream_rpc_method_handler(watch, None, serialize)
        single = self._single(method, handler.unary_unary, parse)
        return grpc.unary_unary_rpc_method_handler(single, None, serialize)

    def _single(self, method: str, behaviour: Behaviour, parse: Parse) -> Behaviour:
        def guarded(raw: bytes, context: grpc.ServicerContext) -> Any:
            try:
                return behaviour(_parsed(raw, parse), context)
            except Exception as error:
                return self._fail(method, context, error)

        return guarded

    def _stream(
        self, method: str, behaviour: Behaviour, read: Callable[[Any, Parse], Any], parse: Parse,
        places: _Places,
    ) -> Behaviour:  # fmt: skip
        def guarded(raw: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                with places.taken():
                    yield from behaviour(read(raw, parse), context)
            except Exception as error:
                if context.is_active():
                    self._fail(method, context, error)

        return guarded

    def _fail(self, method: str, context: grpc.ServicerContext, error: Exception) -> None:
        """End the call with the status that the error amounts to."""
        refusal = refusal_of(error) or self._fault(method, error)
        context.abort_with_status(rpc_status.to_status(status_of(refusal)))

    def _fault(self, method: str, error: Exception) -> Refusal:
        """Log what nobody foresaw under an id, and tell the caller no more than that id."""
        incident = secrets.token_hex(6)
        log.error("incident %s in %s", incident, method, exc_info=error)
        if isinstance(error, self._failures):
            self._on_failure()
            return Refusal(
                grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE",
                f"the store cannot be used just now: send it again (incident {incident})",
                incident=incident,
            )  # fmt: skip
        return Refusal(
            grpc.StatusCode.INTERNAL, "INTERNAL",
            f"a fault of ours, nothing was half done: tell us about incident {incident}",
            incident=incident,
        )  # fmt: skip


def _parsed(raw: bytes, parse: Parse) -> Any:
    """Return the message in these bytes.

    Raises:
        Refusal: INVALID_ARGUMENT, they are none.
    """
    try:
        return parse(raw)
    except DecodeError:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST",
            "the bytes are not the message that this call takes",
        ) from None  # fmt: skip


class _Requests:
    """The messages in a stream of bytes."""

    def __init__(self, raw: Iterator[bytes], parse: Parse) -> None:
        self._raw, self._parse = raw, parse

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return _parsed(next(self._raw), self._parse)


class _Places:
    """So many calls at a time, and no more."""

    def __init__(self, limit: int, reason: str) -> None:
        self._limit, self._reason = limit, reason
        self._free = threading.Semaphore(limit)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, there is none.
        """
        if not self._free.acquire(blocking=False):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, self._reason,
                f"{self._limit} calls of this kind are open already: close one, or come back later",
            )  # fmt: skip
        try:
            yield
        finally:
            self._free.release()
