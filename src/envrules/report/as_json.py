"""Messages of the API as plain data: one JSON shape for each thing, the same everywhere.

Fields are called as in the proto. Enum values are words (`PUBLICATION_HELD` is `held`), whole
numbers are numbers, decimals are text, times are RFC 3339 with the offset of a zone. What is not
given is left out, except a number or a truth value, which are there as 0 and false.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from envrules.wire.times import format_instant

_NUMBERS = frozenset({
    FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_BOOL,
})  # fmt: skip


def as_plain(message: Message, zone: tzinfo = UTC) -> dict[str, Any]:
    """Return a message as what a JSON encoder takes."""
    plain: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if _is_map(field):
            if value:
                plain[field.name] = dict(sorted(value.items()))
        elif field.is_repeated:
            if value:
                plain[field.name] = [_value(field, item, zone) for item in value]
        elif field.has_presence:
            if message.HasField(field.name):
                plain[field.name] = _value(field, value, zone)
        elif value or field.cpp_type in _NUMBERS:
            plain[field.name] = _value(field, value, zone)
    return plain


def _value(field: Any, value: Any, zone: tzinfo) -> Any:
    if isinstance(value, Timestamp):
        return format_instant(value.ToMicroseconds(), zone)
    if isinstance(value, Message):
        return as_plain(value, zone)
    if field.enum_type is not None:
        return _word(field, value)
    return value


def _word(field: Any, number: int) -> str | int:
    """Return an enum value without the prefix that the proto's style asks for."""
    known = field.enum_type.values_by_number.get(number)
    if known is None:
        return number
    zero = field.enum_type.values_by_number[0].name
    word: str = known.name.removeprefix(zero.removesuffix("UNSPECIFIED"))
    return word.lower()


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and kind.has_options and bool(kind.GetOptions().map_entry)
