"""The model's events as protobuf."""

from __future__ import annotations

from typing import cast

from envrules.model.events import Event, payload_kind
from envrules.v1 import events_pb2
from envrules.wire.payloads import HEADER, PAYLOADS


def event_to_proto(event: Event) -> events_pb2.Event:
    """Return the message of an event; its place in a log (`seq`) is not part of it."""
    message = cast(events_pb2.Event, HEADER.write(event))
    name = payload_kind(event.payload)
    getattr(message, name).CopyFrom(PAYLOADS[name].write(event.payload))
    return message
