"""Events from protobuf: what is refused, where, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from envrules.model.events import (
    AppealFiled,
    Event,
    IssueFound,
    IssueMoved,
    ScoreSupplied,
    encode_event,
)
from envrules.v1 import common_pb2, events_pb2
from envrules.wire import limits
from envrules.wire.events_in import read_event, read_events
from envrules.wire.events_out import event_to_proto
from envrules.wire.problems import Invalid, problem_to_proto

pb = events_pb2
AT = Timestamp(seconds=1_783_044_000, nanos=123_456_000)
INSTANT = 1_783_044_000_123_456


def event(**payload: Any) -> pb.Event:
    """Return a good event, but for its payload."""
    return pb.Event(id="e1", occurred_at=AT, **payload)


def found(**fields: Any) -> pb.Event:
    """Return the event of a finding."""
    return event(issue_found={"issue": "GD-1", **fields})


def refused(message: pb.Event, latest: int | None = None) -> list[tuple[str, str]]:
    """Return path and code of everything that is wrong."""
    with pytest.raises(Invalid) as caught:
        read_event(message, latest)
    return [(problem.path, problem.code) for problem in caught.value.problems]


def test_a_finding() -> None:
    """Each field arrives where it belongs, exactly."""
    message = found(
        category="白色垃圾",
        object_class=pb.OBJECT_CLASS_EVENT,
        longitude="113.264385",
        latitude="35.10",
        host_limit={"amount": "2", "unit": "工作时"},
        host_deadline=Timestamp(seconds=1_783_047_600),
        photos=["a.jpg", "b.jpg"],
        ledger={"责任人": "", "措施": "清运"},
    )
    message.flow_sequence = 3
    message.source = "grid"
    got = read_event(message)
    assert (got.id, got.occurred_at, got.flow, got.source) == ("e1", INSTANT, 3, "grid")
    payload = got.payload
    assert isinstance(payload, IssueFound)
    assert (payload.issue, payload.category, payload.object_class) == ("GD-1", "白色垃圾", "event")
    assert (payload.longitude, str(payload.latitude)) == (Decimal("113.264385"), "35.1")
    assert payload.host_limit is not None
    assert (payload.host_limit.amount, payload.host_limit.unit) == (Decimal(2), "工作时")
    assert payload.host_deadline == 1_783_047_600_000_000
    assert payload.photos == ("a.jpg", "b.jpg")
    assert list(payload.ledger.items()) == [("措施", "清运"), ("责任人", "")]
    assert (payload.place, payload.recorded_at, payload.tags) == ("", None, ())


def test_bare_events() -> None:
    """An event needs no more than its proto requires."""
    assert read_event(found()) == Event("e1", INSTANT, IssueFound("GD-1"))
    moved = event(issue_moved={"issue": "GD-1", "move": pb.MOVE_CHECK_FAILED})
    assert read_event(moved) == Event("e1", INSTANT, IssueMoved("GD-1", "check_failed"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [("8", "8"), ("-0.5", "-0.5"), ("1.50", "1.5"), ("007", "7"), ("-0.00", "0"), ("100", "100"),
     ("999999999999.999999999999", "999999999999.999999999999")],
)  # fmt: skip
def test_numbers_have_one_form(written: str, kept: str) -> None:
    """Equal numbers are stored as the same bytes, so that sending one again is no change."""
    supplied = {"unit": "z", "score": "m", "item": "total", "period": "2026-07"}
    payload = read_event(event(score_supplied={**supplied, "points": written})).payload
    assert isinstance(payload, ScoreSupplied)
    assert str(payload.points) == kept


def test_order_of_a_map_is_no_content() -> None:
    """Two events that differ by the order of a map's entries are stored as the same bytes."""
    one, other = found(), found()
    for key in "甲乙丙丁":
        one.issue_found.ledger[key] = key
    for key in "丁丙乙甲":
        other.issue_found.ledger[key] = key
    assert encode_event(read_event(one)) == encode_event(read_event(other))


def test_a_slot_in_dispute() -> None:
    """An appeal against a decision carries the key of its slot."""
    slot = common_pb2.Slot(scheme="s", rule="lists.black", subject="unit:z", anchor="2026-07")
    message = event(appeal_filed={"appeal": "a1", "unit": "z", "slot": slot})
    assert read_event(message).payload == AppealFiled("a1", "z", "s\nlists.black\nunit:z\n2026-07")


BAD_HEADERS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"id": ""}, ("id", "REQUIRED")),
    ({"id": "a#1"}, ("id", "BAD_CHARACTER")),
    ({"id": "a\nb"}, ("id", "BAD_CHARACTER")),
    ({"id": " a"}, ("id", "SPACE_AROUND")),
    ({"id": "a\u3000"}, ("id", "SPACE_AROUND")),
    ({"id": "a\u200bb"}, ("id", "BAD_CHARACTER")),
    ({"id": "x" * 129}, ("id", "TOO_LONG")),
    ({"source": "\x00"}, ("source", "BAD_CHARACTER")),
    ({"flow_sequence": -1}, ("flow_sequence", "OUT_OF_RANGE")),
    ({"occurred_at": None}, ("occurred_at", "REQUIRED")),
    ({"occurred_at": Timestamp()}, ("occurred_at", "OUT_OF_RANGE")),
    ({"occurred_at": Timestamp(seconds=946_684_799)}, ("occurred_at", "OUT_OF_RANGE")),
    ({"occurred_at": Timestamp(seconds=1_783_044_000_000)}, ("occurred_at", "OUT_OF_RANGE")),
    ({"occurred_at": Timestamp(seconds=1, nanos=1)}, ("occurred_at", "SUB_MICROSECOND")),
    ({"occurred_at": Timestamp(seconds=1, nanos=-1000)}, ("occurred_at", "BAD_TIME")),
    ({"occurred_at": Timestamp(seconds=1, nanos=10**9)}, ("occurred_at", "BAD_TIME")),
    ({"issue_found": None}, ("payload", "REQUIRED")),
]


@pytest.mark.parametrize(("change", "problem"), BAD_HEADERS)
def test_bad_header(change: dict[str, Any], problem: tuple[str, str]) -> None:
    """A bad field of the event itself is named."""
    good: dict[str, Any] = {"id": "e", "occurred_at": AT, "issue_found": {"issue": "GD-1"}}
    assert refused(pb.Event(**{**good, **change})) == [problem]


LONG = "x" * 4001
UNIT = {"unit": "u", "title": "t", "type": "village"}
RATIO = {"unit": "u", "indicator": "i", "period": "2026"}
SPAN = {"since": AT, "until": AT}
APPEAL = {"appeal": "a", "unit": "u"}
TARGET = {"scheme": "s", "rule": "r", "subject": "unit:u", "anchor": "a"}
BAD_PAYLOADS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("issue_found", {}, [("issue", "REQUIRED")]),
    ("issue_found", {"issue": "i", "object_class": 9}, [("object_class", "UNKNOWN_VALUE")]),
    ("issue_found", {"issue": "i", "longitude": "113"}, [("latitude", "REQUIRED")]),
    ("issue_found", {"issue": "i", "latitude": "35"}, [("longitude", "REQUIRED")]),
    ("issue_found", {"issue": "i", "longitude": "180.1", "latitude": "-90.000001"},
     [("longitude", "OUT_OF_RANGE"), ("latitude", "OUT_OF_RANGE")]),
    ("issue_found", {"issue": "i", "longitude": "1e2", "latitude": "３５"},
     [("longitude", "BAD_NUMBER"), ("latitude", "BAD_NUMBER")]),
    ("issue_found", {"issue": "i", "host_limit": {"amount": "-1"}},
     [("host_limit.unit", "REQUIRED"), ("host_limit.amount", "OUT_OF_RANGE")]),
    ("issue_found", {"issue": "i", "host_limit": {"unit": "天"}},
     [("host_limit.amount", "REQUIRED")]),
    ("issue_found", {"issue": "i", "tags": ["a", "", " b"]},
     [("tags[1]", "REQUIRED"), ("tags[2]", "SPACE_AROUND")]),
    ("issue_found", {"issue": "i", "tags": ["t"] * 1001}, [("tags", "TOO_MANY")]),
    ("issue_found", {"issue": "i", "photos": ["x" * 1001]}, [("photos[0]", "TOO_LONG")]),
    ("issue_found", {"issue": "i", "ledger": {"责任人": LONG}}, [("ledger['责任人']", "TOO_LONG")]),
    ("issue_found", {"issue": "i", "ledger": {"a\n": "x"}}, [("ledger['a\\n']", "BAD_CHARACTER")]),
    ("issue_found", {"issue": "i", "ledger": {str(i): "" for i in range(201)}},
     [("ledger", "TOO_MANY")]),
    ("issue_moved", {"issue": "i"}, [("move", "REQUIRED")]),
    ("issue_moved", {"issue": "i", "move": 99}, [("move", "UNKNOWN_VALUE")]),
    ("issue_moved", {"issue": "i", "move": 9, "basis": "a\x07"}, [("basis", "BAD_CHARACTER")]),
    ("inspection", {"inspection": "i", "unit": "u", "kind": "k", "findings": [{"id": "1"}, {}]},
     [("findings[1].id", "REQUIRED")]),
    ("inspection", {"inspection": "i", "unit": "u", "kind": "k",
                    "findings": [{"id": "1"}, {"id": "2"}, {"id": "1"}]},
     [("findings[2].id", "REPEATED")]),
    ("inspection", {"inspection": "i", "unit": "u", "kind": "k", "findings": [{"id": "1#2"}]},
     [("findings[0].id", "BAD_CHARACTER")]),
    ("unit_declared", {"unit": "u"}, [("title", "REQUIRED"), ("type", "REQUIRED")]),
    ("unit_declared", {**UNIT, **SPAN}, [("until", "CONTRADICTION")]),
    ("unit_declared", {**UNIT, "since": Timestamp(seconds=-2_208_988_801)},
     [("since", "OUT_OF_RANGE")]),
    ("unit_renamed", {"unit": "u", "title": "a\nb"}, [("title", "BAD_CHARACTER")]),
    ("unit_merged", {"into": "u"}, [("units", "REQUIRED")]),
    ("unit_merged", {"into": "u", "units": ["a", "a"]}, [("units", "REPEATED")]),
    ("unit_merged", {"into": "u", "units": ["a", "u"]}, [("into", "CONTRADICTION")]),
    ("unit_split", {"unit": "u", "into": ["a", "u"]}, [("into", "CONTRADICTION")]),
    ("indicator_measured", RATIO, [("value", "REQUIRED")]),
    ("indicator_measured", {**RATIO, "numerator": "1"}, [("denominator", "REQUIRED")]),
    ("indicator_measured", {**RATIO, "denominator": "0"}, [("numerator", "REQUIRED")]),
    ("score_supplied", {"unit": "u", "score": "s", "item": "total", "period": "p"},
     [("points", "REQUIRED")]),
    ("slip_served", {"unit": "u", "slip": "white"}, [("issues", "REQUIRED")]),
    ("exemption", {**SPAN, "basis": "b", "approver": "a"}, [("until", "CONTRADICTION")]),
    ("exemption", {}, [("approver", "REQUIRED"), ("basis", "REQUIRED"), ("since", "REQUIRED"),
                       ("until", "REQUIRED")]),
    ("appeal_filed", APPEAL, [("target", "REQUIRED")]),
    ("appeal_filed", {**APPEAL, "slot": {"scheme": "s", "rule": "r", "subject": "unit:u"}},
     [("slot.anchor", "REQUIRED")]),
    ("appeal_decided", {**APPEAL, "slot": TARGET}, [("upheld", "REQUIRED")]),
    ("approval_given", {"target": "e"}, [("organ", "REQUIRED")]),
    ("event_withdrawn", {}, [("target", "REQUIRED")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "problems"), BAD_PAYLOADS)
def test_bad_payload(kind: str, fields: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    """All bad fields of a payload are named with their whole path, and nothing else is."""
    message = pb.Event(id="e", occurred_at=AT)
    arm = getattr(message, kind)
    arm.SetInParent()
    arm.MergeFrom(type(arm)(**fields))
    assert refused(message) == [(f"{kind}.{path}", code) for path, code in problems]


EDGES: list[Callable[[pb.Event], object]] = [
    lambda message: setattr(message, "id", "长" * limits.NAME_LIMIT),
    lambda message: message.issue_found.tags.extend(["t"] * limits.LIST_LIMIT),
    lambda message: message.issue_found.photos.append("p" * limits.LINK_LIMIT),
    lambda message: message.issue_found.ledger.update(
        {str(i): "x" * limits.TEXT_LIMIT for i in range(limits.MAP_LIMIT)}
    ),
    lambda message: message.occurred_at.FromSeconds(limits.EARLIEST_EVENT // 1_000_000),
]


@pytest.mark.parametrize("change", EDGES, ids=["id", "list", "link", "map", "time"])
def test_limits_are_inclusive(change: Callable[[pb.Event], object]) -> None:
    """What is exactly as large as allowed is let in, and comes out the same."""
    message = found()
    change(message)
    assert event_to_proto(read_event(message)) == message


def test_inner_spaces_are_fine() -> None:
    """White space inside an id is part of it."""
    got = read_event(found(point="环城路 12号", category="A B", place="full　width")).payload
    assert isinstance(got, IssueFound)
    assert (got.point, got.category, got.place) == ("环城路 12号", "A B", "full　width")


def test_the_future() -> None:
    """An event may occur up to the latest time given, and not a microsecond later."""
    assert read_event(found(), latest=INSTANT).occurred_at == INSTANT
    assert refused(found(), latest=INSTANT - 1) == [("occurred_at", "IN_FUTURE")]


def test_everything_is_told_at_once() -> None:
    """Problems of the header and of the payload come together."""
    message = pb.Event(source=" x", issue_found=pb.IssueFound(longitude="x"))
    assert refused(message) == [
        ("id", "REQUIRED"),
        ("source", "SPACE_AROUND"),
        ("occurred_at", "REQUIRED"),
        ("issue_found.issue", "REQUIRED"),
        ("issue_found.longitude", "BAD_NUMBER"),
    ]


def test_not_too_much_is_told() -> None:
    """A thousand bad items give the first few problems, not a thousand messages."""
    message = found(photos=[""] * 1000, tags=[""] * 1000)
    assert len(refused(message)) == limits.PROBLEM_LIMIT


def test_a_batch() -> None:
    """A bad event of a batch stands at its place with its path; the others are read."""
    results = read_events([found(), found(place=" "), found()])
    assert results[0] == results[2] == read_event(found())
    assert isinstance(results[1], tuple)
    assert [problem.path for problem in results[1]] == ["events[1].issue_found.place"]


def test_words_of_a_problem() -> None:
    """A problem goes out in English and in Chinese, naming the limit."""
    with pytest.raises(Invalid) as caught:
        read_event(found(grid="x" * 130))
    (problem,) = caught.value.problems
    message = problem_to_proto(problem)
    assert message.field == "issue_found.grid"
    assert message.code == "TOO_LONG"
    assert message.message == "has 130 characters, at most 128 are allowed"
    assert message.message_zh == "有 130 个字符，最多 128 个"
    assert re.search("issue_found.grid has 130", str(caught.value))
