"""A wall clock that jumps: no deadline is missed, none fires twice, and the service goes on.

The server runs with `trouble.c` preloaded, which moves the clock of it and of its projector.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults.checks import (
    check_dates,
    check_emitted,
    check_log,
    check_rebuild,
    check_replay,
)
from tests.faults.killing import PATIENCE, Installation, installed
from tests.faults.test_projector_process import projectors
from tests.faults.traffic import settle
from tests.faults.trouble import Trouble

from envrules.client import Client
from envrules.model.base import HOUR, MINUTE, Instant
from envrules.model.decisions import decode_decision
from envrules.model.events import Event, IssueFound, IssueMoved, UnitDeclared
from envrules.resources import rulesets_dir
from envrules.runtime.runtime import wall_clock
from envrules.store import Store

TOWN, SCHEME = "yunxi", "town_deduction"
DAY = 24 * HOUR
LIMIT = 3 * MINUTE
"""Within which an issue is to be put right, by this test's ruleset."""


@pytest.fixture
def trouble(tmp_path: Path) -> Iterator[Trouble]:
    """The clock of the server of this test."""
    trouble = Trouble(tmp_path)
    yield trouble
    trouble.close()


def ruleset() -> str:
    """The town's, with a limit of three minutes."""
    text = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
    days = "整改期限, unit: working_days,"
    assert days in text
    return text.replace(days, "整改期限, unit: minutes,")


def found(name: str, at: Instant) -> Event:
    """A patrol finds litter, which is to be put right within the limit."""
    payload = IssueFound(name, "三大堆", "village", source="patrol", place_unit="zhao")
    return Event(f"{name}-0", at, payload)


def put_right(name: str, at: Instant) -> list[Event]:
    """It is put right, and checked."""
    return [
        Event(f"{name}-1", at, IssueMoved(name, "handled")),
        Event(f"{name}-2", at + 1, IssueMoved(name, "check_passed", ledger={"督办记录": "照片"})),
    ]


def overdue(client: Client) -> list[str]:
    """The issues that are overdue just now."""
    return sorted(
        issue
        for decision in client.list_decisions(TOWN, outcomes=["overdue"])
        for issue in decision.issues
    )


def eventually(what: Callable[[], bool], says: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, says()
        time.sleep(0.1)


def jump_about(
    installation: Installation, client: Client, trouble: Trouble, random: Random
) -> list[str]:
    """Let issues be found and put right, or not, while the clock jumps; return those that are late.

    One is put right a moment after it was found, so that no clock can have come to its limit.
    """
    village = UnitDeclared("zhao", "赵庄村", "village")
    client.submit(TOWN, [Event("zhao", trouble.now() - 60 * DAY, village)])
    late: list[str] = []
    for number in range(10):
        name, now = f"GD-{number:02}", trouble.now()
        events = [found(name, now - MINUTE)]
        if random.random() < 0.4:
            events += put_right(name, now - MINUTE + 1)
        else:
            late.append(name)
        client.submit(TOWN, events, decided=random.random() < 0.7)
        jump = random.choice((2 * 1_000_000, 2 * MINUTE, HOUR, 30 * HOUR))
        trouble.clock(trouble.now() - wall_clock() + random.choice((jump, -jump)))
        if random.random() < 0.3:
            for projector in projectors(installation):
                with suppress(psutil.NoSuchProcess):  # it was killed a moment ago
                    projector.kill()
    return late


@pytest.mark.parametrize("seed", [1, 2])
def test_jumps(tmp_path: Path, trouble: Trouble, seed: int) -> None:
    """While a clock jumps forward and back, by seconds to days, what falls due is decided once.

    Each issue that was not put right within its limit is overdue as of when it was, and no other in
    the end; none of them was so twice. Where a clock that ran ahead has let a limit pass, the step
    that kept it takes that back when it arrives. A projector that starts in between goes on.
    """
    random = Random(seed)
    with installed(tmp_path, environment=trouble.environment) as installation:
        with Client.connect(installation.start(), principal="grid") as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
            client.publish(TOWN, SCHEME, text=ruleset())
            late = jump_about(installation, client, trouble, random)
            trouble.clock(20 * DAY)  # all is due by now, wherever the clock has been
            eventually(lambda: overdue(client) == late, lambda: (overdue(client), late))
            settle(client, TOWN)
        assert installation.stop() == 0, installation.said()
        with Store.open(installation.url) as store:
            check_log(store, TOWN)
            rows = check_emitted(store, TOWN)
            decisions = [decode_decision(row.payload) for row in rows]
            check_dates(decisions)
            fired = [d for d in decisions if d.content.outcome == "overdue"]
            issues = sorted(issue for d in fired for issue in d.content.issues)
            assert issues == sorted({*issues, *late}), "one was missed, or was overdue twice"
            check_replay(store, TOWN)
            check_rebuild(store, TOWN)
