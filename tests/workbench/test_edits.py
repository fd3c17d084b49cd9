"""What is set on the page changes the text there, and nothing else."""

from __future__ import annotations

import difflib
from decimal import Decimal
from pathlib import Path

import pytest

from envrules.resources import rulesets_dir
from envrules.ruleset.load import load_ruleset
from envrules.workbench.edits import throughout, with_value

TOWN = (rulesets_dir() / "town_deduction.yaml").read_text(encoding="utf-8")
EACH, FIND = "monthly_rows.road.each", "monthly_rows.road.find"


def _changed(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_cell_changes_in_place() -> None:
    """A cell of the table in force is replaced where it stands; the rest of its line stays."""
    after = with_value(TOWN, EACH, "always", Decimal("1.5"))
    assert after == TOWN.replace("{id: road, title: 主干公路两侧, full: 30, each: 1,",
                                 "{id: road, title: 主干公路两侧, full: 30, each: 1.5,")  # fmt: skip


def test_cell_from_a_new_date_begins_the_table_anew() -> None:
    """All rows hold from the new date on as they were, but for the cells that were set."""
    after = with_value(TOWN, EACH, "2027-01-01", Decimal(2))
    after = with_value(after, FIND, "2027-01-01", ("三大堆",))
    rows = load_ruleset(after, "").spec.tables["monthly_rows"].values
    assert list(rows) == ["always", "2027-01-01"]
    old, new = rows.values()
    assert new[1:] == old[1:]
    assert new[0] == old[0].model_copy(update={"each": Decimal(2), "find": ("三大堆",)})
    assert [line[0] for line in _changed(TOWN, after)] == ["+"] * 6


def test_tried_cell_holds_throughout() -> None:
    """A cell that is tried holds on every date of its table."""
    text = with_value(TOWN, EACH, "2027-01-01", Decimal(2))
    rows = load_ruleset(throughout(text, {EACH: Decimal(3)}), "").spec.tables["monthly_rows"].values
    assert [version[0].each for version in rows.values()] == [3, 3]


@pytest.mark.parametrize("path", sorted(rulesets_dir().glob("*.yaml")), ids=lambda p: p.stem)
def test_a_parameter_of_every_scheme(path: Path) -> None:
    """In each scheme that ships, a value from a new date on changes one line."""
    text = path.read_text(encoding="utf-8")
    for name, spec in list(load_ruleset(text, "").spec.parameters.items())[-1:]:
        value = list(spec.values.values())[-1]
        after = with_value(text, name, "2099-01-01", value)
        assert load_ruleset(after, "").spec.parameters[name].values["2099-01-01"] == value
        assert len(_changed(text, after)) in (1, 2)


@pytest.mark.parametrize("name", ["other", "other.road.each", "monthly_rows.other.each"])
def test_unknown_name(name: str) -> None:
    """What the file does not have is no reason to write anything."""
    with pytest.raises(KeyError):
        with_value(TOWN, name, "always", Decimal(1))
