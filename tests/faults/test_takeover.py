"""Who projects a locality after a process has died, and what waits until somebody does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from envrules.model.base import MINUTE, Instant
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.owner import is_gone, owner_name
from envrules.runtime.projector import LEASE_TTL, Projector
from envrules.runtime.runtime import Runtime
from envrules.store import Lease, ProjectionChange, Store

TOWN = "yunxi"
NOW: Instant = 1_790_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one locality."""
    with Store.open(f"sqlite:///{tmp_path / 'envrules.db'}") as store:
        store.create_locality(TOWN, "云溪镇", "Asia/Shanghai", NOW)
        yield store


@pytest.fixture
def dead() -> str:
    """The name of a process that has ended."""
    code = "from envrules.runtime.owner import owner_name; print(owner_name())"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def projector(store: Store, now: Instant = NOW) -> Projector:
    """A projector that is not started, of this process, at this time."""
    return Projector(
        store, TOWN, Library(load_plugins(), store), owner_name(), lambda: now, lambda *_: None
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
def test_the_lease_of_the_dead_is_taken_at_once(store: Store, dead: str) -> None:
    """The next projector does not wait for the lease of one that was killed on its machine."""
    left = store.lease(TOWN, dead, NOW, LEASE_TTL)
    assert left is not None
    projector(store).step()
    assert store.projection(TOWN).fence == left.fence + 1


def test_the_lease_of_the_living_is_respected(store: Store) -> None:
    """While its holder may live, a lease is taken over only when its time is over."""
    held = store.lease(TOWN, owner_name(), NOW, LEASE_TTL)
    assert held is not None
    projector(store, NOW + LEASE_TTL - 1).step()
    assert store.projection(TOWN).fence == held.fence
    projector(store, NOW + LEASE_TTL).step()
    assert store.projection(TOWN).fence == held.fence + 1


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


def test_one_tick_waits_at_a_time(store: Store) -> None:
    """Time is not logged again and again while nobody can project what was logged before."""
    times = [NOW]
    runtime = Runtime(store, Library(load_plugins(), store), lambda: times[-1])
    _, seq = runtime.publish(TOWN, "town_deduction", "test")
    assert runtime.wait_decided(TOWN, seq, 30)
    for projector in runtime._projectors.values():
        projector.stop()
    for minutes in (10, 20, 30):
        times.append(NOW + minutes * MINUTE)
        runtime._tick(TOWN)
    runtime.stop()
    assert [row.kind for row in store.read_log(TOWN, 0, 10)] == ["published", "tick"]
