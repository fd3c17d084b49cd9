"""Filters by filing condition: a limit may differ by it within one category."""

from __future__ import annotations

from datetime import date

import pytest

from envrules.kinds.compiled import Filter
from envrules.model.events import IssueFound

WELLS = Filter(conditions_of=frozenset({("井盖", "2"), ("井盖", "3"), ("路灯", "")}))


@pytest.mark.parametrize(("category", "condition", "holds"), [
    ("井盖", "2", True), ("井盖", "3", True), ("井盖", "1", False), ("井盖", "", False),
    ("路灯", "", True), ("路灯", "7", True), ("护栏", "2", False), ("", "", False),
])  # fmt: skip
def test_a_condition_counts_with_its_own_category(
    category: str, condition: str, holds: bool
) -> None:
    """The same number in another category is another condition; without one, whichever it is."""
    found = IssueFound("案1", category=category, condition=condition)
    assert WELLS.holds(found, date(2026, 7, 1)) is holds
