"""Reading files of worked cases: each mistake is refused at its place."""

from __future__ import annotations

from datetime import UTC

import pytest

from envrules.cases import load_cases
from envrules.cases.model import CloseStep, EventStep, TickStep
from envrules.errors import RulesetError

GOOD = """\
scheme: mini
defaults: {units: {village: [甲1..3]}, overrides: {line: 70}}
cases:
- name: 一例
  ref: m 一
  units: {town: [乙]}
  overrides: {limit: {always: 2, 2026-08-01: 3}, wet: true}
  steps:
  - event: {at: 2026-07-01 09:00, event_withdrawn: {target: x}}
    by: 甲平台
  - tick: 2026-07-02 24:00
  - close: 2026
  expect:
    decisions: []
"""


def refused(text: str) -> list[str]:
    """Return the problems of a text, each as its first line."""
    with pytest.raises(RulesetError) as caught:
        load_cases(text, "c.yaml")
    return [str(problem).split("\n")[0] for problem in caught.value.problems]


def test_a_file_is_read() -> None:
    """Names, settings and steps are as the file has them, defaults filled in."""
    (case,) = load_cases(GOOD, "c.yaml").cases
    assert (case.name, case.ref, case.location) == ("一例", "m 一", "c.yaml:4")
    assert case.units == (("town", "乙"),)
    assert case.overrides == {
        "line": {"always": "70"},
        "limit": {"always": "2", "2026-08-01": "3"},
        "wet": {"always": "true"},
    }
    event, tick, close = case.steps
    assert isinstance(event, EventStep)
    assert event.by == "甲平台"
    assert isinstance(tick, TickStep)
    assert tick.at == "2026-07-02 24:00"
    assert isinstance(close, CloseStep)
    assert close.period == "2026"


def test_defaults_hold_where_a_case_says_nothing() -> None:
    """A case without units has those of the defaults, a range of names spelt out."""
    (case,) = load_cases(GOOD.replace("  units: {town: [乙]}\n", ""), "c.yaml").cases
    assert [unit for _, unit in case.units] == ["甲1", "甲2", "甲3"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("scheme: mini\n", "", "c.yaml:1:1: ER203 a file of worked cases lacks scheme"),
        ("defaults:", "default:", "c.yaml:2:1: ER202 a file of worked cases has no field 'default'"),
        ("overrides: {line", "override: {line", "ER202 defaults has no field 'override'"),
        ("  ref: m", "  reff: m", "c.yaml:5:3: ER202 a case has no field 'reff'"),
        ("- name: 一例\n  ref", "- ref", "c.yaml:4:3: ER203 a case lacks name"),
        ("village: [甲1..3]", "village: 甲", "c.yaml:2:29: ER204 units of type village must be"),
        ("tick:", "tock:", "c.yaml:11:5: ER208 a step has no kind of step"),
        ("tick: 2026", "tick: 2026-07-32 09:00 #", "c.yaml:11:11: ER207 tick is not a time"),
        ("close: 2026", "close: 2026-13", "c.yaml:12:12: ER207 '2026-13' is no period"),
        ("close: 2026", "close: 2026\n    tick: 2026-08-01 09:00", "ER208 a step has several kinds"),
        ("    by: 甲平台", "    who: 甲平台", "c.yaml:10:5: ER202 the step `event` has no field"),
        ("{target: x}", "{tarot: x}", "c.yaml:9:53: ER202 event_withdrawn.tarot is not a field"),
        ("{target: x}", "{target: 7}", "c.yaml:9:61: ER204 event_withdrawn.target must be text"),
        ("at: 2026-07-01 09:00,", "", "c.yaml:9:5: ER203 occurred_at is required"),
        ("decisions: []", "decision: []", "c.yaml:14:5: ER202 expect has no field 'decision'"),
        ("decisions: []", "never: []", "c.yaml:13:3: ER203 expect lacks decisions"),
        ("  expect:\n    decisions: []\n", "", "c.yaml:4:3: ER203 a case lacks expect"),
        ("decisions: []", "decisions: [{rool: a}]", "ER202 an item of `decisions` has no field"),
        ("decisions: []", "decisions: [{count: 2}]", "ER209 an item of `decisions` names nothing"),
        ("decisions: []", "decisions: [{rule: a, count: 0}]", "ER207 count cannot be 0"),
        ("decisions: []", "decisions: [{rule: a, count: 1.5}]", "ER207 count cannot be 1.5"),
        ("decisions: []", "decisions: [{rule: a, points: '-1'}]", "ER204 points must be a number"),
        ("decisions: []", "decisions: [{rule: a, due: soon}]", "ER207 due is not a time"),
        ("decisions: []", "decisions: {}", "c.yaml:14:16: ER204 decisions must be a list"),
        ("decisions: []", "decisions: []\n    emitted: [{unit: 甲}]", "ER203 an item of `emitted` lacks"),
        ("decisions: []", "decisions: []\n    standings: [{score: a}]", "ER203 an item of `standings`"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_at_its_place(old: str, new: str, problem: str) -> None:
    """What is wrong is named with file, line, column and code."""
    assert old in GOOD
    assert any(problem in said for said in refused(GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "c.yaml:1:1: ER205 a file of worked cases must be a mapping, not nothing"),
        ("scheme: mini\n", "ER203 a file of worked cases lacks cases"),
        ("scheme: mini\ncases: []\n", "c.yaml:2:1: ER209 there is no case"),
        ("scheme: mini\ncases: {}\n", "ER204 cases must be a list"),
        ("scheme: mini\ncases: [一例]\n", "c.yaml:2:9: ER204 a case must be a mapping"),
    ],
)
def test_a_file_without_cases_is_refused(text: str, problem: str) -> None:
    """An empty file never counts as passed."""
    assert any(problem in said for said in refused(text))


def test_all_mistakes_are_told_at_once() -> None:
    """Reading goes on after a mistake, so that one run shows them all."""
    text = (
        GOOD.replace("tick:", "tock:").replace("ref:", "reff:").replace("close: 2026", "close: x")
    )
    assert [said.split(": ")[0] for said in refused(text)] == [
        "c.yaml:5:3",
        "c.yaml:11:5",
        "c.yaml:12:12",
    ]


EQUIVALENT = """\
equivalent:
- because: 改了也一样
  mutants: [lists.red deleted, parameters.first.values.always 1 → 2]
"""


def test_mutants_that_make_no_difference_are_declared_beside_the_cases() -> None:
    """Each item gives some of them, by name, and why."""
    (item,) = load_cases(GOOD + EQUIVALENT, "c.yaml").equivalent
    assert item.mutants == ("lists.red deleted", "parameters.first.values.always 1 → 2")
    assert (item.because, item.location) == ("改了也一样", "c.yaml:16")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("- because: 改了也一样\n  mutants", "- mutants", "16:3: ER203 an item of `equivalent` lacks because"),
        ("because", "why", "16:3: ER202 an item of `equivalent` has no field 'why'"),
        ("[lists", "{lists", "17:12: ER204 mutants must be a list"),
    ],
)  # fmt: skip
def test_mistakes_in_declarations_are_refused(old: str, new: str, problem: str) -> None:
    """They are read as strictly as cases."""
    text = (GOOD + EQUIVALENT).replace(old, new)
    text = text.replace("→ 2]", "→ 2}") if "{" in new else text
    assert any(problem in said for said in refused(text))


EACH = """\
scheme: mini
cases:
- name: 一例
  steps:
  - event: {at: 2026-07-01 09:00, inspection: {kind: check, findings: [{category: a}, {category: b, repeat: 2}]}}
    each: {unit: [甲1..2, 乙]}
  expect: {decisions: []}
"""


def test_each_makes_one_event_a_row_and_repeat_one_finding_a_time() -> None:
    """Ids that the file leaves out are made from the place, so they stay the same."""
    step = load_cases(EACH, "c.yaml").cases[0].steps[0]
    assert isinstance(step, EventStep)
    events = step.events(UTC)
    assert [event.id for event in events] == ["step1.1", "step1.2", "step1.3"]
    payloads = [event.payload for event in events]
    assert [p.unit for p in payloads] == ["甲1", "甲2", "乙"]  # type: ignore[union-attr]
    assert [p.inspection for p in payloads] == ["step1.1", "step1.2", "step1.3"]  # type: ignore[union-attr]
    assert [f.id for f in payloads[0].findings] == ["f1", "f2.1", "f2.2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[甲1..2, 乙]}", "[甲1..2, 乙], inspection: [一]}", "6:11: ER208 the columns of `each` are not"),
        ("[甲1..2, 乙]}", "[甲1..2, 乙], kind: [a, b, c]}", "6:36: ER208 kind is in the event too"),
        ("each: {unit: [甲1..2, 乙]}", "each: {}", "6:11: ER208 the columns of `each` are not equally"),
        ("repeat: 2", "repeat: 0", "5:109: ER207 repeat cannot be 0"),
        ("category: b", "catgory: b", "5:88: ER202 inspection.findings[1].catgory is not a field"),
        ("each: {unit", "each: {uniit", "6:12: ER202 inspection.uniit is not a field here; did you mean"),
    ],
)  # fmt: skip
def test_mistakes_in_the_short_forms_are_refused(old: str, new: str, problem: str) -> None:
    """`each` and `repeat` are checked as strictly as events."""
    assert old in EACH
    assert any(problem in said for said in refused(EACH.replace(old, new)))
