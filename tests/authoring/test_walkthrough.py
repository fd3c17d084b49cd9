"""The walk-throughs of docs/ show what happens: their files are written, their commands are run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.authoring.clean_env import CHECKOUT, CleanEnv
from tests.authoring.walkthrough import FENCED, fenced, follow


@pytest.mark.parametrize("name", ["author-a-locality.md", "operate.md"])
def test_the_page_shows_what_happens(clean_env: CleanEnv, tmp_path: Path, name: str) -> None:
    """Every command of the page gives the output that the page shows.

    Where that has changed for good, run this test with ENVRULES_WRITE_DOCS=1 and read the
    difference.
    """
    page = CHECKOUT / "docs" / name
    text = page.read_text(encoding="utf-8")
    assert text.count("```console\n") > 5
    seen = follow(text, clean_env, tmp_path)
    if os.environ.get("ENVRULES_WRITE_DOCS"):
        page.write_text(seen, encoding="utf-8")
    assert seen.splitlines() == text.splitlines()


@pytest.mark.parametrize("name", ["operate.md"])
def test_the_chinese_page_keeps_step(name: str) -> None:
    """The Chinese edition has the same files, commands and output, in the same order.

    After ENVRULES_WRITE_DOCS=1 this test writes them there as well.
    """
    page = CHECKOUT / "docs" / name
    chinese = page.with_suffix(".zh-CN.md")
    shown = fenced(page.read_text(encoding="utf-8"))
    text = chinese.read_text(encoding="utf-8")
    assert len(fenced(text)) == len(shown)
    if os.environ.get("ENVRULES_WRITE_DOCS"):
        blocks = iter(shown)
        text = FENCED.sub(lambda _: next(blocks), text)
        chinese.write_text(text, encoding="utf-8")
    assert fenced(text) == shown
