"""The caseloads of closed periods are kept packed, in the room there is."""

from __future__ import annotations

from envrules.engine.caseload import Case
from envrules.service.caseloads import Caseloads


def month(number: int, issues: int = 50) -> tuple[Case, ...]:
    """Return some month's issues."""
    return tuple(
        Case(f"C-{number}-{i}", "v1", "垃圾", 1_700_000_000_000_000 + i, accepted=True, due="due")
        for i in range(issues)
    )


def test_what_is_kept_is_what_was_put() -> None:
    """A caseload comes back as it was, and only under its own key."""
    caseloads = Caseloads()
    caseloads.put(("a", "2026-07"), month(7))
    assert caseloads.get(("a", "2026-07")) == month(7)
    assert caseloads.get(("b", "2026-07")) is None


def test_room_is_made_by_what_was_used_least_recently() -> None:
    """Where all do not fit, those used last are kept; one that alone is too big is not."""
    caseloads = Caseloads(room=2000)
    for number in range(40):
        caseloads.put(("a", str(number)), month(number))
        assert caseloads.get(("a", "0")) == month(0)
    assert caseloads.get(("a", "39")) == month(39)
    assert caseloads.get(("a", "1")) is None
    caseloads.put(("a", "big"), month(1, issues=5000))
    assert caseloads.get(("a", "big")) is None


def test_putting_again_takes_no_more_room() -> None:
    """The same caseload put over and over pushes nothing out."""
    caseloads = Caseloads(room=2000)
    caseloads.put(("a", "1"), month(1))
    for _ in range(50):
        caseloads.put(("a", "2"), month(2))
    assert caseloads.get(("a", "1")) == month(1)
