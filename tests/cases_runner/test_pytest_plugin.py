"""The pytest plugin: anybody's worked cases are tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = "pytester"

GOOD = "- {name: 平安无事, steps: [tick: 2026-07-02 09:00], expect: {decisions: []}}\n"
BAD = GOOD.replace("平安无事", "无中生有").replace("[]}", "[{rule: lists.red}]}")


@pytest.fixture
def suite(pytester: pytest.Pytester, write: Callable[..., Path]) -> Callable[[str], Path]:
    """Return a function that puts cases, with their ruleset, into a folder `cases` of a suite."""

    def made(cases: str) -> Path:
        folder = pytester.mkdir("cases")
        source = write(cases)
        for path in (source, source.with_name("mini.yaml")):
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        return folder

    return made


def test_each_case_is_a_test_and_coverage_one_more(
    pytester: pytest.Pytester, suite: Callable[[str], Path]
) -> None:
    """A failing case shows its line and the rule; the ruleset beside it is no file of cases."""
    suite(GOOD + BAD)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    text = result.stdout.str()
    assert "cases/cases.yaml:6: 无中生有" in text
    assert "expected 1 of {rule: lists.red}, got 0" in text
    assert "lists.red (cases/mini.yaml:30)" in text
    assert "Traceback" not in text


def test_one_case_can_be_selected(pytester: pytest.Pytester, suite: Callable[[str], Path]) -> None:
    """Names of cases are names of tests."""
    suite(GOOD + BAD)
    result = pytester.runpytest("-p", "no:cacheprovider", "-k", "平安无事")
    result.assert_outcomes(passed=1, deselected=2)


def test_a_file_that_cannot_be_read_is_an_error(
    pytester: pytest.Pytester, suite: Callable[[str], Path]
) -> None:
    """The mistake is shown with file, line and column."""
    suite(GOOD.replace("steps", "stepps"))
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert "cases/cases.yaml:5:16: ER202 a case has no field 'stepps'" in result.stdout.str()


def test_an_empty_file_is_an_error(pytester: pytest.Pytester) -> None:
    """Cases that are still to be written do not count as passed."""
    (pytester.mkdir("cases") / "town.yaml").write_text("# 待写\n\n", encoding="utf-8")
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(errors=1)


def test_other_yaml_files_are_left_alone(pytester: pytest.Pytester) -> None:
    """Neither other content in such a folder, nor cases in another one, is collected."""
    (pytester.mkdir("cases") / "other.yaml").write_text("cases: 3\n", encoding="utf-8")
    (pytester.mkdir("data") / "town.yaml").write_text("scheme: x\ncases: []\n", encoding="utf-8")
    result = pytester.runpytest("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
