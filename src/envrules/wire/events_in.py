"""Protobuf events into the model, checked for all that one event shows by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from envrules.model.base import Instant
from envrules.model.events import Event, Payload
from envrules.v1 import events_pb2
from envrules.wire.payloads import HEADER, PAYLOADS, Header
from envrules.wire.problems import FieldProblem, Invalid, field_problem
from envrules.wire.times import format_instant

Problems: TypeAlias = tuple[FieldProblem, ...]


def read_event(message: events_pb2.Event, latest: Instant | None = None) -> Event:
    """Return the model of one event; paths of problems are relative to it.

    Args:
        message: the event as received.
        latest: last instant at which it may have occurred (now and the allowed skew);
            None sets no limit.

    Raises:
        Invalid: with everything that is wrong.
    """
    problems: list[FieldProblem] = []
    header: Any = None
    payload: Any = None
    try:
        header = HEADER.read(message)
        if latest is not None and header[1] > latest:
            problems.append(in_future(header[1], latest))
    except Invalid as error:
        problems += error.problems
    name = message.WhichOneof("payload")
    if name is None:
        raise Invalid([*problems, field_problem("payload", "REQUIRED")])
    try:
        payload = PAYLOADS[name].read(getattr(message, name))
    except Invalid as error:
        problems += error.under(name)
    if problems:
        raise Invalid(problems)
    return build(header, payload)


def build(header: Header, payload: Payload) -> Event:
    """Return the event of its two parts."""
    event_id, occurred_at, flow, source = header
    return Event(event_id, occurred_at, payload, flow, source)


def read_events(
    messages: Iterable[events_pb2.Event], latest: Instant | None = None, path: str = "events"
) -> list[Event | Problems]:
    """Return, for each message in order, its event or all that is wrong with it.

    Args:
        messages: the events as received.
        latest: as for `read_event`.
        path: the field that holds them, for the paths of problems: `events[3].source`.
    """
    results: list[Event | Problems] = []
    for i, message in enumerate(messages):
        try:
            results.append(read_event(message, latest))
        except Invalid as error:
            results.append(error.under(f"{path}[{i}]"))
    return results


def in_future(occurred_at: Instant, latest: Instant) -> FieldProblem:
    """Return the problem of an event that cannot have happened yet."""
    value, limit = format_instant(occurred_at), format_instant(latest)
    return field_problem("occurred_at", "IN_FUTURE", value=value, latest=limit)
