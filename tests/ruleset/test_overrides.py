"""A locality's own values: where they hold, and how the ruleset looks with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from envrules.ruleset.check import check_ruleset
from envrules.ruleset.diff import diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import with_overrides

TEXT = """
ruleset: town
title: 镇
timezone: Asia/Shanghai
sources: {m: {title: 办法, document: "004"}}
unit_types: {village: {title: 村, ref: m 一}}
parameters:
  line: {title: 警告线, unit: points, ref: m 二, values: {always: 70, 2026-06-01: 65}}
  top: {title: 名额, unit: count, ref: m 二, values: {always: 3}}
  strict: {title: 从严, unit: flag, ref: m 二, values: {always: false}}
  until: {title: 截止, unit: same_day, ref: m 二, values: {always: "24:00"}}
"""


@pytest.fixture
def loaded() -> LoadedRuleset:
    """A small ruleset."""
    return load_ruleset(TEXT, "town.yaml")


def values(loaded: LoadedRuleset, name: str) -> dict[str, Any]:
    """The dated values of a parameter."""
    return dict(loaded.spec.parameters[name].values)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"always": "60"}, {"always": 60}),
        ({"2026-01-01": "60"}, {"always": 70, "2026-01-01": 60}),
        ({"2026-06-01": "60"}, {"always": 70, "2026-06-01": 60}),
        ({"2026-12-01": "60"}, {"always": 70, "2026-06-01": 65, "2026-12-01": 60}),
        ({"2026-12-01": "60", "2026-03-01": "61.5"},
         {"always": 70, "2026-03-01": Decimal("61.5"), "2026-12-01": 60}),
    ],
)  # fmt: skip
def test_an_override_holds_from_its_date_on(
    loaded: LoadedRuleset, own: dict[str, str], expected: dict[str, Any]
) -> None:
    """From the first date of a locality on, the file's own dates no longer count."""
    ours = with_overrides(loaded, {"line": own})
    assert values(ours, "line") == expected
    assert ours.data["parameters"]["line"]["values"] == expected
    assert values(loaded, "line") == {"always": 70, "2026-06-01": 65}, "the file is as it was"
    assert values(ours, "top") == {"always": 3}


def test_values_are_read_by_their_unit(loaded: LoadedRuleset) -> None:
    """A flag becomes a flag and a number a number; what fits no unit stays text."""
    own = {"strict": {"always": "true"}, "until": {"always": "18:00"}, "top": {"always": "five"}}
    ours = with_overrides(loaded, own)
    assert values(ours, "strict") == {"always": True}
    assert values(ours, "until") == {"always": "18:00"}
    assert values(ours, "top") == {"always": "five"}


def test_what_does_not_suit_is_found_by_the_checks(loaded: LoadedRuleset) -> None:
    """Values and dates of overrides are checked like those of the file, and placed at them."""
    own = {"top": {"always": "five"}, "line": {"2026-02-30": "60"}, "strict": {"always": "yes"}}
    usual = {str(problem) for problem in check_ruleset(loaded)}
    problems = [p for p in check_ruleset(with_overrides(loaded, own)) if str(p) not in usual]
    assert [(p.line, p.code) for p in problems] == [(8, "ER401"), (9, "ER402"), (10, "ER402")]


def test_differences_of_overrides_are_told(loaded: LoadedRuleset) -> None:
    """A ruleset with overrides is compared as it holds in time."""
    (change,) = diff_rulesets(loaded, with_overrides(loaded, {"line": {"2026-12-01": "60"}}))
    assert (change.path, change.since, change.before, change.after) == (
        "parameters.line", "2026-12-01", "65", "60",
    )  # fmt: skip


def test_without_overrides_nothing_changes(loaded: LoadedRuleset) -> None:
    """No overrides, empty ones and those of unknown parameters leave the ruleset as it is."""
    assert with_overrides(loaded, {}) is loaded
    assert with_overrides(loaded, {"line": {}, "unknown": {"always": "1"}}) is loaded
