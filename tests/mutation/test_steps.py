"""How far a threshold moves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from envrules.cases.mutation.edits import text
from envrules.cases.mutation.steps import moved
from envrules.ruleset.source import Data


@pytest.mark.parametrize(("value", "unit", "steps"), [
    (Decimal(70), "points", ["69.99", "70.01"]),
    (Decimal("0.5"), "ratio", ["0.49", "0.51"]),
    (Decimal("0.125"), "ratio", ["0.124", "0.126"]),  # finer than a hundredth: its own last place
    (Decimal(95), "percent", ["94.99", "95.01"]),
    (Decimal(30), "", ["29.99", "30.01"]),  # a row's points
    (Decimal(3), "working_days", ["2", "4"]),
    (Decimal("0.5"), "hours", ["0.4", "0.6"]),
    (Decimal(5), "count", ["4", "6"]),
    (Decimal(30), "metres", ["29", "31"]),  # any unit that has no rule of its own
    (True, "flag", ["false"]),
    ("18:00", "same_day", ["17:59", "18:01"]),
    ("24:00", "same_day", ["23:59", "24:01"]),  # the last one is for `check` to refuse
    ("08:30-12:00", "", ["08:29-12:00", "08:30-11:59", "08:31-12:00", "08:30-12:01"]),
    ("2026-03-01", "date", ["2026-02-28", "2026-03-02"]),
    ("03-01", "month_day", ["02-29", "03-02"]),
    ("18:00", "text", []),
    ("垃圾", "", []),
])  # fmt: skip
def test_the_smallest_step(value: Data, unit: str, steps: list[str]) -> None:
    """A value moves by the smallest step of its unit, both ways; text does not move."""
    assert [text(step) for step in moved(value, unit)] == steps


@pytest.mark.parametrize(("word", "steps"), [("day", ["week"]), ("week", ["day", "month"])])
def test_a_word_of_a_choice_moves_to_its_neighbours(word: str, steps: list[str]) -> None:
    """A word gives way to the ones before and after it in the schema."""
    assert list(moved(word, "", ("day", "week", "month"))) == steps
