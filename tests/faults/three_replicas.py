"""Three replicas under load on PostgreSQL, one of them killed every few seconds.

    python -m tests.faults.three_replicas --seconds 60 --seed 1

Platforms stream to whichever replica is there, without a pause; a watcher goes on from its cursor.
Whatever is killed, the stream goes on, and nobody is told anything but to send it again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import PATIENCE, Replicas, replicated
from tests.faults.test_projector_process import BEGIN, SCHEME, TOWN
from tests.faults.traffic import Caller, Watcher, settle
from tests.postgresql import running

from envrules.client import Client
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.store import Store

PLATFORMS, UNITS = 2, 200


@dataclass(frozen=True)
class Toll:
    """What happened."""

    kills: int
    events: int
    cut_calls: int
    decisions: int
    longest: float
    """Seconds, the longest that a platform was without a receipt."""

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.kills} kills cut off {self.cut_calls} calls, each told UNAVAILABLE; "
            f"{self.events} events, each once; {self.decisions} decisions; "
            f"at most {self.longest:.1f} s without a receipt"
        )


@dataclass
class Platform:
    """Streams inspections, batch after batch, and keeps the receipts."""

    caller: Caller
    name: str
    enough: threading.Event
    receipts: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    heard: float = 0.0

    def stream(self) -> None:
        """Stream until it is enough; what has no receipt when a replica dies is sent again."""
        self.heard = time.monotonic()
        try:
            while not self.enough.is_set():
                self.caller.call(self._stream)
        finally:
            self.caller.close()

    def _stream(self, client: Client) -> None:
        sent: list[Sequence[Event]] = []
        first = len(self.receipts)  # what has a receipt ends there: receipts come in order

        def batches() -> Iterator[Sequence[Event]]:
            while not self.enough.wait(0.05):
                sent.append([self._event(first + len(sent) * 5 + n) for n in range(5)])
                yield sent[-1]

        for number, receipts in enumerate(client.stream(TOWN, batches())):
            assert [receipt.event_id for receipt in receipts] == [e.id for e in sent[number]]
            for receipt in receipts:
                place = self.receipts.setdefault(receipt.event_id, receipt.seq)
                assert place == receipt.seq, receipt.event_id
            now = time.monotonic()
            self.longest, self.heard = max(self.longest, now - self.heard), now

    def _event(self, number: int) -> Event:
        name = f"{self.name}-{number}"
        findings = (Finding("f", "三大堆", "village"),)
        unit = f"u{number % UNITS}"
        return Event(name, BEGIN + number, Inspection(name, unit, "patrol", findings=findings))


def kill_one_after_the_other(
    replicas: Replicas, seconds: float, kills: int, random: Random
) -> None:
    """Kill one replica every few seconds and start it again, for so long and so often at least."""
    end = time.monotonic() + seconds
    while time.monotonic() < end or replicas.kills < kills:
        time.sleep(random.uniform(1, 4))
        replicas.kill()
        time.sleep(random.uniform(0, 1))
        replicas.start()


def endure(folder: Path, url: str, seed: int, seconds: float, kills: int = 1) -> Toll:
    """Let three replicas on the database at `url` live through it, and check everything."""
    random, enough = Random(seed), threading.Event()
    with ThreadPoolExecutor(PLATFORMS + 1) as pool, replicated(folder, url, random) as replicas:
        with Client.connect(replicas.start(), principal="office") as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
            client.advance(TOWN, "patrols", BEGIN)
            client.publish(TOWN, SCHEME)
            client.submit(TOWN, villages())
        platforms = [Platform(Caller(replicas, f"p{n}"), f"p{n}", enough) for n in range(PLATFORMS)]
        watcher = Watcher(Caller(replicas, "watcher"), TOWN)
        streaming = [pool.submit(platform.stream) for platform in platforms]
        watching = pool.submit(watcher.watch)
        try:
            kill_one_after_the_other(replicas, seconds, kills, random)
        finally:
            enough.set()
        for one in streaming:
            one.result(PATIENCE)
        with Client.connect(replicas.reach()[1]) as client:
            watcher.until = settle(client, TOWN, 5 * PATIENCE)
        watching.result(PATIENCE)
        replicas.kill_all()
    with Store.open(url) as store:
        stored = check_log(store, TOWN)
        receipts = {id: seq for platform in platforms for id, seq in platform.receipts.items()}
        assert receipts.items() <= stored.items()
        assert watcher.seen == [(row.decision_seq, row.id) for row in check_emitted(store, TOWN)]
        check_replay(store, TOWN)
        check_rebuild(store, TOWN)
    callers = (watcher.caller, *(platform.caller for platform in platforms))
    return Toll(
        replicas.kills, len(stored), sum(caller.failed for caller in callers), len(watcher.seen),
        max(platform.longest for platform in platforms),
    )  # fmt: skip


def villages() -> list[Event]:
    """The units that are inspected."""
    units = (UnitDeclared(f"u{n}", f"第{n}村", "village") for n in range(UNITS))
    return [Event(unit.unit, BEGIN, unit) for unit in units]


def main() -> None:
    """Run it and say what happened."""
    parser = argparse.ArgumentParser(description="Kill one of three replicas every few seconds.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="envrules-replicas-"))
    with running() as server:
        toll = endure(folder, server.url(server.create()), wanted.seed, wanted.seconds)
    shutil.rmtree(folder)
    sys.stdout.write(f"all good: {toll}\n")


if __name__ == "__main__":
    main()
