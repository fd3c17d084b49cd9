"""A town's endless months: what its platform sends day by day, the same for the same seed.

Issues are found, handled and checked, some too late; every village is inspected once a month;
some findings bear codes that no table knows, until the platform sets them right; some villages
appeal, and some win.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from envrules.model.base import HOUR, Instant
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    ScoreSupplied,
    UnitDeclared,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
SOURCE = "grid"
DAY = 24 * HOUR
CODES = """\
codes: town_platform
title: 某市数字城管代码
scheme: town_deduction
entries:
- {small: "0103", category: 三大堆}
- {small: "0104", category: 白色垃圾}
"""
KNOWN, UNKNOWN = ("0103", "0104"), ("0999", "0998", "0997")
_CORRECTED_AFTER = 5
"""Days after which a code is set right, but before its month is closed."""


@dataclass(frozen=True, slots=True)
class Day:
    """What is sent in a day, and the time that has come then."""

    events: tuple[Event, ...]
    until: Instant
    closes: tuple[str, ...]
    """Periods that are over then and are to be closed, in order."""


def midnight(day: date) -> Instant:
    """Return when a day begins."""
    local = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return round(local.timestamp()) * 1_000_000


def days(seed: int, begin: date, units: int = 60, issues: int = 15) -> Iterator[Day]:
    """Yield one day after the other. `issues`: how many are found in each."""
    random, day = Random(seed), begin
    declared = [
        _event(f"unit-{n}", midnight(begin), UnitDeclared(_unit(n), f"第{n}村", "village"))
        for n in range(units)
    ]
    waiting: dict[date, list[Event]] = {begin: declared}
    number = 0
    while True:
        for _ in range(issues):
            _issue(number, random, day, units, waiting)
            number += 1
        for unit in range(day.day - 1, units, 28):
            _assessment(unit, random, day, waiting)
        following = day + timedelta(days=1)
        events = sorted(waiting.pop(day, ()), key=lambda event: (event.occurred_at, event.id))
        yield Day(tuple(events), midnight(following), tuple(_over(day, following)))
        day = following


def _over(day: date, following: date) -> Iterator[str]:
    if following.month != day.month:
        yield f"{day:%Y-%m}"
    if following.year != day.year:
        yield f"{day:%Y}"


def _issue(
    number: int, random: Random, day: date, units: int, waiting: dict[date, list[Event]]
) -> None:
    name, unit = f"GD-{number:07d}", _unit(random.randrange(units))
    code = random.choice(UNKNOWN) if random.random() < 0.03 else random.choice(KNOWN)
    at = midnight(day) + 9 * HOUR + random.randrange(8 * HOUR)
    found = IssueFound(name, place="village", small_class=code, source="patrol", place_unit=unit)
    _later(waiting, day, 0, f"{name}-0", at, found)
    if code in UNKNOWN:
        _correct(f"{name}-0", at, found, day, waiting)
    slow = 9 if random.random() < 0.1 else 1
    steps = (("registered", 0), ("dispatched", 0), ("handled", slow), ("check_passed", slow + 1))
    for step, (move, after) in enumerate(steps, start=1):
        ledger = {"督办记录": "照片核实"} if move == "check_passed" else {}
        moved = IssueMoved(name, move, ledger=ledger)  # type: ignore[arg-type]  # literals, all
        _later(waiting, day, after, f"{name}-{step}", at + after * DAY + step * 60_000_000, moved)


def _correct(
    id: str, at: Instant, found: IssueFound, day: date, waiting: dict[date, list[Event]]
) -> None:
    """Withdraw a finding with a code that nobody knows, and send it with one that is known."""
    after = min(_CORRECTED_AFTER, monthrange(day.year, day.month)[1] - day.day)
    withdrawn = EventWithdrawn(id, "代码有误")
    _later(waiting, day, after, f"{id}-w", at + after * DAY + HOUR, withdrawn)
    _later(waiting, day, after, f"{id}-c", at, replace(found, small_class=KNOWN[0]))


def _assessment(unit: int, random: Random, day: date, waiting: dict[date, list[Event]]) -> None:
    """Inspect a village once a month; some appeal, and are answered days later, or a month."""
    name, code = f"JC-{day:%Y%m}-{unit}", _unit(unit)
    at = midnight(day) + 10 * HOUR
    findings = tuple(
        Finding(f"f{n}", random.choice(("三大堆", "白色垃圾")), "main_road", point=f"p{unit}-{n}")
        for n in range(random.choice((0, 1, 2, 3, 40)))
    )
    _later(waiting, day, 0, name, at, Inspection(name, code, "monthly_check", findings=findings))
    supplied = ScoreSupplied(code, "monthly", "transfer", f"{day:%Y-%m}", Decimal(8), "村建办")
    _later(waiting, day, 0, f"{name}-t", at + HOUR, supplied)
    if findings and random.random() < 0.2:
        target, appeal = f"{name}#f0", f"SS-{name}"
        filed, after = AppealFiled(appeal, code, target), random.choice((2, 40))
        decided = AppealDecided(appeal, code, target, random.random() < 0.5, "督查组")
        _later(waiting, day, 1, f"{appeal}-1", at + DAY, filed)
        _later(waiting, day, 1 + after, f"{appeal}-2", at + DAY + after * DAY, decided)


def _later(
    waiting: dict[date, list[Event]], day: date, after: int, id: str, at: Instant, payload: Payload
) -> None:
    waiting.setdefault(day + timedelta(days=after), []).append(_event(id, at, payload))


def _event(id: str, at: Instant, payload: Payload) -> Event:
    return Event(id, at, payload, source=SOURCE)


def _unit(number: int) -> str:
    return f"v{number:03d}"
