"""What an issue counts as, and for which units: what the indicators over issues are told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.issue_town import Town, at, compiled

from envrules.engine.chaining import Chainer
from envrules.engine.context import Context, Records
from envrules.engine.evaluate import judge
from envrules.engine.judging import Bench, CountFeed, Inputs
from envrules.engine.nodes import issue_node
from envrules.model.events import (
    Event,
    Exemption,
    IssueFound,
    IssueMoved,
    Payload,
    UnitDeclared,
)

SCHEME = compiled()
UNITS = (
    UnitDeclared("shi", "石镇", "town"),
    UnitDeclared("pian", "片区", "area", parent="shi"),
    UnitDeclared("zhao", "赵村", "village", parent="pian"),
)


def found(when: str = "07-03 10:00", **fields: Any) -> tuple[str, Payload]:
    """Return an issue found by the road."""
    return when, IssueFound(
        "A", **{"category": "柴草堆", "place": "road", "place_unit": "zhao"} | fields
    )


def moved(when: str, move: Any, **fields: Any) -> tuple[str, Payload]:
    """Return a step of that issue, approved."""
    return when, IssueMoved("A", move, approver="镇长", basis="文件", **fields)


def told(
    *happened: tuple[str, Payload], now: str = "07-10 10:00", others: tuple[Payload, ...] = ()
) -> dict[tuple[str, ...], CountFeed]:
    """Return what an issue tells the indicators, by (indicator, period, unit)."""
    known = [
        Event(f"u{i}", at("01-01 00:00"), payload, seq=i)
        for i, payload in enumerate((*UNITS, *others))
    ]
    bench = Bench(SCHEME, Context(at(now), Records(known)), Chainer(), lambda _period: SCHEME)
    events = [Event(f"e{i}", at(when), payload) for i, (when, payload) in enumerate(happened)]
    judged = judge(bench, issue_node("made_up", "A"), Inputs(events))
    return {
        node.parts: feed for node, feeds in judged.feeds.items() if node.kind == "indicator"
        for feed in feeds if isinstance(feed, CountFeed)
    }  # fmt: skip


def states(*happened: tuple[str, Payload], now: str = "07-10 10:00") -> set[str]:
    """Return what the issue counts as where a deadline is named."""
    return set(told(*happened, now=now)["in_time", "2026Q3", "shi"].counted.states)


def test_an_issue_counts_for_its_unit_and_those_above() -> None:
    """The village and the town that the indicator is about hear of it, in the period it was found."""
    feeds = told(found())
    assert feeds.keys() == {
        ("ledger", "2026-07", "zhao"), ("ledger", "2026-07", "shi"), ("in_time", "2026Q3", "shi"),
    }  # fmt: skip
    assert {feed.counted.id for feed in feeds.values()} == {"A"}
    assert told(found("10-01 00:00")).keys() >= {("in_time", "2026Q4", "shi")}


def test_an_indicator_counts_what_it_describes() -> None:
    """An issue in a field is nothing to an indicator about roads."""
    assert told(found(place="field")).keys() == {("in_time", "2026Q3", "shi")}


@pytest.mark.parametrize(
    "ground",
    [
        {"duplicate_of": "B"},
        {"place_unit": "nobody"},
        {"category": "棚", "ledger": {"用途": "农用", "指导": "国土所"}},
    ],
)
def test_what_is_out_does_not_count(ground: dict[str, Any]) -> None:
    """Duplicates, parked and excluded issues are in no denominator."""
    assert told(found(**ground)) == {}


def test_voided_and_exempt_issues_do_not_count() -> None:
    """What was voided, or is exempt, is in no denominator either."""
    assert told(found(), moved("07-03 11:00", "voided")) == {}
    exemption = Exemption(at("07-01 00:00"), at("08-01 00:00"), "防汛", "镇长", units=("zhao",))
    assert told(found(), others=(exemption,)) == {}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), {"found", "open", "unaccounted"}),
        (("filed",), {"found", "open", "unaccounted", "filed"}),
        (("registered",), {"found", "open", "registered"}),
        (("handled",), {"found", "open", "unaccounted", "handled"}),
        (("handled", "check_failed"), {"found", "open", "unaccounted", "failed_check"}),
        (("handled", "check_passed"), {"found", "open", "handled", "verified"}),
        (("closed",), {"found", "handled", "closed"}),
        (("force_closed",), {"found", "handled", "closed", "force_closed"}),
        (("closed", "called_back"), {"found", "open", "unaccounted"}),
    ],
)
def test_what_an_issue_counts_as(steps: tuple[str, ...], words: set[str]) -> None:
    """The words follow the steps; without a deadline nothing is said about time."""
    ledger = {"验收": "合格"}
    happened = [moved(f"07-03 {hour}:00", s, ledger=ledger) for hour, s in enumerate(steps, 11)]
    feed = told(found(), *happened)["ledger", "2026-07", "zhao"]
    assert feed.counted.states == tuple(sorted(words))


LEDGER = {"验收": "合格", "方案": "甲"}


@pytest.mark.parametrize(
    ("happened", "now", "words"),
    [
        ([], "07-05 10:00", set()),
        ([], "07-05 10:01", {"overdue", "due"}),
        ([("07-05 10:00", "handled"), ("07-05 11:00", "check_passed")], "07-06 00:00", {"on_time", "due"}),
        ([("07-05 10:01", "handled"), ("07-05 11:00", "check_passed")], "07-06 00:00", {"overdue", "due"}),
        ([("07-04 10:00", "force_closed")], "07-06 00:00", {"force_closed", "due"}),
        ([("07-06 10:00", "force_closed")], "07-07 00:00", {"overdue", "force_closed", "due"}),
        ([("07-04 10:00", "suspended")], "07-10 00:00", {"suspended"}),
        ([("07-05 10:01", "suspended")], "07-10 00:00", {"overdue", "due"}),
        ([("07-05 10:00", "deferred")], "07-10 00:00", {"deferred"}),
        ([("07-05 10:00", "deferred")], "07-21 00:00", {"overdue", "deferred"}),
        ([("07-05 10:01", "deferred")], "07-10 00:00", {"overdue", "due"}),
        ([("07-05 10:00", "extended")], "07-21 00:00", {"overdue", "due"}),
    ],
)  # fmt: skip
def test_what_an_issue_counts_as_by_its_deadline(
    happened: list[tuple[str, str]], now: str, words: set[str]
) -> None:
    """Deferred and suspended issues are not due; a deferral after the limit defers nothing."""
    until = {"deferred": at("07-20 10:00"), "extended": at("07-20 10:00")}
    steps = [moved(when, s, ledger=LEDGER, until=until.get(s)) for when, s in happened]
    about_time = {"on_time", "overdue", "force_closed", "suspended", "deferred", "due"}
    assert states(found(), *steps, now=now) & about_time == words


def test_a_count_names_the_events_it_rests_on() -> None:
    """The finding, the deferral that moved the limit and the closing are evidence."""
    feed = told(
        found(),
        moved("07-04 10:00", "deferred", ledger=LEDGER, until=at("07-20 10:00")),
        moved("07-04 11:00", "dispatched"),
        moved("07-06 10:00", "closed"),
    )["in_time", "2026Q3", "shi"]
    assert feed.counted.events == ("e0", "e1", "e3")


def test_who_is_above_may_be_known_late() -> None:
    """A town declared after its villages hears of their issues, and of none when they leave it."""
    town = Town()
    town.tell("pian", "01-01 00:00", UnitDeclared("pian", "片区", "area", parent="shi"))
    town.tell("z1", "01-01 00:00", UnitDeclared("zhao", "赵村", "village", parent="pian"))
    town.found("A", "07-03 10:00", place="road")
    town.tell("shi", "01-01 00:00", UnitDeclared("shi", "石镇", "town"))
    town.tick("08-01 00:00")
    town.close("2026-07")
    assert {c.unit: c.reason for c in town.of("indicators.ledger")} == {
        "shi": "石镇 2026-07 台账 0%（0/1）",
        "zhao": "赵村 2026-07 台账 0%（0/1）",
        "qian": "qian村 2026-07 台账：分母为 0，不适用",
    }
    town.found("B", "08-03 10:00", place="road")
    town.tell("z2", "08-01 00:00", UnitDeclared("pian", "片区", "area"))
    town.close("2026-08")
    august = {c.unit: c.outcome for c in town.of("indicators.ledger") if c.period == "2026-08"}
    assert august == {"shi": "not_applicable", "zhao": "reported", "qian": "not_applicable"}
