"""A served ruleset is edited again and again while events come in; then everything is checked.

The month before is closed before the first edit, and the month is closed after so many edits: its
platform and its clock go on to the next one. What is edited are values dated from today on, and the
structure, so that every good edit may be published at once; the others are broken in ways that
people break files, or change the past, which waits for somebody to say so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.faults.traffic import settle
from tests.service.edit_checks import check as check_all
from tests.service.edits import SHIPPED, Values, broken, good, past, save, some
from tests.service.site import TOWN, Site, at, check, found, moved, open_site
from tests.service.test_streaming import eventually

from envrules import calendar as cal
from envrules.client import Client
from envrules.model.base import Instant
from envrules.model.events import Event, ScoreSupplied, UnitDeclared
from envrules.v1.locality_service_pb2 import WatchedRuleset

PLACE, FIRST = "yunxi", "2022-10"
UNITS = ("zhao", "qian", "sun", "li")
_AT_ONCE = 500
"""Events in a call."""
_BATCHES = 4
"""Batches of events that the platform sends for each edit, at its own pace."""


class Town:
    """Which day it is, and what the months before have settled."""

    def __init__(self) -> None:
        """It is the month after the first one."""
        self.closed, self.settled = FIRST, list[Values]()
        self.month = cal.next_period(FIRST)

    @property
    def today(self) -> str:
        """The day on which all of a month's edits are made."""
        return f"{self.month}-22"

    def now(self) -> Instant:
        """What the clock shows."""
        return at(f"{self.today} 12:00")

    def go_on(self, values: Values) -> None:
        """Enter the next month; these are the values of the last one."""
        self.settled.append(values)
        self.closed, self.month = self.month, cal.next_period(self.month)


# ── events ──


def events(number: int, random: Random, town: Town) -> list[Event]:
    """What a platform sends at once: a check, a patrol's finding, and what became of earlier ones.

    Each issue is handled sooner or later, so that as many are open in one month as in another.
    """
    unit, today = random.choice(UNITS), town.today
    when = f"{today} {9 + number % 3:02}:{random.randrange(60):02}"
    categories = random.choices(("三大堆", "白色垃圾", "没有的类别"), k=random.randint(0, 6))
    sent = [
        check(f"c{number}", unit, when, *categories),
        found(f"i{number}", unit, when),
    ]  # fmt: skip
    handled = number - 1 if number % 3 else number - 13
    if handled >= 0:
        sent.append(moved(f"i{handled}", "handled", f"{today} 12:00"))
    if number % 7 == 0:  # a late one, about the closed month
        sent.append(check(f"late{number}", unit, f"{town.closed}-20 10:00", "三大堆"))
    return sent


def first_month(history: int) -> list[Event]:
    """The month before: four villages, so many issues that were handled, and one still open."""
    begun = at(f"{FIRST}-01 00:00")
    declared = [Event(f"unit-{u}", begun, UnitDeclared(u, f"{u}村", "village")) for u in UNITS]
    checks = [check(f"o-{u}", u, f"{FIRST}-12 09:00", *["三大堆"] * i) for i, u in enumerate(UNITS)]
    handled = [
        event for n in range(history)
        for event in (found(f"h{n}", UNITS[n % len(UNITS)], f"{FIRST}-{n % 20 + 1:02} 09:00"),
                      moved(f"h{n}", "handled", f"{FIRST}-{n % 20 + 1:02} 12:00"))
    ]  # fmt: skip
    left = found("old", "sun", f"{FIRST}-20 09:00")
    return [*declared, *checks, *handled, *supplied(FIRST), left]


def supplied(month: str) -> list[Event]:
    """The organ's points for a month, without which it cannot be closed."""
    return [
        Event(
            f"p-{unit}-{month}", at(f"{month}-22 11:00"),
            ScoreSupplied(unit, "monthly", "transfer", month, Decimal(10), "村建办"),
        )
        for unit in UNITS
    ]  # fmt: skip


@dataclass
class Platform:
    """Sends events all the time, on a thread of its own, and keeps the receipts."""

    client: Client
    random: Random
    town: Town
    enough: threading.Event = field(default_factory=threading.Event)
    wanted: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_BATCHES))
    receipts: dict[str, int] = field(default_factory=dict)

    def edited(self) -> None:
        """Send some more: a publication judges all there is, so the log grows with the edits."""
        self.wanted.release(_BATCHES)

    def send(self) -> None:
        """Stream until it is enough."""
        batches: list[Sequence[Event]] = []

        def sent() -> Iterator[Sequence[Event]]:
            number = 0
            while self.wanted.acquire() and not self.enough.is_set():
                batches.append(events(number, self.random, self.town))
                yield batches[-1]
                number += 1
                self.enough.wait(self.random.uniform(0, 0.1))

        for at_, receipts in enumerate(self.client.stream(PLACE, sent())):
            assert [r.event_id for r in receipts] == [e.id for e in batches[at_]]
            self.receipts |= {receipt.event_id: receipt.seq for receipt in receipts}


# ── the run ──


@dataclass
class Toll:
    """What happened."""

    edits: int = 0
    broken: int = 0
    past: int = 0
    published: int = 0
    closes: int = 0
    events: int = 0
    decisions: int = 0
    superseded: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.edits} edits, of which {self.broken} broken and {self.past} of the past; "
            f"{self.published} revisions published, {self.closes} months closed, {self.events} "
            f"events, {self.decisions} decisions, of which {self.superseded} superseded an earlier one"
        )


def edit_many(
    folder: Path, edits: int, seed: int, on_edit: Callable[[int, Site], None] = lambda _n, _s: None,
    url: str = "", a_month: int = 10, history: int = 0,
) -> Toll:  # fmt: skip
    """Edit a served ruleset so many times under a stream of events, and check everything.

    The database is in `folder` unless it has a `url`; a month is closed after `a_month` edits. So
    many issues, `history`, were found and handled before the first one.
    """
    rulesets, town = folder / "rulesets", Town()
    rulesets.mkdir()
    file = rulesets / f"{TOWN}.yaml"
    file.write_text(SHIPPED, encoding="utf-8")
    site = open_site(
        folder, clock=town.now, url=url, rulesets=rulesets, publish="auto", settle_seconds=0.05
    )
    try:
        office = site.client("office")
        office.create_locality(PLACE, "云溪镇", "Asia/Shanghai", [TOWN])
        office.advance(PLACE, "clock", None)
        before = first_month(history)
        for start in range(0, len(before), _AT_ONCE):
            office.submit(PLACE, before[start : start + _AT_ONCE])
        settle(office, PLACE)
        office.close_period(PLACE, TOWN, FIRST)
        platform = Platform(site.client("platform"), Random(seed + 1), town)
        run = _Run(office, file, Random(seed), platform, town)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(platform.send)
            try:
                run.edit(edits, a_month, lambda number: on_edit(number, site))
            finally:
                platform.enough.set()
                platform.edited()
            sending.result(60)
        settle(office, PLACE)
        run.check_figures()
        edited, emitted = check_all(site.store, PLACE, file, platform.receipts, len(before))
        run.toll.published = len(edited.published)
        run.toll.closes, run.toll.events = len(edited.closes), len(platform.receipts)
        run.toll.decisions = len(emitted)
        run.toll.superseded = sum(decision.change == "supersede" for decision in emitted)
        return run.toll
    finally:
        site.stop(grace=0)


class _Run:
    """Saves one text after the other; each is noticed, or overwritten before anybody looked."""

    def __init__(
        self, office: Client, file: Path, random: Random, platform: Platform, town: Town
    ) -> None:
        self.office, self.file, self.random = office, file, random
        self.platform, self.town, self.toll = platform, town, Toll()
        self._figures = {FIRST: self._figures_of(FIRST)}
        """Of the closed months, as they were when they had been closed."""

    def edit(self, edits: int, a_month: int, on_edit: Callable[[int], None]) -> None:
        """Make so many edits, and close each month but the one in which they end."""
        for number in range(1, edits + 1):
            last = number == edits or number % a_month == 0
            values = self._edit(number, last)
            if last:
                assert eventually(lambda: not self._watched().candidate), "it is not published"
            if last and number < edits:
                self._close(values)
            on_edit(number)

    def _edit(self, number: int, last: bool) -> Values:
        """Save one text; the last one of a month is good, and published."""
        kind = good if last else self.random.choices((good, broken, past), (6, 3, 1))[0]
        values = some(self.random, self.town.today)
        noticed = self._noticed()
        self.platform.edited()
        save(self.file, kind(self.random, number, [*self.town.settled, values]), self.random)
        self.toll.edits += 1
        self.toll.broken += kind is broken
        self.toll.past += kind is past
        if self.random.random() < 0.85 or last:
            self._wait_for(kind is broken, kind is past, noticed)
        return values

    def _close(self, values: Values) -> None:
        """Close the month, once the next one has come."""
        month = self.town.month
        points = self.office.submit(PLACE, supplied(month))
        self.platform.receipts |= {receipt.event_id: receipt.seq for receipt in points}
        self.town.go_on(values)
        self.office.advance(PLACE, "clock", None)
        self.office.close_period(PLACE, TOWN, month)
        self._figures[month] = self._figures_of(month)

    def check_figures(self) -> None:
        """Check that the closed months are what they were when they had been closed."""
        for month, before in self._figures.items():
            assert self._figures_of(month) == before, month

    def _figures_of(self, month: str) -> tuple[Sequence[str], Sequence[str]]:
        """Return a month's scores and lists, printed: a whole report is large."""
        report = self.office.report(PLACE, TOWN, month)
        return [str(score) for score in report.scores], [str(one) for one in report.lists]

    def _wait_for(self, broken: bool, past: bool, noticed: int) -> None:
        """Wait until the file is told to be as it was saved."""

        def told() -> bool:
            watched = self._watched()
            return (
                watched.accepted + watched.refused > noticed
                and bool(watched.problems) == broken
                and watched.retroactive == past
                and all(p.file == f"rulesets/{TOWN}.yaml" and p.line for p in watched.problems)
            )

        assert eventually(told, 60), self._watched()

    def _watched(self) -> WatchedRuleset:
        return self.office.locality(PLACE).schemes[0].file

    def _noticed(self) -> int:
        watched = self._watched()
        return watched.accepted + watched.refused
