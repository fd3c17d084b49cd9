"""A sample of the mutants of every built-in scheme; the whole is `envrules mutate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from envrules.cases import load_cases
from envrules.cases.mutation import lines, run_mutants
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir

CASES = Path(__file__).parents[1] / "cases"
PLUGINS = load_plugins()
BUILT_IN = [
    scheme for scheme, source in PLUGINS.schemes.items()
    if source.ruleset.parent == rulesets_dir() and (CASES / f"{scheme}.yaml").is_file()
]  # fmt: skip
SAMPLE, SEED = 8, 20261


def test_there_are_schemes() -> None:
    """The sample is of something."""
    assert BUILT_IN


@pytest.mark.parametrize("scheme", BUILT_IN)
def test_no_mutant_of_the_sample_survives(scheme: str) -> None:
    """Each change of the ruleset fails one of its cases, or is declared to make no difference."""
    path = CASES / f"{scheme}.yaml"
    cases = load_cases(path.read_text(encoding="utf-8"), f"tests/cases/{path.name}")
    result = run_mutants([cases], PLUGINS, SAMPLE, SEED)
    assert list(lines(result)) == []
    assert result.count("killed", "equivalent") == len(result.outcomes) > 0
