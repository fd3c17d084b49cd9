"""A campaign: a story is played to a server that is killed again and again; then all is checked."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random
from typing import Protocol, TypeAlias

from tests.faults.checks import (
    check_dates,
    check_emitted,
    check_log,
    check_rebuild,
    check_replay,
)
from tests.faults.killing import PATIENCE, Installation, Replicas, installed, replicated
from tests.faults.traffic import Caller, Sender, Watcher, settle

from envrules.client import Client
from envrules.demo.scenario import Scenario, scenario
from envrules.demo.story import load_story
from envrules.model.decisions import decode_decision
from envrules.store import Store

Servers: TypeAlias = Installation | Replicas


@dataclass
class Town:
    """The clients of one locality, and what they hold."""

    sender: Sender
    watcher: Watcher

    @property
    def id(self) -> str:
        """The locality."""
        return self.sender.scenario.place.id

    @property
    def cut_calls(self) -> int:
        """Calls of its clients that a kill cut off."""
        callers = (self.sender.platform, self.sender.chief, self.watcher.caller)
        return sum(caller.failed for caller in callers)


@dataclass(frozen=True)
class Toll:
    """What happened in a campaign, or in several."""

    kills: int = 0
    events: int = 0
    lost_receipts: int = 0
    """Events that a server stored and died before it said so."""
    cut_calls: int = 0
    decisions: int = 0
    overdue: int = 0

    def __add__(self, other: Toll) -> Toll:
        """Return the toll of both."""
        return Toll(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.kills} kills cut off {self.cut_calls} calls; {self.events} events, of which "
            f"{self.lost_receipts} had lost their receipts; {self.decisions} decisions, of which "
            f"{self.overdue} overdue"
        )


class Victim(Protocol):
    """What a campaign kills."""

    kills: int

    def kill(self) -> None:
        """End it without warning."""

    def launch(self) -> object:
        """Start it again and go on at once."""

    def start(self) -> object:
        """Start it again and wait until it answers."""


def endure(
    folder: Path, seed: int, kills: int, units: int = 3, *, url: str = "", replicas: int = 1,
    database: Victim | None = None, environment: Mapping[str, str] = {},
) -> Toll:  # fmt: skip
    """Play the demo's story to a server in `folder`, kill it `kills` times, and check everything.

    `seed` decides on the story, on how it is cut into batches, and on where it is killed.

    Args:
        folder: where the server logs, and keeps its database unless that has a `url`.
        seed: the same one does the same, as far as processes and threads can.
        kills: how often something is killed.
        units: how many units of each type have daily events.
        url: of the database.
        replicas: how many servers there are; one of several is killed at a time.
        database: what is killed instead of a server.
        environment: what a single server is started with.
    """
    random = Random(seed)
    story = load_story()
    scenarios = [scenario(story, place, seed, units) for place in story.localities]
    servers = (
        installed(folder, url=url, environment=environment)
        if replicas == 1
        else replicated(folder, url, random, replicas)
    )
    # The pool is left last: its threads come to an end when there will be no server any more.
    with ThreadPoolExecutor(2 * len(scenarios)) as pool, servers as installation:
        progress = _Progress()
        towns = [_town(installation, told, story.period, random, progress) for told in scenarios]
        victim = database or installation
        before = victim.kills
        _play(installation, victim, pool, towns, progress, random, kills)
        installation.kill_all()
        # Whoever loses his database says so.
        assert database or " ERROR " not in installation.said(), installation.said()
        with Store.open(installation.url) as store:
            decided = [_check(store, town) for town in towns]
    return Toll(
        victim.kills - before, sum(len(told.events) for told in scenarios),
        sum(town.sender.lost for town in towns), sum(town.cut_calls for town in towns),
        sum(all for all, _ in decided), sum(overdue for _, overdue in decided),
    )  # fmt: skip


def _town(
    installation: Servers, told: Scenario, period: str, random: Random, progress: _Progress
) -> Town:
    platform, chief, watcher = (
        Caller(installation, name) for name in ("platform", "chief", "watcher")
    )
    sender = Sender(platform, chief, told, period, Random(random.random()), progress.step)
    return Town(sender, Watcher(watcher, told.place.id))


def _play(
    installation: Servers, victim: Victim, pool: ThreadPoolExecutor, towns: Sequence[Town],
    progress: _Progress, random: Random, kills: int,
) -> None:  # fmt: skip
    senders = [pool.submit(town.sender.play) for town in towns]
    watchers = [pool.submit(_watch, town) for town in towns]
    for future in (*senders, *watchers):
        future.add_done_callback(progress.done)
    steps = sum(len(town.sender.scenario.steps) for town in towns)
    installation.start()
    _kill(victim, progress, random, sorted(random.sample(range(steps), kills)))
    _finish(senders)
    with Client.connect(installation.reach()[1]) as client:
        for town in towns:
            town.watcher.until = settle(client, town.id)
    _finish(watchers)


def _watch(town: Town) -> None:
    town.sender.prepared.wait(PATIENCE)
    town.watcher.watch()


def _kill(victim: Victim, progress: _Progress, random: Random, moments: Sequence[int]) -> None:
    """Kill it shortly after each of these steps, and every fourth time as it starts, too."""
    for moment in moments:
        if not progress.reached(moment):
            return  # a client failed, and will say why
        time.sleep(random.uniform(0, 0.1))
        victim.kill()
        if random.random() < 0.25:
            victim.launch()
            time.sleep(random.uniform(0, 2))
            victim.kill()
        victim.start()


def _finish(futures: list[Future[None]]) -> None:
    done, _ = wait(futures, PATIENCE, FIRST_EXCEPTION)
    for future in done:
        future.result()
    assert len(done) == len(futures), "the clients do not come to an end"


def _check(store: Store, town: Town) -> tuple[int, int]:
    """Check what is stored, and against what the clients hold; return decisions and overdue."""
    sender = town.sender
    places = check_log(store, town.id)
    assert sender.receipts == places
    assert places.keys() == {event.id for event in sender.scenario.events}
    rows = check_emitted(store, town.id)
    assert town.watcher.seen == [(row.decision_seq, row.id) for row in rows]
    assert sender.decided <= {row.id for row in rows}
    check_replay(store, town.id)
    check_rebuild(store, town.id)
    return len(rows), check_dates([decode_decision(row.payload) for row in rows])


class _Progress:
    """Steps played so far, by all senders together."""

    def __init__(self) -> None:
        self._steps, self._failed = 0, False
        self._changed = threading.Condition()

    def step(self) -> None:
        """Count one."""
        with self._changed:
            self._steps += 1
            self._changed.notify_all()

    def done(self, client: Future[None]) -> None:
        """Let nobody wait in vain for a client that has failed."""
        with self._changed:
            self._failed |= client.exception() is not None
            self._changed.notify_all()

    def reached(self, steps: int) -> bool:
        """Wait for so many steps; return whether they will have been played."""
        with self._changed:
            self._changed.wait_for(lambda: self._failed or self._steps >= steps, PATIENCE)
            return not self._failed
