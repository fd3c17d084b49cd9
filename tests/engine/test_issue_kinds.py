"""Classes, exclusions, conditions, priorities, points and orders on a small made-up scheme."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.engine.issue_town import RULES, Town, at

from envrules.model.events import (
    Exemption,
    IssueMoved,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
)

# ── classes ──


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"place": "road"}, "cleared"),
        ({"place": "field"}, "tidied"),
        ({}, "tidied"),
        ({"place": "road", "category": "垃圾"}, None),
    ],
)
def test_an_issue_belongs_to_the_first_class_that_describes_it(
    fields: dict[str, str], outcome: str | None
) -> None:
    """Heaps by the road are cleared, other heaps tidied, and litter belongs to no class."""
    town = Town()
    town.found("A", "07-03 10:00", **fields)
    found = {c.outcome for name in ("cleared", "tidied") for c in town.of(f"classes.{name}")}
    assert found == ({outcome} if outcome else set())


def test_a_class_names_its_clause_and_tells_the_rules() -> None:
    """A class is a decision that cites its definition; a rule on it follows and cites it too."""
    town = Town()
    town.found("A", "07-03 10:00", place="road")
    decided = town.one("classes.cleared")
    assert (decided.kind, decided.title, decided.unit) == ("class", "清除", "zhao")
    assert [(s.rule, s.ref) for s in decided.steps] == [("classes.cleared", "m 一")]
    assert town.one("rules.cleared").steps[0].rule == "classes.cleared"


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ("07-10 23:59", False),
        ("07-11 00:00", True),
        ("07-15 23:59", True),
        ("07-16 00:00", False),
    ],
)
def test_a_class_may_hold_in_a_campaign_only(when: str, inside: bool) -> None:
    """Five days before 16 July a class takes what it leaves to others outside, and says why."""
    town = Town()
    town.found("A", when, tags=("乱象",))
    festive = town.of("classes.festive")
    assert len(festive) == inside
    assert len(town.of("classes.tidied")) == (not inside)
    for decided in festive:
        steps = {step.rule: step for step in decided.steps}
        assert steps["campaigns.eve"].note == "2026-07-11 至 2026-07-15"
        assert steps["parameters.before"].value == "5 天"


def test_a_category_is_a_fact() -> None:
    """A rule on a category follows from every judged issue of it, and from no other."""
    town = Town()
    town.found("A", "07-03 10:00")
    town.found("B", "07-03 10:00", category="垃圾")
    assert [c.issues for c in town.of("rules.heaps")] == [("A",)]


@pytest.mark.parametrize("word", ["voided", "merged", "not_filed"])
def test_an_issue_that_is_out_is_nothing_to_the_scheme(word: str) -> None:
    """An issue that was voided, merged or not filed has no class, priority, point or fact."""
    town = Town()
    town.found("A", "07-03 10:00", place="road", point="P", tags=("游客",))
    named = ("classes.cleared", "priorities.spot", "points", "rules.heaps", "rules.cleared")
    assert all(len(town.of(rule)) == 1 for rule in named)
    town.move("A", "07-03 11:00", word)  # type: ignore[arg-type]
    assert not any(town.of(rule) for rule in named)


# ── exclusions ──

PROOF = {"用途": "农用", "指导": "国土所"}


def test_a_ledger_that_proves_an_exclusion_ends_the_judgement() -> None:
    """A farm shed with its proof has no clock, class, point or fact: only the exclusion."""
    town = Town()
    town.found("A", "07-03 10:00", category="棚", place="road", point="P", ledger=PROOF)
    (only,) = [d.content for d in town.memory.effective().values() if "A" in d.content.issues]
    assert (only.slot.rule, only.outcome, only.kind) == (
        "exclusions.farm_shed", "excluded", "lifecycle",
    )  # fmt: skip
    assert "用途“农用”、指导“国土所”" in only.reason
    assert town.of("points") == []


@pytest.mark.parametrize(
    ("category", "ledger", "excluded"),
    [
        ("棚", {"用途": "看护", "指导": "规划所"}, True),
        ("棚", {"用途": "住人", "指导": "国土所"}, False),
        ("棚", {"用途": "农用"}, False),
        ("棚", {"用途": "农用", "指导": ""}, False),
        ("柴草堆", PROOF, False),
    ],
)
def test_an_exclusion_needs_all_of_its_proof(
    category: str, ledger: dict[str, str], excluded: bool
) -> None:
    """Every field must say what the clause asks, and of the right category; else the clock runs."""
    town = Town()
    town.found("A", "07-03 10:00", category=category, ledger=ledger)
    assert len(town.of("exclusions.farm_shed")) == excluded
    assert len(town.of("deadlines.fix")) == (not excluded)


def test_a_later_step_may_prove_an_exclusion_and_lose_it_again() -> None:
    """The ledger counts as it finally is: a proof may come late, and be withdrawn."""
    town = Town()
    town.found("A", "07-03 10:00", category="棚", ledger={"用途": "农用"})
    town.tick("07-10 10:00")
    assert town.one("deadlines.fix").outcome == "overdue"
    town.move("A", "07-03 11:00", "registered", ledger={"指导": "国土所"})
    assert town.one("exclusions.farm_shed").events == ("f-A", "registered-A")
    assert town.of("deadlines.fix") == []
    town.withdraw("registered-A")
    assert town.of("exclusions.farm_shed") == []
    assert town.one("deadlines.fix").outcome == "overdue"


def test_an_excluded_finding_deducts_nothing() -> None:
    """The score reads the proof in the finding's own ledger; without it the finding deducts."""
    town = Town()
    town.found("A", "07-03 10:00", category="棚", source="check", inspection="I", ledger=PROOF)
    town.found("B", "07-03 10:00", category="棚", source="check", inspection="I")
    (spared,) = town.of("scores.checked")
    assert (spared.outcome, spared.events, spared.title) == (
        "excluded", ("f-A",), "考核：不作问题处理",
    )  # fmt: skip
    assert spared.steps[0].rule == "exclusions.farm_shed"
    assert [c.issues for c in town.of("scores.checked.heap")] == [("B",)]


def test_an_exemption_of_an_issue_reaches_its_deduction() -> None:
    """An issue that is exempted by its number after it was charged deducts nothing any more."""
    town = Town()
    town.found("A", "07-03 10:00", source="check", inspection="I")
    assert len(town.of("scores.checked.heap")) == 1
    town.tell("x", "07-03 00:00", Exemption(
        at("07-01 00:00"), at("08-01 00:00"), "防汛", "镇长", issues=("A",)
    ))  # fmt: skip
    assert town.of("scores.checked.heap") == []
    assert [c.outcome for c in town.of("scores.checked")] == ["exempt"]


# ── slips issued at once ──


def test_who_may_issue_a_slip_may_become_known_late() -> None:
    """A slip is refused while the unit that issued it is unknown, and whenever it is none that may."""
    ladder = """
ladders:
  slips:
    title: 督办单
    direct_issue_by: [town]
    ref: m 三
    rungs: [{id: red, title: 红单, after: $fix, then: [通报], ref: m 三}]
"""
    town = Town(r1=RULES + ladder)
    town.found("A", "07-03 10:00")
    town.move("A", "07-03 11:00", "supervised", slip="red", by_unit="zhen")
    assert town.outcomes("issues.supervised") == {"issue:A": "rejected"}
    town.tell("u-zhen", "01-01 00:00", UnitDeclared("zhen", "镇", "town"))
    assert (town.of("issues.supervised"), len(town.of("ladders.slips.red"))) == ([], 1)
    town.tell("u-zhen2", "01-01 00:00", UnitDeclared("zhen", "镇", "village"))
    assert town.of("ladders.slips.red") == []
    town.withdraw("u-zhen2")
    assert len(town.of("ladders.slips.red")) == 1
    town.tell("end", "07-02 00:00", UnitMerged(("zhen",), "zhao"))
    assert town.outcomes("issues.supervised") == {"issue:A": "rejected"}


# ── conditions ──


@pytest.mark.parametrize(
    ("ledger", "until", "refused"),
    [
        ({"方案": "甲"}, "07-20 00:00", False),
        ({"方案": "甲"}, "", True),
        ({}, "07-20 00:00", True),
        ({"方案": ""}, "07-20 00:00", True),
        ({}, "", True),
    ],
)
def test_a_deferral_needs_plan_and_limit(ledger: dict[str, str], until: str, refused: bool) -> None:
    """Without a plan in the ledger, or without a limit, a deferral is refused, and rules know."""
    town = Town()
    town.found("A", "07-03 10:00")
    end = at(until) if until else None
    town.move("A", "07-03 11:00", "deferred", approver="镇长", ledger=ledger, until=end)
    assert town.outcomes("issues.deferred") == ({"issue:A": "rejected"} if refused else {})
    assert len(town.of("rules.no_plan")) == refused
    assert town.one("deadlines.fix").due == at("07-05 10:00" if refused else "07-20 00:00")
    if refused:
        assert town.one("issues.deferred").steps[0].rule == "issues.conditions.plan"
        assert town.one("rules.no_plan").period == "2026-07"
        assert town.one("rules.no_plan").steps[0].rule == "issues.conditions.plan"


@pytest.mark.parametrize(
    ("place", "ledger", "approver", "outcome", "said"),
    [
        ("road", {}, "", "rejected", "缺方案、期限"),
        ("road", {"方案": "甲"}, "镇长", "rejected", "缺期限"),
        ("field", {}, "", "incomplete", "批准人"),
        ("field", {}, "镇长", "incomplete", "新的期限"),
    ],
)
def test_a_condition_is_judged_before_what_any_step_needs(
    place: str, ledger: dict[str, str], approver: str, outcome: str, said: str
) -> None:
    """What the clause asks for is refused first; where it does not bind, a limit is asked still."""
    text = RULES.replace("at: deferred, fields", "at: deferred, where: {place: [road]}, fields")
    town = Town(r1=text)
    town.found("A", "07-03 10:00", place=place)
    town.move("A", "07-03 11:00", "deferred", approver=approver, ledger=ledger)
    assert town.outcomes("issues.deferred") == {"issue:A": outcome}
    assert said in town.one("issues.deferred").reason


def test_a_refusal_belongs_to_the_month_of_the_step() -> None:
    """What follows from a refused step is of the step's month, not of the finding's."""
    town = Town()
    town.found("A", "07-03 10:00")
    town.move("A", "08-03 11:00", "deferred", approver="镇长")
    assert town.one("rules.no_plan").slot.anchor == "A@2026-08"


def test_a_condition_binds_only_what_it_describes() -> None:
    """By the road a closing waits for acceptance, with the value that counts; elsewhere it does not."""
    town = Town()
    for issue, place in (("A", "road"), ("B", "field")):
        town.found(issue, "07-03 10:00", place=place)
        town.move(issue, "07-03 11:00", "closed", ledger={"验收": "不合格"})
    assert town.outcomes("issues.closed") == {"issue:A": "rejected"}
    assert "验收（合格）" in town.one("issues.closed").reason
    town.tell("again", "07-03 12:00", IssueMoved("A", "closed", ledger={"验收": "合格"}))
    assert town.outcomes("deadlines.fix") == {"issue:A": "on_time", "issue:B": "on_time"}


# ── priorities ──


@pytest.mark.parametrize(
    ("tags", "when", "points"),
    [
        (("游客",), "08-31 23:59", 3),
        (("游客",), "09-01 00:00", 4),
        (("扣分", "游客"), "07-03 10:00", 5),
        (("游客", "游客"), "07-03 10:00", 3),
        (("游客", "别的"), "07-03 10:00", 3),
        (("一般",), "07-03 10:00", None),
        (("别的",), "07-03 10:00", None),
        ((), "07-03 10:00", None),
    ],
)
def test_weights_of_tags_add_up(tags: tuple[str, ...], when: str, points: int | None) -> None:
    """The weights of the day add up, each tag once; a sum of nothing raises nothing."""
    town = Town()
    town.found("A", when, place="road", tags=tags)
    raised = [c.points for c in town.of("priorities.spot")]
    assert raised == ([Decimal(points)] if points else [])


def test_a_priority_cites_each_weight() -> None:
    """Each tag's weight is a step with its value and since when; elsewhere nothing is raised."""
    town = Town()
    town.found("A", "09-03 10:00", place="road", tags=("扣分", "游客"))
    town.found("B", "09-03 10:00", place="field", tags=("扣分", "游客"))
    raised = town.one("priorities.spot")
    assert raised.issues == ("A",)
    assert [(s.rule, s.value, s.since) for s in raised.steps[1:]] == [
        ("parameters.visitors", "4", "2026-09-01"), ("parameters.heavy", "2", "always"),
    ]  # fmt: skip


def test_a_weight_without_a_value_says_so() -> None:
    """A weight that does not hold yet on the day is named, and stops nothing else."""
    town = Town(r1=RULES.replace("{always: 2}", "{2027-01-01: 2}"))
    town.found("A", "07-03 10:00", place="road", tags=("扣分",))
    town.found("B", "07-03 10:00", place="road", tags=("游客",))
    assert town.outcomes("parameters.heavy") == {"issue:A": "no_value"}
    assert town.one("priorities.spot").issues == ("B",)
    assert len(town.of("deadlines.fix")) == 2


# ── points ──


def test_a_point_closes_with_its_last_issue() -> None:
    """Two issues at a point: it is open while one is, and closed when the other closes."""
    town = Town()
    town.found("A", "07-03 10:00", point="P", place="field")
    town.found("B", "07-03 11:00", point="P", place="field", place_unit="qian")
    town.move("A", "07-04 10:00", "closed")
    point = town.one("points")
    assert (point.outcome, point.at, point.issues) == ("open", at("07-03 11:00"), ("A", "B"))
    assert "案件 B 尚未结案" in point.reason
    town.move("B", "07-05 10:00", "closed")
    point = town.one("points")
    assert (point.outcome, point.at) == ("closed", at("07-05 10:00"))
    assert point.events == ("f-A", "closed-A", "f-B", "closed-B")


def test_a_point_opens_again_when_a_closing_is_withdrawn() -> None:
    """A withdrawn closing, and one that was called back, leave the point open."""
    town = Town()
    town.found("A", "07-03 10:00", point="P")
    town.move("A", "07-04 10:00", "closed")
    assert town.one("points").outcome == "closed"
    town.move("A", "07-04 11:00", "called_back")
    assert town.one("points").outcome == "open"
    town.withdraw("called_back-A")
    assert town.one("points").outcome == "closed"
    town.withdraw("closed-A")
    assert town.one("points").outcome == "open"


def test_what_is_no_issue_of_a_point_does_not_hold_it_open() -> None:
    """Voided, duplicate, excluded and exempt issues leave a point as the others make it."""
    town = Town()
    town.found("A", "07-03 10:00", point="P")
    town.move("A", "07-04 10:00", "closed")
    town.found("B", "07-03 10:00", point="P")
    town.move("B", "07-03 11:00", "voided")
    town.found("C", "07-03 10:00", point="P", duplicate_of="A")
    town.found("D", "07-03 10:00", point="P", category="棚", ledger=PROOF)
    town.found("E", "07-03 10:00", point="P")
    assert town.one("points").outcome == "open"
    town.tell("x", "07-03 00:00", Exemption(
        at("07-01 00:00"), at("08-01 00:00"), "防汛", "镇长", issues=("E",)
    ))  # fmt: skip
    assert (town.one("points").outcome, town.one("points").issues) == ("closed", ("A",))
    town.withdraw("f-A")
    assert town.of("points") == []


@pytest.mark.parametrize(
    ("stops", "steps", "outcome"),
    [
        ("handled", ("handled",), "closed"),
        ("verified", ("handled",), "open"),
        ("verified", ("handled", "check_passed"), "closed"),
        ("verified", ("handled", "check_failed"), "open"),
        ("closed", ("handled", "check_passed"), "open"),
        ("closed", ("handled", "check_passed", "closed"), "closed"),
        ("closed", ("force_closed",), "closed"),
        ("verified", ("force_closed",), "closed"),
    ],
)
def test_what_ends_an_issue_for_its_point(stops: str, steps: tuple[str, ...], outcome: str) -> None:
    """A point waits for claims, checks or closings as the scheme says; a claim alone is no check."""
    points = "points: {title: 点位, ref: m 一}"
    town = Town(r1=RULES.replace(points, f"points: {{title: 点位, stops: {stops}, ref: m 一}}"))
    town.found("A", "07-03 10:00", point="P")
    for hour, word in enumerate(steps, start=11):
        town.move("A", f"07-03 {hour}:00", word, approver="镇长")  # type: ignore[arg-type]
    assert town.one("points").outcome == outcome


# ── orders of units ──


def _declared(name: str, **attributes: str) -> UnitDeclared:
    return UnitDeclared(name, f"{name}村", "village", attributes=attributes)


def test_units_are_ordered_by_the_first_key_and_equals_by_the_next() -> None:
    """Centre before outskirts, clustered before scattered; equals share a rank; unknown come last."""
    town = Town()
    town.tell("a", "02-01 00:00", _declared("zhao", 区位="外围", 布局="集中"))
    town.tell("b", "02-01 00:00", _declared("qian", 区位="中心", 布局="分散"))
    town.tell("c", "02-01 00:00", _declared("sun", 区位="中心", 布局="集中"))
    town.tell("d", "02-01 00:00", _declared("li", 区位="中心", 布局="分散"))
    town.tell("e", "02-01 00:00", _declared("zhou", 区位="别处", 布局="集中"))
    town.tick("03-01 00:00")
    ranks = {c.unit: c.rank for c in town.of("sequences.order")}
    assert ranks == {"sun": 1, "qian": 2, "li": 2, "zhao": 4, "zhou": 5}
    first = next(c for c in town.of("sequences.order") if c.unit == "sun")
    assert (first.kind, first.outcome, first.slot.anchor) == ("sequence", "ranked", "sun")
    assert first.reason == "sun村：第 1 位（区位“中心”列第 1；布局“集中”列第 1）"
    assert [s.rule for s in first.steps] == [
        "sequences.order", "sequences.order.区位", "sequences.order.布局",
    ]  # fmt: skip


def test_an_order_follows_the_units() -> None:
    """A unit takes its place when it begins, under its name of the day, and leaves it when it ends."""
    town = Town()
    town.tick("03-01 00:00")
    town.tell("a", "02-01 00:00", _declared("zhao", 区位="中心"))
    town.tell("b", "02-01 00:00", UnitDeclared("sun", "孙村", "village", since=at("04-01 00:00")))
    town.tell("c", "05-01 00:00", UnitRenamed("zhao", "新赵村"))
    town.tell("d", "06-01 00:00", UnitMerged(("zhao",), "qian"))
    seen = []
    for when in ("03-31 23:59", "04-01 00:00", "05-01 00:00", "06-01 00:00"):
        town.tick(when)
        seen.append({c.reason.partition("：")[0]: c.rank for c in town.of("sequences.order")})
    assert seen == [
        {"zhao村": 1, "qian村": 2},
        {"zhao村": 1, "qian村": 2, "孙村": 2},
        {"新赵村": 1, "qian村": 2, "孙村": 2},
        {"qian村": 1, "孙村": 1},
    ]


# ── deadlines that a flag switches on ──


@pytest.mark.parametrize(("found", "judged"), [("07-09 23:59", False), ("07-10 00:00", True)])
def test_a_deadline_may_hold_only_while_a_flag_is_true(found: str, judged: bool) -> None:
    """From the day on which the flag turns true, issues found have a limit, and it cites the flag."""
    flag = "  binding: {title: 限期, unit: flag, ref: m 三, values: {always: false, 2026-07-10: true}}\n"
    text = RULES.replace("tables:\n", f"{flag}tables:\n")
    text = text.replace("within: $fix,", "within: $fix, only_if: $binding,")
    town = Town(r1=text)
    town.found("A", found)
    verdicts = town.of("deadlines.fix")
    assert len(verdicts) == judged
    for verdict in verdicts:
        (step,) = [s for s in verdict.steps if s.rule == "parameters.binding"]
        assert (step.value, step.since) == ("是", "2026-07-10")
