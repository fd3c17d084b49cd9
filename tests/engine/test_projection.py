"""The projection where the random logs of tests/laws do not reach: republication, waiting, skips."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Published, Tick
from envrules.model.events import (
    ApprovalGiven,
    Event,
    EventWithdrawn,
    Finding,
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
from envrules.resources import rulesets_dir
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

ZONE = ZoneInfo("Asia/Shanghai")
TOWN = (rulesets_dir() / "town_deduction.yaml").read_text(encoding="utf-8")
MIXING = (
    TOWN + "- {id: both, title: 超期又复查不合格, when: {all: [{overdue: notice}, "
    "{recheck_failed: any}]}, then: [督导整改], ref: m 三2}\n"
)
NO_DUTY = TOWN[: TOWN.index("duties:")] + TOWN[TOWN.index("rules:") :]


def at(text: str) -> int:
    """Return an instant of July 2026 or another month, in local time."""
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).timestamp()) * 1_000_000


def library(**texts: str) -> Callable[[str, str], Scheme]:
    """Return a library of town_deduction by revision name."""
    schemes = {
        name: compile_ruleset(load_ruleset(text, "rulesets/town_deduction.yaml"), name)
        for name, text in texts.items()
    }
    return lambda _scheme, revision: schemes[revision]


class Town:
    """One locality in memory, with a village."""

    def __init__(self, **texts: str) -> None:
        self.memory = MemoryLocality("town", library(**{"r1": TOWN, **texts}))
        self.publish("r1")
        self.tell("u1", "01-01 00:00", UnitDeclared("zhao", "赵村", "village"))

    def publish(self, revision: str) -> None:
        """Bind a revision."""
        self.memory.append(Published("town_deduction", revision))

    def tell(self, event_id: str, when: str, payload: Payload, *, skipped: bool = False) -> None:
        """Let an event arrive."""
        self.memory.append(Arrived(Event(event_id, at(when), payload)), apply=not skipped)

    def tick(self, when: str) -> None:
        """Let time go on."""
        self.memory.append(Tick(at(when)))

    def holds(self, kind: str) -> list[Content]:
        """Return what holds of one kind of rule, by slot."""
        contents = (d.content for _, d in sorted(self.memory.effective().items()))
        return [c for c in contents if c.kind == kind]

    def versions_count(self) -> bool:
        """Return whether every slot's versions count 1, 2, 3 ..."""
        last: dict[str, int] = {}
        for decision in self.memory.emitted():
            slot = decision.content.slot.key()
            if decision.version != last.get(slot, 0) + 1:
                return False
            last[slot] = decision.version
        return True


def patrolled(issue: str = "G1", unit: str = "zhao") -> IssueFound:
    """Return an issue that a patrol found."""
    return IssueFound(issue, "三大堆", "main_road", source="patrol", place_unit=unit)


def test_a_rule_over_several_facts_takes_over_what_was_decided() -> None:
    """Publishing a rule that mixes facts, and taking it back, goes on counting each slot's versions."""
    town = Town(mix=MIXING)
    town.tell("e1", "07-06 10:00", patrolled())
    town.tick("07-20 10:00")
    before = [c.essence() for c in town.holds("consequence")]
    assert before
    for revision in ("mix", "r1", "mix"):
        town.publish(revision)
        assert [c.essence() for c in town.holds("consequence")] == before
    town.tell("e2", "07-21 10:00", IssueMoved("G1", "handled"))
    town.tell("e3", "07-21 11:00", IssueMoved("G1", "check_failed"))
    assert {c.outcome for c in town.holds("consequence")} == {"weak", "both"}
    assert town.versions_count()


def test_a_definition_that_is_gone_decides_nothing() -> None:
    """A revision without a duty takes back what the duty said of open periods; it can come back."""
    town = Town(bare=NO_DUTY)
    town.tick("08-03 00:00")
    missed = [c.essence() for c in town.holds("duty")]
    assert missed
    town.publish("bare")
    assert town.holds("duty") == []
    town.tick("09-03 00:00")
    town.publish("r1")
    assert len(town.holds("duty")) == len(missed) + 1
    assert town.versions_count()


def test_a_skipped_entry_stays_skipped() -> None:
    """What an operator skipped is not read by a later revision, nor found by what is about it."""
    town = Town()
    finding = Inspection(
        "I1", "zhao", "monthly_check", findings=(Finding("f", "三大堆", "main_road"),)
    )
    town.tell("bad", "07-10 10:00", finding, skipped=True)
    town.publish("r1")
    town.tell("w", "07-11 10:00", EventWithdrawn("bad"))
    assert town.holds("deduction") == []
    assert [c.outcome for c in town.holds("lifecycle")] == ["parked"]


def test_an_approval_that_is_withdrawn_no_longer_approves() -> None:
    """A withdrawal reaches what the withdrawn event was about, whichever of the three came first."""
    bonus = ScoreSupplied("zhao", "annual", "bonus", "2026-07", Decimal(5), organ="督查组")
    steps: list[tuple[str, Payload]] = [
        ("b", bonus), ("a", ApprovalGiven("b", "督查组")), ("w", EventWithdrawn("a")),
    ]  # fmt: skip
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        town = Town()
        for i in order:
            town.tell(steps[i][0], "07-10 10:00", steps[i][1])
        assert [c.outcome for c in town.holds("finding")] == ["unapproved"]
        assert town.holds("lifecycle") == []


def test_events_about_something_unknown_wait_visibly() -> None:
    """A withdrawal or approval of what has not arrived is parked, and no longer once it has."""
    town = Town()
    town.tell("w", "07-10 10:00", EventWithdrawn("e1"))
    town.tell("a", "07-10 10:00", ApprovalGiven("nowhere", "督查组"))
    assert {c.slot.anchor for c in town.holds("lifecycle")} == {"w", "a"}
    town.tell("e1", "07-10 09:00", patrolled())
    assert {c.slot.anchor for c in town.holds("lifecycle")} == {"a"}
    assert town.holds("slip") == []


def test_a_period_that_is_none_is_judged_not_raised() -> None:
    """Points for a period that does not exist, or that is too long, wait with a reason."""
    for period in ("2026-13", "七月份", "2026"):
        town = Town()
        town.tell(
            "s",
            "07-10 10:00",
            ScoreSupplied("zhao", "monthly", "transfer", period, Decimal(9), "村建办"),
        )
        (waiting,) = town.holds("lifecycle")
        assert waiting.outcome == "parked"
        assert period in waiting.reason


def test_an_unread_word_is_said_so() -> None:
    """A report under a word that nothing requires is parked, not lost."""
    town = Town()
    town.tell("r", "07-10 10:00", ReportFiled("zhao", "整改承若"))
    assert [c.outcome for c in town.holds("lifecycle")] == ["parked"]


def test_a_finding_resubmitted_for_another_unit_is_judged() -> None:
    """A withdrawn finding no longer says which unit its issue waits for."""
    town = Town()
    town.tell("e1", "07-10 10:00", patrolled(unit="wrong"))
    town.tell("w", "07-10 11:00", EventWithdrawn("e1"))
    town.tell("e2", "07-10 10:00", patrolled(unit="qian"))
    town.tell("u2", "07-12 10:00", UnitDeclared("qian", "钱村", "village", since=at("01-01 00:00")))
    assert [c.unit for c in town.holds("slip")] == ["qian"]


def test_a_merger_outlasts_late_and_corrected_declarations() -> None:
    """A unit that was merged stays ended when it is declared, or declared anew, afterwards."""
    town = Town()
    town.tell("u2", "01-01 00:00", UnitDeclared("qian", "钱村", "village"))
    town.tell("m", "07-05 00:00", UnitMerged(("sun",), "qian"))
    since = at("01-01 00:00")
    town.tell("u3", "07-10 00:00", UnitDeclared("sun", "孙村", "village", since=since))
    town.tell("u4", "07-11 00:00", UnitDeclared("sun", "孙家村", "village", since=since))
    town.tell("e1", "07-03 10:00", patrolled(unit="sun"))
    town.tick("07-20 10:00")
    assert {c.unit for c in town.holds("consequence")} == {"qian"}


def test_a_unit_may_change_its_type() -> None:
    """A village that becomes a community keeps what was found while it was a village."""
    town = Town()
    finding = Inspection(
        "I1", "zhao", "monthly_check", findings=(Finding("f", "三大堆", "main_road"),)
    )
    town.tell("e1", "07-10 10:00", finding)
    town.tell("u2", "08-01 00:00", UnitDeclared("zhao", "赵家社区", "community"))
    town.tell("r", "08-02 00:00", UnitRenamed("zhao", "赵社区"))
    assert [c.counted for c in town.holds("deduction")] == [-1]


def test_an_issue_taken_out_does_not_deduct() -> None:
    """A finding of the assessment whose issue is voided costs nothing, whichever came first."""
    found = IssueFound(
        "G1", "三大堆", "main_road", source="monthly_check", inspection="I1", place_unit="zhao"
    )
    for order in ((0, 1), (1, 0)):
        town = Town()
        events: list[tuple[str, str, Payload]] = [
            ("e1", "07-10 10:00", found), ("e2", "07-11 10:00", IssueMoved("G1", "voided")),
        ]  # fmt: skip
        for i in order:
            town.tell(*events[i])
        assert town.holds("deduction") == []
