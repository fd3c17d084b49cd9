"""The log: gap-free numbers in commit order, each event once."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envrules.store import Appended, Batch, LogRow, NewEntry, Store, UnknownLocality


def event(event_id: str, digest: bytes = b"same") -> NewEntry:
    """An event whose payload names it."""
    return NewEntry("event", event_id.encode(), event_id, digest, "host")


def append(store: Store, *ids: str, locality: str = "gaoling") -> list[Appended]:
    """Append events as one batch."""
    [receipts] = store.append([Batch(locality, [event(id) for id in ids], 5)])
    return receipts


def test_entries_come_back_as_they_went_in(store: Store) -> None:
    """Entries get the numbers 1, 2, ... and keep every field, whatever their kind."""
    entries = [
        NewEntry("event", b"\x00\xff", "事件-1", b"\x01\x00", "平台"),
        NewEntry("tick", b""),
        NewEntry("act", b"act", submitted_by="zhao"),
        NewEntry("tick", b""),
    ]
    assert store.append([Batch("gaoling", entries, 7)]) == [[Appended(n) for n in (1, 2, 3, 4)]]
    assert store.read_log("gaoling", 0, 10) == [
        LogRow(n, e.kind, e.event_id, e.digest, 7, e.submitted_by, e.payload)
        for n, e in enumerate(entries, 1)
    ]
    assert store.head("gaoling") == 4


def test_batches_of_several_localities_share_a_commit(store: Store) -> None:
    """One call takes batches for several localities; each locality counts for itself."""
    receipts = store.append(
        [
            Batch("liuhu", [event("a"), event("b")], 1),
            Batch("gaoling", [event("a")], 2),
            Batch("liuhu", [], 3),
            Batch("liuhu", [event("c")], 4),
        ]
    )
    assert receipts == [[Appended(1), Appended(2)], [Appended(1)], [], [Appended(3)]]
    assert [(row.event_id, row.recorded_at) for row in store.read_log("liuhu", 0, 9)] == [
        ("a", 1), ("b", 1), ("c", 4),
    ]  # fmt: skip
    assert store.append([]) == []


def test_known_event_gets_its_first_number(store: Store) -> None:
    """An event id that is known is not stored again and takes no number."""
    append(store, "a", "b")
    assert append(store, "c", "a", "d", "c") == [
        Appended(3), Appended(1, duplicate=True), Appended(4), Appended(3, duplicate=True),
    ]  # fmt: skip
    assert append(store, "a", "b") == [
        Appended(1, duplicate=True), Appended(2, duplicate=True),
    ]  # fmt: skip
    assert append(store, "e") == [Appended(5)]
    assert [row.event_id for row in store.read_log("gaoling", 0, 9)] == list("abcde")
    assert store.head("gaoling") == 5


def test_repetition_within_a_call_is_found(store: Store) -> None:
    """The same new event twice in one call, in one batch or two, is stored once."""
    receipts = store.append(
        [Batch("gaoling", [event("a"), event("a")], 1), Batch("gaoling", [event("a")], 1)]
    )
    assert receipts == [[Appended(1), Appended(1, duplicate=True)], [Appended(1, duplicate=True)]]
    assert store.head("gaoling") == 1


def test_known_id_with_other_content_is_a_conflict(store: Store) -> None:
    """A known id with another digest is not stored; the receipt points to the first entry."""
    append(store, "a")
    [[receipt, other]] = store.append([Batch("gaoling", [event("a", b"other"), event("b")], 9)])
    assert receipt == Appended(1, conflict=True)
    assert other == Appended(2)
    stored = store.event_row("gaoling", "a")
    assert stored is not None
    assert (stored.digest, stored.recorded_at) == (b"same", 5)


def test_failed_append_stores_nothing(store: Store) -> None:
    """When one batch of a call cannot be stored, none of the call is."""
    with pytest.raises(UnknownLocality):
        store.append([Batch("gaoling", [event("a")], 1), Batch("nowhere", [event("a")], 1)])
    broken: Any = None
    with pytest.raises(Exception, match=r"(?i)not.null"):
        store.append(
            [
                Batch("gaoling", [event("a")], 1),
                Batch("liuhu", [NewEntry("event", broken, "b")], 1),
            ]
        )
    assert (store.head("gaoling"), store.head("liuhu")) == (0, 0)
    assert append(store, "a") == [Appended(1)]


def test_reading_goes_on_behind_a_number(store: Store) -> None:
    """The log is read in pages; the last number read is where the next page starts."""
    append(store, *(f"e{n}" for n in range(1, 8)))
    append(store, "elsewhere", locality="liuhu")
    pages = [store.read_log("gaoling", after, 3) for after in (0, 3, 6, 7)]
    assert [[row.seq for row in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]


def test_entries_are_found_by_number_and_by_event(store: Store) -> None:
    """Any number of entries is looked up at once; what does not exist is left out."""
    ids = [f"e{n}" for n in range(1200)]
    append(store, *ids)
    append(store, "elsewhere", locality="liuhu")
    assert store.event_rows("gaoling", [*ids, "elsewhere"]).keys() == set(ids)
    by_number = store.log_rows("gaoling", range(1, 1300))
    assert [by_number[n].event_id for n in range(1, 1201)] == ids
    assert len(by_number) == 1200
    assert store.event_row("gaoling", "elsewhere") is None


def test_readers_never_see_a_gap(store_url: str) -> None:
    """Appenders of two stores race with the same events; a reader meets 1, 2, 3, ... only.

    Each event is stored once, and every receipt for it bears the same number.
    """
    ids = [f"e{n}" for n in range(300)]
    stores = [Store.open(store_url) for _ in range(2)]
    stores[0].create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
    start = threading.Barrier(5)

    def submit(store: Store, step: int) -> list[tuple[str, Appended]]:
        start.wait()
        receipts: list[tuple[str, Appended]] = []
        mine = ids[::step]
        for first in range(0, len(mine), 7):
            group = mine[first : first + 7]
            receipts += zip(group, append(store, *group), strict=True)
        return receipts

    def follow() -> list[str | None]:
        start.wait()
        seen: list[LogRow] = []
        while len(seen) < len(ids):
            seen += stores[1].read_log("gaoling", len(seen), 10)
            assert [row.seq for row in seen] == list(range(1, len(seen) + 1))
        return [row.event_id for row in seen]

    with ThreadPoolExecutor(5) as pool:
        follower = pool.submit(follow)
        work = [pool.submit(submit, stores[n % 2], step) for n, step in enumerate((1, -1, 2, 3))]
        receipts = [pair for job in work for pair in job.result()]
        seen = follower.result()
    for opened in stores:
        opened.close()
    assert sorted(seen, key=str) == sorted(ids)
    assert {(id, receipt.seq) for id, receipt in receipts} == {
        (id, seq) for seq, id in enumerate(seen, 1)
    }
    assert sum(not receipt.duplicate for _, receipt in receipts) == len(ids)


def test_appends_to_several_localities_never_block_each_other(store: Store) -> None:
    """Calls that name the same localities in opposite orders all succeed."""
    start = threading.Barrier(2)

    def submit(*localities: str) -> None:
        start.wait()
        for _ in range(100):
            store.append([Batch(name, [NewEntry("tick", b"")], 1) for name in localities])

    with ThreadPoolExecutor(2) as pool:
        for job in [
            pool.submit(submit, "gaoling", "liuhu"),
            pool.submit(submit, "liuhu", "gaoling"),
        ]:
            job.result()
    assert (store.head("gaoling"), store.head("liuhu")) == (200, 200)


CALLS = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "other"]),
            st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from([b"1", b"2"]))),
        ),
        max_size=4,
    ),
    max_size=5,
)
COUNTER = itertools.count()


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example: new localities
)
@given(calls=CALLS)
def test_append_agrees_with_a_plain_list(
    store: Store, calls: list[list[tuple[str, list[tuple[str, bytes]]]]]
) -> None:
    """However events are batched and repeated, the log is the list of the first of each id."""
    example = next(COUNTER)
    names = {name: f"{name}-{example}" for name in ("one", "other")}
    for name in names.values():
        store.create_locality(name, name, "Asia/Shanghai", 0)
    expected: dict[str, dict[str, tuple[int, bytes]]] = {name: {} for name in names}
    for call in calls:
        answers: list[list[Appended]] = []
        for name, events in call:
            answers.append([])
            for id, digest in events:
                known = expected[name]
                new = id not in known
                seq, first = known.setdefault(id, (len(known) + 1, digest))
                answers[-1].append(
                    Appended(seq, not new and first == digest, not new and first != digest)
                )
        batches = [Batch(names[name], [event(*pair) for pair in pairs], 0) for name, pairs in call]
        assert store.append(batches) == answers
    for name, known in expected.items():
        rows = store.read_log(names[name], 0, 99)
        assert {row.event_id: (row.seq, row.digest) for row in rows} == known
        assert store.head(names[name]) == len(known)
