"""The projector is a process of the server's: it may die, and it never outlives its server."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import PATIENCE, Installation, installed

from envrules.client import Client
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.runtime import processes
from envrules.store import Store

TOWN, SCHEME = "yunxi", "town_deduction"
BEGIN = 1_790_000_000_000_000
"""An instant of September 2026."""


def projectors(installation: Installation) -> list[psutil.Process]:
    """The processes that the server has started."""
    return list(psutil.Process(installation.pid).children())


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def found(number: int, unit: str = "zhao") -> Event:
    """A patrol has found litter."""
    findings = (Finding("f", "三大堆", "village"),)
    return Event(f"e{number}", BEGIN, Inspection(f"e{number}", unit, "patrol", findings=findings))


def judged(client: Client, *events: Event, locality: str = TOWN) -> None:
    """Send events and see that they are judged, by whomever: a receipt waits only so long for it."""
    eventually(lambda: all(got.decided for got in client.submit(locality, events, decided=True)))


def set_up(client: Client, locality: str = TOWN, scheme: str = SCHEME) -> None:
    """Make a locality with one village."""
    client.create_locality(locality, "云溪镇", "Asia/Shanghai")
    client.advance(locality, "patrols", BEGIN)
    client.publish(locality, scheme)
    judged(
        client, Event("zhao", BEGIN, UnitDeclared("zhao", "赵庄村", "village")), locality=locality
    )


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[Installation, Client]]:
    """A server with one locality, and a client of it."""
    with (
        installed(folder, options=options) as installation,
        Client.connect(installation.start()) as client,
    ):
        set_up(client)
        yield installation, client


def check(url: str, events: int) -> None:
    """Check that so many events are there, and judged once."""
    with Store.open(url) as store:
        assert len(check_log(store, TOWN)) == events
        check_emitted(store, TOWN)
        check_replay(store, TOWN)
        check_rebuild(store, TOWN)


def test_a_killed_projector_is_replaced(tmp_path: Path) -> None:
    """Whoever kills the projector process, decisions go on without hands, each given once."""
    with serving(tmp_path) as (installation, client):
        for number in range(3):
            (projector,) = projectors(installation)
            client.submit(TOWN, [found(10 * number + n) for n in range(9)])
            projector.kill()
            judged(client, found(10 * number + 9))
            assert not projector.is_running()
            assert len(projectors(installation)) == 1
        installation.kill()
        check(installation.url, 31)


def test_the_projector_goes_with_its_server(tmp_path: Path) -> None:
    """A killed server leaves no process behind, and the next one takes over what it had leased."""
    with serving(tmp_path) as (installation, client):
        (projector,) = projectors(installation)
        client.submit(TOWN, [found(number) for number in range(50)])
        installation.kill()
        assert not psutil.wait_procs([projector], PATIENCE)[1]
        with Store.open(installation.url) as store:
            left = store.projection(TOWN)
            assert int(left.owner.split(":")[1]) == projector.pid
        with Client.connect(installation.start()) as client:
            judged(client, found(50))
        installation.kill()
        check(installation.url, 52)


@pytest.mark.parametrize("everybody", [False, True])
def test_the_projector_drains_with_its_server(tmp_path: Path, everybody: bool) -> None:
    """Told to stop, the server lets its projector finish and give the lease back.

    So it does when the signal goes to all its processes, as from a terminal or a service manager.
    """
    with serving(tmp_path) as (installation, client):
        (projector,) = projectors(installation)
        client.submit(TOWN, [found(number) for number in range(50)])
        if everybody:
            projector.send_signal(signal.SIGTERM)
            projector.send_signal(signal.SIGINT)
        assert installation.stop() == 0, installation.said()
        assert not projector.is_running()
        assert " ERROR " not in installation.said()
        with Store.open(installation.url) as store:
            assert store.projection(TOWN).owner == ""


def test_several_projectors_share_the_localities(tmp_path: Path) -> None:
    """With two projectors each locality is judged by one of them, and both have something to do."""
    places = ("yunxi", "gaoling", "liuhu")
    with serving(tmp_path, "--projectors", "2") as (installation, client):
        for place in places[1:]:
            set_up(client, place)
        with Store.open(installation.url) as store:
            owners = {int(store.projection(place).owner.split(":")[1]) for place in places}
        assert owners == {projector.pid for projector in projectors(installation)}


def test_a_projector_that_keeps_ending_is_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks after the projectors is told of one that ends again and again, until one does not."""
    monkeypatch.setattr(processes, "_PROGRAM", (sys.executable, "-c", "raise SystemExit(3)"))
    apart = processes.ProjectingProcesses(f"sqlite:///{tmp_path / 'no.db'}", 1)
    assert apart.is_well()
    apart.start()
    eventually(lambda: not apart.is_well())
    monkeypatch.setattr(processes, "_PROGRAM", (sys.executable, "-c", "input()"))
    monkeypatch.setattr(processes, "_SETTLED_SECONDS", 1.0)
    eventually(apart.is_well)
    apart.stop()


def test_without_a_projector_the_server_judges(tmp_path: Path) -> None:
    """With none of its own, the server process judges by itself."""
    with serving(tmp_path, "--projectors", "0") as (installation, client):
        judged(client, found(1))
        assert projectors(installation) == []
