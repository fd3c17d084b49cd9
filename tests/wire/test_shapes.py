"""The tables of fields agree with the proto on one side and with the model on the other."""

from __future__ import annotations

from typing import get_args

import pytest
from google.protobuf.descriptor import FieldDescriptor

from envrules.model import events as model
from envrules.model.decisions import Change, Publication, Slot
from envrules.v1 import decisions_pb2, events_pb2
from envrules.wire.compound_types import Many, Table
from envrules.wire.decisions_out import CHANGES, PUBLICATIONS
from envrules.wire.field_types import Count, FieldType, Flag, Number, Text, Time, Word
from envrules.wire.payloads import FINDINGS, HEADER, HOST_LIMIT, PAYLOADS, SLOT
from envrules.wire.shapes import Shape

PAYLOAD_CLASSES = {cls.__struct_config__.tag: cls for cls in get_args(model.Payload)}
SHAPES = {**PAYLOADS, "finding": FINDINGS.item, "host_limit": HOST_LIMIT, "slot": SLOT}
PLAIN_CLASSES = {
    **{
        name: cls
        for name, cls in PAYLOAD_CLASSES.items()
        if name not in ("appeal_filed", "appeal_decided")
    },
    "finding": model.Finding,
    "host_limit": model.HostLimit,
    "slot": Slot,
}
WIRE_TYPE = {
    Text: FieldDescriptor.TYPE_STRING,
    Number: FieldDescriptor.TYPE_STRING,
    Flag: FieldDescriptor.TYPE_BOOL,
    Count: FieldDescriptor.TYPE_INT64,
    Word: FieldDescriptor.TYPE_ENUM,
    Time: FieldDescriptor.TYPE_MESSAGE,
    Shape: FieldDescriptor.TYPE_MESSAGE,
}


def wire_type(kind: FieldType) -> int:
    """Return the protobuf type that a kind of field is written as."""
    return next(number for cls, number in WIRE_TYPE.items() if isinstance(kind, cls))


def test_every_payload_has_a_shape() -> None:
    """The proto's oneof, the model's union and the table name the same payloads."""
    oneof = events_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"]
    assert {field.name for field in oneof.fields} == PAYLOAD_CLASSES.keys() == PAYLOADS.keys()


def test_header_covers_the_event() -> None:
    """What is not the payload is in the header."""
    names = {field.name for field in events_pb2.Event.DESCRIPTOR.fields}
    assert names == {*HEADER.fields, *PAYLOADS}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shape_agrees_with_the_proto(name: str) -> None:
    """A shape has exactly the fields of its message, each of a fitting type."""
    shape = SHAPES[name]
    assert isinstance(shape, Shape)
    fields = {field.name: field for field in shape.message.DESCRIPTOR.fields}
    assert shape.fields.keys() == fields.keys()
    for field, kind in shape.fields.items():
        descriptor = fields[field]
        if isinstance(kind, Table):
            entry = descriptor.message_type
            assert entry is not None
            assert entry.GetOptions().map_entry
            assert entry.fields_by_name["value"].type == wire_type(kind.value)
        elif isinstance(kind, Many):
            assert descriptor.is_repeated
            assert descriptor.type == wire_type(kind.item)
        else:
            assert not descriptor.is_repeated
            assert descriptor.type == wire_type(kind)
            assert descriptor.has_presence == kind.has_presence or descriptor.containing_oneof


@pytest.mark.parametrize("name", sorted(PLAIN_CLASSES))
def test_shape_agrees_with_the_model(name: str) -> None:
    """A shape has the fields of its model class in their order, and requires what has no default
    there (but for a finding's category: none is ever lost for an empty one)."""
    shape, cls = SHAPES[name], PLAIN_CLASSES[name]
    assert isinstance(shape, Shape)
    fields = cls.__struct_fields__
    assert tuple(shape.fields) == fields
    needed = set(fields[: len(fields) - len(cls.__struct_defaults__)])
    required = {field for field, kind in shape.fields.items() if kind.required}
    assert needed - required == ({"category"} if name == "finding" else set())


def test_words_agree() -> None:
    """The words of the model are the values of the proto's enums."""
    shape = PAYLOADS["issue_moved"].fields["move"]
    assert isinstance(shape, Word)
    assert set(shape.numbers) == set(get_args(model.Move))
    shape = PAYLOADS["issue_found"].fields["object_class"]
    assert isinstance(shape, Word)
    assert {"", *shape.numbers} == {"", "component", "event"}
    assert PUBLICATIONS.keys() == set(get_args(Publication))
    assert {0, *PUBLICATIONS.values()} == set(decisions_pb2.Publication.values())
    assert CHANGES.keys() == set(get_args(Change))
    assert {0, *CHANGES.values()} == set(decisions_pb2.Change.values())
