"""Cases against mutants: killed, survived, equivalent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.mutation.conftest import HEAD, KILLERS, LIMIT

from envrules.cases.mutation import MutationResult, as_json, lines, score
from envrules.errors import RulesetError

Run = Callable[..., MutationResult]

WEAK = """\
- name: 两日一时之后已是超期
  steps:
  - event: {at: 2026-07-01 09:00, issue_found: {issue: 案1, place_unit: 甲}}
  - tick: 2026-07-03 10:00
  expect: {decisions: [{rule: deadlines.fix, outcome: overdue}]}
"""
"""It fails without the deadline and with a longer limit, and notices nothing else."""

SHORTER = "parameters.limit.values.always 2 → 1"
LONGER = "parameters.limit.values.always 2 → 3"


def fates(result: MutationResult) -> dict[str, str]:
    """Return what became of each mutant."""
    return {outcome.name: outcome.fate for outcome in result.outcomes}


def test_cases_on_both_sides_of_every_edge_kill_everything(run: Run) -> None:
    """Each mutant fails a case, which is named, with the place of the change."""
    result = run(KILLERS)
    assert fates(result) == dict.fromkeys([
        "parameters.limit.unit calendar_days → minutes", SHORTER, LONGER,
        "deadlines.fix deleted", "deadlines.fix.stops deleted",
    ], "killed")  # fmt: skip
    assert all(outcome.why == "两日之后仍未办结是超期" for outcome in result.outcomes)
    assert {o.name: o.location.split(":")[-1] for o in result.outcomes}[SHORTER] == "7"
    assert score([result]) == 100
    assert list(lines(result)) == []


def test_what_no_case_notices_survives(run: Run) -> None:
    """A case beyond the edge kills what moves the edge past it, and not what draws it nearer."""
    result = run(WEAK)
    assert fates(result)["deadlines.fix deleted"] == "killed"
    assert fates(result)[SHORTER] == "survived"
    assert fates(result)["parameters.limit.unit calendar_days → minutes"] == "survived"
    assert SHORTER in [outcome.name for outcome in result.survivors()]
    assert any(line.endswith(f":7: survived: {SHORTER}") for line in lines(result))
    percent = score([result])
    assert percent is not None
    assert percent < 98


def test_a_survivor_may_be_declared_equivalent(run: Run) -> None:
    """With its reason it is counted apart, and is no survivor any more."""
    declared = f"equivalent:\n- because: 没有一日之内的案件\n  mutants: [{SHORTER}]\n"
    result = run(WEAK + declared)
    (outcome,) = (outcome for outcome in result.outcomes if outcome.name == SHORTER)
    assert (outcome.fate, outcome.why) == ("equivalent", "没有一日之内的案件")
    assert not result.problems
    assert score([result]) == score([run(WEAK)])


@pytest.mark.parametrize(("name", "message"), [
    (LONGER, f"{LONGER} is killed: 两日一时之后已是超期"),
    ("parameters.limit.values.always 2 → 9", "there is no mutant parameters.limit.values.always"),
])  # fmt: skip
def test_a_wrong_declaration_is_a_problem(run: Run, name: str, message: str) -> None:
    """What a case kills is not equivalent, and what does not exist is nothing."""
    (problem,) = run(WEAK + f"equivalent:\n- because: 误\n  mutants: [{name}]\n").problems
    assert problem.message.startswith(message)
    assert problem.location.endswith("cases.yaml:11")


def test_a_declaration_needs_its_reason(run: Run) -> None:
    """Nobody can check an equivalence that is only asserted."""
    with pytest.raises(RulesetError, match="lacks because"):
        run(WEAK + f"equivalent:\n- mutants: [{SHORTER}]\n")


def test_cases_that_fail_anyway_kill_nothing(run: Run) -> None:
    """The run says so instead, for every mutant would seem killed."""
    result = run(WEAK.replace("overdue", "on_time"))
    assert not result.outcomes
    assert score([result]) is None
    assert "not all of its cases pass" in result.problems[0].message


TWO_LIMITS = LIMIT.replace("parameters:\n", """\
parameters:
  other: {title: 另限, unit: calendar_days, ref: m 三, values: {always: 9}}
""") + "  more: {title: 另, starts: filed, within: $other, ref: m 三}\n"  # fmt: skip


def test_a_deletion_shows_only_in_what_is_decided(run: Run) -> None:
    """That a case sets a deleted rule's parameter, or rules the rule out by name, kills nothing."""
    idle = KILLERS.replace("overrides: {}", "overrides: {other: 5}").replace(
        "  expect: {decisions: [{rule: deadlines.fix, outcome: on_time}]}",
        "  expect: {decisions: [{rule: deadlines.fix}], never: [{rule: deadlines.more}]}",
    )
    found = fates(run(idle, TWO_LIMITS))
    assert found["deadlines.more deleted"] == "survived"
    assert found["deadlines.fix deleted"] == "killed"


def test_a_sample_is_part_of_the_whole_and_the_same_again(run: Run) -> None:
    """The seed chooses; a declaration that the sample leaves out is not wrong."""
    declared = f"equivalent:\n- because: 没有一日之内的案件\n  mutants: [{SHORTER}]\n"
    whole = fates(run(WEAK + declared))
    samples = [run(WEAK + declared, sample=2, seed=seed) for seed in range(8)]
    assert all(len(one.outcomes) == 2 and not one.problems for one in samples)
    assert all(fates(one).items() <= whole.items() for one in samples)
    assert len({tuple(fates(one)) for one in samples}) > 1
    assert run(WEAK + declared, sample=2, seed=3) == samples[3]


def test_more_than_there_are_is_all(run: Run) -> None:
    """A sample larger than the whole is the whole."""
    assert fates(run(WEAK, sample=1000)) == {
        name: fate for name, fate in fates(run(WEAK)).items() if fate != "refused"
    }


def test_a_ruleset_without_rules_has_no_score(run: Run) -> None:
    """Nothing to mutate is not a hundred percent."""
    nothing = "- {name: 例, steps: [tick: 2026-07-02 09:00], expect: {decisions: []}}\n"
    result = run(nothing, HEAD)
    assert (result.outcomes, score([result])) == ((), None)


def test_as_data(run: Run) -> None:
    """Programs get every mutant with its fate."""
    data = as_json(run(WEAK))
    assert data["scheme"] == "mini"
    assert {"name": SHORTER, "fate": "survived", "why": ""} in [
        {key: value for key, value in one.items() if key != "location"} for one in data["mutants"]
    ]
