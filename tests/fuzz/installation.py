"""The service without a network: calls go through the guard and the servicers in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from tests.security.door import grant
from tests.service.site import NOW, TOWN, month_of_the_town

from envrules.model.entries import decode_entry
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.service.config import ServerConfig
from envrules.service.guard import Guard
from envrules.service.host import Host
from envrules.service.security import Security
from envrules.service.server import _SERVICES
from envrules.service.shelf import Shelf
from envrules.service.tokens import Role
from envrules.store import Store

OWN, OTHER = "yunxi", "liuhu"
ROLES: tuple[Role, ...] = ("submit", "read", "operate", "approve", "administer")
_TRAILERS = 8192
"""Bytes of trailing metadata that clients take."""

EXPECTED = {
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED, grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.RESOURCE_EXHAUSTED,
}  # fmt: skip
"""Whatever comes in, a call ends well or in one of these."""


class Ended(Exception):
    """A call was ended by its handler."""


@dataclass
class Context:
    """What a handler sees of a call."""

    metadata: Sequence[tuple[str, str]]
    status: Any = None
    ends: list[Callable[[], None]] = field(default_factory=list)

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """What the caller sent beside its message."""
        return self.metadata

    def is_active(self) -> bool:
        """The caller waits for ever."""
        return True

    def peer(self) -> str:
        """Where it calls from."""
        return "ipv4:127.0.0.1:1"

    def auth_context(self) -> Mapping[str, list[bytes]]:
        """It shows no certificate."""
        return {}

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Note what is to be done when the call ends."""
        self.ends.append(callback)
        return True

    def abort_with_status(self, status: Any) -> None:
        """End the call."""
        self.status = status
        raise Ended


class Handlers:
    """Takes the place of a server to which servicers are added."""

    def __init__(self) -> None:
        self.by_method: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Not needed."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Note the handlers of a service."""
        self.by_method |= {f"/{service}/{name}": handler for name, handler in handlers.items()}


class Installation:
    """Two localities with a month each, and callers with and without rights."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="envrules-fuzz-")
        folder = Path(self._folder.name)
        tokens = folder / "tokens.json"
        self.own = grant(tokens, "own", ROLES, [OWN])
        self.reader = grant(tokens, "reader", ["read"], [OWN])
        self.root = grant(tokens, "root", ROLES, None)
        self.store = Store.open(f"sqlite:///{folder / 'envrules.db'}")
        self.runtime = Runtime(self.store, Library(load_plugins(), self.store), lambda: NOW)
        self.runtime.start()
        config = ServerConfig(tokens=tokens, audit=folder / "audit.jsonl")
        self._security = Security(config, lambda: NOW)
        host = Host(self.runtime, config, Shelf(self.runtime), self._security.principals)
        handlers: Any = Handlers()
        for servicer, add in _SERVICES.values():
            add(servicer(host), handlers)
        self._handlers = handlers.by_method
        self.methods = sorted(handlers.by_method)
        self._guard = Guard(
            self.store.failures, lambda _error: "", self._security.principals, config,
            self._security.audit,
        )  # fmt: skip
        self._settle()

    def _settle(self) -> None:
        for locality in (OWN, OTHER):
            self.runtime.create_locality(locality, "云溪镇", "Asia/Shanghai")
            self.runtime.advance(locality, "clock", None)
            self.runtime.publish(locality, TOWN, "office")
            self.runtime.submit_later(locality, month_of_the_town(), "grid")()
            assert self.runtime.wait_decided(locality, self.store.head(locality), 60)

    def close(self) -> None:
        """Stop it and leave nothing behind."""
        self.runtime.stop()
        self._security.close()
        self.store.close()
        self._folder.cleanup()

    def call(self, method: str, raw: bytes, metadata: Sequence[tuple[str, str]]) -> str:
        """Make a call with these bytes; return how it ended.

        Raises:
            AssertionError: it ended as no call may.
        """
        context = Context(metadata)
        details: Any = SimpleNamespace(method=method, invocation_metadata=metadata)
        handler: Any = self._guard.intercept_service(
            lambda details: self._handlers.get(details.method), details
        )
        try:
            self._carry_out(handler, raw, context, once=method.endswith("/WatchDecisions"))
        except Ended:
            return _checked(method, context.status)
        finally:
            for end in context.ends:
                end()
        return "OK"

    def _carry_out(self, handler: Any, raw: bytes, context: Context, *, once: bool) -> None:
        """Let a handler answer; `once`: as a stream of responses would not end, take the first."""
        if handler.unary_unary is not None:
            handler.response_serializer(handler.unary_unary(raw, context))
            return
        if handler.stream_stream is not None:
            responses = handler.stream_stream(iter([raw]), context)
        else:
            responses = handler.unary_stream(raw, context)
        try:
            for response in responses:
                handler.response_serializer(response)
                if once:
                    return
        finally:
            if once:
                responses.close()

    def logs_are_sound(self) -> bool:
        """Return whether every entry of both logs can be read."""
        for locality in (OWN, OTHER):
            head = self.store.head(locality)
            rows = self.store.log_rows(locality, range(max(1, head - 100), head + 1))
            for row in rows.values():
                decode_entry(row.payload)
        return True


def _checked(method: str, status: Any) -> str:
    assert status.code in EXPECTED, (method, status.code, status.details)
    assert "Traceback" not in status.details
    size = sum(len(key) + len(value) for key, value in status.trailing_metadata)
    assert size <= _TRAILERS, (method, size)
    return str(status.code.name)
