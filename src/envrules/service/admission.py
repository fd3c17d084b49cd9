"""Whether a call gets in at all: told by its metadata, before a byte of its message is read.

So strangers cost next to nothing: their messages are not parsed, and hold no thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from grpc_status import rpc_status

from envrules.service.config import ServerConfig
from envrules.service.principal import ROLES, Metadata, Principals
from envrules.service.rates import Rates
from envrules.service.status import Refusal, status_of

PACKAGE = "/envrules.v1."


class Admission:
    """Knows of each call whether it may come in."""

    def __init__(self, principals: Principals, config: ServerConfig) -> None:
        self._principals = principals
        self._rates = Rates(config.max_rate, config.max_burst) if config.max_rate else None

    def refusal(self, method: str, metadata: Metadata) -> Refusal | None:
        """Return why a call is refused; None: it is not, or only its message will tell."""
        try:
            caller = self._principals.identify(metadata)
            if method.startswith(PACKAGE):
                role = ROLES.get(method.removeprefix(PACKAGE))
                if role is None:
                    raise Refusal(
                        grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING",
                        f"nobody may call {method}: no role is named for it",
                    )  # fmt: skip
                caller.require(role)
            self._spend(caller.principal)
        except Refusal as refusal:
            return refusal
        return None

    def message(self, context: grpc.ServicerContext) -> None:
        """Count one more message of a stream.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, there are too many; UNAUTHENTICATED.
        """
        if self._rates is not None:
            self._spend(self._principals.of(context).principal)

    def _spend(self, principal: str) -> None:
        if self._rates is None:
            return
        if wait := self._rates.wait(principal):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED",
                f"{principal} makes more than {self._rates.rate:g} calls a second: slow down",
                retry_seconds=wait,
            )  # fmt: skip


def refusing(
    refusal: Refusal, told: Callable[[grpc.ServicerContext], None]
) -> grpc.RpcMethodHandler[Any, Any]:
    """Return what answers a call by this refusal, once `told` knows of it.

    It says that it takes a stream, whatever the call: such a handler need not wait for a message.
    """

    def refuse(_requests: Any, context: grpc.ServicerContext) -> None:
        told(context)
        context.abort_with_status(rpc_status.to_status(status_of(refusal)))

    return grpc.stream_stream_rpc_method_handler(refuse)
