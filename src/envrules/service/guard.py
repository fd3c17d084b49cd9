"""The interceptor round every call: who may not come in stays out, errors become statuses.

Streams are limited in number, and what was refused is put on record.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health
from grpc_status import rpc_status

from envrules.service.admission import Admission, refusing
from envrules.service.audit import AuditLog
from envrules.service.config import ServerConfig
from envrules.service.places import Places
from envrules.service.principal import Principals
from envrules.service.status import Refusal, refusal_of, status_of

log = logging.getLogger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Parse: TypeAlias = Callable[[bytes], Any]


HEALTH_WATCHERS = 100
"""Watchers of the health service at a time, whoever they are."""
_HEALTH = f"/{health.SERVICE_NAME}/"


class Guard(grpc.ServerInterceptor):
    """Lets nothing but a proper status out, and no stream take the last thread."""

    def __init__(
        self, failures: tuple[type[Exception], ...], on_failure: Callable[[Exception], str],
        principals: Principals, config: ServerConfig, audit: AuditLog | None,
    ) -> None:  # fmt: skip
        """`failures` are the store's errors; `on_failure` is told of each, and returns its number."""
        self._failures, self._on_failure = failures, on_failure
        self._principals, self._audit = principals, audit
        self._admission = Admission(principals, config)
        each = config.max_each
        self._streams = Places(config.max_streams, each, "TOO_MANY_STREAMS")
        self._watchers = Places(config.max_watchers, each, "TOO_MANY_WATCHERS")
        self._health_watchers = Places(HEALTH_WATCHERS, HEALTH_WATCHERS, "TOO_MANY_WATCHERS")
        self._health_threads = ThreadPoolExecutor(2, "envrules-health-call")
        self._guarded: dict[str, Handler] = {}

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # fmt: skip
        """Return the method's handler, guarded, or what refuses the call."""
        method = handler_call_details.method
        guarded = self._guarded.get(method)
        if guarded is None:
            handler = continuation(handler_call_details)
            if handler is None:
                return None
            guarded = self._guarded[method] = self._guard(method, handler)
        if method.startswith(_HEALTH):  # which anybody may ask
            return guarded
        refusal = self._admission.refusal(method, handler_call_details.invocation_metadata)
        if refusal is None:
            return guarded
        return refusing(refusal, lambda context: self._note(method, context, None, refusal))

    def _guard(self, method: str, handler: Any) -> Handler:
        # grpc hands us the bytes as they came: what it cannot read it would call INTERNAL.
        parse, serialize = handler.request_deserializer, handler.response_serializer
        if handler.request_streaming:
            stream = self._stream(
                method, handler.stream_stream, self._requests, parse, self._streams
            )
            return grpc.stream_stream_rpc_method_handler(stream, None, serialize)
        if handler.response_streaming and method.startswith(_HEALTH):
            health_watch = self._health_watch(method, handler.unary_stream, parse)
            return grpc.unary_stream_rpc_method_handler(health_watch, None, serialize)
        if handler.response_streaming:
            watch = self._stream(method, handler.unary_stream, self._request, parse, self._watchers)
            return grpc.unary_stream_rpc_method_handler(watch, None, serialize)
        single = self._single(method, handler.unary_unary, parse)
        if method.startswith(_HEALTH):
            self._set_aside(single)
        return grpc.unary_unary_rpc_method_handler(single, None, serialize)

    def _single(self, method: str, behaviour: Behaviour, parse: Parse) -> Behaviour:
        def guarded(raw: bytes, context: grpc.ServicerContext) -> Any:
            request = None
            try:
                request = _parsed(raw, parse)
                response = behaviour(request, context)
            except Exception as error:
                return self._fail(method, context, request, error)
            if self._audit is not None:
                self._audit.done(method, context, request, response)
            return response

        return guarded

    def _stream(
        self, method: str, behaviour: Behaviour,
        read: Callable[[Any, Parse, grpc.ServicerContext], Any], parse: Parse, places: Places,
    ) -> Behaviour:  # fmt: skip
        def guarded(raw: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            request = None
            try:
                with places.taken(self._principals.of(context).principal):
                    request = read(raw, parse, context)
                    yield from behaviour(request, context)
            except Exception as error:
                if context.is_active():
                    self._fail(method, context, request, error)

        return guarded

    def _health_watch(self, method: str, behaviour: Callable[..., Any], parse: Parse) -> Behaviour:
        """Return the guarded form of a watch that holds no thread."""

        def guarded(
            raw: bytes, context: grpc.ServicerContext, send_response_callback: Callable[..., None]
        ) -> None:
            try:
                place = ExitStack()
                place.enter_context(self._health_watchers.taken(""))
                if not context.add_callback(place.close):  # it has ended already
                    place.close()
                behaviour(_parsed(raw, parse), context, send_response_callback)
            except Exception as error:
                self._fail(method, context, None, error)

        self._set_aside(guarded)
        guarded.experimental_non_blocking = True  # type: ignore[attr-defined]  # grpc looks for it
        return guarded  # type: ignore[return-value]  # with the callback that it is called with

    def _set_aside(self, behaviour: Callable[..., Any]) -> None:
        """Let threads of its own answer health: a stranger who sends no message holds only these."""
        behaviour.experimental_thread_pool = self._health_threads  # type: ignore[attr-defined]

    def _request(self, raw: bytes, parse: Parse, _context: grpc.ServicerContext) -> Any:
        return _parsed(raw, parse)

    def _requests(
        self, raw: Iterator[bytes], parse: Parse, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        return _Requests(raw, parse, lambda: self._admission.message(context))

    def _fail(
        self, method: str, context: grpc.ServicerContext, request: Any, error: Exception
    ) -> None:
        """End the call with the status that the error amounts to."""
        refusal = refusal_of(error) or self._fault(method, error)
        self._note(method, context, request, refusal)
        context.abort_with_status(rpc_status.to_status(status_of(refusal)))

    def _note(
        self, method: str, context: grpc.ServicerContext, request: Any, refusal: Refusal
    ) -> None:
        if self._audit is not None:
            message = request if isinstance(request, Message) else None
            self._audit.refused(method, context, message, refusal)

    def _fault(self, method: str, error: Exception) -> Refusal:
        """Log what nobody foresaw under an id, and tell the caller no more than that id.

        All calls that fail for the store in one outage share its id.
        """
        if isinstance(error, self._failures):
            incident = self._on_failure(error)
            return Refusal(
                grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE",
                f"the store cannot be used just now: send it again (incident {incident})",
                incident=incident,
            )  # fmt: skip
        incident = secrets.token_hex(6)
        log.error("incident %s in %s", incident, method, exc_info=error)
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

    def __init__(self, raw: Iterator[bytes], parse: Parse, count: Callable[[], None]) -> None:
        self._raw, self._parse, self._count = raw, parse, count

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        raw = next(self._raw)
        self._count()
        return _parsed(raw, self._parse)
