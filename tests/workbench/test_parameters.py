"""Fields: what is in force, from where, in which range, and what may be typed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from envrules.resources import rulesets_dir
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.schema import Unit
from envrules.workbench.parameters import Field, as_typed, fields, read

DAY = date(2026, 9, 30)


def _fields(scheme: str) -> dict[str, Field]:
    text = (rulesets_dir() / f"{scheme}.yaml").read_text(encoding="utf-8")
    return {f.name: f for f in fields(load_ruleset(text, ""), frozenset(), DAY)}


def test_field_says_its_clause() -> None:
    """A field names the clause, or why there is none, and the document's contradiction."""
    found = _fields("town_deduction")
    assert found["warning_line"].clause == "环境整治管理办法范文·篇1 三2警告"
    assert found["warning_line"].from_source
    assert not found["notice_within"].from_source
    assert "扣分句" in found["sewage_counts"].contradiction


@pytest.mark.parametrize("path", sorted(rulesets_dir().glob("*.yaml")), ids=lambda p: p.stem)
def test_values_in_force_are_in_range_and_typed_back(path: Path) -> None:
    """Every value that ships lies on its slider, and reads as itself when typed."""
    for field in _fields(path.stem).values():
        if not field.since:
            continue
        value, wrong = read(field, field.value)
        assert not wrong
        assert as_typed(value) == field.value
        if field.control == "slider":
            assert field.low <= float(field.value) <= field.high
            steps = (Decimal(field.value) - Decimal(str(field.low))) / Decimal(str(field.step))
            assert steps == steps.to_integral_value()


@pytest.mark.parametrize(
    ("unit", "typed"),
    [("points", "7.125"), ("count", "1.5"), ("ratio", "1.2"), ("percent", "101"), ("flag", "yes"),
     ("working_days", "0"), ("same_day", "25:00"), ("date", "2026-02-30"), ("month_day", "13-01"),
     ("text", " "), ("money", "-1"), ("months", "0"), ("metres", "x"), ("hours", "-2")],
)  # fmt: skip
def test_misfits_are_told_in_words(unit: Unit, typed: str) -> None:
    """What does not fit a unit is told in Chinese."""
    field = Field("a", "甲", unit, "", "", True, "", "", "always", False, "text")
    _, wrong = read(field, typed)
    assert wrong.startswith("请")
