"""One JSON shape for each thing: the proto's names, words for enums, text for decimals."""

from __future__ import annotations

import json

from tests.report import messages

from envrules import report
from envrules.v1 import events_pb2, locality_service_pb2


def test_a_decision_as_plain_data() -> None:
    """Numbers stay numbers, decimals text, times carry an offset, enums are words."""
    plain = report.as_plain(messages.decision(points="-1.50"), messages.ZONE)
    assert plain["decision_seq"] == 9
    assert plain["points"] == "-1.50"
    assert plain["publication"] == "proposed"
    assert plain["change"] == "supersede"
    assert plain["at"] == "2026-10-09T18:00:00+08:00"
    assert plain["slot"]["anchor"] == "2026-10-09"
    assert plain["steps"][1]["not_from_source"] == "原文未写时限"
    assert plain["issues"] == ["A-1"]
    assert json.loads(json.dumps(plain, ensure_ascii=False)) == plain


def test_what_is_not_given_is_left_out() -> None:
    """Empty texts, lists and messages are absent; a number is there even if it is zero."""
    plain = report.as_plain(locality_service_pb2.Locality(locality="east"))
    assert plain == {"locality": "east", "head_seq": 0, "projected_seq": 0, "decision_seq": 0}


def test_an_optional_number_is_there_only_when_it_is_set() -> None:
    """A rank that nobody has is absent, never 0."""
    assert "rank" not in report.as_plain(messages.decision())
    assert report.as_plain(messages.decision(rank=3))["rank"] == 3


def test_maps_are_objects() -> None:
    """Ledger fields become an object with sorted keys."""
    moved = events_pb2.IssueMoved(issue="A", ledger={"b": "2", "a": "1"})
    plain = report.as_plain(moved)
    assert plain == {"issue": "A", "ledger": {"a": "1", "b": "2"}}
    assert list(plain["ledger"]) == ["a", "b"]
