"""What the service asks of a store besides: several values, newest first, places in the log."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import create_engine, text
from tests.store.test_reading import DECISION, emit

from envrules.store import DecisionFilter, DecisionRow, ProjectionChange, Store, UnknownLocality


def variants(store: Store, field: str, *values: str) -> list[DecisionRow]:
    """One decision with each value, in slots of their own."""
    return emit(
        store,
        *(
            msgspec.structs.replace(DECISION, slot=f"slot-{n}", **{field: value})
            for n, value in enumerate(values)
        ),
    )


def test_a_filter_takes_several_values(store: Store) -> None:
    """A field of a filter may hold several values: any of them is meant."""
    first, _, third = variants(store, "unit", "zhao", "qian", "sun")
    wanted = DecisionFilter(unit=["zhao", "sun", "li"])
    assert store.decisions("gaoling", filters=wanted) == [first, third]
    assert store.decisions("gaoling", filters=DecisionFilter(unit=["li"])) == []


def test_a_rule_stands_for_all_below_it(store: Store) -> None:
    """`lists` means `lists.red` as well, but neither `lists2.red` nor `list`."""
    rows = variants(store, "rule", "lists", "lists.red", "lists.red.deep", "lists2.red", "list")
    assert store.decisions("gaoling", filters=DecisionFilter(rule="lists")) == rows[:3]
    assert store.decisions("gaoling", filters=DecisionFilter(rule="lists.red")) == rows[1:3]


def test_newest_first(store: Store) -> None:
    """With `before` decisions come in the opposite order, below that number."""
    rows = variants(store, "unit", *"abcdef")
    assert store.decisions("gaoling", limit=2, before=2**62) == [rows[5], rows[4]]
    assert store.decisions("gaoling", limit=9, before=5) == rows[3::-1]
    assert store.decisions("gaoling", 2, before=5) == [rows[3], rows[2]]
    wanted = DecisionFilter(unit=["a", "f"])
    assert store.decisions("gaoling", filters=wanted, before=2**62) == [rows[5], rows[0]]


def test_decisions_up_to_a_place_in_the_log(store: Store) -> None:
    """The last decision of a place in the log is found wherever decisions lie thick or thin."""
    places = [3, 3, 3, 7, 8, 20, 20, 21]
    emit(
        store,
        *(
            msgspec.structs.replace(DECISION, slot=f"slot-{n}", log_seq=place)
            for n, place in enumerate(places)
        ),
    )
    for place in range(25):
        expected = sum(1 for known in places if known <= place)
        assert store.emitted_by("gaoling", place) == expected
    assert store.emitted_by("liuhu", 25) == 0


def test_stalls_are_listed(store: Store) -> None:
    """Localities that cannot go on are listed with the entry that stops them."""
    assert store.stalls() == {}
    lease = store.lease("liuhu", "projector", 1, 10)
    assert lease is not None
    store.commit(lease, ProjectionChange(0, 4, 0, stalled_seq=5, stalled_reason="fault"))
    assert store.stalls() == {"liuhu": 5}


def test_a_locality_may_be_required(store: Store) -> None:
    """A locality that exists is passed over in silence, another one is not."""
    store.require_locality("liuhu")
    with pytest.raises(UnknownLocality):
        store.require_locality("nowhere")


def test_ping_fails_as_the_database_does(store: Store, database_url: str) -> None:
    """A store that can be written to answers, and one that cannot raises one of its failures."""
    store.ping()
    assert store.locality("gaoling").title == "高陵"
    outside = create_engine(database_url)
    with outside.begin() as connection:
        connection.execute(text("ALTER TABLE localities RENAME TO hidden"))
    outside.dispose()
    with pytest.raises(store.failures):
        store.ping()
