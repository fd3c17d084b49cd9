"""Projections: one leased projector writes derived state, all of a change or nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envrules.store import (
    Batch,
    BindingRow,
    CloseRow,
    DecisionRow,
    FeedRow,
    Lease,
    LeaseLost,
    NewEntry,
    NodeRow,
    ProjectionChange,
    ProjectionRow,
    Store,
    StoreError,
    WithdrawalRow,
)

FOREVER = 10**15


def lease(store: Store, locality: str = "gaoling", now: int = 0) -> Lease:
    """Lease a locality that is free at `now`."""
    taken = store.lease(locality, "projector", now, FOREVER)
    assert taken is not None
    return taken


def decision(seq: int, slot: str = "", version: int = 1) -> DecisionRow:
    """A decision of a slot of its own unless one is given."""
    slot = slot or f"slot-{seq}"
    return DecisionRow(
        seq, f"{slot}/{version}", slot, version, "issue", seq, "s", "deadlines.closing",
        "deadline", "overdue", "issue:GD-1", "zhao", "2026-11", "published", 5, "issue:GD-1", b"d",
    )  # fmt: skip


CHANGE = ProjectionChange(
    base=0,
    position=3,
    tick=50,
    nodes=[NodeRow("issue:1", "zhao", 70, b"1"), NodeRow("issue:2", "", None, b"")],
    feeds=[FeedRow("unit:zhao", "issue:2", b"2"), FeedRow("unit:zhao", "issue:1", b"1")],
    decisions=[decision(1), decision(2)],
    closes=[CloseRow("s", "2026-10", 2, "r1")],
    withdrawals=[WithdrawalRow("e1", 3)],
    bindings=[BindingRow("s", "r1", 1, b"overrides")],
)


def test_one_projector_holds_a_locality(store: Store) -> None:
    """A lease keeps others out until it runs out or is given back; each one has a new fence."""
    first = store.lease("gaoling", "a", now=100, ttl=50)
    assert first == Lease("gaoling", "a", 1, 150)
    assert store.lease("gaoling", "b", now=149, ttl=50) is None
    assert store.lease("liuhu", "b", now=149, ttl=50) == Lease("liuhu", "b", 1, 199)
    second = store.lease("gaoling", "b", now=150, ttl=50)
    assert second == Lease("gaoling", "b", 2, 200)
    store.release(second)
    assert store.lease("gaoling", "c", now=151, ttl=50) == Lease("gaoling", "c", 3, 201)


def test_renewing_keeps_a_lease(store: Store) -> None:
    """A renewed lease lasts longer, one that was taken over cannot be renewed or released."""
    first = store.lease("gaoling", "a", now=100, ttl=50)
    assert first is not None
    assert store.lease("liuhu", "a", now=100, ttl=50) is not None
    assert store.renew("a", now=140, ttl=50) == 2
    assert store.lease("gaoling", "b", now=189, ttl=50) is None
    assert store.lease("gaoling", "b", now=190, ttl=50) is not None
    assert store.renew("a", now=191, ttl=50) == 1
    assert store.projection("gaoling").leased_until == 240
    store.release(first)
    assert store.projection("gaoling").owner == "b"
    assert store.lease("gaoling", "c", now=192, ttl=50) is None


def test_a_clock_that_went_back_locks_nobody_out(store: Store) -> None:
    """A lease that ends later than one could by now was given before the clock was put back."""
    assert store.lease("gaoling", "a", now=1000, ttl=50) is not None
    assert store.lease("gaoling", "b", now=1000, ttl=50) is None
    assert store.lease("gaoling", "b", now=999, ttl=50) == Lease("gaoling", "b", 2, 1049)


def test_only_one_of_many_gets_the_lease(store: Store) -> None:
    """When several projectors ask at once, one gets the lease."""
    start = threading.Barrier(4)

    def ask(owner: str) -> Lease | None:
        start.wait()
        return store.lease("gaoling", owner, 0, 10)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, "abcd"))
    assert sum(answer is not None for answer in answers) == 1


def test_change_is_written_whole(store: Store) -> None:
    """After a commit, each part of the change is read back as it was written."""
    held = lease(store)
    store.commit(held, CHANGE)
    assert store.projection("gaoling") == ProjectionRow(
        3, 2, 50, held.fence, "projector", FOREVER, None, ""
    )
    assert store.nodes("gaoling", ["issue:2", "issue:1", "issue:3"]) == {
        node.key: node for node in CHANGE.nodes
    }
    assert store.feeds("gaoling", "unit:zhao") == sorted(CHANGE.feeds, key=lambda f: f.source)
    assert store.decisions("gaoling") == CHANGE.decisions
    assert store.closes("gaoling") == CHANGE.closes
    assert store.withdrawals("gaoling", ["e1", "e2"]) == {"e1": 3}
    assert store.bindings("gaoling") == CHANGE.bindings
    assert store.projection("liuhu").position == 0
    assert store.decisions("liuhu") == []


def test_later_change_replaces_nodes_and_feeds(store: Store) -> None:
    """Nodes and feeds of the same key are replaced; feeds that are gone are deleted."""
    held = lease(store)
    store.commit(held, CHANGE)
    store.commit(
        held,
        ProjectionChange(
            base=3,
            position=4,
            tick=60,
            nodes=[NodeRow("issue:1", "qian", None, b"new")],
            feeds_gone=[("unit:zhao", "issue:1"), ("unit:zhao", "issue:9")],
            feeds=[FeedRow("unit:zhao", "issue:2", b"new"), FeedRow("unit:qian", "issue:1", b"3")],
            withdrawals=[WithdrawalRow("e1", 4)],
        ),
    )
    assert store.nodes("gaoling", ["issue:1"])["issue:1"] == NodeRow(
        "issue:1", "qian", None, b"new"
    )
    assert store.feeds_of("gaoling", ["unit:zhao", "unit:qian", "unit:sun"]) == {
        "unit:zhao": [FeedRow("unit:zhao", "issue:2", b"new")],
        "unit:qian": [FeedRow("unit:qian", "issue:1", b"3")],
        "unit:sun": [],
    }
    assert store.withdrawals("gaoling", ["e1"]) == {"e1": 3}, "the first withdrawal stands"
    assert (store.projection("gaoling").position, store.projection("gaoling").tick) == (4, 60)


def test_stale_lease_writes_nothing(store: Store) -> None:
    """A projector that was taken over cannot write, before or after the new one does."""
    stale = store.lease("gaoling", "a", now=0, ttl=10)
    assert stale is not None
    current = lease(store, now=10)
    before = store.derived_digest("gaoling")
    with pytest.raises(LeaseLost, match="a no longer projects 'gaoling' from 0"):
        store.commit(stale, CHANGE)
    assert store.derived_digest("gaoling") == before
    store.commit(current, CHANGE)
    after = store.derived_digest("gaoling")
    with pytest.raises(LeaseLost):
        store.commit(stale, msgspec.structs.replace(CHANGE, base=3, position=9))
    assert store.derived_digest("gaoling") == after != before


def test_change_from_another_position_is_refused(store: Store) -> None:
    """A change computed from another position than the stored one writes nothing."""
    held = lease(store)
    store.commit(held, ProjectionChange(0, 2, 0))
    before = store.derived_digest("gaoling")
    for base in (0, 1, 3):
        with pytest.raises(LeaseLost):
            store.commit(held, msgspec.structs.replace(CHANGE, base=base, position=9))
    assert store.derived_digest("gaoling") == before


@pytest.mark.parametrize("seqs", [[2], [1, 3], [2, 1], [0, 1]])
def test_decisions_are_numbered_without_gaps(store: Store, seqs: list[int]) -> None:
    """Decisions that do not continue the locality's numbers are refused with the whole change."""
    held = lease(store)
    before = store.derived_digest("gaoling")
    with pytest.raises(StoreError, match="must continue after 0"):
        store.commit(
            held, msgspec.structs.replace(CHANGE, decisions=[decision(seq) for seq in seqs])
        )
    assert store.derived_digest("gaoling") == before


def test_version_of_a_slot_is_emitted_once(store: Store) -> None:
    """A second decision with the same slot and version fails, and its change with it."""
    held = lease(store)
    store.commit(held, ProjectionChange(0, 1, 0, decisions=[decision(1, "slot")]))
    before = store.derived_digest("gaoling")
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.commit(
            held,
            ProjectionChange(
                1, 2, 9, nodes=[NodeRow("n", "", None, b"")],
                decisions=[decision(2, "other"), decision(3, "slot")],
            ),
        )  # fmt: skip
    assert store.derived_digest("gaoling") == before
    store.commit(held, ProjectionChange(1, 2, 9, decisions=[decision(2, "slot", 2)]))


def test_due_nodes_come_in_order_of_time(store: Store) -> None:
    """Due are the nodes to wake by then, earliest first, ties by key; others sleep on."""
    nodes = [
        NodeRow(key, "", wake_at, b"")
        for key, wake_at in [("d", 5), ("b", 7), ("a", 7), ("c", 8), ("e", None), ("村", 7)]
    ]
    held = lease(store)
    store.commit(held, ProjectionChange(0, 1, 0, nodes=nodes))
    assert [node.key for node in store.due("gaoling", 4, 9)] == []
    assert [node.key for node in store.due("gaoling", 7, 9)] == ["d", "a", "b", "村"]
    assert [node.key for node in store.due("gaoling", 99, 2)] == ["d", "a"]
    store.commit(held, ProjectionChange(1, 2, 0, nodes=[NodeRow("d", "", None, b"")]))
    assert [node.key for node in store.due("gaoling", 7, 1)] == ["a"]
    assert store.due("liuhu", 99, 9) == []


# First and last of each length of UTF-8, both sides of the surrogates, and what is on cases.
CHARACTERS = "\n:1aZé\x7f\x80\u07ff\u0800村组赵\ud7ff\ue000\uffff\U00010000𠮷\U0010fffe\U0010ffff"


def test_prefix_ranges_with_every_character(store: Store) -> None:
    """A prefix finds exactly the keys that start with it, in order of their bytes."""
    letters = [*CHARACTERS, ""]
    keys = {f"单位:{a}{b}" for a in letters for b in letters} | {
        a + b for a in letters for b in "村z"
    }
    nodes = [NodeRow(key, "", None, b"") for key in keys]
    store.commit(lease(store), ProjectionChange(0, 1, 0, nodes=nodes))
    store.commit(
        lease(store, "liuhu"), ProjectionChange(0, 1, 0, nodes=[NodeRow("单位:", "", None, b"")])
    )
    for prefix in ["", *keys, "单", "无"]:
        expected = sorted((k for k in keys if k.startswith(prefix)), key=lambda k: k.encode())
        assert store.node_keys("gaoling", prefix) == expected


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # nodes are only added
)
@given(
    added=st.sets(st.text(CHARACTERS, min_size=1, max_size=4)),
    prefix=st.text(CHARACTERS, max_size=2),
    limit=st.integers(1, 5),
)
def test_pages_of_a_range_miss_nothing(
    store: Store, added: set[str], prefix: str, limit: int
) -> None:
    """Pages, each asked for after the last key of the one before, make up the whole range."""
    held = store.lease("gaoling", "projector", FOREVER, 0)
    assert held is not None
    position = store.projection("gaoling").position
    nodes = [NodeRow(key, "", None, b"") for key in added]
    store.commit(held, ProjectionChange(position, position + 1, 0, nodes=nodes))
    whole = store.node_keys("gaoling", prefix, limit=10**6)
    assert set(whole) >= {key for key in added if key.startswith(prefix)}
    paged: list[str] = []
    while page := store.node_keys("gaoling", prefix, paged[-1] if paged else "", limit):
        assert len(page) <= limit
        paged += page
    assert paged == whole


def test_stall_shows_until_the_next_change(store: Store) -> None:
    """A stall names the entry and the reason; the change that passes it clears it."""
    held = lease(store)
    store.commit(held, ProjectionChange(0, 4, 9, stalled_seq=5, stalled_reason="hook raised"))
    stalled = store.projection("gaoling")
    assert (stalled.position, stalled.stalled_seq, stalled.stalled_reason) == (4, 5, "hook raised")
    store.commit(held, ProjectionChange(4, 5, 9))
    assert store.projection("gaoling").stalled_seq is None
    assert store.projection("gaoling").stalled_reason == ""


def test_rebuilding_gives_the_same_digest(store: Store) -> None:
    """Dropping keeps the log and ends the lease; the same changes give the same digest again."""
    store.append([Batch("gaoling", [NewEntry("tick", b"")] * 3, 1)])
    store.put_revision("s", "r1", b"sources", 1)
    for locality in ("gaoling", "liuhu"):
        store.commit(lease(store, locality), CHANGE)
    before, other = store.derived_digest("gaoling"), store.derived_digest("liuhu")
    assert before == other, "equal rows, equal digest"
    held = store.lease("gaoling", "late", FOREVER, FOREVER)
    assert held is not None
    assert store.derived_digest("gaoling") == before, "who projects is not part of it"

    store.drop_derived("gaoling")
    assert store.projection("gaoling") == ProjectionRow(0, 0, 0, held.fence + 1, "", 0, None, "")
    assert store.decisions("gaoling") == []
    assert store.node_keys("gaoling", "") == []
    assert store.feeds("gaoling", "unit:zhao") == []
    assert store.closes("gaoling") == []
    assert store.bindings("gaoling") == []
    assert store.withdrawals("gaoling", ["e1"]) == {}
    assert store.derived_digest("gaoling") != before
    assert store.derived_digest("liuhu") == other
    assert len(store.read_log("gaoling", 0, 9)) == store.head("gaoling") == 3
    assert store.get_revision("s", "r1") == b"sources"

    with pytest.raises(LeaseLost):
        store.commit(held, CHANGE)
    store.commit(lease(store), CHANGE)
    assert store.derived_digest("gaoling") == before


@pytest.mark.parametrize(
    "other",
    [
        {"position": 4},
        {"tick": 51},
        {"stalled_seq": 4},
        {"stalled_reason": "why"},
        {"nodes": [msgspec.structs.replace(node, wake_at=71) for node in CHANGE.nodes]},
        {"feeds": [FeedRow("unit:zhao", "issue:2", b"2"), FeedRow("unit:zhao", "issue:1", b"")]},
        {"decisions": [decision(1), msgspec.structs.replace(decision(2), at=6)]},
        {"closes": []},
        {"withdrawals": [WithdrawalRow("e1", 2)]},
        {"bindings": [BindingRow("s", "r1", 1, b"others")]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_digest_tells_every_difference(store: Store, other: dict[str, Any]) -> None:
    """A difference in any derived table changes the digest."""
    store.commit(lease(store), CHANGE)
    store.commit(lease(store, "liuhu"), msgspec.structs.replace(CHANGE, **other))
    assert store.derived_digest("gaoling") != store.derived_digest("liuhu")
