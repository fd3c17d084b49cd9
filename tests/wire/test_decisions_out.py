"""Decisions as protobuf say all that the model says."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from tests.strategies import decisions

from envrules.model.decisions import Decision
from envrules.v1 import decisions_pb2
from envrules.wire.decisions_out import decision_to_proto
from envrules.wire.field_types import decimal_text, timestamp


def as_written(value: Any) -> Any:
    """Return a value of the model as the proto writes it, structures as dictionaries."""
    if hasattr(value, "__struct_fields__"):
        return {name: as_written(getattr(value, name)) for name in value.__struct_fields__}
    return [as_written(item) for item in value] if isinstance(value, tuple) else value


def as_read(message: Message) -> dict[str, Any]:
    """Return all fields of a message, unset ones as None where that can be told."""
    fields = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.has_presence and not message.HasField(field.name):
            value = None
        elif field.is_repeated:
            value = [as_read(item) if isinstance(item, Message) else item for item in value]
        elif isinstance(value, Timestamp):
            value = value.seconds * 1_000_000 + value.nanos // 1000
        elif isinstance(value, Message):
            value = as_read(value)
        fields[field.name] = value
    return fields


@settings(max_examples=60, deadline=None)
@given(decisions())
def test_nothing_is_lost(decision: Decision) -> None:
    """Each field of the model is in the message under its name, and the message has no other."""
    expected = as_written(decision)
    expected |= expected.pop("content")
    expected["event_ids"] = expected.pop("events")
    expected["points"] = decimal_text(decision.content.points)
    expected["counted"] = decimal_text(decision.content.counted)
    message = decision_to_proto(decision)
    read = as_read(decisions_pb2.Decision.FromString(message.SerializeToString()))
    publication = decisions_pb2.Publication.Name(read.pop("publication"))
    change = decisions_pb2.Change.Name(read.pop("change"))
    assert publication == f"PUBLICATION_{expected.pop('publication').upper()}"
    assert change == f"CHANGE_{expected.pop('change').upper()}"
    assert read == expected


def test_times_before_1970() -> None:
    """An instant before the epoch has nanoseconds that are not negative."""
    assert timestamp(-1) == Timestamp(seconds=-1, nanos=999_999_000)
