"""The scheme as envrules finds it. What it decides: cases/sample_town.yaml, which pytest runs too."""

from __future__ import annotations

from importlib.metadata import entry_points

from envrules.plugin_manager import ENTRY_POINTS, load_plugins
from envrules.ruleset.check import check_file


def test_the_entry_point_brings_the_scheme() -> None:
    """Once the package is installed, envrules finds the ruleset by the scheme's name."""
    assert "sample_town" in {entry.name for entry in entry_points(group=ENTRY_POINTS)}
    assert load_plugins().schemes["sample_town"].ruleset.name == "sample_town.yaml"


def test_the_ruleset_is_good() -> None:
    """`envrules check` has nothing to say about it, not even a warning."""
    assert check_file(load_plugins().schemes["sample_town"].ruleset) == []
