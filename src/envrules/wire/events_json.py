"""Events as plain mappings, as JSON and YAML write them: for files, worked cases and `--json`.

Fields are called as in the proto. `at` may stand for `occurred_at`; the payload is the one key
that names it:

    {id: e1, at: 2026-07-03 10:00, issue_found: {issue: GD-1, category: 白色垃圾}}

Times are RFC 3339 or local times of a zone that the caller knows; decimals are text or numbers;
`move` and `object_class` are words (`handled`, `component`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any

from msgspec.structs import replace

from envrules.model.base import Instant
from envrules.model.events import Event, payload_kind
from envrules.wire.events_in import build, in_future
from envrules.wire.field_types import expect
from envrules.wire.payloads import HEADER, PAYLOADS
from envrules.wire.problems import FieldProblem, Invalid, contradiction, invalid
from envrules.wire.shapes import unknown_field

_KNOWN = (*HEADER.fields, "at", *PAYLOADS)


def parse_event(
    raw: object,
    zone: tzinfo | None = None,
    *,
    new_id: Callable[[], str] | None = None,
    latest: Instant | None = None,
) -> Event:
    """Return the event that a mapping describes; paths of problems are relative to it.

    Args:
        raw: a mapping as a JSON or YAML parser returns it.
        zone: zone of local times; None admits only times with an offset.
        new_id: makes an id for an event without one; None makes `id` required.
        latest: last instant at which it may have occurred; None sets no limit.

    Raises:
        Invalid: with everything that is wrong, whatever `raw` is.
    """
    expect(Mapping, raw, "a mapping")
    assert isinstance(raw, Mapping)
    named = [name for name in PAYLOADS if raw.get(name) is not None]
    problems = [unknown_field(key, _KNOWN) for key in raw if key not in _KNOWN]
    header: Any = None
    payload: Any = None
    if len(named) != 1:
        problems += _payload_problem(named).problems
    else:
        try:
            payload = PAYLOADS[named[0]].parse(raw[named[0]], zone)
        except Invalid as error:
            problems += error.under(named[0])
    try:
        header = HEADER.parse(_header(raw, new_id), zone)
        if latest is not None and header[1] > latest:
            problems.append(in_future(header[1], latest))
    except Invalid as error:
        problems += error.problems
    if problems:
        if raw.get("at") is not None:
            problems = [_under_at(problem) for problem in problems]
        raise Invalid(problems)
    return build(header, payload)


def _under_at(problem: FieldProblem) -> FieldProblem:
    """Return a problem of `occurred_at` as one of `at`, which stood for it."""
    return replace(problem, path="at") if problem.path == "occurred_at" else problem


def _header(raw: Mapping[Any, Any], new_id: Callable[[], str] | None) -> dict[str, Any]:
    """Return the header's fields of an event's mapping, under the proto's names.

    Raises:
        Invalid: both `at` and `occurred_at` are there.
    """
    header = {name: raw[name] for name in HEADER.fields if raw.get(name) is not None}
    if raw.get("at") is not None:
        if "occurred_at" in header:
            raise contradiction("at", "repeats occurred_at", "与 occurred_at 重复")
        header["occurred_at"] = raw["at"]
    if "id" not in header and new_id is not None:
        header["id"] = new_id()
    return header


def _payload_problem(named: list[str]) -> Invalid:
    """Return the problem of an event with no payload, or with several."""
    if not named:
        return invalid("REQUIRED", "payload")
    why = f"must be one of them, not several: {', '.join(named)}"
    why_zh = f"一个事件只能有一种内容：{', '.join(named)}"
    return contradiction("payload", why, why_zh)


def event_to_plain(event: Event, zone: tzinfo = UTC) -> dict[str, Any]:
    """Return an event as a mapping of plain values, its times with the offset of `zone`."""
    name = payload_kind(event.payload)
    return {**HEADER.show(event, zone), name: PAYLOADS[name].show(event.payload, zone)}
