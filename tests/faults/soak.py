"""A long run at half of what the server can do, with all that a service lives through.

    python -m tests.faults.soak --minutes 60

A town's months pass one after the other, each closed when it is over; findings bear unknown codes
until the platform sets them right, villages appeal, also about closed months; its ruleset is
edited again and again, well and badly; watchers come and go. Memory and file handles of the server
and its projector are looked at every five seconds, and everything is checked at the end: nothing
lost, nothing twice, replay identical.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

import grpc
from tests.faults import town_load
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.gauge import Gauge, Verdict, renice, telling, trend
from tests.faults.holding.sitecustomize import EVERY
from tests.faults.killing import installed
from tests.faults.town_load import SOURCE
from tests.faults.traffic import settle

from envrules.client import CallFailed, Client
from envrules.model.events import Event, IssueFound
from envrules.resources import rulesets_dir
from envrules.store import Store

TOWN, SCHEME = "yunxi", "town_deduction"
BEGIN = date(2010, 1, 1)
"""Long ago: years of the town's time pass in a run, and must not reach today."""
_SHIPPED = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
_VARIANTS = 6
"""Texts that are edited in turn: each revision ever in use stays compiled, with what it has answered.
A third of them is broken, and the others should have been in use before it is warm."""


@dataclass(frozen=True)
class Wanted:
    """How a run is to be."""

    seed: int = 1
    months: int | None = None
    """Months after which it may end, once each of its parts has had a turn; or `seconds`, if sooner."""
    seconds: float = 1800.0
    fastest: float = 30.0
    """Seconds at full speed, by which half of it is known."""
    units: int = 50
    issues: int = 60
    """Found in a day: the fewer there are, the sooner the town's time comes up to today."""
    edits_every: float = 120.0
    """A publication judges again whatever is open."""
    samples_every: float = EVERY
    warm_after: float = 1500.0
    """Seconds until all caches are full: what closed months count takes 8 MiB after some 1.4
    million events."""
    patience: float = 600.0
    """Seconds that the judging may take for whatever waits for it."""


@dataclass
class Toll:
    """What happened."""

    seconds: float = 0.0
    fastest: float = 0.0
    """Events a second, when nothing held them back."""
    events: int = 0
    closes: int = 0
    edits: int = 0
    broken: int = 0
    watchers: int = 0
    reads: int = 0
    too_slow: int = 0
    """Reads that had no answer within their deadline."""
    revisions: int = 0
    decisions: int = 0
    unknown_codes: int = 0
    appeals: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.seconds:.0f} s at {self.events / max(self.seconds, 1e-9):.0f} events/s "
            f"(at full speed {self.fastest:.0f}): {self.events} events with {self.appeals} appeals "
            f"and {self.unknown_codes} unknown codes, {self.closes} closes, {self.edits} edits "
            f"({self.broken} broken, {self.revisions} publications), {self.watchers} watchers that "
            f"came and went, {self.reads} reads ({self.too_slow} beyond their deadline); "
            f"{self.decisions} decisions"
        )


@dataclass
class _Run:
    """What the threads of a run share."""

    address: str
    wanted: Wanted
    rulesets: Path
    toll: Toll = field(default_factory=Toll)
    enough: threading.Event = field(default_factory=threading.Event)
    closed: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    cursor: int = 0
    """Of the watcher that stays: it has seen so many decisions, each in its place."""

    @contextmanager
    def client(self, principal: str) -> Iterator[Client]:
        """Connect."""
        with Client.connect(self.address, principal=principal) as client:
            yield client

    def ending(self, act: Callable[[], None]) -> Callable[[], None]:
        """Let the others end, too, whatever becomes of this."""

        def acting() -> None:
            try:
                act()
            finally:
                self.enough.set()

        return acting

    # ── the platform ──

    def send(self) -> None:
        """Send day after day, first as fast as it goes, then at half of that."""
        wanted, begun = self.wanted, time.monotonic()
        slow_since, slow_from, rate = 0.0, 0, 0.0
        with self.client("platform") as client:
            for day in town_load.days(wanted.seed, BEGIN, wanted.units, wanted.issues):
                self._send(client, day)
                passed = time.monotonic() - begun
                if self._is_over(passed):
                    break
                if not rate and passed > wanted.fastest:
                    self.toll.fastest = rate = self.toll.events / passed
                    slow_since, slow_from = passed, self.toll.events
                if rate:
                    due = slow_since + (self.toll.events - slow_from) / (rate / 2)
                    self.enough.wait(max(0.0, due - passed))
                if self.enough.is_set():
                    break
            self.toll.seconds = time.monotonic() - begun

    def _is_over(self, passed: float) -> bool:
        months = self.wanted.months
        if months is None or passed > self.wanted.seconds:
            return passed > self.wanted.seconds
        toll = self.toll
        return toll.closes >= months and min(toll.edits, toll.watchers, toll.reads) > 0

    def _send(self, client: Client, day: town_load.Day) -> None:
        for events in _cut(day.events, 500):
            receipts = client.submit(TOWN, events)
            assert [receipt.event_id for receipt in receipts] == [event.id for event in events]
            self.sent.update(receipt.event_id for receipt in receipts)
            self.toll.events += len(events)
            self.toll.appeals += sum(event.id.startswith("SS-") for event in events)
            self.toll.unknown_codes += sum(map(_has_unknown_code, events))
        client.advance(TOWN, SOURCE, day.until)
        for period in day.closes:
            self._close(client, period)
            self.closed.append(period)
            self.toll.closes += 1

    def _close(self, client: Client, period: str) -> None:
        """Close a period, in a call or in several: one may be too short while an edit is judged."""
        while True:
            self._settled(client)
            try:
                client.close_period(TOWN, SCHEME, period)
                return
            except CallFailed as error:
                if error.reason == "CLOSED_ALREADY":
                    return
                if error.code is not grpc.StatusCode.DEADLINE_EXCEEDED and not _is_too_early(error):
                    raise

    def _settled(self, client: Client) -> int:
        return settle(client, TOWN, self.wanted.patience)

    # ── the others ──

    def follow(self) -> None:
        """See every decision in its place, from the first to the last one."""
        with self.client("follower") as client:
            for response in client.watch(TOWN, after=0, heartbeat=1.0):
                places = [decision.decision_seq for decision in response.decisions]
                assert places == list(range(self.cursor + 1, self.cursor + 1 + len(places)))
                self.cursor = response.cursor
                if self.enough.is_set() and self.cursor == self._settled(client):
                    return

    def come_and_go(self) -> None:
        """Watch for a while, from a moment ago; leave without a word; come again."""
        random = Random(self.wanted.seed)
        while not self.enough.wait(random.uniform(0, 1)):
            with self.client("visitor") as client:
                after = max(0, self.cursor - random.randrange(2000))
                watching = client.watch(TOWN, after=after, heartbeat=1.0)
                for _ in itertools.islice(watching, random.randrange(1, 8)):
                    pass
                self.toll.watchers += 1

    def read(self) -> None:
        """Ask what an office asks."""
        with self.client("office") as client:
            while not self.enough.wait(1.0):
                try:
                    self._look(client)
                    self.toll.reads += 1
                except CallFailed as error:
                    if error.code is not grpc.StatusCode.DEADLINE_EXCEEDED:
                        raise
                    self.toll.too_slow += 1

    def _look(self, client: Client) -> None:
        if self.closed:
            period = self.closed[-1]
            client.report(TOWN, SCHEME, period)
            if len(period) == len("2010-01"):
                list(client.standings(TOWN, SCHEME, "monthly", period))
        list(itertools.islice(client.list_decisions(TOWN, newest_first=True), 1000))
        list(client.unknown_codes(TOWN, SCHEME))

    def edit(self) -> None:
        """Save one text after the other, every third one broken."""
        file = self.rulesets / f"{SCHEME}.yaml"
        for number in itertools.count(1):
            if self.enough.wait(self.wanted.edits_every):
                return
            broken = number % 3 == 0
            file.write_text(variant(number, broken=broken), encoding="utf-8")
            self.toll.edits += 1
            self.toll.broken += broken


def variant(number: int, *, broken: bool = False) -> str:
    """Return the town's ruleset with another title, which may be published at once; or broken."""
    title = "{title: 白色垃圾,"
    assert _SHIPPED.count(title) == 1
    text = _SHIPPED.replace(title, f"{{title: 白色垃圾{number % _VARIANTS},")
    return text.replace("below: $warning_line", "below: $warning_lime") if broken else text


def _has_unknown_code(event: Event) -> bool:
    payload = event.payload
    return isinstance(payload, IssueFound) and payload.small_class in town_load.UNKNOWN


def _is_too_early(error: CallFailed) -> bool:
    return error.reason == "NOT_DECIDED_YET"


def _cut(events: tuple[Event, ...], size: int) -> Iterator[tuple[Event, ...]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]


def soak(
    folder: Path, wanted: Wanted, on_end: Callable[[Gauge, Wanted], None] = lambda *_: None
) -> tuple[Toll, Gauge]:
    """Let a server in `folder` live through all of it, and check everything.

    `on_end` is told when the server has stopped, before what it stored is checked.
    """
    rulesets = folder / "rulesets"
    rulesets.mkdir()
    (rulesets / f"{SCHEME}.yaml").write_text(_SHIPPED, encoding="utf-8")
    options = ("--rulesets", str(rulesets), "--publish", "auto")
    told = folder / "told"
    told.mkdir()
    with installed(folder, options=options, environment=telling(told)) as installation:
        run = _Run(installation.start(), wanted, rulesets)
        with run.client("office") as client:
            client.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
            client.advance(TOWN, SOURCE, town_load.midnight(BEGIN))
            client.publish(TOWN, SCHEME, codes=town_load.CODES)
            settle(client, TOWN)
        gauge = Gauge(installation.pid, wanted.samples_every, told)
        with gauge.looking():
            _live(run)
        with run.client("office") as client:
            settle(client, TOWN, wanted.patience)
            run.toll.revisions = len(list(client.revisions(TOWN, SCHEME)))
        assert installation.stop() == 0, installation.said()
        on_end(gauge, wanted)
        with Store.open(installation.url) as store:
            _check(store, run)
    return run.toll, gauge


def _live(run: _Run) -> None:
    acts = (run.send, run.follow, run.come_and_go, run.read, run.edit)
    with ThreadPoolExecutor(len(acts)) as pool:
        running: list[Future[None]] = [pool.submit(run.ending(act)) for act in acts]
    for one in running:
        one.result()


def _check(store: Store, run: _Run) -> None:
    assert check_log(store, TOWN).keys() == run.sent
    run.toll.decisions = len(check_emitted(store, TOWN))
    assert store.projection(TOWN).stalled_seq is None
    check_replay(store, TOWN)
    check_rebuild(store, TOWN)


_MEASURES = (
    ("memory", " MiB", 8.0), ("objects", " thousand", 30.0), ("heap", " MiB", 4.0),
    ("handles", "", 4.0),
)  # fmt: skip
"""What is judged, its unit, and how much more of it in an hour is next to nothing."""


def verdict(gauge: Gauge, warm_after: float) -> tuple[bool, str]:
    """Return whether memory and handles are flat after so many seconds, and the figures.

    What is resident need only not rise for certain: it swings with what is free between what is
    held. What is held must be shown to be flat.
    """
    flat, lines = bool(gauge.taken), []
    for name, samples in gauge.taken.items():
        for of, unit, least in _MEASURES:
            # What weeks would show: less than a twentieth an hour, or next to nothing at all.
            found = trend(samples, of, warm_after)
            told = found.verdict(0.05, least)
            flat &= told is not Verdict.RISING if of == "memory" else told is Verdict.FLAT
            lines.append(
                f"{name}: {of} {getattr(samples[0], of):.0f}{unit} at first, {found.begun:.0f} → "
                f"{found.ended:.0f} once it is warm, the least of each minute "
                f"({found.slope:+.1f} ± {found.error:.1f} an hour, at most {found.highest:.0f}): "
                f"{told.value}"
            )
    return flat, "\n".join(lines)


def _told(gauge: Gauge, wanted: Wanted) -> None:
    """Say what was seen, each sample, and what comes of it."""
    for name, samples in gauge.taken.items():
        for sample in samples:
            _say(
                f"{name} {sample.seconds:.0f} s {sample.memory:.1f} MiB, "
                f"{sample.objects:.1f} thousand objects, {sample.heap:.1f} MiB of heap, "
                f"{sample.handles} handles"
            )
    _say(verdict(gauge, wanted.warm_after)[1])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(description="Let a server live for long, and check it.")
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="of which the first ones fill the caches"
    )
    parser.add_argument(
        "--warm", type=float, default=25.0, help="minutes until all caches are full, as a rule"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--issues", type=int, default=0, help="found in a day; 0: enough of them")
    asked = parser.parse_args()
    renice(10)
    folder = Path(tempfile.mkdtemp(prefix="envrules-soak-"))
    _say(f"in {folder}")
    issues = asked.issues or max(Wanted.issues, round(4 * asked.minutes))
    wanted = Wanted(
        seed=asked.seed, seconds=60 * asked.minutes, issues=issues, warm_after=60 * asked.warm
    )
    toll, gauge = soak(folder, wanted, _told)
    flat, _ = verdict(gauge, wanted.warm_after)
    _say(f"{toll}\nall checks good, {'flat' if flat else 'NOT FLAT'}")
    shutil.rmtree(folder)
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
