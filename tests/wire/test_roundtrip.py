"""What goes out of the model and comes back in is the same, by either form."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import events, payloads

from envrules.model.entries import Arrived, encode_arrived, encode_entry
from envrules.model.events import Event, encode_event, payload_kind
from envrules.v1 import events_pb2
from envrules.wire.events_in import read_event
from envrules.wire.events_json import event_to_plain, parse_event
from envrules.wire.events_out import event_to_proto
from envrules.wire.payloads import PAYLOADS

ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]
KINDS = sorted(PAYLOADS)


@pytest.mark.parametrize("kind", KINDS)
def test_through_protobuf(kind: str) -> None:
    """model -> message -> bytes -> message -> model is the identity, to the stored byte."""

    @settings(max_examples=30, deadline=None)
    @given(events(payloads()[kind]))
    def holds(event: Event) -> None:
        content = event_to_proto(event).SerializeToString()
        back = read_event(events_pb2.Event.FromString(content))
        assert back == event
        assert encode_event(back) == encode_event(event)
        assert payload_kind(back.payload) == kind
        entry = encode_arrived(encode_event(event), "platform", issues=("GD-1",))
        assert entry == encode_entry(Arrived(event, "platform", issues=("GD-1",)))

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_through_json(kind: str) -> None:
    """model -> mapping -> JSON -> mapping -> model is the identity, whatever zone is shown."""

    @settings(max_examples=30, deadline=None)
    @given(events(payloads()[kind]), st.sampled_from(ZONES).map(ZoneInfo))
    def holds(event: Event, zone: ZoneInfo) -> None:
        text = json.dumps(event_to_plain(event, zone), ensure_ascii=False)
        back = parse_event(json.loads(text))
        assert back == event
        assert encode_event(back) == encode_event(event)

    holds()


@settings(max_examples=50, deadline=None)
@given(events())
def test_both_forms_say_the_same(event: Event) -> None:
    """A field is left out of the mapping exactly when it is left out of the message."""
    message = event_to_proto(event)
    plain = event_to_plain(event)
    kind = payload_kind(event.payload)
    assert {field.name for field, _ in message.ListFields()} == plain.keys()
    assert {field.name for field, _ in getattr(message, kind).ListFields()} == plain[kind].keys()
