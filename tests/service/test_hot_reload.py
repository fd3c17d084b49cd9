"""Watched rulesets: good edits are published or wait, bad ones change nothing but what is told."""

from __future__ import annotations

from pathlib import Path

from tests.service.editing import edit_many


def test_edits_under_load(tmp_path: Path) -> None:
    """Edited at random under a stream of events, a town decides as if the last text were the first.

    Every decision names the revision current at its place in the log, the closed month stays as
    it is, no event is lost, and nothing restarts. `python -m tests.service.edit_many` does more.
    """
    toll = edit_many(tmp_path, edits=15, seed=7)
    assert toll.broken, "none of them was broken"
    assert toll.past
    assert toll.published > 4
    assert toll.superseded
