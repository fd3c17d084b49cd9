"""Recurrence: the same again within a window, suspected duplicates, and what follows from them."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from tests.engine.issue_town import RULES, Town, at

from envrules.engine.judging import RecurredFeed
from envrules.engine.nodes import recurrence_node, score_node
from envrules.model.entries import Arrived
from envrules.model.events import AppealDecided, AppealFiled, Event, IssueMoved, UnitDeclared

REBOUND = "recurrences.rebound"
TWICE = "recurrences.twice"


def mended_road(when: str = "07-05 10:00") -> Town:
    """Return a town where issue A by the road was found on 3 July and verified at `when`."""
    town = Town()
    town.found("A", "07-03 10:00", place="road")
    town.mended("A", when)
    return town


@pytest.mark.parametrize(
    ("found", "again"),
    [
        ("07-05 09:59", False),
        ("07-05 10:00", True),
        ("08-04 10:00", True),
        ("08-04 10:01", False),
    ],
)
def test_the_window_runs_from_the_end_of_the_earlier_issue(found: str, again: bool) -> None:
    """From the moment it was put right until thirty days later, both included, it comes again."""
    town = mended_road()
    town.found("B", found, place="road")
    assert town.outcomes(REBOUND) == (
        {"issue:B": "recurred", "issue:A": "reopened"} if again else {}
    )


@pytest.mark.parametrize(
    ("ended", "found", "again"),
    [
        ("08-15 10:00", "08-31 23:59", True),
        ("08-22 00:00", "09-01 00:00", True),
        ("08-21 23:59", "09-01 00:00", False),
    ],
)
def test_the_window_is_that_of_the_day_of_the_new_finding(
    ended: str, found: str, again: bool
) -> None:
    """From 1 September on ten days count, whenever the earlier issue ended."""
    town = mended_road(ended)
    town.found("B", found, place="road")
    assert len(town.of(REBOUND)) == 2 * again


def test_a_recurrence_names_both_issues_and_the_window() -> None:
    """The decision about the new issue says which earlier one, since when, and by what value."""
    town = mended_road()
    town.found("B", "07-20 10:00", place="road")
    again, reopened = sorted(town.of(REBOUND), key=lambda c: c.outcome)
    assert (again.slot.subject, again.slot.anchor, again.kind) == ("issue:B", "f-B", "recurrence")
    assert (reopened.slot.subject, reopened.slot.anchor) == ("issue:A", "f-B")
    assert again.events == ("f-A", "handled-A", "check_passed-A", "f-B")
    assert again.at == reopened.at == at("07-20 10:00")
    assert again.reason == (
        "案件 A 于 2026-07-05 10:00 办结，30 天之内同一单位、地点类型又发现案件 B"
    )
    assert reopened.reason == f"{again.reason}，案件 A 视为未了结"
    assert [(s.rule, s.value, s.note) for s in again.steps] == [
        (REBOUND, "", ""),
        ("parameters.window", "30 天", "自案件 A 办结 2026-07-05 10:00 起算，至 2026-08-04 10:00"),
    ]


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"place": "road"}, True),
        ({"place": "road", "category": "垃圾"}, True),
        ({"place": "field"}, False),
        ({"place": ""}, False),
        ({"place": "road", "place_unit": "qian"}, False),
        ({"place": "road", "duplicate_of": "A"}, False),
    ],
)
def test_what_makes_it_the_same(fields: dict[str, str], same: bool) -> None:
    """Unit and place must agree and be known; the category need not; a duplicate is no recurrence."""
    town = mended_road()
    town.found("B", "07-20 10:00", **fields)
    assert len(town.of(REBOUND)) == 2 * same


@pytest.mark.parametrize(
    ("steps", "ended"),
    [
        ((), None),
        (("handled",), None),
        (("handled", "check_failed"), None),
        (("handled", "check_passed"), "07-03 11:00"),
        (("handled", "check_failed", "handled", "check_passed"), "07-03 13:00"),
        (("handled", "check_passed", "called_back"), None),
        (("force_closed",), "07-03 11:00"),
    ],
)
def test_when_the_earlier_issue_was_put_right(steps: tuple[str, ...], ended: str | None) -> None:
    """A claim counts once a check has passed it, at the claim's time; what is open cannot return."""
    town = Town()
    town.found("A", "07-03 10:00", place="road")
    for hour, word in enumerate(steps, start=11):
        town.tell(f"s{hour}", f"07-03 {hour}:00", IssueMoved("A", word, approver="镇长"))  # type: ignore[arg-type]
    town.found("B", "07-20 10:00", place="road")
    wanted = [] if ended is None else [f"2026-{ended}"]
    found = [c for c in town.of(REBOUND) if c.outcome == "recurred"]
    assert [c.reason.split(" 于 ")[1].split(" 办结")[0] for c in found] == wanted


def test_an_issue_is_the_recurrence_of_the_latest_it_can_be_of() -> None:
    """Of two that were put right the later counts; one that is put right afterwards does not."""
    town = mended_road()
    town.found("B", "07-06 10:00", place="road")
    town.mended("B", "07-07 10:00")
    town.found("C", "07-06 11:00", place="road")
    town.mended("C", "07-09 10:00")
    town.found("D", "07-08 10:00", place="road")
    before = {c.slot.subject: c.issues[1] for c in town.of(REBOUND) if c.outcome == "recurred"}
    assert before == {"issue:B": "A", "issue:C": "A", "issue:D": "B"}


def test_a_late_end_and_a_withdrawn_one_change_what_came_again() -> None:
    """The decision follows what the log says in the end, and is taken back with its reason."""
    town = Town()
    town.found("B", "07-20 10:00", place="road")
    town.found("A", "07-03 10:00", place="road")
    assert town.of(REBOUND) == []
    town.move("A", "07-05 10:00", "handled")
    town.move("A", "07-06 10:00", "check_passed")
    assert len(town.of(REBOUND)) == 2
    assert len(town.of("rules.again")) == 1
    town.withdraw("check_passed-A")
    assert town.of(REBOUND) == []
    assert town.of("rules.again") == []


def test_a_recurrence_leads_to_what_the_rules_say() -> None:
    """The fact is the new issue's: its unit, its month, its number."""
    town = mended_road()
    town.found("B", "08-01 10:00", place="road")
    follows = town.one("rules.again")
    assert (follows.unit, follows.slot.anchor, follows.issues) == ("zhao", "B@2026-08", ("B",))
    assert "parameters.window" in [step.rule for step in follows.steps]


# ── suspected duplicates ──


def near(town: Town, issue: str, when: str, metres: str = "0", **fields: str) -> None:
    """Let an issue be found so many metres north of a spot."""
    north = Decimal(metres) / Decimal("111195.08")
    latitude = (Decimal("37.6") + north).quantize(Decimal("0.0000000001"))
    town.found(issue, when, longitude=Decimal("114.7"), latitude=latitude, **fields)


@pytest.mark.parametrize(
    ("when", "suspected"),
    [("07-03 10:00", True), ("07-04 10:00", True), ("07-04 10:01", False)],
)
def test_suspected_duplicates_are_found_within_a_day(when: str, suspected: bool) -> None:
    """Twenty-four hours after the earlier finding still count, whether that one is open or not."""
    town = Town()
    near(town, "A", "07-03 10:00")
    near(town, "B", when)
    assert town.outcomes(TWICE) == ({"issue:B": "recurred"} if suspected else {})
    for decided in town.of(TWICE):
        assert decided.reason.startswith("案件 A 于 2026-07-03 10:00 发现，24 小时之内")


@pytest.mark.parametrize(
    ("metres", "suspected"), [("29.99", True), ("30", True), ("30.01", False), ("-30", True)]
)
def test_suspected_duplicates_are_close_to_each_other(metres: str, suspected: bool) -> None:
    """Thirty metres apart is near, a centimetre more is not; the step says how far."""
    town = Town()
    near(town, "A", "07-03 10:00")
    near(town, "B", "07-03 11:00", metres)
    assert len(town.of(TWICE)) == suspected
    for decided in town.of(TWICE):
        step = decided.steps[-1]
        assert (step.rule, step.value) == ("parameters.close_by", "30 米")
        assert step.note == f"相距 {metres.removeprefix('-')} 米"


def test_without_coordinates_nothing_is_near() -> None:
    """An issue without coordinates is no suspected duplicate, nor is another one of it."""
    town = Town()
    near(town, "A", "07-03 10:00")
    town.found("B", "07-03 10:01")
    near(town, "C", "07-03 10:02", "31")
    town.found("D", "07-03 10:03")
    assert town.of(TWICE) == []


def test_the_nearest_in_time_is_passed_over_if_it_is_too_far() -> None:
    """A later issue a hundred metres away does not hide an earlier one on the spot."""
    town = Town()
    near(town, "A", "07-03 10:00")
    near(town, "B", "07-03 11:00", "100")
    near(town, "C", "07-03 12:00", "1")
    assert [c.issues for c in town.of(TWICE)] == [("C", "A")]


def test_findings_of_one_moment_are_told_apart_by_their_events() -> None:
    """Of two at the same time the one with the later event id is suspected, however they arrive."""
    for order in permutations("AB"):
        town = Town()
        for issue in order:
            near(town, issue, "07-03 10:00")
        assert [c.issues for c in town.of(TWICE)] == [("B", "A")]


# ── what rests on a recurrence ──


def told(town: Town, period: str, unit: str = "zhao") -> list[RecurredFeed]:
    """Return the recurrences that a unit's score has been told of."""
    key = score_node("made_up", "checked", period, unit).key()
    feeds = [feed for told in town.memory.state.feeds(key).values() for feed in told]
    return [feed for feed in feeds if isinstance(feed, RecurredFeed)]


def test_a_recurrence_is_told_to_the_score_that_it_demotes() -> None:
    """The score of the unit and month of the new finding hears of it, with its events."""
    town = mended_road()
    town.found("B", "08-01 10:00", place="road")
    assert told(town, "2026-07") == []
    (feed,) = told(town, "2026-08")
    assert (feed.recurrence, feed.events) == (
        "rebound",
        ("f-A", "handled-A", "check_passed-A", "f-B"),
    )
    assert feed.note == town.one("rules.again").reason.split("：")[1].split("；")[0]
    town.tell("z", "01-01 00:00", UnitDeclared("zhao", "赵镇", "town"))
    assert told(town, "2026-08") == []


def test_a_closed_period_is_told_nothing_more() -> None:
    """A recurrence of a unit that nobody knew at the close makes no figure for it, even in passing."""
    town = Town()
    town.close("2026-07")
    town.tell("u-sun", "01-01 00:00", UnitDeclared("sun", "孙村", "village"))
    town.found("A", "07-03 10:00", place="road", place_unit="sun")
    town.mended("A", "07-05 10:00")
    town.found("B", "07-20 10:00", place="road", place_unit="sun")
    assert len(town.of(REBOUND)) == 2
    assert {c.unit for c in town.of("scores.checked")} == {"zhao", "qian"}


def test_an_appeal_against_a_recurrence_takes_back_what_rests_on_it() -> None:
    """Held while the appeal is pending; once it is upheld, rules and scores hear of nothing."""
    town = mended_road()
    town.found("B", "07-20 10:00", place="road")
    node = recurrence_node("made_up", "rebound", ("zhao", "road")).key()
    slot = next(c.slot for c in town.of(REBOUND) if c.outcome == "recurred")
    filed = AppealFiled("诉1", "zhao", slot.key())
    decided = AppealDecided("诉1", "zhao", slot.key(), True, "镇纪委")
    for name, when, payload in (("a1", "07-21", filed), ("a2", "07-22", decided)):
        assert len(told(town, "2026-07")) == 1
        town.memory.append(Arrived(Event(name, at(f"{when} 10:00"), payload), "", node))
    assert told(town, "2026-07") == []
    assert all(c.publication == "revoked" for c in town.of("rules.again"))


def test_a_slot_goes_on_where_a_new_revision_puts_it() -> None:
    """What is the same may be defined anew: each slot keeps counting its versions, none twice."""
    other = RULES.replace("same: [unit, place], within", "same: [unit, category], within")
    town = Town(r1=RULES, r2=other)
    for issue, when, place in (
        ("A", "07-03 10:00", "road"), ("B", "07-20 10:00", "road"), ("C", "07-21 10:00", "field"),
    ):  # fmt: skip
        town.found(issue, when, place=place)
    town.mended("A", "07-05 10:00")
    assert {c.slot.subject for c in town.of(REBOUND)} == {"issue:A", "issue:B"}
    for revision in ("r2", "r1", "r2"):
        town.publish(revision)
    assert {c.slot.subject for c in town.of(REBOUND)} == {"issue:A", "issue:B", "issue:C"}
    town.withdraw("check_passed-A")
    assert town.of(REBOUND) == []
    versions = [(d.content.slot.key(), d.version) for d in town.memory.emitted()]
    assert len(versions) == len(set(versions))


def test_a_window_without_a_value_says_so() -> None:
    """Where an issue might be a recurrence and the window has no value, that is the decision."""
    town = Town(r1=RULES.replace("{always: 30, 2026-09-01: 10}", "{2026-09-01: 10}"))
    town.found("A", "07-03 10:00", place="road")
    town.mended("A", "07-05 10:00")
    town.found("B", "07-20 10:00", place="road")
    missing = town.one(REBOUND)
    assert (missing.outcome, missing.slot.subject) == ("no_value", "issue:B")
    assert "回潮期限" in missing.reason
