"""The real bridge, the real server, and both killed on the way: what is written back is right."""

from __future__ import annotations

from pathlib import Path

from envrules_grid_platform.rehearsal.play import play
from envrules_grid_platform.rehearsal.town import START, UNITS


def test_what_is_written_back_equals_a_direct_evaluation(host_url: str, tmp_path: Path) -> None:
    """Late, corrected, unreadable rows and kill -9 of either side leave no trace in the results."""
    outcome = play(tmp_path, host_url, seed=3, cases=150, kills=2, batch=100)
    assert outcome.kills == 2
    assert outcome.standings == outcome.evaluated
    assert outcome.effective == outcome.decided
    scored = [found for found in outcome.standings.values() if found[0] == "assessed"]
    assert len(scored) > len(UNITS), f"nothing happened since {START}"
    assert outcome.parked_rows == outcome.unreadable > 0
