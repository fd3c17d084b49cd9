"""The figures of a locality's issues, counted by hand: both sides of every boundary."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.issue_town import Town, at
from tests.report.bulletin.rules import RULES

from envrules.engine.caseload import Rate, caseload, figures
from envrules.engine.state import State
from envrules.model.events import Exemption, IssueMoved

BY = {"approver": "镇长", "basis": "文件"}


@pytest.fixture
def town() -> Town:
    """A town under the made-up scheme; the clock has reached the end of August."""
    made = Town(r1=RULES)
    made.tick("08-31 00:00")
    return made


def counted(town: Town, period: str = "2026-07", **clocks: Any) -> dict[str, int | tuple[int, int]]:
    """Return the figures: a count, or numerator and denominator; those that are nothing left out."""
    found = figures(caseload(town.memory.projection, "made_up", period, **clocks))
    told = {
        f.id: (f.numerator, f.denominator) if isinstance(f, Rate) else f.value for f in found
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in (0, (0, 0))}


def issue(town: Town, name: str, found: str, closed: str = "", category: str = "垃圾") -> None:
    """Find an issue, and close it unless it stays open."""
    town.found(name, found, category=category)
    if closed:
        town.move(name, closed, "closed")


ON_TIME = {
    "due": 1, "closed": 1, "closed_rate": (1, 1), "on_time": 1, "on_time_rate": (1, 1),
    "rework_rate": (0, 1),
}  # fmt: skip
LATE = {"due": 1, "closed": 1, "closed_rate": (1, 1), "on_time_rate": (0, 1), "rework_rate": (0, 1)}
OPEN = {"due": 1, "closed_rate": (0, 1), "on_time_rate": (0, 1), "rework_rate": (0, 1)}


@pytest.mark.parametrize(("found", "closed", "july"), [
    ("07-10 10:00", "07-12 10:00", ON_TIME), ("07-10 10:00", "07-12 10:00:01", LATE),
    ("07-10 10:00", "", OPEN),
    ("06-29 00:00", "06-30 00:00", ON_TIME),  # due with the first instant of July
    ("06-28 23:59:59", "06-30 00:00", {}),  # due with the last second of June
    ("07-29 23:59:59", "07-31 23:59:59", ON_TIME), ("07-29 23:59:59", "08-01 00:00", OPEN),
    ("07-30 00:00", "07-30 10:00", {}),  # due with the first instant of August
])  # fmt: skip
def test_a_limit_that_may_be_used_to_the_instant(
    town: Town, found: str, closed: str, july: dict[str, Any]
) -> None:
    """An issue is due in the period that holds the last instant at which it may be closed."""
    issue(town, "A", found, closed)
    assert counted(town) == july


@pytest.mark.parametrize(("found", "closed", "july"), [
    ("07-31 10:00", "07-31 23:59:59", ON_TIME), ("07-31 10:00", "08-01 00:00", OPEN),
    ("08-01 00:00", "08-01 10:00", {}), ("06-30 23:59:59", "06-30 23:59:59", {}),
    ("07-01 00:00", "07-01 23:59:59", ON_TIME), ("07-01 00:00", "07-02 00:00", LATE),
])  # fmt: skip
def test_a_limit_that_ends_with_a_day(
    town: Town, found: str, closed: str, july: dict[str, Any]
) -> None:
    """A limit that ends with a day, at 24:00, is due that day: the last of July is July's."""
    issue(town, "A", found, closed, category="柴草")
    assert counted(town) == july


def test_forced_closings_are_never_on_time(town: Town) -> None:
    """强制结案 within the limit counts as closed and as forced, not as on time."""
    issue(town, "A", "07-10 10:00")
    town.move("A", "07-11 10:00", "force_closed", **BY)
    assert counted(town) == {**LATE, "force_closed": 1}


def test_deferred_issues_are_counted_apart(town: Town) -> None:
    """缓办 takes an issue out of what is due: in its own month apart, in the later one not at all."""
    issue(town, "A", "07-10 10:00", "08-05 10:00")
    town.move("A", "07-11 10:00", "deferred", until=at("08-10 10:00"), **BY)
    assert counted(town) == {"deferred": 1}
    assert counted(town, "2026-08") == {}


def test_a_deferral_that_comes_too_late_changes_nothing(town: Town) -> None:
    """What is deferred after its limit ran out is due and late."""
    issue(town, "A", "07-10 10:00")
    town.move("A", "07-12 10:00:01", "deferred", until=at("08-10 10:00"), **BY)
    assert counted(town) == OPEN


def test_an_extension_moves_the_limit(town: Town) -> None:
    """延期 is no 缓办: the issue is due when its new limit runs out."""
    issue(town, "A", "07-10 10:00", "08-05 10:00")
    town.move("A", "07-11 10:00", "extended", until=at("08-10 10:00"), **BY)
    assert counted(town) == {}
    assert counted(town, "2026-08") == ON_TIME


def test_suspended_issues_are_counted_apart_until_they_go_on(town: Town) -> None:
    """挂账: apart in the month in which the limit would have run out; due when it goes on."""
    issue(town, "A", "07-10 10:00")
    town.move("A", "07-11 10:00", "suspended", **BY)
    assert counted(town) == {"suspended": 1}
    town.move("A", "08-05 10:00", "resumed")
    assert counted(town) == {"suspended": 1}, "July is what it was at its end"
    assert counted(town, "2026-08") == OPEN


def test_a_suspension_that_is_over_only_moves_the_limit(town: Town) -> None:
    """Suspended for a day inside the month and then closed in what was left: on time."""
    issue(town, "A", "07-10 10:00", "07-13 10:00")
    town.move("A", "07-11 10:00", "suspended", **BY)
    town.move("A", "07-12 10:00", "resumed")
    assert counted(town) == ON_TIME


def test_a_suspension_that_comes_too_late_changes_nothing(town: Town) -> None:
    """What is suspended after its limit ran out is due and late."""
    issue(town, "A", "07-10 10:00")
    town.move("A", "07-12 10:00:01", "suspended", **BY)
    assert counted(town) == OPEN


def test_rework_counts_an_issue_once(town: Town) -> None:
    """Two failed checks of one issue are one rework; an issue that is not due is none."""
    issue(town, "A", "07-10 10:00")
    issue(town, "B", "07-10 10:00", "07-11 10:00")
    issue(town, "C", "07-30 10:00")  # due in August
    for name, day in (("A", "07-10"), ("C", "07-30")):
        for n in (1, 2):
            town.tell(f"handled-{name}-{n}", f"{day} 1{n}:00", IssueMoved(name, "handled"))
            failed = IssueMoved(name, "check_failed")
            town.tell(f"failed-{name}-{n}", f"{day} 1{n}:30", failed)
    figure = {f.id: f for f in figures(caseload(town.memory.projection, "made_up", "2026-07"))}
    rework = figure["rework_rate"]
    assert isinstance(rework, Rate)
    assert (rework.numerator, rework.denominator, rework.issues) == (1, 2, ("A",))


def test_filing(town: Town) -> None:
    """立案率: of what was accepted in the month, what was filed by its end; 不予立案 lowers it."""
    for name in "ABCDEF":
        issue(town, name, "06-30 10:00", category="")
    for name, when in zip("ABCDEF", (
        "07-01 00:00", "07-31 23:59:59", "08-01 00:00", "06-30 23:59:59", "07-10 10:00",
        "07-10 10:00",
    ), strict=True):  # fmt: skip
        town.move(name, when, "accepted")
    town.move("A", "07-02 10:00", "filed")
    town.move("B", "08-01 00:00", "filed")  # too late for July
    town.move("C", "08-02 00:00", "filed")
    town.move("D", "07-01 00:00", "filed")
    town.move("E", "07-11 10:00", "not_filed")
    town.move("F", "07-11 10:00", "voided")
    assert counted(town) == {"accepted": 3, "filed": 1, "filed_rate": (1, 3)}
    found = {f.id: f for f in figures(caseload(town.memory.projection, "made_up", "2026-07"))}
    assert found["filed_rate"].issues == ("B", "E")


def test_of_several_limits_the_one_nearest_the_end_counts(town: Town) -> None:
    """Verified in time but closed too late: the issue is held to the closing."""
    town.found("A", "07-10 10:00", category="污水")
    town.move("A", "07-10 11:00", "handled")
    town.move("A", "07-10 12:00", "check_passed")
    town.move("A", "07-13 10:00:01", "closed")
    assert counted(town) == LATE


def test_a_limit_on_handling_is_kept_by_handling(town: Town) -> None:
    """Where the scheme asks for no more than handling, what was handled has reached its end."""
    town.found("A", "07-10 10:00", category="占道")
    town.move("A", "07-10 11:00", "handled")
    assert counted(town) == ON_TIME


def test_what_is_not_judged_is_not_counted(town: Town) -> None:
    """Void, withdrawn, exempt, unknown unit, without a limit: none of them is due."""
    for name in "ABC":
        issue(town, name, "07-10 10:00")
    issue(town, "E", "07-10 10:00", category="别的")
    town.found("D", "07-10 10:00", category="垃圾", place_unit="nobody")
    town.move("A", "07-11 10:00", "voided")
    town.withdraw("f-B")
    town.tell("x", "07-01 00:00", Exemption(
        at("07-01 00:00"), at("07-31 00:00"), "暴雨", "镇长", issues=("C",)
    ))  # fmt: skip
    assert counted(town) == {}


def test_a_period_that_is_not_over(town: Town) -> None:
    """Only limits that have run out by now are due: 48 hours to the instant, then one more."""
    issue(town, "A", "07-10 10:00", "07-10 11:00")
    issue(town, "B", "07-10 12:00")
    assert counted(town, as_of=at("07-12 10:00") - 1) == {}
    assert counted(town, as_of=at("07-12 10:00")) == ON_TIME
    assert counted(town, as_of=at("07-12 12:00"))["closed_rate"] == (1, 2)


def test_what_is_stored_later_is_not_known(town: Town) -> None:
    """A log entry cuts off what came after it, withdrawals included."""
    issue(town, "A", "07-10 10:00", "07-11 10:00")
    known = max(seq for seq, _ in town.memory.state.events(1 << 40))
    town.withdraw("closed-A")
    assert counted(town, known_at=known) == ON_TIME
    assert counted(town) == OPEN


def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the issues that will have been looked at."""
    looked_at: list[str] = []
    known = State.keys_not_over

    def keys(state: State, prefix: str, since: int, known_at: int | None) -> list[str]:
        found = known(state, prefix, since, known_at)
        looked_at.extend(key.rpartition("\n")[2] for key in found)
        return found

    monkeypatch.setattr(State, "keys_not_over", keys)
    return looked_at


def test_what_is_long_over_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A month looks at the issues that were not over when it began, and at no others."""
    looked_at = seen(monkeypatch)
    town = Town(r1=RULES)
    town.tick("07-20 00:00")
    issue(town, "done", "07-10 10:00", "07-11 10:00")
    issue(town, "voided", "07-10 10:00")
    town.move("voided", "07-11 10:00", "voided")
    issue(town, "open", "07-10 10:00")
    issue(town, "late", "07-10 10:00", "07-20 10:00")
    town.tick("08-31 12:00")
    town.move("late", "07-12 10:00", "registered")  # told when September was near
    town.tick("09-02 00:00")
    assert counted(town, "2026-09") == {}
    assert looked_at == ["late", "open"]
    looked_at.clear()
    assert counted(town)["due"] == 3
    assert looked_at == ["done", "late", "open", "voided"]


def test_what_came_later_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A month seen as known at a log entry looks at no issue of which nothing had come by then."""
    looked_at = seen(monkeypatch)
    town = Town(r1=RULES)
    issue(town, "known", "07-10 10:00", "07-11 10:00")
    known_at = max(seq for seq, _ in town.memory.state.events(1 << 40))
    issue(town, "later", "07-12 10:00")
    counted(town, known_at=known_at)
    assert looked_at == ["known"]
    counted(town)
    assert looked_at == ["known", "known", "later"]


def test_what_is_over_early_is_due_late() -> None:
    """An issue that was closed in July counts in August if that is when its limit runs out."""
    town = Town(r1=RULES)
    town.tick("07-12 00:00")
    town.found("early", "07-10 10:00", category="垃圾")
    town.move("early", "07-10 11:00", "extended", until=at("08-10 10:00"), **BY)
    town.move("early", "07-11 10:00", "closed")
    town.tick("09-02 00:00")
    assert counted(town) == {}
    assert counted(town, "2026-08") == ON_TIME
