"""Vendors read only the proto files, so what their comments say holds in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from envrules.resources import proto_dir
from envrules.v1 import events_pb2
from envrules.wire import limits
from envrules.wire.payloads import FINDINGS, HEADER, HOST_LIMIT, PAYLOADS, SLOT
from envrules.wire.shapes import Shape

FOLDER = proto_dir() / "envrules" / "v1"
ROLES = ("submit", "read", "operate", "approve", "administer")
assert isinstance(FINDINGS.item, Shape)
SHAPES = {
    shape.message.DESCRIPTOR.name: shape
    for shape in (*PAYLOADS.values(), FINDINGS.item, HOST_LIMIT, HEADER)
}


def commented(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (message or service, field or call, comment) for each commented line of a proto."""
    owner, comment = "", []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("//"):
            comment.append(stripped.removeprefix("//").strip())
            continue
        if match := re.match(r"(?:message|service|enum) (\w+)", stripped):
            owner = match[1]
        elif match := re.match(r"rpc (\w+)|(?:[\w<>.,]+ )*(\w+) = \d", stripped):
            yield owner, match[1] or match[2], " ".join(comment)
        comment = []


def comments(file: str) -> dict[tuple[str, str], str]:
    """Return the comment of each field and call of a proto file."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    return {(owner, name): comment for owner, name, comment in commented(text)}


@pytest.mark.parametrize("message", sorted(SHAPES))
def test_required_is_said_where_it_holds(message: str) -> None:
    """A field's comment says "Required" exactly when an event without it is refused."""
    said = comments("events.proto")
    fields = SHAPES[message].fields
    claims = {name for name in fields if "Required" in said[message, name]}
    assert claims == {name for name, kind in fields.items() if kind.required}


def test_slot_is_required_as_a_whole() -> None:
    """All of a slot's fields are required, as its users rely on for `Slot.key`."""
    assert all(kind.required for kind in SLOT.fields.values())


def test_limits_are_those_of_the_comments() -> None:
    """The numbers in the comments are the ones that are checked."""
    common = (FOLDER / "common.proto").read_text(encoding="utf-8")
    prose = re.sub(r"\s*\n// ?", " ", common)
    assert f"1 to {limits.NAME_LIMIT} characters on one line" in prose
    assert f"up to {limits.TEXT_LIMIT} characters" in prose
    assert f"at most {limits.LIST_LIMIT} items, maps at most {limits.MAP_LIMIT}" in prose
    assert f"up to {limits.LINK_LIMIT} characters" in comments("events.proto")["Finding", "photos"]
    service = comments("event_service.proto")
    for message in ("SubmitEventsRequest", "StreamEventsRequest"):
        assert f"1 to {limits.BATCH_LIMIT} events" in service[message, "events"]
    assert f"the first {limits.PROBLEM_LIMIT} problems" in service["Receipt", "problems"]


def test_every_call_names_its_role() -> None:
    """The comment of each call says which role it needs."""
    calls = {
        key: comment
        for path in sorted(FOLDER.glob("*_service.proto"))
        for key, comment in comments(path.name).items()
        if key[0].endswith("Service")
    }
    assert ("EventService", "SubmitEvents") in calls
    nameless = {
        key
        for key, comment in calls.items()
        if not re.search(rf"Role: (?:{'|'.join(ROLES)})\b", comment)
    }
    assert nameless == set()


def test_every_move_has_its_chinese_word() -> None:
    """Each step of an issue's life is named by the case record's own word."""
    said = comments("events.proto")
    moves = [name for name, number in events_pb2.Move.items() if number]
    assert moves
    assert all(re.search(r"[\u4e00-\u9fff]", said["Move", name]) for name in moves)
