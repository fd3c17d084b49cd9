"""The scheme as envrules finds it. What it decides: cases/boston311.yaml."""

from __future__ import annotations

from importlib.metadata import entry_points

from envrules_boston311.rows import CATEGORIES

from envrules.plugin_manager import ENTRY_POINTS, load_plugins
from envrules.ruleset.check import check_file
from envrules.ruleset.load import load_ruleset


def test_one_entry_point_brings_the_scheme() -> None:
    """The distribution has one entry point, and through it envrules finds the ruleset."""
    (entry,) = (e for e in entry_points(group=ENTRY_POINTS) if e.dist and "boston" in e.dist.name)
    assert entry.name == "boston311"
    source = load_plugins().schemes["boston311"]
    assert source.ruleset.name == "boston311.yaml"
    assert source.ruleset.is_file()


def test_the_ruleset_is_good() -> None:
    """`envrules check` has nothing to say about it, not even a warning."""
    assert check_file(load_plugins().schemes["boston311"].ruleset) == []


def test_importer_and_ruleset_agree_on_categories() -> None:
    """What the importer sends as a category is one of the ruleset's, and each of them is sent."""
    path = load_plugins().schemes["boston311"].ruleset
    spec = load_ruleset(path.read_text(encoding="utf-8"), path.name).spec
    assert set(CATEGORIES.values()) == set(spec.categories)
