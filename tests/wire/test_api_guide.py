"""The vendors' guide shows every call, with requests that the proto and the intake accept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from envrules.resources import proto_dir
from envrules.v1 import (
    decision_service_pb2,
    evaluation_service_pb2,
    event_service_pb2,
    events_pb2,
    locality_service_pb2,
    ruleset_service_pb2,
    standing_service_pb2,
)
from envrules.wire.events_in import read_event
from envrules.wire.problems import MESSAGES

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
FILES_ONLY = {"UNKNOWN_FIELD", "WRONG_TYPE", "NO_SUCH_LOCAL_TIME", "AMBIGUOUS_LOCAL_TIME"}
CALLS: dict[str, MethodDescriptor] = {
    f"{service.full_name}/{method.name}": method
    for module in (
        decision_service_pb2,
        evaluation_service_pb2,
        event_service_pb2,
        locality_service_pb2,
        ruleset_service_pb2,
        standing_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
EXAMPLES: list[tuple[str, str]] = [
    (name, body)
    for body, name in re.findall(r"call -d '([^']*)'[\s\\]*\$ENVRULES ([\w.]+/\w+)", GUIDE)
]


def requests(body: str) -> list[dict[str, Any]]:
    """Return the JSON objects of an example, one or several for a stream."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while body[at:].strip():
        at += len(body[at:]) - len(body[at:].lstrip())
        request, at = decoder.raw_decode(body, at)
        found.append(request)
    return found


def events_within(message: Message) -> list[events_pb2.Event]:
    """Return all events in a request."""
    if isinstance(message, events_pb2.Event):
        return [message]
    inner = [value for field, value in message.ListFields() if field.message_type is not None]
    parts = [part for value in inner for part in ([value] if isinstance(value, Message) else value)]
    return [event for part in parts if isinstance(part, Message) for event in events_within(part)]


def test_every_call_is_shown() -> None:
    """There is an example of each call, and of nothing else."""
    assert {name for name, _ in EXAMPLES} == CALLS.keys()
    assert GUIDE.count("call -d") == len(EXAMPLES)


@pytest.mark.parametrize(
    "at", range(len(EXAMPLES)), ids=[f"{i}-{n}" for i, (n, _) in enumerate(EXAMPLES)]
)
def test_example_is_accepted(at: int) -> None:
    """The request of an example fits its message, and its events are good ones."""
    name, body = EXAMPLES[at]
    found = requests(body)
    assert len(found) == 1 or CALLS[name].client_streaming
    for request in found:
        message = message_factory.GetMessageClass(CALLS[name].input_type)()
        json_format.ParseDict(request, message)
        for event in events_within(message):
            assert read_event(event).id == event.id


def test_codes_are_all_explained() -> None:
    """The guide and the proto name the codes of problems that exist, all of them."""
    table = GUIDE[GUIDE.index("have these codes:") :]
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    assert rows == MESSAGES.keys() - FILES_ONLY
    assert all(f"`{code}`" in table for code in FILES_ONLY)
    common = (proto_dir() / "envrules" / "v1" / "common.proto").read_text(encoding="utf-8")
    comment = common[common.index("Stable; the list") : common.index("string code")]
    assert set(re.findall(r"`([A-Z_]+)`", comment)) == MESSAGES.keys() - FILES_ONLY
