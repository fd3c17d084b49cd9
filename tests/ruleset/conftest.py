"""The rulesets that these tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

GOOD = Path(__file__).parents[1] / "gallery" / "good" / "broken.yaml"


@pytest.fixture(scope="session")
def good() -> str:
    """The text of the small ruleset with nothing wrong that the gallery is made from."""
    return GOOD.read_text(encoding="utf-8")
