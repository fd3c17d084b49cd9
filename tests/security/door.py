"""Tokens for tests, calls by name, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.service.site import Site

from envrules.client import Client
from envrules.credentials import Credentials
from envrules.service.server import _SERVICES
from envrules.service.tokens import EVERY_LOCALITY, Role, Token, editing, new_secret

CREATED = "2026-11-22T00:00:00Z"

METHODS: dict[str, MethodDescriptor] = {
    f"{service.name}/{method.name}": method
    for module in _SERVICES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""Every call of every service, by its name."""


def grant(
    file: Path, principal: str, roles: Sequence[Role], localities: Iterable[str] | None,
    expires: str = "",
) -> str:  # fmt: skip
    """Put a new token into a file; return its text. Localities of None are all."""
    name, text, hashed = new_secret()
    where = EVERY_LOCALITY if localities is None else tuple(localities)
    with editing(file) as known:
        known[name] = Token(name, principal, tuple(roles), where, hashed, CREATED, expires)
    return text


def revoke(file: Path, token: str) -> None:
    """Take a token out of a file."""
    with editing(file) as known:
        del known[token.split("_")[1]]


def connect(site: Site, token: str, principal: str = "") -> Client:
    """Return a client that shows a token; the site closes it."""
    client = Client.connect(site.address, Credentials(token), principal=principal)
    site.clients.append(client)
    return client


@dataclass(frozen=True)
class Answer:
    """How a call ended: the whole of its status, and the message, or the first of a stream."""

    code: str
    reason: str = ""
    text: str = ""
    details: bytes = b""
    message: Any = None


def call(
    channel: grpc.Channel, name: str, request: Any, token: str = "",
    metadata: Sequence[tuple[str, str]] = (),
) -> Answer:  # fmt: skip
    """Make one call by its name, with a message or with bytes; of a stream, take what comes first."""
    method = METHODS[name]
    make: Any = {
        (False, False): channel.unary_unary, (False, True): channel.unary_stream,
        (True, True): channel.stream_stream,
    }[method.client_streaming, method.server_streaming]  # fmt: skip
    raw = request if isinstance(request, bytes) else request.SerializeToString()
    stub = make(
        f"/{method.containing_service.full_name}/{method.name}", None,
        GetMessageClass(method.output_type).FromString,
    )  # fmt: skip
    shown = [*metadata, *([("authorization", f"Bearer {token}")] if token else [])]
    try:
        answer = stub(iter([raw]) if method.client_streaming else raw, timeout=60, metadata=shown)
        if method.server_streaming:
            first = next(answer)
            answer.cancel()
            return Answer("OK", message=first)
        return Answer("OK", message=answer)
    except grpc.RpcError as error:
        return answered(error)


def answered(error: Any) -> Answer:
    """Return the status of a call that failed."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
    details = b"" if status is None else status.SerializeToString(deterministic=True)
    return Answer(error.code().name, info.reason, error.details() or "", details)
