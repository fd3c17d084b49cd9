"""docs/bulletin.md shows what happens: its commands are run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.authoring.clean_env import CHECKOUT, CleanEnv
from tests.authoring.walkthrough import follow

PAGE = CHECKOUT / "docs" / "bulletin.md"


class Here(CleanEnv):
    """The environment that the tests run in, instead of a clean one."""

    @property
    def variables(self) -> dict[str, str]:
        """A terminal that finds the package where the tests find it."""
        found = os.environ.get("PYTHONPATH", "")
        return super().variables | {"PYTHONPATH": found} if found else super().variables


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    """Every command of the page gives the output that the page shows, and the files are there."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("$ envrules ") == 7
    assert follow(text, Here(Path(sys.prefix)), tmp_path).splitlines() == text.splitlines()
    assert {file.suffix for file in tmp_path.iterdir() if file.is_file()} == {
        ".html", ".docx", ".xlsx", ".yaml", ".txt",
    }  # fmt: skip
