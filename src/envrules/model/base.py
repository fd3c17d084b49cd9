"""Scalar vocabulary shared by the whole package."""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias, dataclass_transform

import msgspec

Instant: TypeAlias = int
"""A point in time: whole microseconds since 1970-01-01T00:00:00Z. Never a float."""

MINUTE: Instant = 60 * 1_000_000
HOUR: Instant = 60 * MINUTE


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every value that crosses a boundary: immutable, compared by content."""


_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of `value`: sorted keys, defaults left out, decimals as text."""
    return _encoder.encode(value)


def digest(content: bytes, size: int = 16) -> str:
    """Return the hexadecimal BLAKE2b digest of `content` (`size` bytes)."""
    return hashlib.blake2b(content, digest_size=size).hexdigest()
