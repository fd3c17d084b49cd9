"""Scores as an office expects them: shares, levels of the finder, repeats, points back."""

from __future__ import annotations

from itertools import permutations

import pytest
from tests.engine.made_up import SCHEME, at
from tests.engine.office import FIX, Office, office

from envrules.engine.standings import standings
from envrules.engine.statement import statement
from envrules.model.entries import Arrived, Tick
from envrules.model.events import EventWithdrawn, Finding, Inspection

# ── charge and shares ──

SHARES = "charge: place, shares: {place: $place, handler: $handler, supervisor: $office}"
OFFICES = """\
  offices: {title: 局队考核, unit: [office, squad], period: month, table: rows, counts: [check], ref: m 四}
"""


@pytest.mark.parametrize(
    ("charge", "unit"), [("place", "zhao"), ("handler", "dui"), ("supervisor", "ju")]
)
def test_the_charged_unit_bears_the_points(charge: str, unit: str) -> None:
    """Without shares one unit is charged: of the place, the handling one, or the department."""
    town = Office(office(issues=f"charge: {charge}", more=OFFICES))
    town.find("A", "07-10 10:00", handler="dui", department="ju")
    score = "villages" if unit == "zhao" else "offices"
    assert town.costs(unit, score) == {"f-A-I1": ("-1", "-1.00")}
    assert len(town.holds("deduction")) == 1
    assert town.holds("finding") == []


def test_the_points_of_a_finding_are_divided() -> None:
    """Each unit bears its share, says so, and no score complains about units of another."""
    town = Office(office(issues=SHARES, more=OFFICES))
    town.find("A", "07-10 10:00", category="垃圾", handler="dui", department="ju")
    assert town.costs() == {"f-A-I1": ("-1", "-1.00")}
    assert town.costs("dui", "offices") == {"f-A-I1": ("-0.4", "-0.40")}
    assert town.costs("ju", "offices") == {"f-A-I1": ("-0.6", "-0.60")}
    assert town.holds("finding") == []
    told = town.deduction("f-A-I1", "ju")
    assert told.reason == "住建局：路边发现垃圾，扣 0.6 分（每处 2 分，分担 30%）"
    step = told.steps[1]
    assert (step.rule, step.value, step.since, step.ref) == (
        "parameters.office", "0.3", "always", "m 一"
    )  # fmt: skip


def test_an_absent_unit_leaves_its_share_to_the_charged_one() -> None:
    """The share of a role that the finding names nobody for is borne by the unit of the place."""
    town = Office(office(issues=SHARES, more=OFFICES))
    town.find("A", "07-10 10:00", handler="dui")
    assert town.costs() == {"f-A-I1": ("-0.8", "-0.80")}
    assert town.costs("dui", "offices") == {"f-A-I1": ("-0.2", "-0.20")}
    town.find("B", "07-10 10:00")
    assert town.costs()["f-B-I1"] == ("-1", "-1.00")
    assert "分担" not in town.deduction("f-B-I1").reason


@pytest.mark.parametrize(("when", "bears"), [("08-31 23:59", "-0.5"), ("09-01 00:00", "-0.7")])
def test_a_share_is_that_of_the_day(when: str, bears: str) -> None:
    """A finding is divided by the shares in force when it was made."""
    town = Office(office(issues=SHARES, more=OFFICES))
    town.find("A", when, handler="dui", department="ju")
    assert town.costs()["f-A-I1"][0] == bears


def test_an_unassessed_unit_is_told_that_it_is_not() -> None:
    """A share of a unit that no score is about deducts nowhere, and is shown."""
    town = Office(office(issues=SHARES))
    town.find("A", "07-10 10:00", handler="dui", department="ju")
    assert town.costs() == {"f-A-I1": ("-0.5", "-0.50")}
    assert town.free("ju") == {"f-A-I1": "rejected"}


def test_an_inspection_charges_the_inspected_unit_wholly() -> None:
    """What an inspection reports is about the unit it visited, whatever is shared otherwise."""
    town = Office(office(issues=SHARES, more=OFFICES))
    town.see("I1", "07-10 10:00", "A")
    assert town.costs() == {"I1#f0": ("-1", "-1.00")}


def test_shares_use_up_the_cap_by_weight() -> None:
    """A row is used up by what the findings cost after weighing; the last counts in part."""
    town = Office(office("several: sum", issues=SHARES, more=OFFICES))
    for i in range(8):
        town.find(f"A{i}", f"07-10 10:0{i}", category="垃圾", handler="dui")
    counted = [town.costs()[f"f-A{i}-I1"][1] for i in range(8)]
    assert counted == ["-1.60", "-1.60", "-1.60", "-1.20", "0", "0", "0", "0"]
    assert str(town.standing().figure) == "94.00"


# ── finder, own reports ──

WEIGHTS = "finder: {市级: $city, 网格员: $worker}, own_found: $own"


def test_who_found_it_weighs() -> None:
    """The level of the finder multiplies the points, with value, clause and reason; none is one."""
    town = Office(office(WEIGHTS))
    town.find("A", "07-10 10:00", level="市级")
    town.find("B", "07-10 10:00", level="县级")
    town.find("C", "07-10 10:00", level="网格员")
    assert town.costs() == {"f-A-I1": ("-2", "-2.00"), "f-B-I1": ("-1", "-1.00")}
    told = town.deduction("f-A-I1")
    assert told.reason == "zhao村：墙面发现涂写，扣 2 分（每处 1 分，市级发现×2）"
    assert [(s.title, s.value, s.since, s.ref) for s in told.steps[1:]] == [
        ("市级发现倍数", "×2", "always", "m 二")
    ]
    (free,) = town.holds("finding")
    assert (free.outcome, free.reason) == ("waived", "涂写：网格员发现×0，不扣分")
    assert [s.rule for s in free.steps] == ["parameters.worker"]


@pytest.mark.parametrize(
    ("when", "costs"), [("07-31 23:59", {}), ("08-01 00:00", {"f-A-I1": ("-0.5", "-0.50")})]
)
def test_what_a_unit_reports_itself(when: str, costs: dict[str, tuple[str, str]]) -> None:
    """What the charged unit reported itself weighs by the value of the day; another's in full."""
    town = Office(office(WEIGHTS))
    town.find("A", when, reporter="zhao")
    town.find("B", when, reporter="qian")
    assert town.costs() == {**costs, "f-B-I1": ("-1", "-1.00")}
    assert town.free() == ({} if costs else {"f-A-I1": "waived"})


def test_factors_multiply() -> None:
    """Share, finder and own report multiply, and the reason names each."""
    weighed = OFFICES.replace("counts: [check]", f"counts: [check], {WEIGHTS}")
    town = Office(office(WEIGHTS, issues=SHARES, more=weighed))
    town.find("A", "08-10 10:00", handler="dui", department="ju", level="市级", reporter="dui",
              category="垃圾")  # fmt: skip
    assert town.costs() == {"f-A-I1": ("-2", "-2.00")}
    assert town.costs("ju", "offices") == {"f-A-I1": ("-1.2", "-1.20")}
    assert town.costs("dui", "offices") == {"f-A-I1": ("-0.4", "-0.40")}
    assert town.deduction("f-A-I1", "dui").reason == (
        "环卫队：路边发现垃圾，扣 0.4 分（每处 2 分，分担 20%，市级发现×2，自查自报×0.5）"
    )


def test_a_statement_shows_what_findings_cost_after_weighing() -> None:
    """对账单 gives the weighed points, and the reason."""
    town = Office(office(WEIGHTS))
    town.find("A", "07-10 10:00", level="市级")
    made = statement(town.memory.projection, "made_up", "villages", "zhao", "2026-07")
    assert made is not None
    (line,) = made.lines
    assert (str(line.points), str(line.counted)) == ("-2", "-2.00")
    assert "市级发现×2" in line.reason


# ── repeats ──

REPEAT = office("several: sum, repeat: fix", more=FIX)


def test_a_repeat_before_the_limit_costs_nothing() -> None:
    """The same issue deducts once until its limit has run out, then once per assessment."""
    town = Office(REPEAT)
    town.find("A", "07-01 10:00")
    town.see("I2", "07-11 10:00", "A")
    town.see("I3", "07-11 10:01", "A", "A")
    town.see("I4", "07-20 10:00", "A")
    assert sorted(town.costs()) == ["I3#f0", "I4#f0", "f-A-I1"]
    assert town.free() == {"I2#f0": "repeat", "I3#f1": "repeat"}
    free = next(c for c in town.holds("finding") if c.slot.anchor == "I2#f0")
    assert free.reason == "案件 A 已扣分，整改限期至 2026-07-11 10:00 尚未届满，不重复扣分"
    assert free.events == ("I2", "f-A-I1")
    assert free.steps[0].rule == "deadlines.fix"


def test_without_the_field_every_assessment_deducts() -> None:
    """A scheme that does not ask for it charges an issue in every assessment that sees it."""
    town = Office(office("several: sum"))
    town.find("A", "07-01 10:00")
    town.see("I2", "07-05 10:00", "A")
    assert sorted(town.costs()) == ["I2#f0", "f-A-I1"]


def test_a_repeat_in_the_next_period() -> None:
    """An issue that an earlier month has charged costs nothing in the next before its limit."""
    town = Office(REPEAT)
    town.find("A", "07-25 10:00")
    town.see("I2", "08-04 10:00", "A")
    town.see("I3", "08-04 10:01", "A")
    assert sorted(town.costs()) == ["I3#f0", "f-A-I1"]
    assert town.free() == {"I2#f0": "repeat"}


def test_a_repeat_of_what_a_closed_month_has_charged() -> None:
    """It does not matter that the earlier month was closed before the issue was seen again."""
    town = Office(REPEAT)
    town.find("A", "07-25 10:00")
    town.close()
    town.see("I2", "08-04 10:00", "A")
    town.see("I3", "08-04 10:01", "A")
    assert sorted(town.costs()) == ["I3#f0", "f-A-I1"]
    assert town.free() == {"I2#f0": "repeat"}
    town.appeal("f-A-I1", "08-05 10:00", upheld=True)
    assert sorted(town.costs()) == ["I2#f0", "I3#f0"]


def test_the_first_charge_is_what_counts() -> None:
    """A sighting that cost nothing itself does not spare the next one."""
    town = Office(office("several: sum, repeat: fix, own_found: $own", more=FIX))
    town.find("A", "07-01 10:00", reporter="zhao")
    town.see("I2", "07-05 10:00", "A")
    town.see("I3", "08-06 10:00", "A")
    town.find("B", "07-31 10:00", reporter="zhao", visit="I9")
    town.see("I4", "08-01 10:00", "B")
    town.see("I5", "08-02 10:00", "B")
    assert sorted(town.costs()) == ["I2#f0", "I3#f0", "I4#f0"]
    assert town.free() == {"f-A-I1": "waived", "f-B-I9": "waived", "I5#f0": "repeat"}


def test_a_patrol_starts_the_limit_and_charges_nothing() -> None:
    """An issue of a patrol is charged by the assessment that sees it first."""
    town = Office(REPEAT)
    town.find("A", "07-01 10:00", source="patrol", visit="")
    town.see("I2", "07-05 10:00", "A")
    town.see("I3", "07-06 10:00", "A")
    town.see("I4", "07-12 10:00", "A")
    assert sorted(town.costs()) == ["I2#f0", "I4#f0"]


def test_an_extension_moves_the_end_of_repeats() -> None:
    """The limit is the issue's own: an approved extension spares it for longer."""
    town = Office(REPEAT)
    town.find("A", "07-01 10:00")
    town.see("I2", "07-15 10:00", "A")
    assert "I2#f0" in town.costs()
    town.move("A", "extended", "07-05 10:00", approver="p1", until="07-15 10:00")
    assert "I2#f0" not in town.costs()
    assert town.free() == {"I2#f0": "repeat"}


def test_an_issue_that_nobody_reported_has_no_limit() -> None:
    """An issue number without a finding of its own never runs out of time: it deducts once."""
    town = Office(REPEAT)
    town.see("I1", "07-01 10:00", "A")
    town.see("I2", "08-30 10:00", "A")
    assert sorted(town.costs()) == ["I1#f0"]
    assert town.free() == {"I2#f0": "repeat"}


def test_a_withdrawn_first_charge_passes_to_the_next() -> None:
    """When the first sighting is withdrawn, the second is the first: across a close as well."""
    town = Office(REPEAT)
    town.find("A", "07-01 10:00", source="patrol", visit="")
    town.see("I1", "07-30 10:00", "B")
    town.find("B", "07-30 09:00", source="patrol", visit="")
    town.see("I2", "08-02 10:00", "B")
    assert sorted(town.costs()) == ["I1#f0"]
    town.close()
    town.tell("w", "08-03 10:00", EventWithdrawn("I1"))
    assert sorted(town.costs()) == ["I1#f0", "I2#f0"]
    (news,) = town.holds("adjustment")
    assert news.outcome == "unfounded"


def test_a_closed_period_keeps_what_it_was_told() -> None:
    """What becomes known of an issue after the close changes nothing that was closed."""
    town = Office(REPEAT)
    town.find("A", "07-25 10:00")
    town.see("I2", "08-04 10:00", "A")
    town.see("I0", "08-04 10:00", "B")
    town.close()
    town.close("2026-08", "09-01 09:00")
    figures = town.points("villages", period="2026-08")
    held = {k: d.content.essence() for k, d in town.memory.effective().items() if "2026-08" in k}
    town.tell("w", "09-03 10:00", EventWithdrawn("f-A-I1"))
    town.appeal("f-A-I1", "09-04 10:00", upheld=True)
    after = {k: d.content.essence() for k, d in town.memory.effective().items() if "2026-08" in k}
    assert town.points("villages", period="2026-08") == figures
    assert {k: v for k, v in after.items() if k in held and "adjustment" not in k} == held


# ── points back ──

RESTORE = office("several: sum, restore: $back, restore_by: fix", more=FIX)


@pytest.mark.parametrize(
    ("mended", "counted"), [("07-11 10:00", "-1.00"), ("07-11 10:01", "-2.00")]
)
def test_points_come_back_for_what_was_mended_in_time(mended: str, counted: str) -> None:
    """Half the points come back if the issue was put right by its deadline, and none after it."""
    town = Office(RESTORE)
    town.find("A", "07-01 10:00", category="垃圾")
    assert town.costs() == {"f-A-I1": ("-2", "-2.00")}
    town.mend("A", mended, "07-20 10:00")
    assert town.costs() == {"f-A-I1": ("-2", counted)}
    told = town.deduction("f-A-I1")
    if counted == "-1.00":
        assert told.reason == ("zhao村：路边发现垃圾，扣 2 分；已按期整改，返还 1 分，计 1 分")
        assert told.events == ("f-A-I1", f"handled-A-{mended}", "check_passed-A-07-20 10:00")
        assert told.steps[-1].rule == "parameters.back"
    else:
        assert told.events == ("f-A-I1",)


def test_a_claim_is_not_enough() -> None:
    """Points come back once the rectification is final: verified, not just reported, not forced."""
    town = Office(RESTORE)
    town.find("A", "07-01 10:00")
    town.move("A", "handled", "07-05 10:00")
    assert town.costs() == {"f-A-I1": ("-1", "-1.00")}
    town.move("A", "check_failed", "07-06 10:00")
    town.move("A", "force_closed", "07-07 10:00", approver="p1")
    assert town.costs() == {"f-A-I1": ("-1", "-1.00")}


def test_what_comes_back_leaves_its_part_of_the_cap() -> None:
    """Points given back do not use up the row: what follows may take their place."""
    town = Office(RESTORE)
    for i in range(4):
        town.find(f"A{i}", f"07-01 10:0{i}", category="垃圾")
    assert [town.costs()[f"f-A{i}-I1"][1] for i in range(4)] == ["-2.00", "-2.00", "-2.00", "0"]
    town.mend("A0", "07-05 10:00")
    assert [town.costs()[f"f-A{i}-I1"][1] for i in range(4)] == ["-1.00", "-2.00", "-2.00", "-1.00"]
    assert str(town.standing().figure) == "94.00"


def test_only_what_was_mended_by_the_close_comes_back() -> None:
    """Points back are those known at the close: later ones change neither figure nor next month."""
    town = Office(RESTORE)
    town.find("A", "07-25 10:00")
    town.find("B", "07-25 10:00")
    town.mend("A", "07-28 10:00")
    town.close()
    assert str(town.points("villages")) == "98.50"
    town.mend("B", "08-01 10:00")
    assert str(town.points("villages")) == "98.50"
    assert town.holds("adjustment") == []
    town.find("C", "07-30 10:00", visit="I2")
    (late,) = town.holds("adjustment")
    assert str(late.points) == "-1.00"


def test_points_back_from_findings_of_inspections() -> None:
    """A finding within an inspection names its issue, and gets its points back like any other."""
    town = Office(RESTORE)
    town.find("A", "07-01 10:00", source="patrol", visit="")
    town.see("I2", "07-05 10:00", "A")
    town.mend("A", "07-08 10:00")
    assert town.costs() == {"I2#f0": ("-1", "-0.50")}


# ── laws ──

BOTH = office(f"several: sum, repeat: fix, restore: $back, restore_by: fix, {WEIGHTS}",
              issues=SHARES, more=OFFICES + FIX)  # fmt: skip


def told_in(order: tuple[int, ...]) -> dict[str, str]:
    """Return what holds after the same facts, told in this order between the closes."""
    town, facts = Office(BOTH), Office(BOTH)
    facts.find("A", "07-25 10:00", handler="dui", level="市级", category="垃圾")
    facts.see("I2", "07-28 10:00", "A")
    facts.see("I3", "08-05 10:00", "A")
    facts.mend("A", "07-29 10:00", "07-30 10:00")
    facts.tell("w", "07-31 10:00", EventWithdrawn("I2"))
    events = [e for e in facts.memory.log.rows if isinstance(e, Arrived)][4:]
    for i in order:
        town.memory.append(events[i])
    town.memory.append(Tick(at("07-31 23:00")))
    town.close()
    town.see("I4", "07-29 12:00", "A")
    town.close("2026-08", "09-01 09:00")
    return {slot: d.content.essence() for slot, d in town.memory.effective().items()}


def test_the_order_of_arrival_does_not_matter() -> None:
    """The same facts between the same closes hold the same, in whatever order they arrive."""
    orders = list(permutations(range(6)))
    held = told_in(orders[0])
    assert all(told_in(order) == held for order in orders[1::37])


def test_what_the_past_looked_like() -> None:
    """Standings of an earlier day or log entry leave out what was put right, or known, later."""
    town = Office(RESTORE)
    town.find("A", "07-01 10:00")
    seq = len(town.memory.log.rows)
    town.mend("A", "07-05 10:00", "07-08 10:00")
    assert str(town.standing().figure) == "99.50"
    assert str(town.standing(as_of=at("07-07 10:00")).figure) == "99.00"
    assert str(town.standing(as_of=at("07-08 10:00")).figure) == "99.50"
    assert str(town.standing(known_at=seq).figure) == "99.00"
    assert str(town.standing(known_at=seq + 2).figure) == "99.50"
    town.close()
    assert str(town.standing(known_at=seq).figure) == "99.00"
    assert str(town.standing(as_of=at("07-07 10:00")).figure) == "99.50"


def test_what_closed_months_told_in_the_past() -> None:
    """A correction is in the figure that it corrects from the log entry on that gave rise to it.

    So read of any log entry, as it was to be read then: with July closed, with August, with both.
    """
    town = Office(RESTORE)
    read: dict[int, list[str]] = {}

    def figures(known_at: int | None = None) -> list[str]:
        return [
            str(row.figure) for period in ("2026-08", "2026-09")
            for row in standings(
                town.memory.projection, SCHEME, "villages", period, known_at=known_at
            )
        ]  # fmt: skip

    def note() -> None:
        read[len(town.memory.log.rows)] = figures()

    for n, unit in enumerate(("zhao", "qian")):
        for month in ("07", "08", "09"):
            town.see(f"I{month}{n}", f"{month}-01 09:00", unit=unit)
    town.find("A", "07-01 10:00", visit="I070")
    town.close()
    note()
    town.find("B", "07-20 10:00", visit="I070")
    note()
    town.find("C", "08-03 10:00", visit="I080")
    note()
    town.close("2026-08", "09-01 09:00")
    note()
    town.find("D", "07-21 10:00", visit="I070")
    note()
    town.find("E", "08-04 10:00", visit="I081", unit="qian")
    note()
    assert len(set(map(tuple, read.values()))) == len(read) - 1  # the close itself moves nothing
    assert {last: figures(last) for last in read} == read


def test_a_visit_of_a_scheme_that_does_not_ask_concerns_no_issue() -> None:
    """Inspections are read by the issues that they name only where a score asks about them."""
    finding = (Finding("f0", "涂写", issue="A"),)
    for text, reads in ((office(), False), (REPEAT, True)):
        town = Office(text)
        town.tell("I1", "07-01 10:00", Inspection("I1", "zhao", "check", findings=finding))
        key = "made_up\nissue\nA"
        assert bool(town.memory.state.node(key).inputs) == reads
