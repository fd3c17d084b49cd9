"""The issue side: what clocks, slips and consequences do when facts come late, twice or in vain."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Content, Decision
from envrules.model.entries import Act, Arrived, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    IssueFound,
    IssueMoved,
    Move,
    Payload,
    SlipServed,
    UnitDeclared,
)
from envrules.resources import rulesets_dir
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

ZONE = ZoneInfo("Asia/Shanghai")
VARIANTS = {
    "r1": ("", ""),
    "host": ("    within: $notice_within\n", "    within: $notice_within\n    host_deadline: prefer\n"),
    "chained": (
        "rules:\n",
        "rules:\n- {id: twice, title: 再行督导, when: {rule: weak}, then: [督导整改], ref: m 三2}\n",
    ),
    "filed": (
        "    starts: found\n    ref: m 三1通知单\n    rungs",
        "    starts: filed\n    ref: m 三1通知单\n    rungs",
    ),
    "recent": (
        "rules:\n",
        "rules:\n- {id: again, title: 再查, when: {rule: weak}, ref: m 三2, then: [$REPORT]}\n".replace(
            "$REPORT", "{require: 督导整改, by: 村主任, within: $recent}"
        ),
    ),
}  # fmt: skip
RECENT = (
    "  recent: {title: 新设期限, unit: working_days, not_from_source: 试验, "
    "values: {2027-01-01: 3}}\n"
)


@cache
def library(scheme: str, revision: str) -> Scheme:
    """Return the shipped ruleset of 村庄环境整治考核 with one line added or changed."""
    text = (rulesets_dir() / f"{scheme}.yaml").read_text(encoding="utf-8")
    old, new = VARIANTS[revision]
    assert old in text
    text = text.replace(old, new, 1) if old else text
    if revision == "recent":
        text = text.replace("parameters:\n", "parameters:\n" + RECENT, 1)
    return compile_ruleset(load_ruleset(text, f"rulesets/{scheme}.yaml"), revision)


def at(when: str) -> int:
    """Return the instant of a local time in 2026, `07-06 10:00`."""
    moment = datetime.fromisoformat(f"2026-{when}").replace(tzinfo=ZONE)
    return int(moment.timestamp()) * 1_000_000


class Town:
    """One village with one patrol finding of Monday, 2026-07-06 10:00."""

    def __init__(self, revision: str = "r1", host_deadline: str = "") -> None:
        self.locality, self.events = MemoryLocality("town", library), 0
        self.locality.append(Published("town_deduction", revision))
        self.event("07-01 00:00", UnitDeclared("zhao", "赵村", "village"))
        deadline = at(host_deadline) if host_deadline else None
        self.event("07-06 10:00", IssueFound(
            "G1", "三大堆", "main_road", source="patrol", place_unit="zhao", host_deadline=deadline,
        ))  # fmt: skip

    def event(self, when: str, payload: Payload, node: str = "") -> str:
        """Let an event arrive; return its id."""
        self.events += 1
        name = f"e{self.events}"
        self.locality.append(Arrived(Event(name, at(when), payload), "", node))
        return name

    def move(self, when: str, move: Move, until: str = "") -> str:
        """Let the issue take a step, approved and founded."""
        end = at(until) if until else None
        ledger = {"整改措施": "清运", "完成时限": "三日", "责任人": "p7", "督办记录": "s1"}
        return self.event(when, IssueMoved(
            "G1", move, approver="镇长", basis="征迁", until=end, ledger=ledger,
        ))  # fmt: skip

    def tick(self, when: str) -> None:
        """Let time go on."""
        self.locality.append(Tick(at(when)))

    def act(self, rule: str, when: str, *actions: str) -> None:
        """Act on the standing decision of a rule."""
        decision, node = self.decision(rule), self.node(rule)
        content = decision.content
        for action in actions:
            self.locality.append(Act(
                action, "主任", at(when), node, content.slot, content.substance(),  # type: ignore[arg-type]
            ))  # fmt: skip

    def decision(self, rule: str) -> Decision:
        """Return the one standing decision of a rule."""
        (only,) = [d for d in self.locality.effective().values() if d.content.slot.rule == rule]
        return only

    def node(self, rule: str) -> str:
        """Return the node that the standing decision of a rule comes from."""
        wanted = self.decision(rule).id
        return next(n for d, n in self.locality.state.changes.decisions if d.id == wanted)

    def holds(self, rule: str) -> Content:
        """Return what the one standing decision of a rule says."""
        return self.decision(rule).content

    def rules(self) -> list[str]:
        """Return the rules of the standing decisions that are not revoked, sorted."""
        contents = [d.content for d in self.locality.effective().values()]
        return sorted(c.slot.rule for c in contents if c.publication != "revoked")

    def fail(self, when: str) -> str:
        """Let a claim fail its check."""
        self.move(when, "handled")
        return self.move(when, "check_failed")


def test_any_number_of_failed_checks_is_one_criticism() -> None:
    """Seventy failed checks of one issue give one consequence, with all of them as events."""
    town = Town()
    for n in range(70):
        town.fail(f"07-06 {11 + n // 10}:{n % 10:02d}")
    criticism = town.holds("rules.weak")
    assert criticism.at == at("07-06 11:00")
    assert len(criticism.events) == 71
    assert criticism.reason.count("复查不合格") == 1


def test_a_second_cause_leaves_a_published_criticism_published() -> None:
    """A later cause of the same consequence adds evidence and does not undo the approval."""
    town = Town()
    failed = town.fail("07-06 11:00")
    town.act("rules.weak", "07-06 16:00", "approve", "publish")
    before = town.holds("rules.weak")
    assert before.publication == "published"
    town.tick("07-20 10:00")
    after = town.holds("rules.weak")
    assert after.publication == "published"
    assert (after.reason, after.at) == (before.reason, before.at)
    assert failed in after.events
    assert any(step.note.startswith("另有：") and "超期" in step.note for step in after.steps)
    assert after.steps[-2].rule == "parameters.notice_within"


def test_an_earlier_cause_that_comes_late_is_approved_anew() -> None:
    """A cause of an earlier date changes what is said, so the criticism is proposed again."""
    town = Town()
    town.tick("07-20 10:00")
    town.act("rules.weak", "07-20 11:00", "approve", "publish")
    town.fail("07-06 11:00")
    assert town.holds("rules.weak").at == at("07-06 11:00")
    assert town.holds("rules.weak").publication == "proposed"


def test_a_consequence_cites_the_steps_of_its_facts() -> None:
    """A criticism for being late names the limit, its value and since when it is in force."""
    town = Town()
    town.tick("07-20 10:00")
    steps = {step.rule: step for step in town.holds("rules.weak").steps}
    assert steps["parameters.notice_within"].value
    assert steps["parameters.notice_within"].since
    assert steps["parameters.notice_within"].location


def test_an_appeal_against_a_deadline_reaches_what_follows_from_it() -> None:
    """A pending appeal holds the criticism too, an upheld one takes it away, and says why."""
    town = Town()
    town.tick("07-20 10:00")
    deadline, node = town.holds("deadlines.notice"), town.node("deadlines.notice")
    key = deadline.slot.key()
    town.event("07-20 11:00", AppealFiled("诉1", "zhao", key), node)
    assert town.holds("deadlines.notice").publication == "held"
    assert town.holds("rules.weak").publication == "held"
    upheld = town.event("07-21 11:00", AppealDecided("诉1", "zhao", key, True, "镇纪委"), node)
    assert town.holds("deadlines.notice").publication == "revoked"
    assert upheld in town.holds("deadlines.notice").events
    assert "rules.weak" not in town.rules()


def test_a_rejected_appeal_restores_the_published_criticism() -> None:
    """When an appeal fails, what was published before it is published again."""
    town = Town()
    town.tick("07-20 10:00")
    town.act("rules.weak", "07-20 10:30", "approve", "publish")
    key, node = town.holds("deadlines.notice").slot.key(), town.node("deadlines.notice")
    town.event("07-20 11:00", AppealFiled("诉1", "zhao", key), node)
    town.event("07-21 11:00", AppealDecided("诉1", "zhao", key, False, "镇纪委"), node)
    assert town.holds("rules.weak").publication == "published"


def test_nothing_follows_from_a_revoked_consequence() -> None:
    """A rule that builds on another's consequence no longer fires when that one is revoked."""
    town = Town("chained")
    town.fail("07-06 11:00")
    assert "rules.twice" in town.rules()
    town.act("rules.weak", "07-06 12:00", "revoke")
    assert town.holds("rules.weak").publication == "revoked"
    assert "rules.twice" not in town.rules()


def test_a_consequence_without_a_value_says_so() -> None:
    """A missing value is a decision on the unit that names it, and stalls nothing else."""
    town = Town("recent")
    town.fail("07-06 11:00")
    missing = town.holds("parameters.recent")
    assert (missing.outcome, missing.unit) == ("no_value", "zhao")
    assert "新设期限" in missing.reason
    assert "rules.weak" not in town.rules()
    assert "deadlines.notice" in town.rules()


def test_closing_by_force_within_the_limit_is_neither_late_nor_on_time() -> None:
    """Closing by force before the limit is an outcome of its own, and leads to no criticism."""
    town = Town()
    town.move("07-06 14:00", "force_closed")
    town.tick("07-20 10:00")
    verdict = town.holds("deadlines.notice")
    assert (verdict.outcome, verdict.at) == ("force_closed", at("07-06 14:00"))
    assert "强制结案，不计按期" in verdict.reason
    assert "rules.weak" not in town.rules()


def test_closing_by_force_after_the_limit_is_overdue() -> None:
    """Closing by force does not heal a limit that had passed."""
    town = Town()
    town.tick("07-20 10:00")
    town.move("07-20 14:00", "force_closed")
    assert town.holds("deadlines.notice").outcome == "overdue"
    assert "rules.weak" in town.rules()


def test_a_verified_issue_stays_on_time_when_closed_by_force() -> None:
    """What was verified within the limit is on time, however the issue was closed later."""
    town = Town()
    town.move("07-06 12:00", "handled")
    town.move("07-06 13:00", "check_passed")
    town.move("07-06 14:00", "force_closed")
    verdict = town.holds("deadlines.notice")
    assert verdict.outcome == "on_time"
    assert verdict.at == at("07-06 12:00")


def test_a_pause_shifts_the_hosts_deadline() -> None:
    """The platform's own deadline waits while the issue is suspended and moves by as long."""
    town = Town("host", "07-08 10:00")
    begun = town.move("07-07 10:00", "suspended")
    town.tick("07-20 00:00")
    assert town.holds("deadlines.notice").outcome == "suspended"
    ended = town.move("07-20 10:00", "resumed")
    verdict = town.holds("deadlines.notice")
    assert (verdict.outcome, verdict.due) == ("running", at("07-21 10:00"))
    assert {begun, ended} <= set(verdict.events)
    assert any("挂账 2026-07-07 10:00 至 2026-07-20 10:00" in step.note for step in verdict.steps)


def test_an_extension_counts_only_while_the_clock_runs() -> None:
    """An extension in time moves the limit and is cited; one after the limit changes nothing."""
    town = Town("host", "07-08 10:00")
    extended = town.move("07-08 09:00", "extended", "07-15 10:00")
    verdict = town.holds("deadlines.notice")
    assert verdict.due == at("07-15 10:00")
    assert extended in verdict.events
    assert any("延期至 2026-07-15 10:00，经镇长批准" in step.note for step in verdict.steps)
    late = town.move("07-15 10:01", "extended", "07-30 10:00")
    town.tick("07-16 10:00")
    verdict = town.holds("deadlines.notice")
    assert (verdict.outcome, verdict.due) == ("overdue", at("07-15 10:00"))
    assert late not in verdict.events


def test_a_duplicate_leads_to_nothing() -> None:
    """A voided issue has no failed check to be criticised for."""
    town = Town()
    town.fail("07-06 11:00")
    assert "rules.weak" in town.rules()
    town.move("07-06 14:00", "voided")
    assert "rules.weak" not in town.rules()


def test_a_later_slip_names_the_service_of_the_one_before() -> None:
    """A yellow slip cites when the white one was made public, a red one the event that served it."""
    locality = MemoryLocality("street", library)
    ledger = {"整改措施": "清运", "完成时限": "三日", "责任人": "p7"}
    locality.append(Published("liuhu", "r1"))
    for name, when, payload in (
        ("u", "07-01 00:00", UnitDeclared("zhao", "赵村", "village")),
        ("f", "07-01 09:00", IssueFound("G1", "乱堆乱放", place_unit="zhao", ledger=ledger)),
        ("r", "07-01 09:30", IssueMoved("G1", "registered")),
        ("s", "07-07 10:00", SlipServed("zhao", "yellow", ("G1",))),
    ):
        locality.append(Arrived(Event(name, at(when), payload)))
    locality.append(Tick(at("07-20 09:00")))
    slips = {d.content.outcome: d.content for d in locality.effective().values()}
    assert [step.rule for step in slips["yellow"].steps] == [
        "ladders.slips.white", "ladders.slips.yellow", "parameters.yellow_after",
    ]  # fmt: skip
    assert slips["yellow"].steps[0].note == "白单于 2026-07-02 18:00 公布"
    assert slips["red"].steps[0].note == "黄单于 2026-07-07 10:00 送达"
    assert "s" in slips["red"].events


def test_a_slip_at_the_start_names_the_step_that_started_it() -> None:
    """Its time is that of the step from which the ladder counts, and so is its word."""
    assert "案件 G1 于 2026-07-06 10:00 发现，下达" in Town().holds("ladders.notice.notice").reason
    town = Town("filed")
    town.move("07-06 14:00", "filed")
    said = town.holds("ladders.notice.notice").reason
    assert "案件 G1 于 2026-07-06 14:00 立案，下达" in said
