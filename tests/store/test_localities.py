"""Localities: created once, told apart."""

import pytest

from envrules.store import LocalityRow, Store, StoreError, UnknownLocality


def test_created_localities_are_listed_by_id(store: Store) -> None:
    """A locality is found again as it was created, with an empty log and projection."""
    first, second = store.localities()
    assert first == LocalityRow(first.no, "gaoling", "高陵", "Asia/Shanghai", 0, 1)
    assert second == store.locality("liuhu")
    assert store.projection("liuhu").position == 0


def test_creating_twice_changes_nothing(store: Store) -> None:
    """Creating a locality again is accepted with the same values and refused with others."""
    before = store.localities()
    store.create_locality("gaoling", "高陵", "Asia/Shanghai", 99)
    with pytest.raises(StoreError, match="'gaoling' exists already, as '高陵' in Asia/Shanghai"):
        store.create_locality("gaoling", "高陵区", "Asia/Shanghai", 1)
    with pytest.raises(StoreError, match="exists already"):
        store.create_locality("gaoling", "高陵", "Asia/Urumqi", 1)
    assert store.localities() == before


def test_unknown_locality_is_an_error(store: Store) -> None:
    """Every call that names a locality refuses one that does not exist."""
    with pytest.raises(UnknownLocality, match="'nowhere'"):
        store.head("nowhere")
    with pytest.raises(UnknownLocality, match="'nowhere'"):
        store.decisions("nowhere")
