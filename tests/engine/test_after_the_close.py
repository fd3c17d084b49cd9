"""What may still change what a closed period says, and what may not; by the county of the laws."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.laws.county_rules import library
from tests.laws.oracle import recompute
from tests.laws.worlds import DAY, EPOCH, held, run

from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    ReportFiled,
    ScoreSupplied,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
)

VILLAGES = ("zhao", "qian", "sun")


def tell(event: str, day: float, payload: Payload) -> Entry:
    """Return the arrival of an event, so many days after the start of July."""
    return Arrived(Event(event, EPOCH + int(day * DAY), payload))


def village(unit: str) -> UnitDeclared:
    """Return a village of the town."""
    return UnitDeclared(unit, unit, "village", "zhen", attributes={"区位": "中心"})


def heap(issue: str, day: float) -> Entry:
    """Return the finding of straw by the road."""
    found = IssueFound(issue, "柴草", "road", place_unit="zhao", source="patrol")
    return tell(f"f-{issue}", day, found)


def step(issue: str, day: float, move: str) -> Entry:
    """Return a step of an issue."""
    return tell(f"{move}-{issue}", day, IssueMoved(issue, move))  # type: ignore[arg-type]


UNITS = (
    Published("county", "r1"),
    tell("u-xian", -100, UnitDeclared("xian", "县", "county")),
    tell("u-zhen", -100, UnitDeclared("zhen", "镇", "town", "xian")),
    *(tell(f"u-{unit}", -100, village(unit)) for unit in VILLAGES),
)
JULY = (
    *UNITS, heap("A", 1), step("A", 2, "handled"), step("A", 2, "check_passed"), heap("B", 5),
    *(tell(f"s-{u}", 6, ScoreSupplied(u, "village", "moved", "2026-07", Decimal(10), "县办"))
      for u in VILLAGES),
    *(tell(f"x-{u}", 6, Inspection(u, u, "exam", checklist={"路净": True, "墙净": True}))
      for u in VILLAGES),
    Tick(EPOCH + 35 * DAY), Closed("county", "2026-07"),
)  # fmt: skip
"""A July in which zhao has a heap come again that it does not mend, and the others are spotless."""


def decided(entries: tuple[Entry, ...]) -> dict[str, Content]:
    """Return what holds by rule, subject and anchor, as a recomputation finds it as well."""
    locality = run(list(entries), library)
    fresh = {slot: c.essence() for slot, c in recompute(entries, library).items()}
    assert held(locality) == fresh
    contents = (d.content for d in locality.effective().values())
    return {f"{c.slot.rule} {c.slot.subject} {c.slot.anchor}": c for c in contents}


def disputed(entries: tuple[Entry, ...], name: str, day: float) -> tuple[Entry, ...]:
    """Return the log with an appeal against a decision, which is upheld."""
    content = decided(entries)[name]
    slot, unit = content.slot.key(), content.unit
    (node,) = {n for d, n in run(list(entries), library).state.changes.decisions
               if d.content.slot == content.slot}  # fmt: skip
    at = EPOCH + int(day * DAY)
    return (
        *entries,
        Arrived(Event("filed", at, AppealFiled("X", unit, slot)), "", node, content.served),
        Arrived(
            Event("upheld", at, AppealDecided("X", unit, slot, True)), "", node, content.served
        ),
    )


def test_an_upheld_appeal_against_a_recurrence_takes_back_the_demotion_of_a_closed_month() -> None:
    """The band that a recurrence lowered is corrected, though what was told then is frozen."""
    band = "bands.village unit:zhao 2026-07"
    assert decided(JULY)[band].outcome == "four"
    assert decided(disputed(JULY, "recurrences.rebound issue:B f-B", 7))[band].outcome == "five"


def test_an_upheld_appeal_against_a_slip_puts_a_unit_back_on_the_list_of_a_closed_month() -> None:
    """What barred the unit is gone; and no slip follows one that an appeal has taken back."""
    before = decided(JULY)
    assert before["lists.red unit:zhao 2026-07"].outcome == "barred"
    after = decided(disputed(JULY, "ladders.slips.white unit:zhao 2026-07-08", 9))
    assert after["lists.red unit:zhao 2026-07"].outcome == "red"
    red = "ladders.slips.red unit:zhao 2026-07-10"
    assert red in before
    assert red not in after


def test_an_appeal_that_does_not_count_leaves_a_slip_served() -> None:
    """A decision on an appeal that nobody filed, or filed too late, stops no later slip."""
    white, red = (
        "ladders.slips.white unit:zhao 2026-07-08",
        "ladders.slips.red unit:zhao 2026-07-10",
    )
    *rest, _, upheld = disputed(JULY, white, 9)
    assert red in decided((*rest, upheld))
    assert red in decided(disputed(JULY, white, 40))


@pytest.mark.parametrize(
    ("dispute", "indicator", "figures"),
    [
        ("duties.tour unit:zhao 2026W29", "indicators.toured unit:xian 2026-07", ("0/15", "0/14")),
        ("deadlines.fix issue:B f-B", "indicators.fixed unit:xian 2026-07", ("1/2", "1/1")),
    ],
)
def test_an_upheld_appeal_leaves_a_duty_or_a_deadline_uncounted(
    dispute: str, indicator: str, figures: tuple[str, str]
) -> None:
    """An indicator counts it neither way, of a closed month as of an open one."""
    assert figures[0] in decided(JULY)[indicator].reason
    assert (
        figures[1]
        in decided(disputed(JULY, dispute, 19 if "tour" in dispute else 9))[indicator].reason
    )
    *open_july, _ = JULY
    appealed = disputed(tuple(open_july), dispute, 19 if "tour" in dispute else 9)
    assert figures[1] in decided((*appealed, Closed("county", "2026-07")))[indicator].reason


def test_an_appeal_against_a_decision_may_be_withdrawn() -> None:
    """The decision stands again as if nobody had disputed it."""
    name = "recurrences.rebound issue:B f-B"
    *filed, _ = disputed(JULY, name, 7)
    assert decided(tuple(filed))[name].publication == "held"
    assert decided((*filed, tell("w", 8, EventWithdrawn("filed")))) == decided(JULY)


@pytest.mark.parametrize("revision", ["r2", "r3"])
def test_a_new_revision_changes_nothing_of_a_closed_month(revision: str) -> None:
    """Recurrences, weekly duties and consequences of the month stay as its own rules had them."""
    about = ("recurrences", "rules", "duties.tour", "indicators", "scores", "bands", "lists")
    before, after = decided(JULY), decided((*JULY, Published("county", revision)))

    def july(held: dict[str, Content]) -> dict[str, Content]:
        return {
            name: c for name, c in held.items()
            if name.startswith(about) and (c.period or "2026-07") in ("2026-07", "2026W28", "2026W31")
        }  # fmt: skip

    assert july(after) == july(before)
    emitted = run([*JULY, Published("county", revision)], library).emitted()
    assert len(emitted) == len({(d.content.slot, d.version) for d in emitted})


def test_a_longer_period_is_told_by_closed_months_what_its_new_rules_ask() -> None:
    """An issue of a closed month tells an open one what only the rules of that one ask for."""
    log = (*UNITS, heap("A", 29.5), Tick(EPOCH + 31 * DAY), Closed("county", "2026-07"),
           Tick(EPOCH + 40 * DAY))  # fmt: skip
    name = "rules.broken unit:zhao A@2026-08"
    assert name not in decided((Published("county", "r4"), *log[1:]))
    assert name in decided((Published("county", "r4"), *log[1:], Published("county", "r1")))


def test_issues_follow_every_successor() -> None:
    """A second merger moves what a first one had moved; a successor's new name is read as well."""
    log = (
        *UNITS,
        heap("A", 1),
        tell("m1", 2, UnitMerged(("zhao",), "qian")),
        Tick(EPOCH + 9 * DAY),
    )
    again = decided((*log, tell("m2", 2, UnitMerged(("qian",), "sun"))))
    assert "ladders.slips.white unit:sun 2026-07-04" in again
    assert "ladders.slips.white unit:qian 2026-07-04" not in again
    named = decided((*log, tell("n", 2, UnitRenamed("qian", "新钱村"))))
    assert named["ladders.slips.white unit:qian 2026-07-04"].reason.startswith("新钱村：")


ANEW = tell("anew", 14, UnitDeclared("zhao", "zhao", "village", "zhen"))


def test_a_unit_that_is_declared_anew_owes_its_duty_all_the_same() -> None:
    """Another attribute in the middle of a cycle frees no unit from its duty."""
    name = "duties.monthly unit:zhao 2026-07"
    assert decided((*UNITS, ANEW, Tick(EPOCH + 35 * DAY)))[name].outcome == "missed"
    late = (*UNITS, Tick(EPOCH + 20 * DAY), ANEW, Tick(EPOCH + 35 * DAY))
    assert decided(late)[name].outcome == "missed"


def test_a_gate_keeps_its_dates_when_a_unit_is_declared_anew() -> None:
    """A step was reached when its evidence came, however the unit is described since."""
    paid = (*UNITS, tell("r", 1, ReportFiled("zhao", "合同")),
            tell("p", 2, IndicatorMeasured("zhao", "进度", "", Decimal(60))))  # fmt: skip
    more = tell("p2", 15, IndicatorMeasured("zhao", "进度", "", Decimal(70)))
    name = "gates.plain.only unit:zhao only"
    assert decided((*paid, ANEW, more))[name].at == decided(paid)[name].at == EPOCH + 2 * DAY
