"""The interceptor round the guard: every call is told to telemetry, with the status it ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from grpc_health.v1 import health

from envrules.service.guard import Behaviour, Handler
from envrules.service.telemetry import Telemetry


class Observing(grpc.ServerInterceptor):
    """Lets telemetry see the calls that the guard lets through and those that it refuses.

    What gRPC itself turns away is not seen: unknown methods, and calls beyond `max_queued`.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._observed: dict[str, tuple[Handler, Handler]] = {}
        """By method: the handler that was observed last, and how."""

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # fmt: skip
        """Return the method's handler, observed."""
        method = handler_call_details.method
        # The guard must be asked about every call: whom it refuses gets another handler.
        handler = continuation(handler_call_details)
        # Probes of health, every second from everywhere, are no calls to tell of.
        if handler is None or method.startswith(f"/{health.SERVICE_NAME}/"):
            return handler
        inner, observed = self._observed.get(method, (None, None))
        if observed is None or inner is not handler:
            observed = self._observe(method.lstrip("/"), handler)
            self._observed[method] = (handler, observed)
        return observed

    def _observe(self, method: str, handler: Any) -> Handler:
        parse, serialize = handler.request_deserializer, handler.response_serializer
        if handler.request_streaming:
            stream = self._stream(method, handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(stream, parse, serialize)
        if handler.response_streaming:
            watch = self._stream(method, handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(watch, parse, serialize)
        single = self._single(method, handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(single, parse, serialize)

    def _single(self, method: str, behaviour: Behaviour) -> Behaviour:
        def observed(request: Any, context: grpc.ServicerContext) -> Any:
            with self._telemetry.call(method, context, single=True):
                return behaviour(request, context)

        return observed

    def _stream(self, method: str, behaviour: Behaviour) -> Behaviour:
        def observed(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._telemetry.call(method, context, single=False):
                yield from behaviour(request, context)

        return observed
