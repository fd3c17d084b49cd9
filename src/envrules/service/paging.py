"""Pages: opaque tokens that belong to one request, and pages that fit into a message."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from google.protobuf.message import Message

from envrules.model.base import digest
from envrules.service.fields import Fields

M = TypeVar("M", bound=Message)

Cursor: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""A place in a log or among decisions."""

PAGE_BYTES = 3 << 20
"""A page is cut here, whatever its size: clients take 4 MiB unless told otherwise."""


def next_token(request: Any, position: object) -> str:
    """Return the token that leads `request` on from `position` (plain values)."""
    raw = _belongs_to(request) + msgspec.msgpack.encode(position)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def position(request: Any, kind: Any, fields: Fields) -> Any:
    """Return the position that the request's token holds; None if it has none."""
    token: str = request.page_token
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if raw[:8] == _belongs_to(request):
            return msgspec.msgpack.decode(raw[8:], type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        pass
    fields.contradict("page_token", "is not a token of this request", "不是本请求的翻页标记")
    return None


def _belongs_to(request: Any) -> bytes:
    """Return what ties a token to all fields of a request but those of paging."""
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("page_token")
    rest.ClearField("page_size")
    return bytes.fromhex(digest(rest.SerializeToString(deterministic=True), 8))


def fitting(messages: Iterable[M], limit: int = PAGE_BYTES) -> Iterator[M]:
    """Yield messages, at least one, until they would not fit into one reply."""
    size = 0
    for message in messages:
        size += message.ByteSize() + 8
        if size > limit and size > message.ByteSize() + 8:
            return
        yield message
