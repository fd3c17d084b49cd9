"""Several servers on one PostgreSQL are one service, whichever of them dies, and if it does.

For more of it, `python -m tests.faults.kill_many --help`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from tests.faults.campaign import endure
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import (
    NOT_SERVING,
    PATIENCE,
    SERVING,
    Installation,
    Replicas,
    installed,
    replicated,
    wait_for_health,
)
from tests.faults.traffic import Caller, Watcher, settle
from tests.postgresql import PostgreSQL, running
from tests.service.site import at, found, month_of_the_town

from envrules.client import CallFailed, Client
from envrules.model.events import Event
from envrules.store import Store
from envrules.v1 import decisions_pb2

TOWN, SCHEME = "yunxi", "town_deduction"


@pytest.fixture
def url(postgresql: PostgreSQL, migrated: str) -> Iterator[str]:
    """The URL of an empty database of a PostgreSQL that waits for no disk: it is not killed."""
    name = postgresql.create(migrated)
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture
def replicas(tmp_path: Path, url: str) -> Iterator[Replicas]:
    """Three servers, and a town whose time has come to August 2026."""
    with replicated(tmp_path, url, Random(1)) as replicas:
        with Client.connect(replicas.start(), principal="office") as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
            client.advance(TOWN, "grid", at("2026-07-01 00:00"))
            client.publish(TOWN, SCHEME)
            settle(client, TOWN)
        yield replicas


def watched(installation: Installation | Replicas) -> Watcher:
    """A watcher that sees the town's decisions from the first one on."""
    return Watcher(Caller(installation, "watcher"), TOWN)


def patrols(name: str, count: int) -> list[Event]:
    """Litter that patrols found in July: each gives a notice."""
    days = (f"2026-07-{day:02d} 09:00" for day in range(10, 28))
    return [found(f"{name}-{n}", "zhao", day) for n, day in zip(range(count), days, strict=False)]


def test_three_replicas_are_one_service(replicas: Replicas, url: str) -> None:
    """Whoever is told an event, all tell the same decisions, in the same order, to their watchers.

    Any of them publishes, judges while one waits, releases and closes.
    """
    members = replicas.members
    watchers = [watched(member) for member in members]
    clients = [Client.connect(member.here()[1], principal="grid") for member in members]
    with ThreadPoolExecutor(len(members)) as pool:
        watching = [pool.submit(watcher.watch) for watcher in watchers]
        events = [*month_of_the_town(), *patrols("案", 12)]
        for turn, event in enumerate(events):
            (receipt,) = clients[turn % 3].submit(TOWN, [event], decided=turn % 4 != 3)
            assert receipt.decided == (turn % 4 != 3)
        settle(clients[0], TOWN)
        clients[1].advance(TOWN, "grid", at("2026-08-01 00:00"))
        settle(clients[2], TOWN)
        clients[2].close_period(TOWN, SCHEME, "2026-07")
        settle(clients[1], TOWN)
        clients[0].publish(TOWN, SCHEME, reason="重发")
        with Client.connect(members[1].here()[1], principal="chief") as chief:
            proposed = [
                decision
                for decision in chief.list_decisions(TOWN)
                if decision.publication == decisions_pb2.PUBLICATION_PROPOSED
            ]
            assert proposed
            for decision in proposed:
                chief.approve(TOWN, decision.id, publish=True)
        last = settle(clients[0], TOWN)
        for watcher in watchers:
            watcher.until = last
        for one in watching:
            one.result(PATIENCE)
    for client in clients:
        client.close()
    replicas.kill_all()
    with Store.open(url) as store:
        assert check_log(store, TOWN).keys() == {event.id for event in events}
        rows = [(row.decision_seq, row.id) for row in check_emitted(store, TOWN)]
        assert [watcher.seen for watcher in watchers] == [rows] * 3
        check_replay(store, TOWN)
        check_rebuild(store, TOWN)
    assert " ERROR " not in replicas.said(), replicas.said()


def projecting(replicas: Replicas, store: Store) -> Installation:
    """The server that projects the town, itself or by a process of its own."""
    owner, given_up = "", time.monotonic() + PATIENCE
    while time.monotonic() < given_up:
        owner = store.projection(TOWN).owner
        for member in replicas.members:
            if owner and member.pid in with_parent(int(owner.split(":")[1])):
                return member
        time.sleep(0.05)
    raise AssertionError(f"none of the replicas projects, but {owner!r}")


def with_parent(process: int) -> tuple[int, int]:
    """Return the ids of a process and of the one that started it."""
    state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    return process, int(state.rpartition(")")[2].split()[1])


def test_another_takes_over_from_the_one_that_projects(replicas: Replicas, url: str) -> None:
    """When the server that projects is killed, what is told to the others is decided all the same.

    The watcher that it had goes on at its cursor with another: nothing is lost or comes twice.
    """
    with Store.open(url) as store:
        for round in range(3):
            victim = projecting(replicas, store)
            others = [member for member in replicas.members if member is not victim]
            watcher = watched(replicas)
            watcher.caller.use(victim)
            with ThreadPoolExecutor(1) as pool:
                watching = pool.submit(watcher.watch)
                with Client.connect(victim.here()[1], principal="grid") as client:
                    client.submit(
                        TOWN, [*month_of_the_town(), *patrols(f"前{round}", 5)], decided=True
                    )
                before = store.projection(TOWN)
                while watcher.cursor < before.decision_seq:
                    time.sleep(0.01)
                victim.kill()
                for turn, event in enumerate(patrols(f"后{round}", 6)):
                    with Client.connect(others[turn % 2].here()[1], principal="grid") as client:
                        (receipt,) = client.submit(TOWN, [event], decided=True)
                        assert receipt.decided
                after = store.projection(TOWN)
                assert after.fence > before.fence
                watcher.until = after.decision_seq
                watching.result(PATIENCE)
            assert watcher.caller.failed == 1
            assert watcher.seen == [
                (row.decision_seq, row.id)
                for row in store.decisions(TOWN, limit=after.decision_seq)
            ]
            victim.start()
    replicas.kill_all()
    with Store.open(url) as store:
        check_log(store, TOWN)
        check_emitted(store, TOWN)
        check_replay(store, TOWN)


def test_one_of_three_is_killed_again_and_again(tmp_path: Path, url: str) -> None:
    """While a month is played to three replicas, one after the other is killed: the month is whole.

    What holds when the only server is killed holds here, too.
    """
    toll = endure(tmp_path, seed=5, kills=5, url=url, replicas=3)
    assert toll.kills >= 5
    assert toll.overdue


def test_postgresql_is_killed_again_and_again(tmp_path: Path) -> None:
    """While a month is played to three replicas, their PostgreSQL is killed: the month is whole.

    Nobody helps a server, and clients are told nothing but UNAVAILABLE.
    """
    with running() as server:
        toll = endure(
            tmp_path, seed=6, kills=4, url=server.url(server.create()), replicas=3, database=server
        )
    assert toll.kills >= 4
    assert toll.cut_calls
    assert toll.overdue


def test_health_follows_postgresql(tmp_path: Path) -> None:
    """Without its database a server is NOT_SERVING and refuses calls as to be sent again.

    Killed or shut down, once it is back the server serves again by itself, with all it receipted.
    Its log tells of each outage when it begins and when it is over, and is silent in between.
    """
    with running() as server, installed(tmp_path, url=server.url(server.create())) as installation:
        address = installation.start()
        with Client.connect(address, principal="grid") as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai", [SCHEME])
            for round, end in enumerate((server.kill, server.stop)):
                events = patrols(f"案{round}", 3)
                receipts = client.submit(TOWN, events, decided=True)
                end()
                for _ in range(3):
                    assert refusal(client.locality, TOWN) == "UNAVAILABLE STORE_UNAVAILABLE"
                    assert refusal(client.submit, TOWN, events) == "UNAVAILABLE STORE_UNAVAILABLE"
                wait_for_health(address, NOT_SERVING)
                server.start()
                wait_for_health(address, SERVING)
                again = client.submit(TOWN, events, decided=True)
                assert [one.seq for one in again] == [one.seq for one in receipts]
        assert installation.stop() == 0
        said = installation.said()
    assert "Traceback" not in said, said
    told = [_TOLD.search(line) for line in said.splitlines()]
    whos = [(one["who"], one["what"]) for one in told if one is not None]
    assert ("answering calls", "cannot") in whos
    for who in {who for who, _ in whos}:
        turns = [what for one, what in whos if one == who]
        assert turns == ["cannot", "can"] * (len(turns) // 2), said


_TOLD = re.compile(r" incident \w+, (?P<who>.+): the store (?P<what>can|cannot) be used")


def refusal(call: Callable[..., object], *arguments: object) -> str:
    """What a call is refused with."""
    with pytest.raises(CallFailed) as refused:
        call(*arguments)
    return f"{refused.value.code.name} {refused.value.reason}"
