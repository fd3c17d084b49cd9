"""July of a made-up town, small enough to be counted by hand, and a server that has judged it.

| issue | unit | found | what became of it | due |
|---|---|---|---|---|
| G1 | zhao | 10th | accepted, filed, closed the next day | on time |
| G2 | qian | 10th | accepted, filed, closed on the 13th | late; a slip |
| G3 | sun | 20th | accepted, still open | late; a slip |
| G4 | sun | 25th | closed by force the same day | not on time |
| G5 | qian | 26th | deferred to August; G2 again | apart |
| G6 | zhao | 27th | suspended; G1 and G7 again | apart |
| G7 | zhao | 14th | accepted, sent back twice, closed the next day; G1 again | on time |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.report.bulletin.rules import RULES
from tests.service.site import Site, at, open_site

from envrules.model.events import (
    AppealFiled,
    Event,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Move,
    UnitDeclared,
)

PLACE, SCHEME, PERIOD = "town", "made_up", "2026-07"
UNITS = {"zhao": "赵庄村", "qian": "钱庄村", "sun": "孙庄村", "li": "李庄 & <村>"}
CHECKS = {"2026-06": {"zhao": 1, "qian": 0, "sun": 3}, "2026-07": {"zhao": 0, "qian": 2, "sun": 4}}


def _outline(n: int) -> str:
    """A square of its own for each unit."""
    west, south = 120 + n % 2 * 0.02, 31 + n // 2 * 0.02
    ring = [[west, south], [west + 0.02, south], [west + 0.02, south + 0.02], [west, south + 0.02]]
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def _units() -> Iterator[Event]:
    for n, (unit, title) in enumerate(UNITS.items()):
        declared = UnitDeclared(unit, title, "village", attributes={"geometry": _outline(n)})
        yield Event(f"unit-{unit}", at("2026-01-01 00:00"), declared)


def _checks(period: str) -> Iterator[Event]:
    for unit, found in CHECKS[period].items():
        findings = tuple(Finding(f"f{i}", "柴草", "road", point=f"第 {i} 处") for i in range(found))
        name = f"check-{unit}-{period}"
        payload = Inspection(name, unit, "check", findings=findings)
        yield Event(name, at(f"{period}-15 09:00"), payload)


def issue_of(name: str, unit: str, when: str, *moves: tuple[str, Move]) -> Iterator[Event]:
    """An issue of rubbish, and its steps."""
    found = IssueFound(name, category="垃圾", place="road", place_unit=unit)
    yield Event(f"{name}-found", at(f"2026-{when}"), found)
    for n, (moment, move) in enumerate(moves):
        until = at("2026-08-20 10:00") if move == "deferred" else None
        step = IssueMoved(name, move, approver="镇长", basis="文件", until=until)
        yield Event(f"{name}-{n}-{move}", at(f"2026-{moment}"), step, flow=n + 1)


def _issues() -> Iterator[Event]:
    start: tuple[Move, ...] = ("accepted", "filed")
    yield from issue_of("G1", "zhao", "07-10 10:00", *(("07-10 11:00", m) for m in start),
                      ("07-11 10:00", "closed"))  # fmt: skip
    yield from issue_of("G2", "qian", "07-10 10:00", *(("07-10 11:00", m) for m in start),
                      ("07-13 12:00", "closed"))  # fmt: skip
    yield from issue_of("G3", "sun", "07-20 10:00", ("07-20 11:00", "accepted"))
    yield from issue_of("G4", "sun", "07-25 10:00", ("07-25 11:00", "force_closed"))
    yield from issue_of("G5", "qian", "07-26 10:00", ("07-26 11:00", "deferred"))
    yield from issue_of("G6", "zhao", "07-27 10:00", ("07-27 11:00", "suspended"))
    yield from issue_of(
        "G7", "zhao", "07-14 10:00", ("07-14 11:00", "accepted"), ("07-14 12:00", "handled"),
        ("07-14 13:00", "check_failed"), ("07-14 14:00", "handled"),
        ("07-14 15:00", "check_failed"), ("07-15 10:00", "closed"),
    )  # fmt: skip


def open_town(folder: Path, *, closed: bool = True) -> Site:
    """Start a server that has judged June and July, and has closed both if `closed`."""
    site = open_site(folder)
    office = site.client("office")
    office.create_locality(PLACE, "云溪镇", "Asia/Shanghai")
    office.advance(PLACE, "grid", at("2026-01-01 00:00"))
    office.publish(PLACE, SCHEME, text=RULES)
    events = sorted(
        (*_units(), *_checks("2026-06"), *_checks("2026-07"), *_issues()),
        key=lambda event: event.occurred_at,
    )  # fmt: skip
    office.submit(PLACE, events, decided=True)
    office.advance(PLACE, "grid", at("2026-08-01 09:00"))
    if closed:
        for period in CHECKS:
            office.close_period(PLACE, SCHEME, period)
        (score,) = office.list_decisions(PLACE, kinds=["score"], units=["sun"], periods=[PERIOD])
        slot = score.slot
        target = "\n".join((slot.scheme, slot.rule, slot.subject, slot.anchor))
        appeal = Event("appeal", at("2026-08-01 08:00"), AppealFiled("ap-1", "sun", target))
        office.submit(PLACE, [appeal], decided=True)
    return site
