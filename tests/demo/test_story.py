"""What the demo's month comes to, judged by the engine alone: the story keeps its promises."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.demo.in_memory import PLACES, played

from envrules.model.decisions import Decision

TOWN, STREET = PLACES
LENGTHS = pytest.mark.parametrize("units", [None, 2], ids=["whole", "short"])


def of(decisions: Iterable[Decision], **wanted: str) -> list[Decision]:
    """Return the decisions whose content has these values."""
    return [
        d for d in decisions if all(getattr(d.content, name) == v for name, v in wanted.items())
    ]


@LENGTHS
@pytest.mark.parametrize("locality", PLACES)
def test_no_slip_is_revoked_by_what_comes_later(locality: str, units: int | None) -> None:
    """A month that arrives in order, with watermarks, emits no slip that must be taken back."""
    slips = of(played(locality, units), kind="slip")
    assert slips
    assert [d for d in slips if d.change == "revoke"] == []


@LENGTHS
def test_sixty_nine_is_warned_and_seventy_is_not(units: int | None) -> None:
    """v05 has 69 and is warned, v12 has exactly 70 and is not."""
    decisions = played(TOWN, units)
    assert [str(d.content.points) for d in of(decisions, kind="band", unit="v05")] == ["69.00"]
    assert of(decisions, kind="band", unit="v05")[0].content.outcome == "warned"
    assert [(str(d.content.points), d.content.outcome)
            for d in of(decisions, kind="band", unit="v12")] == [("70.00", "ok")]  # fmt: skip
    assert of(decisions, kind="consequence", outcome="warn", unit="v05")
    pledge = of(decisions, kind="duty", unit="v05", title="整改承诺")
    assert [d.content.outcome for d in pledge] == ["running", "on_time"]


@LENGTHS
def test_an_appeal_holds_the_figure_and_then_corrects_it(units: int | None) -> None:
    """The appealed figure is held at the close; upheld, it gains the point and is published."""
    figures = of(played(TOWN, units), kind="score", unit="v09", period="2026-10")
    assert [(d.change, d.content.publication, str(d.content.points)) for d in figures] == [
        ("issue", "held", "92.00"), ("supersede", "published", "93.00"),
    ]  # fmt: skip


@LENGTHS
def test_a_late_finding_becomes_an_adjustment(units: int | None) -> None:
    """A finding entered after the close costs the next month a point; October stays as it was."""
    decisions = played(TOWN, units)
    assert [
        (d.content.unit, d.content.period, str(d.content.points))
        for d in of(decisions, kind="adjustment")
    ] == [("v08", "2026-11", "-1.00")]
    assert len(of(decisions, kind="score", unit="v08", period="2026-10")) == 1


@LENGTHS
@pytest.mark.parametrize(("event", "outcome"), [
    ("QH-9003-2", "incomplete"),  # an extension without an approver
    ("transfer-wrong", "rejected"),  # points from an organ that may not award them
    ("bonus-v02", "unapproved"),
])  # fmt: skip
def test_what_may_not_be_is_judged_and_kept(units: int | None, event: str, outcome: str) -> None:
    """Steps and points that do not count are answered by a decision that says why."""
    found = [d for d in played(TOWN, units) if event in d.content.events]
    assert outcome in {d.content.outcome for d in found}


@LENGTHS
def test_exempt_suspended_and_not_taking_part(units: int | None) -> None:
    """The flooded village is exempt, the closed road suspends the clock, the new village waits."""
    decisions = played(TOWN, units)
    assert of(decisions, outcome="exempt", unit="v16")
    assert of(decisions, kind="deadline", outcome="suspended", unit="v02")
    assert [
        d.content.outcome for d in of(decisions, kind="score", unit="v20", period="2026-10")
    ] == ["not_assessed"]


@LENGTHS
def test_a_slip_climbs_over_the_holiday(units: int | None) -> None:
    """White on 30 September; yellow after 8 and 9 October; red three days after its service."""
    decisions = [d for d in played(STREET, units) if "LH-9001" in d.content.issues]
    slips = [d for d in of(decisions, kind="slip") if d.version == 1]
    assert [(d.content.outcome, d.content.slot.anchor) for d in slips] == [
        ("white", "2026-09-30"), ("yellow", "2026-10-09"), ("red", "2026-10-14"),
    ]  # fmt: skip


@LENGTHS
def test_red_and_black_lists_wait_and_a_red_slip_bars(units: int | None) -> None:
    """Ties are listed together, the best is barred by its red slip, all wait for approval."""
    decisions = played(STREET, units)
    red, black = of(decisions, kind="list", outcome="red"), of(decisions, outcome="black")
    assert {d.content.unit for d in of(decisions, kind="list", outcome="barred")} >= {"c02"}
    assert {"s01", "s04"} <= {d.content.unit for d in red}
    assert {d.content.unit for d in black} == {"c07", "c13", "s06"}
    assert {d.content.publication for d in (*red, *black)} == {"proposed"}


@LENGTHS
def test_a_failed_check_lets_the_clock_run_on(units: int | None) -> None:
    """A claim that a check finds wrong has never stopped the clock: the slip is dated when due."""
    slips = [d for d in played(STREET, units) if d.content.kind == "slip" and d.version == 1
             and "LH-9002" in d.content.issues]  # fmt: skip
    assert ("white", "2026-10-13") in {(d.content.outcome, d.content.slot.anchor) for d in slips}
