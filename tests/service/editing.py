"""A served ruleset is edited again and again while events come in; then everything is checked.

The town's October is closed before the first edit. What is edited are values dated from today on,
and the structure, so that every good edit may be published at once; the others are broken in ways
that people break files, or change the past, which waits for somebody to say so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay, read_log
from tests.faults.traffic import settle
from tests.service.site import (
    TOWN,
    Site,
    check,
    found,
    moved,
    open_site,
    supplied,
    village,
)
from tests.service.test_streaming import eventually

from envrules.client import Client
from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import Closed, Entry, Published, Tick, decode_entry
from envrules.model.events import Event
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir
from envrules.runtime.library import Library
from envrules.store import DecisionFilter, Store
from envrules.v1.locality_service_pb2 import WatchedRuleset

PLACE, CLOSED = "yunxi", "2026-10"
TODAY = "2026-11-22"
UNITS = ("zhao", "qian", "sun", "li")
SHIPPED = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
_ROWS = "      - {id: road, "
_ALL = 1 << 40
_BATCHES = 4
"""Batches of events that the platform sends for each edit, at its own pace."""


# ── edits ──


def good(random: Random, number: int) -> str:
    """A ruleset of its own: other points from today on, other limits, other words."""
    rows = SHIPPED[SHIPPED.index(_ROWS) : SHIPPED.index("\n# ── 规则结构")].rstrip("\n")
    later = rows.replace("each: 1", f"each: {random.randint(1, 9)}")
    text = SHIPPED.replace(rows, f"{rows}\n      {TODAY}:\n{later}")
    line, within = random.randint(40, 95), random.randint(1, 9)
    text = _changed(text, "{always: 70}", f"{{always: 70, {TODAY}: {line}}}")
    text = _changed(
        text, "未写期限, values: {always: 3}", f"未写期限, values: {{always: 3, {TODAY}: {within}}}"
    )
    approve = random.choice(("true", "false"))
    text = _changed(
        text,
        "{action: rectification_notice,",
        f"{{action: rectification_notice, approve: {approve},",
    )
    return _changed(text, "{title: 白色垃圾,", f"{{title: 白色垃圾{number},")


def past(random: Random, number: int) -> str:
    """A good ruleset that changes what held before today: nobody said that it may."""
    text = good(random, number)
    return _changed(text, f"{{always: 70, {TODAY}", f"{{always: {number % 60 + 5}, {TODAY}")


def broken(random: Random, number: int) -> str:
    """A ruleset as it is in the middle of a mistake."""
    text = good(random, number)
    match random.randrange(5):
        case 0:
            return text[: random.randrange(200, text.index("calendar:"))] + "\n  ["
        case 1:
            return _changed(text, "below: $warning_line", f"below: $warning_lime{number}")
        case 2:
            return text.replace("full: 10,", f"full: ten{number},", 1)
        case 3:
            return _changed(text, "parameters:\n", f"parameters:\n\t# {number}\n")
        case _:
            return f"# {number}\n" + text.replace(
                "ref: m 三2警告, values", "ref: m 三2警告, valeus", 1
            )


def _changed(text: str, before: str, after: str) -> str:
    assert text.count(before) == 1, before
    return text.replace(before, after)


def save(file: Path, text: str, random: Random) -> None:
    """Write a file as one editor or another does: at once, in pieces, or aside and renamed."""
    if (way := random.randrange(3)) == 0:
        file.write_text(text, encoding="utf-8")
    elif way == 1:
        aside = file.with_name(f".{file.name}.swp")
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    else:
        pause = threading.Event()
        with file.open("w", encoding="utf-8") as out:
            for start in range(0, len(text), 3000):
                out.write(text[start : start + 3000])
                out.flush()
                pause.wait(0.005)


# ── events ──


def events(number: int, random: Random) -> list[Event]:
    """What a platform sends at once: a check, patrols' findings, and what became of earlier ones."""
    unit = random.choice(UNITS)
    when = f"{TODAY} {9 + number % 3:02}:{random.randrange(60):02}"
    categories = random.choices(("三大堆", "白色垃圾", "没有的类别"), k=random.randint(0, 6))
    sent = [
        check(f"c{number}", unit, when, *categories),
        found(f"i{number}", unit, when),
    ]  # fmt: skip
    if number % 4 == 0 and number:
        sent.append(moved(f"i{number - random.randint(1, 4)}", "handled", f"{TODAY} 12:00"))
    if number % 7 == 0:  # a late one, about the closed month
        sent.append(check(f"late{number}", unit, f"{CLOSED}-20 10:00", "三大堆"))
    return sent


def october() -> list[Event]:
    """The month before: four villages, and one issue that is still open."""
    declared = [village(unit) for unit in UNITS]
    checks = [
        check(f"o-{u}", u, f"{CLOSED}-12 09:00", *["三大堆"] * i) for i, u in enumerate(UNITS)
    ]
    points = [supplied(unit, "10", CLOSED) for unit in UNITS]
    return [*declared, *checks, *points, found("old", "sun", f"{CLOSED}-30 09:00")]


@dataclass
class Platform:
    """Sends events all the time, on a thread of its own, and keeps the receipts."""

    client: Client
    random: Random
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
                batches.append(events(number, self.random))
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
    events: int = 0
    decisions: int = 0
    superseded: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.edits} edits, of which {self.broken} broken and {self.past} of the past; "
            f"{self.published} revisions published, {self.events} events, {self.decisions} "
            f"decisions, of which {self.superseded} superseded an earlier one"
        )


def edit_many(
    folder: Path, edits: int, seed: int, on_edit: Callable[[int, Site], None] = lambda _n, _s: None,
    url: str = "",
) -> Toll:  # fmt: skip
    """Edit a served ruleset so many times under a stream of events, and check everything.

    The database is in `folder` unless it has a `url`.
    """
    random, rulesets = Random(seed), folder / "rulesets"
    rulesets.mkdir()
    file = rulesets / f"{TOWN}.yaml"
    file.write_text(SHIPPED, encoding="utf-8")
    site = open_site(folder, url=url, rulesets=rulesets, publish="auto", settle_seconds=0.05)
    try:
        office = site.client("office")
        _close_october(office)
        before = office.report(PLACE, TOWN, CLOSED)
        platform = Platform(site.client("platform"), Random(seed + 1))
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(platform.send)
            try:
                toll = _edit(office, file, random, edits, platform, lambda n: on_edit(n, site))
            finally:
                platform.enough.set()
                platform.edited()
            sending.result(60)
        settle(office, PLACE)
        assert _same_report(office, before), "the closed month has changed"
        toll.events = len(platform.receipts)
        _check(site.store, file, platform, toll)
        return toll
    finally:
        site.stop(grace=0)


def _close_october(office: Client) -> None:
    office.create_locality(PLACE, "云溪镇", "Asia/Shanghai", [TOWN])
    office.advance(PLACE, "clock", None)
    office.submit(PLACE, october(), decided=True)
    office.close_period(PLACE, TOWN, CLOSED)


def _edit(
    office: Client, file: Path, random: Random, edits: int, platform: Platform,
    on_edit: Callable[[int], None],
) -> Toll:  # fmt: skip
    """Save one text after the other; each is noticed, or overwritten before anybody looked."""
    toll = Toll()
    for number in range(1, edits + 1):
        kind = random.choices((good, broken, past), (6, 3, 1))[0] if number < edits else good
        noticed = _noticed(office)
        platform.edited()
        save(file, kind(random, number), random)
        toll.edits += 1
        toll.broken += kind is broken
        toll.past += kind is past
        if random.random() < 0.85 or number == edits:
            _wait_for(office, kind is broken, kind is past, noticed)
        on_edit(number)
    assert eventually(lambda: not _file(office).candidate), "the last edit is not published"
    return toll


def _wait_for(office: Client, broken: bool, past: bool, noticed: int) -> None:
    """Wait until the file is told to be as it was saved."""

    def told() -> bool:
        watched = _file(office)
        return (
            watched.accepted + watched.refused > noticed
            and bool(watched.problems) == broken
            and watched.retroactive == past
            and all(p.file == f"rulesets/{TOWN}.yaml" and p.line for p in watched.problems)
        )

    assert eventually(told, 60), _file(office)


def _file(office: Client) -> WatchedRuleset:
    return office.locality(PLACE).schemes[0].file


def _noticed(office: Client) -> int:
    watched = _file(office)
    return watched.accepted + watched.refused


def _same_report(office: Client, before: object) -> bool:
    report = office.report(PLACE, TOWN, CLOSED)
    return (report.scores, report.lists) == (before.scores, before.lists)  # type: ignore[attr-defined]


# ── the checks ──


def _check(store: Store, file: Path, platform: Platform, toll: Toll) -> None:
    places = check_log(store, PLACE)
    assert platform.receipts.items() <= places.items(), "an event was lost"
    assert len(places) == len(platform.receipts) + len(october())
    emitted = [decode_decision(row.payload) for row in check_emitted(store, PLACE)]
    toll.decisions = len(emitted)
    toll.superseded = sum(decision.change == "supersede" for decision in emitted)
    log = {row.seq: decode_entry(row.payload) for row in read_log(store, PLACE)}
    toll.published = sum(isinstance(entry, Published) for entry in log.values())
    _check_names(log, emitted)
    _check_clean(store, file, log)
    check_replay(store, PLACE)
    check_rebuild(store, PLACE)


def _check_names(log: dict[int, Entry], emitted: Sequence[Decision]) -> None:
    """Check that each decision names the revision current at its place in the log.

    What is decided about the closed month names the revision that was frozen with it.
    """
    (closed,) = (seq for seq, entry in log.items() if isinstance(entry, Closed))
    current = {
        seq: next(e.revision for s in range(seq, 0, -1) if isinstance(e := log[s], Published))
        for seq in {decision.log_seq for decision in emitted}
    }
    frozen = next(e.revision for s in range(closed, 0, -1) if isinstance(e := log[s], Published))
    for decision in emitted:
        if decision.change == "revoke":
            continue  # it names what it takes back
        content = decision.content
        about_closed = content.period == CLOSED or content.slot.anchor.startswith(f"{CLOSED}>")
        expected = frozen if about_closed else current[decision.log_seq]
        assert content.revision == expected, decision


def _check_clean(store: Store, file: Path, log: dict[int, Entry]) -> None:
    """Check that what holds is what the final revision alone, from the close on, decides.

    The other publications are taken out of the log; a tick that moves nothing keeps their places.
    """
    (closed,) = (seq for seq, entry in log.items() if isinstance(entry, Closed))
    edited = [seq for seq, e in log.items() if isinstance(e, Published) and seq > closed]
    final = log[edited[-1]]
    assert isinstance(final, Published)
    library = Library(load_plugins(), store)
    assert library.source(TOWN, final.revision).text == file.read_text(encoding="utf-8")
    clean = MemoryLocality(PLACE, library)
    for seq, entry in log.items():
        still = Tick(0) if seq in edited else entry
        clean.append(final if seq == edited[0] else still)
    expected = {slot: d.content.essence() for slot, d in clean.effective().items()}
    rows = store.decisions(PLACE, limit=_ALL, filters=DecisionFilter(current_only=True))
    held = {row.slot: decode_decision(row.payload).content.essence() for row in rows}
    assert held == expected
