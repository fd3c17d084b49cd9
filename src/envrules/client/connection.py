"""One connection to a server: its channel, who calls, and how a call is made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import grpc

from envrules.client.errors import failing
from envrules.client.pauses import Pauses
from envrules.credentials import Credentials
from envrules.v1.decision_service_pb2_grpc import DecisionServiceStub
from envrules.v1.evaluation_service_pb2_grpc import EvaluationServiceStub
from envrules.v1.event_service_pb2_grpc import EventServiceStub
from envrules.v1.locality_service_pb2_grpc import LocalityServiceStub
from envrules.v1.ruleset_service_pb2_grpc import RulesetServiceStub
from envrules.v1.standing_service_pb2_grpc import StandingServiceStub

Metadata: TypeAlias = tuple[tuple[str, str], ...]

Q = TypeVar("Q")
R = TypeVar("R")

TIMEOUT = 30.0
"""Seconds to wait for a server, unless told otherwise."""


@cache
def service_config() -> str:
    """Return the deadlines and retries of the API's calls: a gRPC service config, JSON."""
    return files("envrules.client").joinpath("service_config.json").read_text(encoding="utf-8")


class Connection:
    """One connection. Its methods may be called from several threads."""

    def __init__(
        self, channel: grpc.Channel, principal: str = "", *, metadata: Metadata = (),
        patience: float = 0.0,
    ) -> None:  # fmt: skip
        """Use a channel; `connect` makes one, and says what the rest means.

        `metadata` go with every call.
        """
        self._channel = channel
        self._who = (*metadata, ("envrules-principal", principal)) if principal else metadata
        self._patience = patience
        self.event_stub = EventServiceStub(channel)
        self.decision_stub = DecisionServiceStub(channel)
        self.standing_stub = StandingServiceStub(channel)
        self.ruleset_stub = RulesetServiceStub(channel)
        self.locality_stub = LocalityServiceStub(channel)
        self.evaluation_stub = EvaluationServiceStub(channel)

    @classmethod
    def connect(
        cls, address: str, credentials: Credentials | None = None, *, principal: str = "",
        retry: bool = True, patience: float = 0.0,
    ) -> Self:  # fmt: skip
        """Return a client of the server at `address`.

        Args:
            address: host and port.
            credentials: token and certificates; without them nothing is encrypted.
            principal: who calls, where the server has no tokens; where it has, it must be theirs.
            retry: whether calls that can be repeated without harm are, while the server is gone.
            patience: how many seconds a stream or a watch whose server has gone tries to go on
                where it was before it fails.

        Raises:
            BadCredentials: they cannot be used.
        """
        shown = credentials or Credentials()
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.service_config", service_config()),
            ("grpc.enable_retries", int(retry)),
        ]
        channel = shown.channel(address, options)
        return cls(channel, principal, metadata=shown.metadata, patience=patience)

    def wait_ready(self, timeout: float = TIMEOUT) -> None:
        """Wait until the server can be reached; raises TimeoutError."""
        try:
            grpc.channel_ready_future(self._channel).result(timeout)
        except grpc.FutureTimeoutError:
            raise TimeoutError(f"the server was not there within {timeout:g} s") from None

    def close(self) -> None:
        """Close the connection; streams and watches end."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: grpc.UnaryUnaryMultiCallable[Q, R], request: Q) -> R:
        """Make a call; how long it may take and whether it is retried, the service config says."""
        with failing():
            return method(request, metadata=self._who)

    def _pages(self, method: Any, request: Any, field: str) -> Iterator[Any]:
        """Yield the items of all pages."""
        while True:
            response = self._call(method, request)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def _pauses(self) -> Pauses:
        return Pauses(self._patience)
