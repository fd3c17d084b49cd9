"""Running worked cases: what holds passes, and everything else is a failure that says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from envrules.cases import CaseResult, FileResult
from envrules.cases.compare import Failure
from envrules.engine.memory import MemoryLocality

RunOne = Callable[..., CaseResult]

DEDUCTIONS = "{rule: scores.monthly.road, count: 2, total_counted: -20}"
TWO = f"decisions: [{DEDUCTIONS}]"
CLOSED = """\
decisions:
- {rule: scores.monthly.road, count: 2}
- {rule: scores.monthly, points: 80}
- {rule: bands.monthly, outcome: good}
- {rule: ranks.monthly, rank: 1}
- {rule: lists.red, publication: proposed}"""


def said(result: CaseResult) -> str:
    """Return the failures of a case on one line each."""
    return "\n".join(": ".join((f.message, *f.details)) for f in result.failures)


def test_a_case_passes_when_everything_is_expected(run_one: RunOne, check: str) -> None:
    """Two deductions of ten points are expected, and there is nothing else."""
    assert run_one([check], TWO).failures == ()


def roads(more: str) -> str:
    """Return the expectation of two deductions that also have the fields `more`."""
    return f"decisions: [{{rule: scores.monthly.road, count: 2, {more}}}]"


def standing(units: str, score: str = "monthly") -> str:
    """Return the expectation of two deductions and of these standings."""
    return f"{TWO}\nstandings: [{{score: {score}, period: 2026-07, units: {{{units}}}}}]"


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("decisions: []", "not expected: 2 × scores.monthly.road"),
        ("decisions: [{rule: '*.road'}]", "expected 1 of {rule: *.road}, got 2"),
        (f"decisions: [{DEDUCTIONS}, {{rule: bands.monthly}}]", "{rule: bands.monthly}, got 0"),
        (roads("total_counted: -10"), "to count -10, got -20"),
        (roads("points: -9"), "points is -10, not -9"),
        (roads("at: 2026-07-10 09:01"), "at is 2026-07-10 09:00, not 2026-07-10 09:01"),
        (roads("due: 2026-07-10 09:01"), "due is none"),
        (roads("reason_contains: [甲, 乙]"), "not “乙”"),
        (roads("value: {tables.rows.road: 1 分}"), "not tables.rows.road 1 分"),
        (roads("value: {parameters.line: 70 分}"), "parameters.line not cited"),
        (roads("since: {tables.rows.road: 2026-01-01}"), "is tables.rows.road always, not"),
        (roads("consequences: [警告]"), "consequences is [], not [警告]"),
        (roads("actions: [warn]"), "actions is [], not [warn]"),
        (
            f"{TWO}\nnever: [{{rule: '*.road', unit: 甲}}]",
            "never expected {rule: *.road, unit: 甲}",
        ),
        (f"{TWO}\nnever: [{{rule: scores.montly.road}}]", "no rule scores.montly.road"),
        (f"{TWO}\nemitted: [{{rule: '*.road'}}]", "emitted besides: scores.monthly.road"),
        (
            f"{TWO}\nemitted: [{', '.join(['{rule: scores.*}'] * 3)}]",
            "not emitted: {rule: scores.*}",
        ),
        (f"{TWO}\nemitted: [{{rule: '*.road', version: 2}}]", "version is 1, not 2"),
        (standing("甲: 79"), "甲: figure is 80, not 79"),
        (standing("甲: {colour: red}"), "甲: colour is green, not red"),
        (standing("甲: 80, 乙: 80"), "乙 has no standing"),
        (standing(""), "not expected: a standing of 甲 (80, scored)"),
        (standing("甲: 80", "weekly"), "the scheme has no score weekly"),
        (f"{TWO}\nlists: {{2026-07: {{red: [甲]}}}}", "red 2026-07 is [], not [甲]"),
    ],
)
def test_what_differs_fails(run_one: RunOne, check: str, expect: str, message: str) -> None:
    """Comparison goes both ways, exactly, and says what differs."""
    result = run_one([check], expect)
    assert not result.passed
    assert message in said(result)


@pytest.mark.parametrize(
    "expect",
    [
        f"{TWO}\nnever: [{{rule: '*.road', unit: 乙}}]",
        f"{TWO}\nemitted: [{{rule: '*.road', change: issue}}, {{rule: '*.road', version: 1}}]",
        standing(
            "甲: {figure: 80, band: good, colour: green, rank: 1, status: scored, adjustments: 0}"
        ),
        roads("value: {tables.rows.road: 每处 10 分，满分 100 分}"),
        roads("since: {tables.rows.road: always}"),
        f"{TWO}\nlists: {{2026-07: {{red: []}}}}",
    ],
)
def test_what_agrees_passes(run_one: RunOne, check: str, expect: str) -> None:
    """Each kind of expectation can be met."""
    assert run_one([check], expect).failures == ()


def test_the_nearest_decision_and_its_rule_are_shown(run_one: RunOne, check: str) -> None:
    """A failure names the line of the expectation and the line of the rule."""
    result = run_one([check], "decisions: [{rule: scores.monthly.road, unit: 乙, count: 2}]")
    failure = next(f for f in result.failures if f.message.startswith("expected"))
    assert failure.location.endswith("cases.yaml:9")
    assert "nearest: scores.monthly.road" in failure.details[0]
    assert "unit is 甲, not 乙" in failure.details[0]
    assert "mini.yaml:14" in failure.details[0]


def test_equal_decisions_share_a_line(run_one: RunOne, check: str) -> None:
    """Thirty decisions that nobody expected fill one line, not thirty."""
    failures = run_one([check.replace("repeat: 2", "repeat: 30")], "decisions: []").failures
    assert any("30 × " in f.message or "20 × " in f.message for f in failures)
    assert len(failures) <= 2


def test_a_close_takes_time_to_the_end_of_the_period(run_one: RunOne, check: str) -> None:
    """Bands, ranks and lists come at the close, dated at the period's end or later."""
    result = run_one([check, "close: 2026-07"], CLOSED)
    assert result.failures == ()
    assert run_one(
        [check, "close: 2026-07"], CLOSED.replace("points: 80", "at: 2026-07-31 24:00")
    ).passed


def test_standings_and_lists_account_for_the_decisions_that_say_the_same(
    run_one: RunOne, check: str
) -> None:
    """A figure, band and rank that were compared need no further line; others still do."""
    expect = """\
standings: [{score: monthly, period: 2026-07, units: {甲: {figure: 80, band: good, rank: 1}}}]
lists: {2026-07: {red: [甲]}}
decisions: [{rule: scores.monthly.road, count: 2}]"""
    assert run_one([check, "close: 2026-07"], expect).failures == ()
    without_rank = expect.replace(", rank: 1", "")
    assert "not expected: ranks.monthly" in said(run_one([check, "close: 2026-07"], without_rank))


def test_expectations_in_the_middle_are_compared_there(run_one: RunOne, check: str) -> None:
    """Before the event nothing holds; after it two deductions do."""
    before, after = "expect: {decisions: []}", f"expect: {{decisions: [{DEDUCTIONS}]}}"
    assert run_one([before, check, after], TWO).passed
    assert not run_one([after, check, before], TWO).passed


def test_acts_move_a_decision_towards_publication(run_one: RunOne, check: str) -> None:
    """Approved, then published: the second act needs the first."""
    expect = CLOSED.replace("proposed", "published, version: 3")
    acts = ["approve: {rule: lists.red, by: 镇长}", "publish: {rule: lists.red, by: 镇长}"]
    assert run_one([check, "close: 2026-07", *acts], expect).failures == ()
    early = run_one([check, "close: 2026-07", acts[1]], CLOSED)
    assert "cannot publish what is proposed" in said(early)


def test_a_revocation_says_why(run_one: RunOne, check: str) -> None:
    """The reason of the act is part of what the decision then says."""
    act = "revoke: {rule: lists.red, by: 镇长, reason: 查重}"
    expect = CLOSED.replace("proposed", "revoked, reason_contains: 查重")
    assert run_one([check, "close: 2026-07", act], expect).failures == ()


AHEAD = "{score: monthly, period: 2026-07, after_step: 9, units: {}}"


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["approve: {rule: lists.red}"], "cannot approve {rule: lists.red}: 0 such decisions stand, not 1"),
        (["tick: 2026-07-12 09:00", "tick: 2026-07-11 09:00"], "the locality's time is past 2026-07-11 09:00"),
        (["close: 2026-07", "close: 2026-07"], "2026-07 is closed already"),
        (["close: 2026"], "no score or indicator has a period such as 2026"),
        (["publish_ruleset: {set: {lime: 70}}"], "the ruleset is refused"),
        ([f"expect: {{standings: [{AHEAD}]}}"], "step 9 has not been taken yet"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_taken_fails(
    run_one: RunOne, check: str, steps: list[str], message: str
) -> None:
    """A case never passes over a step in silence."""
    assert message in said(run_one([check, *steps], TWO))


def test_a_case_without_any_time_fails(run: Callable[..., FileResult]) -> None:
    """Where no step says when, there is no month to begin with."""
    (result,) = run("- {name: 例, steps: [close: 2026-07], expect: {decisions: []}}\n").results
    assert "no step says when it happens" in said(result)


def test_overrides_are_those_of_the_case(run_one: RunOne, check: str) -> None:
    """With the line at 85, eighty points are bad, and the rule fires."""
    expect = CLOSED.replace("good}", "bad, value: {parameters.line: 85 分}}\n- {rule: rules.warn}")
    assert run_one([check, "close: 2026-07"], expect, more="overrides: {line: 85}").failures == ()
    unknown = run_one([check], TWO, more="overrides: {lime: 85}")
    assert "override of unknown parameter lime" in said(unknown)


def test_a_new_revision_judges_what_is_open(run_one: RunOne, check: str) -> None:
    """A revision published before the close holds; one published after it does not."""
    bad = CLOSED.replace("good}", "bad}\n- {rule: rules.warn}")
    revision = "publish_ruleset: {set: {line: {always: 70, 2026-07-01: 85}}}"
    assert run_one([check, revision, "close: 2026-07"], bad).failures == ()
    assert run_one([check, "close: 2026-07", revision], CLOSED).failures == ()


def test_local_times_are_times_of_the_scheme(run_one: RunOne) -> None:
    """The same text is another instant in New York; an hour that was skipped there is refused."""
    found = (
        "event: {at: 2026-03-07 02:30, issue_found: {issue: 案, category: litter, place_unit: 甲}}"
    )
    expect = "decisions: [{rule: deadlines.fix, outcome: running, due: 2026-03-09 02:30}]"
    assert run_one([found], expect, timezone="America/New_York").passed
    skipped = run_one([found.replace("03-07", "03-08")], expect, timezone="America/New_York")
    assert "the event is refused" in said(skipped)


def test_an_exception_of_the_engine_is_a_failure(
    run_one: RunOne, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case fails with what was raised, and the others still run."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(MemoryLocality, "append", broken)
    assert "the engine raised ZeroDivisionError: no such luck" in said(run_one([check], TWO))


def test_the_log_of_a_case_replays_to_the_same_decisions(
    run: Callable[..., FileResult], check: str
) -> None:
    """What a case amounts to is its log: the same entries decide the same."""
    (result,) = run(f"- {{name: 例, steps: [{check}], expect: {{{TWO}}}}}\n").results
    assert result.passed
    assert len(result.log) == 4  # the tick, the ruleset, the unit, the event
    assert [d.log_seq for d in result.emitted] == [4, 4]


def test_failures_are_values() -> None:
    """Failures compare by content, so that tests and tools can."""
    assert Failure("a:1", "x") == Failure("a:1", "x", ())
