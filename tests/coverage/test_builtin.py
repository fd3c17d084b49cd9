"""The built-in schemes judge every clause of the five documents that a machine can judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from envrules.clauses import Coverage, pages
from envrules.clauses.committed import stale_pages
from envrules.clauses.run import run_coverage
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "coverage"


@pytest.fixture(scope="module")
def found() -> Coverage:
    """The coverage of what is committed."""
    return run_coverage(FOLDER, sorted((ROOT / "tests" / "cases").glob("*.yaml")), load_plugins())


def test_everything_is_covered(found: Coverage) -> None:
    """Every judgeable clause has its definition, every citing definition its case, no scheme lacks."""
    assert [str(p) for p in found.problems] == []
    assert len(found.schemes) == 20


def test_the_lists_hold_five_documents_and_twenty_schemes(found: Coverage) -> None:
    """A document or a scheme cannot drop out of the lists unseen."""
    assert [one.document for one in found.lists] == ["000", "001", "002", "003", "004"]
    assert len(found.slugs()) == 20
    assert {path.stem for path in rulesets_dir().glob("*.yaml")} <= set(found.slugs())


def test_the_committed_pages_are_true(found: Coverage) -> None:
    """docs/coverage holds what `envrules coverage --write` would write."""
    assert [str(p) for p in stale_pages(FOLDER, pages(found))] == []
