"""Findings in the host's codes: parked until somebody maps them, then judged like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from tests.codes.tables import HEAD, RULESET, SCHEME, TABLE

from envrules.engine.memory import MemoryLocality
from envrules.engine.unknown import Unknown, unknowns
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Published, Tick
from envrules.model.events import Event, Exemption, Finding, Inspection, IssueFound, UnitDeclared
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir
from envrules.ruleset.code_table import HostCode
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library

ZONE = ZoneInfo("Asia/Shanghai")
LIBRARY = Library(load_plugins())


def scheme_with(table: str) -> Scheme:
    """Return the town's scheme with a code table, or without one."""
    codes = CodeTableText("town.codes.yaml", table) if table else None
    return LIBRARY.add(RULESET, f"rulesets/{SCHEME}.yaml", {}, 0, codes)


BARE, MAPPED = scheme_with(""), scheme_with(TABLE)


def at(text: str) -> int:
    """Return an instant of 2026, in local time."""
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).timestamp()) * 1_000_000


def litter(name: str = "1", when: str = "07-06 10:00", **more: str) -> Event:
    """Return litter that a patrol found, in the host's codes."""
    fields = {"large_class": "01", "small_class": "0103", "place": "01", "source": "patrol", **more}
    payload = IssueFound(f"案{name}", place_unit="zhao", object_class="event", **fields)  # type: ignore[arg-type]
    return Event(f"e{name}", at(when), payload)


def check(*findings: Finding) -> Event:
    """Return a monthly check of the village."""
    payload = Inspection("月查", "zhao", "monthly_check", findings=findings)
    return Event("check", at("07-10 09:00"), payload)


class Town:
    """One locality in memory, with a village."""

    def __init__(self, scheme: Scheme, events: Sequence[Event] = ()) -> None:
        self.memory = MemoryLocality("town", LIBRARY)
        self.publish(scheme)
        declared = UnitDeclared("zhao", "赵村", "village")
        for event in (Event("u", at("01-01 00:00"), declared), *events):
            self.memory.append(Arrived(event))

    def publish(self, scheme: Scheme) -> None:
        """Bind a revision."""
        self.memory.append(Published(SCHEME, scheme.revision))

    def holds(self, outcome: str = "") -> list[Content]:
        """Return what holds, with one outcome or all, by slot."""
        contents = (d.content for _, d in sorted(self.memory.effective().items()))
        return [c for c in contents if not outcome or c.outcome == outcome]

    def essences(self) -> list[str]:
        """Return what holds, in a form to be compared."""
        return [content.essence() for content in self.holds()]


def test_an_unknown_code_is_parked_and_named() -> None:
    """The decision names the host's codes, so that an operator can map them."""
    (parked,) = Town(BARE, [litter(condition="1")]).holds("parked")
    assert (parked.slot.rule, parked.issues, parked.events) == ("intake", ("案1",), ("e1",))
    assert parked.reason == (
        "代码“事件 大类01 小类0103 立案条件1”不在本方案之内；问题照记，补正后再判"
    )
    (parked,) = Town(BARE, [litter(category="暴露垃圾")]).holds("parked")
    assert parked.reason.startswith("问题类别“暴露垃圾”（事件 大类01 小类0103）不在本方案之内；")
    (parked,) = Town(MAPPED, [litter(large_class="09", small_class="")]).holds("parked")
    assert "不在本方案之内，代码表“某市数字城管代码”亦未收录；" in parked.reason
    (parked,) = Town(MAPPED, [litter(large_class="", small_class="")]).holds("parked")
    assert parked.reason == "未写问题类别；问题照记，补正后再判"


def test_mapping_a_code_judges_what_was_parked() -> None:
    """A revision with the table judges the finding as it would have been from the first."""
    town = Town(BARE, [litter()])
    assert [c.outcome for c in town.holds()] == ["parked"]
    town.publish(MAPPED)
    assert {c.kind for c in town.holds()} == {"slip", "deadline"}
    assert town.essences() == Town(MAPPED, [litter()]).essences()


def test_decisions_cite_the_entry_that_read_the_code() -> None:
    """Every decision about the issue, and what follows from it, says how its code was read."""
    town = Town(MAPPED, [litter()])
    town.memory.append(Tick(at("07-20 10:00")))
    about = [c for c in town.holds() if c.issues]
    assert {c.kind for c in about} == {"slip", "deadline", "consequence"}
    line = TABLE[: TABLE.index("title: 暴露垃圾")].count("\n") + 1
    for content in about:
        steps = [s for s in content.steps if s.rule == "codes.town_platform"]
        assert [s.location for s in steps][:1] == [f"town.codes.yaml:{line}"]
        assert [s.value for s in steps] == ["事件 大类01 小类0103", "地点 01"]


def test_order_of_events_and_publications_does_not_matter() -> None:
    """Whatever arrives first, and whenever the table is published, the same holds in the end."""
    events = [
        litter("1"), litter("2", "07-07 10:00", condition="2"), litter("3", "07-07 10:00", place="9"),
        check(Finding("a", "事件-污水", "01"), Finding("b", "事件-噪声", "01")),
    ]  # fmt: skip
    ends = set()
    for order in permutations(events):
        for when in (0, 2, 4):
            town = Town(BARE, order[:when])
            town.publish(MAPPED)
            for event in order[when:]:
                town.memory.append(Arrived(event))
            ends.add(tuple(town.essences()))
    assert len(ends) == 1


def test_findings_of_an_inspection_deduct_once_they_are_mapped() -> None:
    """Parked for the score until then; the deduction cites the entry, a clean finding nothing."""
    findings = (Finding("a", "事件-堆", "01"), Finding("b", "白色垃圾", "main_road"))
    town = Town(BARE, [check(*findings)])
    (parked,) = town.holds("parked")
    assert (parked.slot.rule, parked.slot.anchor) == ("scores.monthly", "check#a")
    assert parked.reason == "问题类别“事件-堆”不在本方案之内，暂存待判"
    town.publish(scheme_with(HEAD + 'places: {"01": main_road}\nentries:\n'
                             "- {category_code: 事件-堆, category: 三大堆}\n"))  # fmt: skip
    deductions = {c.slot.anchor: c for c in town.holds() if c.kind == "deduction"}
    assert set(deductions) == {"check#a", "check#b"}
    read = {
        a: [s.value for s in c.steps if s.rule.startswith("codes.")] for a, c in deductions.items()
    }
    assert read == {"check#a": ["“事件-堆”", "地点 01"], "check#b": []}


def test_an_issue_of_a_check_is_parked_and_read_in_both_its_places() -> None:
    """A case found in a check has codes and no category: it waits as an issue and for the score."""
    found = litter(inspection="月查", source="monthly_check")
    town = Town(BARE, [check(), found])
    assert {c.slot.rule for c in town.holds("parked")} == {"intake", "scores.monthly"}
    town.publish(MAPPED)
    (deduction,) = [c for c in town.holds() if c.kind == "deduction"]
    assert (deduction.outcome, deduction.issues) == ("road", ("案1",))
    assert not town.holds("parked")


def test_a_table_with_less_parks_again() -> None:
    """What an entry judged is parked when the entry is gone, and nothing else of it stands."""
    town = Town(MAPPED, [litter()])
    town.publish(BARE)
    assert [c.outcome for c in town.holds()] == ["parked"]


def test_a_closed_month_keeps_its_table() -> None:
    """What was parked when the month was closed stays parked; the next month is judged."""
    town = Town(BARE, [litter("1"), litter("2", "08-03 10:00"), check(Finding("a", "事件-污水"))])
    town.memory.append(Tick(at("08-04 10:00")))
    town.memory.append(Closed(SCHEME, "2026-07", at=at("08-04 10:00")))
    town.publish(MAPPED)
    assert {c.slot.anchor for c in town.holds("parked")} == {"e1", "check#a"}
    assert {c.kind for c in town.holds() if "案2" in c.issues} == {"slip", "deadline"}


def test_an_exemption_by_category_reaches_a_mapped_code() -> None:
    """Exemptions are in the scheme's words, and so is what the table makes of a code."""
    exemption = Exemption(
        at("07-01 00:00"), at("08-01 00:00"), "抢险", "镇长", ("zhao",), ("三大堆",)
    )
    events = [litter("1"), litter("2", condition="2"), Event("x", at("07-01 00:00"), exemption)]
    assert [c.issues for c in Town(MAPPED, events).holds("exempt")] == [("案1",)]


class Hamlet:
    """A plugin that sends whatever lies in the village to its roadside."""

    @hookimpl
    def envrules_scheme(self) -> SchemeSource:
        """Declare the scheme."""
        return SchemeSource("hamlet", rulesets_dir() / f"{SCHEME}.yaml", "1")

    @hookimpl
    def envrules_classify(self, scheme: str, event: Event) -> Event:
        """Read the scheme's words, which the table has put there."""
        payload = event.payload
        if isinstance(payload, IssueFound):
            assert (scheme, payload.category, payload.place) == ("hamlet", "三大堆", "village")
            payload = IssueFound(payload.issue, payload.category, "village_road")
        return Event(event.id, event.occurred_at, payload)


def test_the_plugin_reads_what_the_table_has_read() -> None:
    """Codes come first; a plugin's own reading is of the scheme's words."""
    library = Library(load_plugins(Hamlet()))
    table = CodeTableText("t.yaml", TABLE.replace(SCHEME, "hamlet"))
    scheme = library.add(RULESET.replace(SCHEME, "hamlet"), "hamlet.yaml", {}, 0, table)
    read = scheme.read(litter(place="村里"))
    assert isinstance(read.payload, IssueFound)
    assert read.payload.place == "village_road"


@pytest.mark.parametrize(("event", "expected"), [
    (litter(), []),
    (litter(condition="2", place="9"), [("", Unknown(place="9"))]),
    (litter(small_class="", large_class="9", place="9", category="x"),
     [("", Unknown(HostCode("x", "", "", "9", "event"))), ("", Unknown(place="9"))]),
    (litter(category="三大堆", place="water"), []),
    (check(Finding("a", "事件-噪声", "01"), Finding("b", "事件-污水", "?")),
     [("a", Unknown(HostCode("事件-噪声"))), ("b", Unknown(place="?"))]),
    (Event("u", 0, UnitDeclared("a", "甲", "village")), []),
])  # fmt: skip
def test_what_is_unknown_is_told_as_the_host_sent_it(
    event: Event, expected: list[tuple[str, Unknown]]
) -> None:
    """Code and place each for themselves, with the finding that bears them."""
    assert list(unknowns(MAPPED, event)) == expected
