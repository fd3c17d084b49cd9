"""kill -9 at any moment: nothing receipted is lost, nothing is applied twice.

For more of it, `python -m tests.faults.kill_many --help`.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.faults.campaign import endure
from tests.faults.checks import read_log
from tests.faults.killing import Installation, installed

from envrules.client import Client
from envrules.model.base import MINUTE, Instant
from envrules.model.decisions import decode_decision
from envrules.model.events import Event, IssueFound, UnitDeclared
from envrules.resources import rulesets_dir
from envrules.runtime.runtime import wall_clock
from envrules.store import DecisionFilter, Store

TOWN, SCHEME = "yunxi", "town_deduction"


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_kill_during_a_stream(tmp_path: Path, database_url: str, seed: int) -> None:
    """A server killed five times while a month is played to it ends up with all of it, once.

    Every receipted event is in the log at its place, which has no gap; each (slot, version) was
    emitted once, counting 1, 2, 3; a watcher that went on from its cursor saw all of them once, in
    order; what fell due is dated when it did; a replay decides the same; a rebuild changes nothing.
    """
    toll = endure(tmp_path, seed, kills=5, url=database_url)
    assert toll.kills >= 5
    assert toll.cut_calls
    assert toll.overdue


def test_due_while_down(tmp_path: Path, database_url: str) -> None:
    """What falls due while there is no server is decided by the next one, as of when it was due.

    Nobody sends anything meanwhile: the deadline is met by the wall clock alone.
    """
    with installed(tmp_path, url=database_url) as installation:
        due = _killed_before_due(installation)
        while wall_clock() <= due:
            time.sleep(0.05)
        restarted = wall_clock()
        with Client.connect(installation.start()) as client:
            for response in client.watch(TOWN, after=0, outcomes=["overdue"]):
                if response.decisions:
                    break
        installation.kill()
    with Store.open(installation.url) as store:
        rows = store.decisions(TOWN, filters=DecisionFilter(outcome="overdue"))
        (overdue,) = [decode_decision(row.payload) for row in rows]
        noticed = read_log(store, TOWN)[overdue.log_seq - 1]
    assert overdue.content.at == overdue.content.due == due
    assert noticed.kind == "tick"
    assert due < restarted < noticed.recorded_at


def _killed_before_due(installation: Installation) -> Instant:
    """Let a server decide that an issue falls due soon, kill it before, and return when."""
    ruleset = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
    days = "整改期限, unit: working_days,"
    assert days in ruleset
    with Client.connect(installation.start(), principal="grid") as client:
        client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
        client.publish(TOWN, SCHEME, text=ruleset.replace(days, "整改期限, unit: minutes,"))
        village = UnitDeclared("zhao", "赵庄村", "village")
        client.submit(TOWN, [Event("zhao", wall_clock() - 5 * MINUTE, village)], decided=True)
    for lead in (4, 16, 64):  # in case that this machine is busy with other things
        due = wall_clock() + lead * 1_000_000
        found = IssueFound(f"GD-{lead}", "三大堆", "village", source="patrol", place_unit="zhao")
        with Client.connect(installation.reach()[1], principal="grid") as client:
            client.submit(TOWN, [Event(f"found-{lead}", due - 3 * MINUTE, found)], decided=True)
        installation.kill()
        if wall_clock() < due:
            return due
        installation.start()
    raise AssertionError("no server could be killed in time")
