"""The demo's month: always the same events, in order, with everything a month brings."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.demo.in_memory import PLACES, STORY

from envrules.demo.scenario import Scenario, scenario
from envrules.model.events import (
    AppealDecided,
    Event,
    Inspection,
    IssueFound,
    IssueMoved,
    payload_kind,
)

SCENARIOS = {name: scenario(STORY, place) for name, place in PLACES.items()}
TOWN, STREET = PLACES


@pytest.mark.parametrize("locality", PLACES)
def test_the_same_seed_gives_the_same_month(locality: str) -> None:
    """Two runs with one seed are equal event by event; another seed gives another month."""
    place = PLACES[locality]
    assert scenario(STORY, place) == SCENARIOS[locality]
    assert scenario(STORY, place, seed=1).events != SCENARIOS[locality].events


def test_a_few_thousand_events() -> None:
    """Both localities together have a few thousand events, and neither is a token."""
    counts = {name: len(told.events) for name, told in SCENARIOS.items()}
    assert 3000 < sum(counts.values()) < 8000
    assert min(counts.values()) > 1000


def test_every_kind_of_event_that_a_month_brings() -> None:
    """Findings, moves, inspections, points, appeals, exemptions, withdrawals ... all are there."""
    kinds = {payload_kind(e.payload) for told in SCENARIOS.values() for e in told.events}
    assert kinds >= {
        "issue_found", "issue_moved", "inspection", "unit_declared", "unit_renamed",
        "score_supplied", "report_filed", "exemption", "appeal_filed", "appeal_decided",
        "approval_given", "event_withdrawn",
    }  # fmt: skip
    moves = {
        e.payload.move for told in SCENARIOS.values() for e in told.events
        if isinstance(e.payload, IssueMoved)
    }  # fmt: skip
    assert moves >= {
        "accepted", "registered", "dispatched", "handled", "check_passed", "check_failed", "closed",
        "suspended", "resumed", "extended", "supervised",
    }  # fmt: skip
    sources = {
        e.payload.source for told in SCENARIOS.values() for e in told.events
        if isinstance(e.payload, IssueFound)
    }  # fmt: skip
    assert sources >= {"patrol", "hotline", "own_report", "grid", "supervision", "monthly_check"}


def test_appeals_end_both_ways() -> None:
    """One appeal is dismissed, one is upheld."""
    decided = [e.payload.upheld for e in SCENARIOS[TOWN].events
               if isinstance(e.payload, AppealDecided)]  # fmt: skip
    assert sorted(decided) == [False, True]


@pytest.mark.parametrize("locality", PLACES)
def test_ids_are_used_once_and_units_are_declared(locality: str) -> None:
    """Every event has an id of its own, and names only units of the story."""
    events = SCENARIOS[locality].events
    assert len({event.id for event in events}) == len(events)
    units = {*PLACES[locality].unit_ids(), "v20"}
    named = {getattr(e.payload, "unit", "") or getattr(e.payload, "place_unit", "") for e in events}
    assert named - {""} <= units


@pytest.mark.parametrize("locality", PLACES)
def test_what_is_late_is_late_on_purpose(locality: str) -> None:
    """Every event arrives before the watermark passes it, but for those the story holds back."""
    late = [e.id for e in _behind(SCENARIOS[locality])]
    assert late == [str(raw["id"]) for raw in PLACES[locality].incidents if "arrives" in raw]


def _behind(told: Scenario) -> list[Event]:
    before = told.begins
    found: list[Event] = []
    for step in told.steps:
        found += [event for event in step.events if event.occurred_at < before]
        before = step.until
    return found


def test_fewer_units_give_a_shorter_month_with_the_same_incidents() -> None:
    """A short demo has fewer daily events; what is written out and assessed stays."""
    whole, short = SCENARIOS[TOWN], scenario(STORY, PLACES[TOWN], units=2)
    assert len(short.events) < len(whole.events) / 2
    assert {str(raw["id"]) for raw in PLACES[TOWN].incidents} <= {e.id for e in short.events}
    assert sum(isinstance(e.payload, Inspection) for e in short.events) == sum(
        isinstance(e.payload, Inspection) for e in whole.events
    )


def test_an_event_after_the_end_is_a_mistake_in_the_story() -> None:
    """An incident that no step would send is refused, not forgotten."""
    raw = {"id": "x", "at": "2026-12-24 10:00", "unit_renamed": {"unit": "v01", "title": "新村"}}
    place = replace(PLACES[TOWN], incidents=[raw])
    with pytest.raises(ValueError, match="x arrives after the story's end"):
        scenario(STORY, place)
