"""A cache that keeps what is in use, and little else."""

from __future__ import annotations

from envrules.runtime.recent import Recent


def test_what_is_used_again_and_again_stays() -> None:
    """Edits come and go by the hundred: what is in force stays, of the rest a few are kept."""
    recent: Recent[int, str] = Recent(100, 4)
    recent.put(0, "in force")
    for edit in range(1, 101):
        recent.put(edit, "an edit")
        for _ in range(1000):
            assert recent.get(0) == "in force"
    kept = [edit for edit in range(1, 101) if recent.get(edit)]
    assert kept == [98, 99, 100]


def test_all_that_is_in_use_is_kept() -> None:
    """However many are used in turn, up to the size: none is dropped for being one of many."""
    recent: Recent[int, int] = Recent(100, 4)
    for name in range(100):
        recent.put(name, name)
    for _ in range(50):
        assert all(recent.get(name) == name for name in range(100))
    recent.put(100, 100)
    assert recent.get(0) is None
    assert recent.get(1) == 1
