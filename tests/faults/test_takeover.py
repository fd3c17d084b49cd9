"""Who projects a locality after a process has died, and what waits until somebody does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tests.faults.checks import check_replay

from envrules.model.base import HOUR, MINUTE, Instant
from envrules.model.decisions import decode_decision
from envrules.model.entries import Arrived, encode_entry
from envrules.model.events import Event, EventWithdrawn, IssueFound, UnitDeclared
from envrules.plugin_manager import load_plugins
from envrules.runtime.leases import LEASE_TTL, Leases
from envrules.runtime.library import Library
from envrules.runtime.owner import is_gone, owner_name
from envrules.runtime.projector import Projector
from envrules.runtime.runtime import Runtime
from envrules.store import (
    Batch,
    DecisionFilter,
    Lease,
    LeaseLost,
    LogRow,
    NewEntry,
    ProjectionChange,
    Store,
)

TOWN = "yunxi"
NOW: Instant = 1_790_000_000_000_000
DAY: Instant = 24 * HOUR


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with one locality."""
    with Store.open(database_url) as store:
        store.create_locality(TOWN, "云溪镇", "Asia/Shanghai", NOW)
        yield store


@pytest.fixture
def leases(store: Store) -> Iterator[Leases]:
    """What this process leases."""
    with Leases(store) as leases:
        yield leases


@pytest.fixture
def dead() -> str:
    """The name of a process that has ended."""
    code = "from envrules.runtime.owner import owner_name; print(owner_name())"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def projector(store: Store, leases: Leases, now: Instant = NOW) -> Projector:
    """A projector that is not started, whose clock stands still."""
    return Projector(
        store, TOWN, Library(load_plugins(), store), leases, lambda: now, lambda *_: None
    )


@pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="processes are told apart by /proc")
def test_only_the_dead_of_this_machine_are_gone(dead: str) -> None:
    """A process is called gone when it ran here and does not any more; of others nothing is said."""
    host, process, _, chance = dead.split(":")
    assert is_gone(dead)
    assert not is_gone(owner_name())
    assert not is_gone(f"{host}:{process}:another-boot.1:{chance}")
    assert not any(map(is_gone, ("", "rebuild", "a:b:c:d", f"{host}:{process}::{chance}")))


@pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="processes are told apart by /proc")
def test_who_has_ended_is_gone_before_it_is_buried() -> None:
    """A killed process is gone although its parent has not yet asked what became of it."""
    code = "from envrules.runtime.owner import owner_name; print(owner_name()); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert not is_gone(owner)
        process.kill()
        assert process.stdout.read() == ""  # so it has let go of its pipe
        while not is_gone(owner):
            time.sleep(0.01)
        assert process.returncode is None


@pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="processes are told apart by /proc")
def test_the_lease_of_the_dead_is_taken_at_once(store: Store, leases: Leases, dead: str) -> None:
    """The next projector does not wait for the lease of one that was killed on its machine."""
    left = store.lease(TOWN, dead, store.now(), LEASE_TTL)
    assert left is not None
    projector(store, leases).step()
    assert store.projection(TOWN).fence == left.fence + 1


def test_the_lease_of_the_living_is_respected(
    store: Store, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its holder may live, a lease is taken over only when its time is over."""
    held = store.lease(TOWN, owner_name(), NOW, LEASE_TTL)
    assert held is not None
    monkeypatch.setattr(store, "now", lambda: NOW + LEASE_TTL - 1)
    projector(store, leases).step()
    assert store.projection(TOWN).fence == held.fence
    monkeypatch.setattr(store, "now", lambda: NOW + LEASE_TTL)
    projector(store, leases).step()
    assert store.projection(TOWN).fence == held.fence + 1


def test_a_lease_outlasts_a_long_step(store: Store, leases: Leases) -> None:
    """A lease is renewed whatever its projector is doing: nobody takes over from the living."""
    lease = leases.take(TOWN)
    assert lease is not None
    first = store.projection(TOWN).leased_until
    while store.projection(TOWN).leased_until == first:
        time.sleep(0.1)
    with Leases(store) as others:
        assert others.take(TOWN) is None
        leases.give_back(lease)
        assert others.take(TOWN) is not None


def test_trouble_with_the_store_does_not_cost_the_lease(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that fails is tried again under the same lease, not after it has run out."""
    runtime = Runtime(store, Library(load_plugins(), store), lambda: NOW)
    troubles = iter((OperationalError("commit", {}, Exception("database is locked")),))
    commit = store.commit

    def troubled(lease: Lease, change: ProjectionChange) -> None:
        for trouble in troubles:
            raise trouble
        commit(lease, change)

    monkeypatch.setattr(store, "commit", troubled)
    seq = runtime.advance(TOWN, "grid", NOW)
    assert runtime.wait_decided(TOWN, seq, 30)
    assert store.projection(TOWN).fence == 1
    assert next(troubles, None) is None
    runtime.stop()


def test_trouble_with_the_store_is_no_entry_s_fault(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that fails while an entry is judged is tried again: nothing stalls for it."""
    runtime = Runtime(store, Library(load_plugins(), store), lambda: NOW)
    runtime.publish(TOWN, "town_deduction", "test")
    troubles = iter((OperationalError("select", {}, Exception("disk I/O error")),))
    find = store.event_row

    def troubled(locality: str, event_id: str) -> LogRow | None:
        for trouble in troubles:
            raise trouble
        return find(locality, event_id)

    monkeypatch.setattr(store, "event_row", troubled)
    (receipt,) = runtime.submit(TOWN, [Event("w", NOW, EventWithdrawn("e"))], "test")
    assert runtime.wait_decided(TOWN, receipt.seq, 30)
    assert next(troubles, None) is None
    assert store.projection(TOWN).stalled_seq is None
    runtime.stop()


# ── who tells the time ──


@pytest.fixture
def bound(store: Store) -> Store:
    """The store, its locality judged by a scheme, and its time come up to now."""
    runtime = Runtime(store, Library(load_plugins(), store), lambda: NOW)
    runtime.projecting.stop()
    runtime.publish(TOWN, "town_deduction", "test")
    runtime.stop()
    with Leases(store) as leases:
        project(projector(store, leases))
    assert store.projection(TOWN).tick == NOW
    return store


def project(projector: Projector) -> None:
    """Do all that there is to do, and stop."""
    while projector.go_on():
        pass
    projector.stop()


def kinds(store: Store) -> list[str]:
    """What the log holds since."""
    return [row.kind for row in store.read_log(TOWN, 2, 10)]


def test_only_the_holder_tells_the_time(bound: Store, leases: Leases) -> None:
    """Of several projectors that see that it is time, the one that holds the lease says so."""
    late = NOW + 10 * MINUTE
    holder = projector(bound, leases, late)
    holder.step()
    with Leases(bound) as others:
        waiting = projector(bound, others, late)
        assert not waiting.go_on()
        assert kinds(bound) == []
        assert holder.go_on()
        assert kinds(bound) == ["tick"]
        holder.stop()
        project(waiting)
        assert bound.projection(TOWN).tick == late
        assert kinds(bound) == ["tick"]


def test_much_that_is_due_is_told_in_steps(
    bound: Store, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long rest each tick makes a few things due, none is left out, and each has its date."""
    monkeypatch.setattr("envrules.runtime.ticking.DUE_AT_ONCE", 2)
    village = Event("zhao", NOW, UnitDeclared("zhao", "赵庄村", "village"))
    times = [NOW + number * DAY for number in (0, 1, 2, 2, 2, 2, 14)]
    events = [village, *(issue(number, at) for number, at in enumerate(times))]
    entries = [NewEntry("event", encode_entry(Arrived(e)), e.id) for e in events]
    bound.append([Batch(TOWN, entries, NOW)])
    project(projector(bound, leases))
    before = bound.head(TOWN)
    late = NOW + 60 * DAY
    project(projector(bound, leases, late))
    assert bound.projection(TOWN).tick == late
    overdue = bound.decisions(TOWN, limit=100, filters=DecisionFilter(outcome="overdue"))
    told = Counter(row.log_seq for row in overdue)
    assert [told[seq] for seq in sorted(told)] == [2, 4, 1]
    assert all(seq > before for seq in told)
    assert [row.at for row in overdue] == [
        decode_decision(row.payload).content.due for row in overdue
    ]
    check_replay(bound, TOWN)


def issue(number: int, at: Instant) -> Event:
    """A patrol finds litter in the village."""
    payload = IssueFound(f"GD-{number}", "三大堆", "village", source="patrol", place_unit="zhao")
    return Event(f"e{number}", at, payload)


def test_one_tick_waits_at_a_time(
    bound: Store, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes over projects what was logged before it tells the time: no time is told twice.

    Nor is it told again and again while nothing is projected.
    """
    late = NOW + 10 * MINUTE
    first = projector(bound, leases, late)
    first.step()
    village = Arrived(Event("zhao", NOW, UnitDeclared("zhao", "赵庄村", "village")))
    bound.append([Batch(TOWN, [NewEntry("event", encode_entry(village), "zhao")], NOW)])
    monkeypatch.setattr("envrules.runtime.projector._LOOK_SECONDS", 0)
    assert [first.tell_time(), first.tell_time()] == [True, False]
    first.stop()
    second = projector(bound, leases, late)
    second._limit = 1
    project(second)
    assert bound.projection(TOWN).tick == late
    assert kinds(bound) == ["event", "tick"]


def test_a_tick_is_fenced(bound: Store, leases: Leases) -> None:
    """A projector that was taken over appends nothing, and is told why."""
    lease = leases.take(TOWN)
    assert lease is not None
    leases.give_back(lease)
    with Leases(bound) as others:
        assert others.take(TOWN) is not None
        with pytest.raises(LeaseLost):
            bound.append([Batch(TOWN, [NewEntry("tick", b"")], NOW)], lease)
    assert kinds(bound) == []
