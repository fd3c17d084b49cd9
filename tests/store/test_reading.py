"""Reading decisions by filters and cursors, and rulesets by content."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, Table, create_engine, event

from envrules.store import (
    BindingRow,
    CloseRow,
    DecisionFilter,
    DecisionIssueRow,
    DecisionRow,
    FeedRow,
    LocalityRow,
    LogRow,
    NodeRow,
    ProjectionChange,
    ProjectionRow,
    RevisionRow,
    Store,
    StoreError,
    WithdrawalRow,
    tables,
)
from envrules.store.rows import Row

DECISION = DecisionRow(
    1, "id-1", "slot-1", 1, "issue", 1, "town", "lists.red", "list", "red", "unit:zhao", "zhao",
    "2026-11", "proposed", 5, "list:red", b"decision",
)  # fmt: skip


def emit(
    store: Store, *decisions: DecisionRow, locality: str = "gaoling",
    issues: Sequence[tuple[str, ...]] = (),
) -> list[DecisionRow]:  # fmt: skip
    """Emit decisions; each gets the next number, and its number as its id, and concerns issues."""
    taken = store.lease(locality, "projector", 10**15, 0)
    assert taken is not None
    now = store.projection(locality)
    numbered = [
        msgspec.structs.replace(decision, decision_seq=seq, id=f"id-{seq}")
        for seq, decision in enumerate(decisions, now.decision_seq + 1)
    ]
    concerned = [
        DecisionIssueRow(issue, row.decision_seq)
        for row, some in zip(numbered, issues, strict=False) for issue in some
    ]  # fmt: skip
    change = ProjectionChange(
        now.position, now.position + 1, 0, decisions=numbered, issues=concerned
    )
    store.commit(taken, change)
    return numbered


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (tables.log, LogRow),
        (tables.projections, ProjectionRow),
        (tables.nodes, NodeRow),
        (tables.feeds, FeedRow),
        (tables.decisions, DecisionRow),
        (tables.decision_issues, DecisionIssueRow),
        (tables.closes, CloseRow),
        (tables.withdrawals, WithdrawalRow),
        (tables.bindings, BindingRow),
    ],
    ids=str,
)
def test_rows_have_the_columns_of_their_table(table: Table, row: type[Row]) -> None:
    """A row class has its table's columns in their order, without the locality."""
    assert ["locality_no", *row.__struct_fields__] == table.c.keys()
    assert list(LocalityRow.__struct_fields__) == tables.localities.c.keys()


@pytest.mark.parametrize(
    "field",
    [name for name in DecisionFilter.__struct_fields__ if name not in ("current_only", "issue")],
)
def test_filter_selects_by_each_field(store: Store, field: str) -> None:
    """A filter lists the decisions whose field equals the value given, and no others."""
    first, _, third = emit(
        store,
        DECISION,
        msgspec.structs.replace(DECISION, slot="slot-2", **{field: "另一个"}),
        msgspec.structs.replace(DECISION, slot="slot-3"),
    )
    same = msgspec.structs.replace(DecisionFilter(), **{field: getattr(DECISION, field)})
    assert store.decisions("gaoling", filters=same) == [first, third]
    none = msgspec.structs.replace(DecisionFilter(), **{field: "无"})
    assert store.decisions("gaoling", filters=none) == []
    assert store.decisions("liuhu", filters=same) == []


def test_filter_selects_by_issue(store: Store) -> None:
    """Decisions are listed by an issue that they concern, whatever else they do, each once."""
    rows = emit(
        store,
        *(msgspec.structs.replace(DECISION, slot=f"slot-{n}") for n in range(3)),
        issues=[("A",), ("A", "B"), ()],
    )
    emit(store, DECISION, locality="liuhu", issues=[("A",)])

    def listed(*issues: str, **more: Any) -> list[DecisionRow]:
        return store.decisions("gaoling", filters=DecisionFilter(issue=issues, **more))

    assert listed("A") == listed("A", "B") == rows[:2]
    assert listed("B") == listed("B", current_only=True) == [rows[1]]
    assert listed("C") == listed("A", unit="li") == []
    assert store.decisions("gaoling", filters=DecisionFilter(issue="A"), before=2) == [rows[0]]


@pytest.mark.parametrize(
    ("filters", "by"),
    [
        (DecisionFilter(period="2026-11", kind=("score", "list")), "INDEX decisions_period"),
        (DecisionFilter(outcome="parked", current_only=True), "INDEX decisions_gaps"),
        (DecisionFilter(publication="proposed", kind="slip"), "INDEX decisions_waiting"),
        (DecisionFilter(issue="A"), "decisions_1 (locality_no=? AND decision_seq=?)"),
    ],
    ids=["period", "gap", "waiting", "issue"],
)
def test_what_is_rare_is_found_by_an_index(
    new_url: Callable[[], str], filters: DecisionFilter, by: str
) -> None:
    """A decision among millions is not looked for in all of them."""
    url = new_url()
    with Store.open(url) as store:
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        emit(store, *(
            msgspec.structs.replace(DECISION, slot=f"slot-{n}", period="", outcome="met")
            for n in range(3000)
        ), issues=[(f"GD-{n}",) for n in range(3000)])  # fmt: skip
        asked: list[tuple[str, Any]] = []

        mine = threading.get_ident()

        def note(_c: Any, _u: Any, statement: str, values: Any, _x: Any, _m: Any) -> None:
            if threading.get_ident() == mine:  # engines of other tests may not be done yet
                asked.append((statement, values))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            store.decisions("gaoling", filters=filters)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    explain = "EXPLAIN QUERY PLAN" if url.startswith("sqlite") else "EXPLAIN"
    engine = create_engine(url)
    with engine.begin() as connection:
        if not url.startswith("sqlite"):
            connection.exec_driver_sql("ANALYZE")
        plan = connection.exec_driver_sql(f"{explain} {statement}", values).all()
    engine.dispose()
    if url.startswith("sqlite"):
        assert by in str(plan)
    assert "Seq Scan on decisions" not in str(plan)


def test_filters_combine(store: Store) -> None:
    """Several fields of a filter must all hold."""
    emit(store, DECISION, msgspec.structs.replace(DECISION, slot="slot-2", outcome="black"))
    both = DecisionFilter(unit="zhao", outcome="black")
    assert [row.slot for row in store.decisions("gaoling", filters=both)] == ["slot-2"]


def test_current_is_the_last_version_that_was_not_revoked(store: Store) -> None:
    """`current_only` lists what stands: superseded versions and revoked slots are left out."""
    issued, superseding, kept = emit(
        store,
        DECISION,
        msgspec.structs.replace(DECISION, version=2, change="supersede", outcome="none"),
        msgspec.structs.replace(DECISION, slot="slot-2"),
    )
    elsewhere = msgspec.structs.replace(DECISION, slot="slot-2", version=2)
    emit(store, elsewhere, locality="liuhu")
    current = DecisionFilter(current_only=True)
    assert store.decisions("gaoling", filters=current) == [superseding, kept]
    assert store.decisions("gaoling", filters=DecisionFilter(current_only=True, outcome="red")) == [
        kept
    ], "an old version does not come back when the new one does not match"
    [revocation] = emit(
        store, msgspec.structs.replace(DECISION, slot="slot-2", version=2, change="revoke")
    )
    assert store.decisions("gaoling", filters=current) == [superseding]
    assert store.decisions("gaoling") == [issued, superseding, kept, revocation]


def test_decision_and_history_of_its_slot(store: Store) -> None:
    """A decision is found by its id, and all versions of a slot in their order."""
    first, second, other = emit(
        store,
        DECISION,
        msgspec.structs.replace(DECISION, version=2, change="revoke"),
        msgspec.structs.replace(DECISION, slot="slot-2"),
    )
    assert store.decision("gaoling", "id-2") == second
    assert store.decision("gaoling", "id-9") is None
    assert store.decision("liuhu", "id-2") is None
    assert store.slot_history("gaoling", "slot-1") == [first, second]
    assert store.slot_history("gaoling", "slot-2") == [other]
    assert store.slot_history("gaoling", "slot-3") == []


def test_cursor_skips_nothing_while_decisions_are_emitted(store: Store) -> None:
    """Readers that follow a cursor meet every decision once, in order, while others are written."""
    total = 200
    start = threading.Barrier(3)

    def write() -> None:
        start.wait()
        for group in range(0, total, 4):
            emit(
                store,
                *(msgspec.structs.replace(DECISION, slot=f"slot-{group + n}") for n in range(4)),
            )

    def follow(limit: int) -> list[int]:
        start.wait()
        seen: list[int] = []
        while len(seen) < total:
            page = store.decisions("gaoling", after=seen[-1] if seen else 0, limit=limit)
            seen += [row.decision_seq for row in page]
        return seen

    with ThreadPoolExecutor(3) as pool:
        followers = [pool.submit(follow, limit) for limit in (3, 100)]
        pool.submit(write).result()
        for follower in followers:
            assert follower.result() == list(range(1, total + 1))


def test_schedule_is_listed_in_order_of_the_log(store: Store) -> None:
    """Closes and bindings are listed by the number of the log entry that made them."""
    closes = [CloseRow("town", "2026-10", 2, "r1"), CloseRow("town", "2026-09", 4, "r2")]
    bindings = [BindingRow("town", "r1", 1, b""), BindingRow("liuhu", "r9", 3, b""),
                BindingRow("town", "r2", 5, b""), BindingRow("town", "r1", 6, b"")]  # fmt: skip
    taken = store.lease("gaoling", "projector", 0, 9)
    assert taken is not None
    store.commit(taken, ProjectionChange(0, 9, 0, closes=closes[::-1], bindings=bindings[::-1]))
    assert store.closes("gaoling") == closes
    assert store.bindings("gaoling") == bindings


def test_revision_is_stored_by_its_content(store: Store) -> None:
    """A revision is kept as stored; storing it again is accepted with the same content only."""
    store.put_revision("town", "r1", b"one", 5)
    store.put_revision("town", "r0", b"zero", 6)
    store.put_revision("liuhu", "r1", b"two", 5)
    store.put_revision("town", "r1", b"one", 9)
    with pytest.raises(StoreError, match="revision r1 of town has other content"):
        store.put_revision("town", "r1", b"other", 9)
    assert store.get_revision("town", "r1") == b"one"
    assert store.get_revision("town", "r9") is None
    assert store.list_revisions("town") == [
        RevisionRow("town", "r1", 5), RevisionRow("town", "r0", 6),
    ]  # fmt: skip
    assert [row.scheme for row in store.list_revisions()] == ["liuhu", "town", "town"]


def test_a_snapshot_sees_one_state(store: Store) -> None:
    """What is decided after its first read is not in it, but is there when it is over."""
    with ThreadPoolExecutor(1) as others:
        with store.snapshot():
            before = store.projection("gaoling")
            others.submit(emit, store, DECISION).result()
            with store.snapshot():  # of those within each other the outer one counts
                assert store.projection("gaoling") == before
            assert not store.decisions("gaoling")
            assert len(others.submit(store.decisions, "gaoling").result()) == 1
        assert len(store.decisions("gaoling")) == 1


def test_a_snapshot_ends_with_an_error(store: Store) -> None:
    """Whatever ends a snapshot, the thread sees the present afterwards."""

    def fail() -> None:
        with store.snapshot():
            assert not store.decisions("gaoling")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    emit(store, DECISION)
    assert len(store.decisions("gaoling")) == 1
