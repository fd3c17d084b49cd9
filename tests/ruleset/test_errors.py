"""Problems: their text, their order, their data."""

from __future__ import annotations

import pytest

from envrules.errors import CATALOGUE, WARNINGS, Problem, RulesetError, errors_in

LATER = Problem("a.yaml", 10, 1, "ER309", "no `then` names the consequence 约谈", "remove it")
SOONER = Problem("a.yaml", 9, 3, "ER203", "parameters.line lacks unit", "add `unit:`")


def test_text_has_place_code_message_and_fix() -> None:
    """A problem reads `file:line:col: CODE message` with the fix indented below."""
    assert str(SOONER) == (
        "a.yaml:9:3: ER203 parameters.line lacks unit\n  fix: add `unit:`"
    )  # fmt: skip


def test_json_form_carries_severity_and_title() -> None:
    """The data form adds what a machine would have to look up."""
    assert LATER.to_json() == {
        "file": "a.yaml", "line": 10, "col": 1, "code": "ER309", "severity": "warning",
        "title": CATALOGUE["ER309"], "message": "no `then` names the consequence 约谈",
        "fix": "remove it",
    }  # fmt: skip


def test_error_sorts_by_place_and_says_each_once() -> None:
    """A RulesetError lists its problems by line and column, each one once."""
    error = RulesetError([LATER, SOONER, LATER])
    assert error.problems == (SOONER, LATER)
    assert str(error) == f"{SOONER}\n{LATER}"


def test_warnings_are_no_errors() -> None:
    """A warning does not keep a ruleset from being used."""
    assert errors_in([SOONER, LATER]) == [SOONER]
    assert set(CATALOGUE) > WARNINGS


def test_code_must_be_in_the_catalogue() -> None:
    """No problem can bear a code that nobody could look up."""
    with pytest.raises(ValueError, match="ER999"):
        Problem("a.yaml", 1, 1, "ER999", "?", "?")
