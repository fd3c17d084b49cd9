"""A rogue plugin stalls its own locality, visibly; others go on, and an operator helps it out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults import rogue
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import PATIENCE, Installation, installed
from tests.faults.test_projector_process import BEGIN, found, judged, set_up

from envrules.client import CallFailed, Client
from envrules.hook_process import MEBIBYTES, SECONDS
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.store import Store

ROGUE, OTHER = "gaoling", "yunxi"


def bad(number: int, organ: str) -> Event:
    """An event by which the plugin is made to misbehave."""
    findings = (Finding("f", "三大堆", "village"),)
    payload = Inspection(f"e{number}", "zhao", "patrol", organ=organ, findings=findings)
    return Event(f"e{number}", BEGIN, payload)


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[Installation, Client]]:
    """A server with a locality judged by the rogue plugin's scheme, and another one."""
    plugin = rogue.install(folder / "plugin")
    path = os.pathsep.join((str(plugin), os.environ.get("PYTHONPATH", "")))
    environment = {"PYTHONPATH": path, SECONDS: "3", MEBIBYTES: "256"}
    with (
        installed(folder, environment=environment, options=options) as installation,
        Client.connect(installation.start()) as client,
    ):
        set_up(client, OTHER)
        set_up(client, ROGUE, rogue.SCHEME)
        yield installation, client


def stalled(client: Client, event: Event) -> tuple[int, str]:
    """Send an event that stalls the locality; return where it stalls, and why."""
    (receipt,) = client.submit(ROGUE, [event], decided=True)
    assert not receipt.decided
    stall = client.locality(ROGUE).stall
    assert stall.seq == receipt.seq
    return stall.seq, stall.reason


def freed(client: Client) -> None:
    """Wait until the locality stalls no more."""
    end = time.monotonic() + PATIENCE
    while client.locality(ROGUE).HasField("stall"):
        assert time.monotonic() < end, "the locality still stalls"
        time.sleep(0.1)


def test_each_misdeed_stalls_its_own_locality_alone(tmp_path: Path) -> None:
    """Whatever the hook does, the reason is told, the other locality judged, and skipping helps."""
    misdeeds = {
        "raises": "raises LookupError: no such district", "dies": "ended its process",
        "hangs": "took longer than 3 s", "hangs for good": "took longer than 3 s",
        "eats": "needs more than 256 MiB", "renames": "must return the same event",
    }  # fmt: skip
    with serving(tmp_path) as (installation, client):
        for number, (organ, says) in enumerate(misdeeds.items()):
            judged(client, bad(10 * number, "town"), locality=ROGUE)
            seq, reason = stalled(client, bad(10 * number + 1, organ))
            assert reason.startswith(f"PluginError: plugin of {rogue.SCHEME}: envrules_classify")
            assert says in reason
            judged(client, found(number), locality=OTHER)
            client.skip(ROGUE, seq, "a bad record")
            freed(client)
            judged(client, bad(10 * number + 2, "town"), locality=ROGUE)
        processes = psutil.Process(installation.pid).children(recursive=True)
        installation.kill()
        assert not psutil.wait_procs(processes, PATIENCE)[1]
        with Store.open(installation.url) as store:
            check_log(store, ROGUE)
            check_emitted(store, ROGUE)


@pytest.mark.parametrize("mended", [False, True])
def test_a_stall_outlives_the_server_but_not_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mended: bool
) -> None:
    """Another server stalls at the same entry, unless the plugin has been mended meanwhile."""
    with serving(tmp_path) as (installation, client):
        seq, _ = stalled(client, bad(1, "raises"))
        client.submit(ROGUE, [bad(2, "town")])
        installation.kill()
        plugin = rogue.install(tmp_path / "plugin", mended=mended)
        with Client.connect(installation.start()) as client:
            if not mended:
                judged(client, found(1), locality=OTHER)
                (receipt,) = client.submit(ROGUE, [bad(3, "town")], decided=True)
                assert not receipt.decided
                assert client.locality(ROGUE).stall.seq == seq
                client.skip(ROGUE, seq, "a bad record")
            freed(client)
            judged(client, bad(4, "town"), locality=ROGUE)
        installation.kill()
        if mended:
            monkeypatch.syspath_prepend(plugin)
            with Store.open(installation.url) as store:
                check_emitted(store, ROGUE)
                check_replay(store, ROGUE)
                check_rebuild(store, ROGUE)


def test_a_reader_is_not_held_by_a_hook(tmp_path: Path) -> None:
    """A hook that hangs while the server itself judges gives a proper status, and no stall."""
    town = Event("zhao", BEGIN, UnitDeclared("zhao", "赵庄村", "village"))
    with serving(tmp_path) as (_, client):
        for organ, says in {"hangs": "took longer", "raises": "no such district"}.items():
            with pytest.raises(CallFailed, match=says) as failed:
                client.evaluate(rogue.SCHEME, [town, bad(1, organ), BEGIN])
            assert failed.value.code is grpc.StatusCode.FAILED_PRECONDITION
            assert failed.value.reason == "PLUGIN_FAILED"
        assert client.evaluate(rogue.SCHEME, [town, bad(1, "town"), BEGIN]).decisions
        judged(client, bad(1, "town"), locality=ROGUE)
