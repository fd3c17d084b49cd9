"""Whatever comes in, it becomes an event or a list of problems, and nothing else is raised."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import events
from tests.wire.junk import messages, plain_values, strings

from envrules.model.events import Event, encode_event
from envrules.v1 import events_pb2
from envrules.wire.events_in import read_event
from envrules.wire.events_json import event_to_plain, parse_event
from envrules.wire.events_out import event_to_proto
from envrules.wire.field_types import EventName, surely_names
from envrules.wire.payloads import HEADER, PAYLOADS
from envrules.wire.problems import MESSAGES, Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEP = r"[^\W\d]\w*"
INDEX = r"(?:\[.{1,45}\])"
PATH = re.compile(rf"{STEP}{INDEX}*(?:\.{STEP}{INDEX}*)*|{INDEX}")


def assert_explained(error: Invalid) -> None:
    """Each problem has a known code, a path and two messages that can be sent."""
    assert error.problems
    for problem in error.problems:
        assert problem.code in MESSAGES
        assert problem.path == "" or PATH.fullmatch(problem.path), problem.path
        for text in (problem.message, problem.message_zh, problem.path):
            assert len(text.encode()) < 1000
            assert text.isprintable()


def assert_sound(event: Event) -> None:
    """An event that was let in can be stored and shown, and comes back the same."""
    assert read_event(event_to_proto(event)) == event
    assert parse_event(event_to_plain(event, SHANGHAI)) == event
    assert encode_event(event)


def outcome(read: Callable[[Any], Any], raw: Any) -> object:
    """What a reader makes of a message, or what it says is wrong with it."""
    try:
        return read(raw)
    except Invalid as error:
        return error.problems


@settings(max_examples=200, deadline=None)
@given(messages())
def test_a_written_reader_decides_as_a_close_look_does(message: events_pb2.Event) -> None:
    """Whatever a message holds, the quick reader lets in and refuses the same, in the same words."""
    assert outcome(HEADER.read, message) == outcome(HEADER.read_closely, message)
    name = message.WhichOneof("payload")
    if name is not None:
        shape, part = PAYLOADS[name], getattr(message, name)
        assert outcome(shape.read, part) == outcome(shape.read_closely, part)


@settings(max_examples=100, deadline=None)
@given(messages())
def test_any_message(message: events_pb2.Event) -> None:
    """Any message is read or refused with reasons."""
    try:
        event = read_event(message)
    except Invalid as error:
        assert_explained(error)
    else:
        assert_sound(event)


@settings(max_examples=100, deadline=None)
@given(events(), st.data())
def test_damaged_bytes(event: Event, data: st.DataObject) -> None:
    """The bytes of a good event with some overwritten are undecodable, read, or refused."""
    content = bytearray(event_to_proto(event).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = events_pb2.Event.FromString(bytes(content))
    except DecodeError:
        return
    try:
        assert_sound(read_event(message))
    except Invalid as error:
        assert_explained(error)


@settings(max_examples=100, deadline=None)
@given(plain_values(), st.sampled_from([None, SHANGHAI]))
def test_any_plain_value(raw: object, zone: ZoneInfo | None) -> None:
    """Anything that a parser may return is taken or refused with reasons."""
    try:
        assert_sound(parse_event(raw, zone))
    except Invalid as error:
        assert_explained(error)


def places(raw: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a mapping."""
    inner = (
        raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    )
    return [found for key, value in inner for found in ((*path, key), *places(value, (*path, key)))]


@settings(max_examples=100, deadline=None)
@given(events(), plain_values(), st.data())
def test_damaged_mapping(event: Event, junk: Any, data: st.DataObject) -> None:
    """A good mapping with one value replaced is taken or refused with reasons."""
    plain = copy.deepcopy(event_to_plain(event))
    *parents, last = data.draw(st.sampled_from(places(plain)))
    place = plain
    for key in parents:
        place = place[key]
    place[last] = junk
    try:
        assert_sound(parse_event(plain, SHANGHAI))
    except Invalid as error:
        assert_explained(error)


@settings(max_examples=100, deadline=None)
@given(st.lists(strings(), max_size=3).map(tuple))
def test_a_glance_admits_nothing_that_a_close_look_refuses(texts: tuple[str, ...]) -> None:
    """The quick look at ids is only ever stricter than the careful one."""
    if surely_names(texts):
        for text in texts:
            assert text == "" or EventName().read(text) == text
