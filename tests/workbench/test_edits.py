"""One value changes in the text, and nothing else."""

from __future__ import annotations

import difflib
from decimal import Decimal
from pathlib import Path

import pytest

from envrules.resources import rulesets_dir
from envrules.ruleset.load import load_ruleset
from envrules.workbench.edits import with_value

HEAD = """\
ruleset: hamlet
title: 小村
timezone: Asia/Shanghai
sources: {a: {title: 办法, document: "001"}}
unit_types: {village: {title: 村, ref: a 一}}
parameters:   # 经办人
"""
FLOW = (
    HEAD
    + "  line: {title: 线,  unit: points, ref: a 一, values: {always: 70, 2027-01-01: 75}}  # 议定\n"
)
BLOCK = (
    HEAD
    + """\
  line:
    title: 线
    unit: points
    ref: a 一
    values:
      always: 70     # 原文
      2027-01-01: 75 # 新年
    # 完
"""
)


def _changed(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_replaces_a_value_in_place() -> None:
    """A date that is there gets the new value; comments and blanks on the line stay."""
    assert _changed(FLOW, with_value(FLOW, "line", "always", Decimal(65))) == [
        "-  line: {title: 线,  unit: points, ref: a 一, values: {always: 70, 2027-01-01: 75}}  # 议定",
        "+  line: {title: 线,  unit: points, ref: a 一, values: {always: 65, 2027-01-01: 75}}  # 议定",
    ]


def test_puts_a_date_in_order() -> None:
    """A new date stands between the earlier and the later ones, or at the end."""
    assert "{always: 70, 2026-12-01: 65.5, 2027-01-01: 75}" in with_value(
        FLOW, "line", "2026-12-01", Decimal("65.5")
    )
    assert "2027-01-01: 75, 2027-06-01: 80}" in with_value(FLOW, "line", "2027-06-01", Decimal(80))


@pytest.mark.parametrize("day", ["2026-12-01", "2027-06-01"])
def test_block_style_keeps_its_comments(day: str) -> None:
    """In block style a new date is a line of its own; the comments stay with their values."""
    after = with_value(BLOCK, "line", day, Decimal(80))
    assert _changed(BLOCK, after) == [f"+      {day}: 80"]


@pytest.mark.parametrize("path", sorted(rulesets_dir().glob("*.yaml")), ids=lambda p: p.stem)
def test_a_parameter_of_every_scheme(path: Path) -> None:
    """In each scheme that ships, a value from a new date on changes one line."""
    text = path.read_text(encoding="utf-8")
    for name, spec in list(load_ruleset(text, "").spec.parameters.items())[-1:]:
        value = list(spec.values.values())[-1]
        after = with_value(text, name, "2099-01-01", value)
        assert load_ruleset(after, "").spec.parameters[name].values["2099-01-01"] == value
        assert len(_changed(text, after)) in (1, 2)


def test_unknown_parameter() -> None:
    """A parameter that the file does not have is no reason to write anything."""
    with pytest.raises(KeyError):
        with_value(FLOW, "other", "always", Decimal(1))
