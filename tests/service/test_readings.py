"""The standings of a reading are kept in blocks, from which pages of any size are cut."""

from __future__ import annotations

import pytest

from envrules.service.readings import Readings
from envrules.v1.standings_pb2 import Reading, Standing

KEY, OTHER = ("yunxi", "2026-07"), ("yunxi", "2026-08")
READING = Reading(locality="yunxi", known_at=7)
TOTAL = 1234


def units(begin: int = 0, end: int = TOTAL) -> list[Standing]:
    """Some standings."""
    return [Standing(unit=f"u{n}", unit_title=f"第{n}村") for n in range(begin, end)]


@pytest.mark.parametrize(("first", "count"), [(0, 1), (99, 2), (100, 100), (7, 1000), (1233, 1)])
def test_what_is_kept_is_what_was_put(first: int, count: int) -> None:
    """A page comes back as it was, and only under its own key."""
    readings = Readings()
    readings.put(KEY, READING, 0, iter(units()))
    page = readings.get(KEY, first, count)
    assert page is not None
    assert page.reading == READING
    assert list(page.standings) == units(first, first + count)
    assert readings.get(OTHER, first, count) is None


@pytest.mark.parametrize("done", [1, 99, 100, 101, 250])
def test_pages_after_the_first(done: int) -> None:
    """What follows the first page is kept; where the block before it would be needed, it is not."""
    readings = Readings()
    begin = Readings.begin(done)
    readings.put(KEY, READING, begin, units(begin))
    page = readings.get(KEY, done, 200)
    assert page is not None
    assert list(page.standings) == units(done, done + 200)
    assert readings.get(KEY, begin - 1, 2) is None


def test_room_is_made_by_what_was_used_least_recently() -> None:
    """Where two readings do not fit, the one whose pages were turned last is there."""
    one = Readings()
    one.put(KEY, READING, 0, units())
    small = Readings(room=2 * one.taken - 1)
    for key in (KEY, OTHER):
        small.put(key, READING, 0, units())
        assert small.get(key, 0, TOTAL) is not None
    assert small.get(KEY, 0, TOTAL) is None
    assert small.get(OTHER, 0, TOTAL) is not None
    assert small.taken < 2 * one.taken
