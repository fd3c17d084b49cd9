"""Plain values as messages of the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from google.protobuf.duration_pb2 import Duration

from envrules.model.events import Event
from envrules.v1 import events_pb2, rulesets_pb2
from envrules.wire.events_out import event_to_proto

AnyEvent: TypeAlias = Event | events_pb2.Event
Overrides: TypeAlias = Mapping[str, Mapping[str, str]]
"""Parameter → (ISO date or `always`) → value as text."""


def ruleset_files(scheme: str, text: str) -> rulesets_pb2.RulesetFiles:
    """Return the message of a ruleset that is one text."""
    return rulesets_pb2.RulesetFiles(
        files=[rulesets_pb2.RulesetFile(path=f"{scheme}.yaml", text=text)]
    )


def code_table(text: str | None, file: str) -> rulesets_pb2.RulesetFile | None:
    """Return the message of a code table, if there is one."""
    return None if text is None else rulesets_pb2.RulesetFile(path=file, text=text)


def event_message(event: AnyEvent) -> events_pb2.Event:
    """Return an event as a message."""
    return event if isinstance(event, events_pb2.Event) else event_to_proto(event)


def override_messages(overrides: Overrides) -> Iterator[rulesets_pb2.ParameterOverride]:
    """Yield overrides as messages."""
    for parameter, values in overrides.items():
        dated = (rulesets_pb2.DatedValue(since=s, value=value) for s, value in values.items())
        yield rulesets_pb2.ParameterOverride(parameter=parameter, values=dated)


def duration(seconds: float) -> Duration:
    """Return a length of time as a message."""
    message = Duration()
    message.FromMicroseconds(round(seconds * 1_000_000))
    return message
