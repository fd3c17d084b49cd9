"""Events from plain mappings: times, words, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from envrules.model.events import (
    AppealDecided,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.wire.events_json import event_to_plain, parse_event
from envrules.wire.problems import Invalid
from envrules.wire.times import format_instant, parse_instant

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
TEN = 1_783_044_000_000_000
"""2026-07-03 10:00 in Shanghai."""


def plain(**changes: Any) -> dict[str, Any]:
    """Return a good mapping with changes; None takes a key away."""
    good = {"id": "e1", "at": "2026-07-03 10:00", "issue_found": {"issue": "GD-1"}}
    return {key: value for key, value in {**good, **changes}.items() if value is not None}


def refused(raw: object, zone: ZoneInfo | None = SHANGHAI) -> list[tuple[str, str]]:
    """Return path and code of everything that is wrong."""
    with pytest.raises(Invalid) as caught:
        parse_event(raw, zone)
    return [(problem.path, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "written",
    ["2026-07-03 10:00", "2026-07-03T10:00:00", "2026-07-03 10:00:00.000000",
     "2026-07-03T10:00:00+08:00", "2026-07-03T02:00:00Z", "2026-07-02T22:00:00-04:00",
     "2026-07-03T02:00:00.000000000Z",
     datetime(2026, 7, 3, 10, 0),  # noqa: DTZ001 - what YAML gives
     datetime(2026, 7, 3, 2, 0, tzinfo=UTC)],
)  # fmt: skip
def test_ways_to_write_a_time(written: object) -> None:
    """Local times are of the caller's zone; an offset overrides it."""
    assert parse_event(plain(at=written), SHANGHAI).occurred_at == TEN


def test_a_date_is_its_first_moment() -> None:
    """A date alone is midnight in the zone."""
    midnight = TEN - 10 * 3_600_000_000
    assert parse_event(plain(at="2026-07-03"), SHANGHAI).occurred_at == midnight
    assert parse_event(plain(at=date(2026, 7, 3)), SHANGHAI).occurred_at == midnight


@pytest.mark.parametrize(
    ("written", "code"),
    [("2026-03-08 02:30", "NO_SUCH_LOCAL_TIME"), ("2026-11-01 01:30", "AMBIGUOUS_LOCAL_TIME"),
     ("2026-11-01T01:30:00", "AMBIGUOUS_LOCAL_TIME"), ("2026-02-29 10:00", "BAD_TIME"),
     ("2026-07-03 24:00", "BAD_TIME"), ("2026-07-03 10:00:60", "BAD_TIME"),
     ("20260703", "BAD_TIME"), ("2026-W27-5", "BAD_TIME"), ("10:00", "BAD_TIME"),
     ("2026-07-03T10:00:00+24:00", "BAD_TIME"), ("2026-07-03 10:00 ", "BAD_TIME"),
     ("2026-07-03T10:00:00.0000001Z", "SUB_MICROSECOND"), ("0001-01-01 00:00", "OUT_OF_RANGE"),
     ("9999-12-31T23:59:59Z", "OUT_OF_RANGE"), (1783044000, "WRONG_TYPE"), (True, "WRONG_TYPE")],
)  # fmt: skip
def test_times_that_are_none(written: object, code: str) -> None:
    """A time that does not exist, or not once, is refused rather than guessed."""
    assert refused(plain(at=written), NEW_YORK) == [("at", code)]


def test_the_edges_of_a_gap() -> None:
    """The last moment before the clock is put forward and the first one after are fine."""
    before = parse_instant("2026-03-08 01:59:59.999999", NEW_YORK)
    assert parse_instant("2026-03-08 03:00", NEW_YORK) == before + 1
    assert parse_instant("2026-11-01 00:59", NEW_YORK) < parse_instant("2026-11-01 02:00", NEW_YORK)


def test_an_ambiguous_time_says_how_to_write_it() -> None:
    """The message contains a form that is accepted."""
    with pytest.raises(Invalid) as caught:
        parse_instant("2026-11-01 01:30", NEW_YORK)
    assert "2026-11-01T01:30:00-04:00" in caught.value.problems[0].message
    assert parse_instant("2026-11-01T01:30:00-04:00", NEW_YORK)


def test_without_a_zone() -> None:
    """Without a zone a local time is refused and an absolute one is not."""
    assert refused(plain(), None) == [("at", "BAD_TIME")]
    assert refused(plain(at=None, occurred_at="2026-07-03"), None) == [("occurred_at", "BAD_TIME")]
    assert parse_event(plain(at="2026-07-03T10:00:00+08:00")).occurred_at == TEN


@pytest.mark.parametrize(
    ("zone", "text"),
    [(UTC, "2026-07-03T02:00:00Z"), (SHANGHAI, "2026-07-03T10:00:00+08:00"),
     (NEW_YORK, "2026-07-02T22:00:00-04:00")],
)  # fmt: skip
def test_times_are_shown_in_a_zone(zone: ZoneInfo, text: str) -> None:
    """A time is shown with the zone's offset on that day, UTC as Z."""
    assert format_instant(TEN, zone) == text
    assert event_to_plain(parse_event(plain(), SHANGHAI), zone)["occurred_at"] == text


def test_old_offsets_are_shown_as_utc() -> None:
    """Where local time was off by seconds, RFC 3339 cannot say so and UTC is shown."""
    old = parse_instant("1900-06-01T00:00:00Z", None)
    assert format_instant(old, SHANGHAI) == "1900-06-01T00:00:00Z"


def test_ids_can_be_made() -> None:
    """An event without an id gets one from the caller; one with an id keeps it."""
    ids = iter(["n1", "n2"])
    made = [
        parse_event(plain(id=given), SHANGHAI, new_id=lambda: next(ids)).id
        for given in (None, "mine", None)
    ]
    assert made == ["n1", "mine", "n2"]
    assert refused(plain(id=None)) == [("id", "REQUIRED")]


def test_the_future() -> None:
    """The limit of time is the same as for protobuf."""
    assert parse_event(plain(), SHANGHAI, latest=TEN).occurred_at == TEN
    with pytest.raises(Invalid, match="lies in the future"):
        parse_event(plain(), SHANGHAI, latest=TEN - 1)


def test_numbers() -> None:
    """Numbers may be written with or without quotes and are exact."""
    for written in ("8.50", 8.5, Decimal("8.5")):
        supplied = {"unit": "z", "score": "m", "item": "total", "period": "p", "points": written}
        payload = parse_event(plain(issue_found=None, score_supplied=supplied), SHANGHAI).payload
        assert isinstance(payload, ScoreSupplied)
        assert str(payload.points) == "8.5"
    figure = {"unit": "z", "indicator": "i", "period": "p", "numerator": 0, "denominator": 0}
    payload = parse_event(plain(issue_found=None, indicator_measured=figure), SHANGHAI).payload
    assert isinstance(payload, IndicatorMeasured)
    assert (payload.numerator, payload.denominator) == (Decimal(0), Decimal(0))


def test_yes_and_no() -> None:
    """False is said where it must be, and left out where it is the default."""
    decided = {"appeal": "a", "unit": "u", "target": "e#1", "upheld": False}
    event = parse_event(plain(issue_found=None, appeal_decided=decided), SHANGHAI)
    assert event.payload == AppealDecided("a", "u", "e#1", upheld=False)
    assert event_to_plain(event)["appeal_decided"] == decided
    looked = {"inspection": "i", "unit": "u", "kind": "k", "checklist": {"平": False}}
    event = parse_event(plain(issue_found=None, inspection=looked), SHANGHAI)
    assert isinstance(event.payload, Inspection)
    assert event_to_plain(event)["inspection"] == looked


def test_nested_local_times() -> None:
    """Times within a payload are of the same zone."""
    unit = {"unit": "z", "title": "赵庄", "type": "village", "since": "2026-07-03 10:00"}
    payload = parse_event(plain(issue_found=None, unit_declared=unit), SHANGHAI).payload
    assert isinstance(payload, UnitDeclared)
    assert payload.since == TEN


def test_nothing_given() -> None:
    """Null and empty values mean that a field is not given."""
    empty: dict[str, Any] = {
        "issue": "GD-1",
        "place": None,
        "grid": "",
        "tags": [],
        "longitude": "",
        "ledger": {},
    }
    event = parse_event(plain(issue_found=empty, source=None), SHANGHAI)
    assert event.payload == IssueFound("GD-1")
    assert event_to_plain(event) == {
        "id": "e1",
        "occurred_at": "2026-07-03T02:00:00Z",
        "issue_found": {"issue": "GD-1"},
    }


REFUSALS: list[tuple[object, list[tuple[str, str]]]] = [
    (None, [("", "WRONG_TYPE")]),
    ([], [("", "WRONG_TYPE")]),
    ({}, [("payload", "REQUIRED"), ("id", "REQUIRED"), ("occurred_at", "REQUIRED")]),
    (plain(occurred_at="2026-07-03"), [("at", "CONTRADICTION")]),
    (plain(issue_found=None), [("payload", "REQUIRED")]),
    (plain(unit_renamed={"unit": "u", "title": "t"}), [("payload", "CONTRADICTION")]),
    (plain(issue_fuond={}), [("issue_fuond", "UNKNOWN_FIELD")]),
    (plain(issue_found=[]), [("issue_found", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "plcae": "x"}), [("issue_found.plcae", "UNKNOWN_FIELD")]),
    (plain(issue_found={"issue": "i", 7: "x"}), [("issue_found[7]", "UNKNOWN_FIELD")]),
    (plain(issue_found={"issue": 20260703}), [("issue_found.issue", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "tags": "x"}), [("issue_found.tags", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "tags": ["x", None, 3]}),
     [("issue_found.tags[1]", "REQUIRED"), ("issue_found.tags[2]", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "ledger": ["x"]}), [("issue_found.ledger", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "longitude": 113.26438512345678, "latitude": 35}),
     [("issue_found.longitude", "BAD_NUMBER")]),
    (plain(issue_found={"issue": "i", "longitude": 10**5000, "latitude": float("nan")}),
     [("issue_found.longitude", "BAD_NUMBER"), ("issue_found.latitude", "BAD_NUMBER")]),
    (plain(issue_found={"issue": "i", "longitude": True, "latitude": 3}),
     [("issue_found.longitude", "WRONG_TYPE")]),
    (plain(issue_found={"issue": "i", "object_class": "OBJECT_CLASS_EVENT"}),
     [("issue_found.object_class", "UNKNOWN_VALUE")]),
    (plain(issue_found={"issue": "i", "grid": "\ud800"}), [("issue_found.grid", "BAD_CHARACTER")]),
    (plain(flow_sequence="1"), [("flow_sequence", "WRONG_TYPE")]),
    (plain(flow_sequence=True), [("flow_sequence", "WRONG_TYPE")]),
    (plain(flow_sequence=10**5000), [("flow_sequence", "BAD_NUMBER")]),
    (plain(flow_sequence=2**63), [("flow_sequence", "OUT_OF_RANGE")]),
    (plain(issue_found=None, inspection={"inspection": "i", "unit": "u", "kind": "k",
                                         "announced": "yes"}),
     [("inspection.announced", "WRONG_TYPE")]),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "problems"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals(raw: object, problems: list[tuple[str, str]]) -> None:
    """What cannot be an event is refused with the path of each reason."""
    assert refused(raw) == problems


def test_hints() -> None:
    """A misspelt field is told with the one that was probably meant, a word with its choices."""
    with pytest.raises(Invalid) as caught:
        parse_event(plain(issue_found=None, issue_moved={"isue": "i", "move": "closd"}), SHANGHAI)
    assert {problem.path: problem.message for problem in caught.value.problems} == {
        "issue_moved.isue": "is not a field here; did you mean issue?",
        "issue_moved.issue": "is required",
        "issue_moved.move": "has no value 'closd'; did you mean closed?",
    }
