"""A town with something of everything to do, in a database of its own; its time stands still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from envrules.model.base import Instant
from envrules.model.events import (
    AppealFiled,
    Event,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.store import Store

TOWN, SCHEME, SOURCE = "town", "town_deduction", "platform"
SCORES = (96, 91, 88, 83, 79, 76, 74, 72, 66, 58)
"""Points of the ten villages in September, before what the inspection took."""


def at(text: str) -> Instant:
    """Return a local time, as `2026-10-20 09:00`."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(local.timestamp()) * 1_000_000


def make_town(database: str) -> None:
    """Make the town: it is the morning of 20 October 2026 there, and stays so."""
    with Store.open(database) as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        try:
            runtime.create_locality(TOWN, "青禾镇", "Asia/Shanghai")
            begun = runtime.advance(TOWN, SOURCE, at("2026-09-01 00:00"))
            assert runtime.wait_decided(
                TOWN, begun, 30
            )  # a scheme is bound at the time it is there
            runtime.publish(TOWN, SCHEME, "test")
            runtime.submit(TOWN, list(_events()), SOURCE)
            seq = runtime.advance(TOWN, SOURCE, at("2026-10-20 09:00"))
            assert runtime.wait_decided(TOWN, seq, 30)
        finally:
            runtime.stop()


def _events() -> Iterator[Event]:
    for number, points in enumerate(SCORES):
        unit = f"v{number}"
        outline = {"type": "Polygon", "coordinates": [_outline(number)]}
        yield _event(f"{unit}-declared", "2026-01-01 08:00", UnitDeclared(
            unit, f"{'东西南北上下大小新老'[number]}村", "village",
            attributes={"geometry": json.dumps(outline)},
        ))  # fmt: skip
        yield from _month(unit, points)
    yield from _patrols()
    yield _event("appeal", "2026-10-19 10:00", AppealFiled("SS-1", "v4", "v4-check#v4-1"))


def _month(unit: str, points: int) -> Iterator[Event]:
    """Yield an inspection that leaves a village with `points` in September."""
    findings = [
        Finding(f"{unit}-{i}", "三大堆", "main_road" if i < 30 else "village", f"{unit}-i{i}")
        for i in range(100 - points)
    ]
    yield _event(f"{unit}-check", "2026-09-15 10:00", Inspection(
        f"{unit}-check", unit, "monthly_check", findings=tuple(findings),
    ))  # fmt: skip
    yield _event(f"{unit}-transfer", "2026-09-28 10:00", ScoreSupplied(
        unit, "monthly", "transfer", "2026-09", Decimal(10), organ="村建办",
    ))  # fmt: skip


def _patrols() -> Iterator[Event]:
    """Yield patrol findings: two late, one each that is due today, of an unknown code, and incomplete."""
    for issue, unit, found, category in (
        ("late", "v8", "2026-10-09 09:00", "白色垃圾"),
        ("later", "v9", "2026-10-12 09:00", "白色垃圾"),
        ("today", "v2", "2026-10-15 10:00", "白色垃圾"),
        ("unread", "v3", "2026-10-16 10:00", "0199"),
    ):
        yield _event(f"{issue}-found", found, IssueFound(
            issue, category, "village", source="patrol", place_unit=unit,
        ))  # fmt: skip
    yield _event("late-extended", "2026-10-10 09:00", IssueMoved(
        "late", "extended", until=at("2026-12-01 09:00"),
    ))  # fmt: skip


def _event(name: str, when: str, payload: Payload) -> Event:
    return Event(name, at(when), payload, source=SOURCE)


def _outline(number: int) -> list[list[float]]:
    """Return the outline of a village: five in each of two rows, that share crooked borders."""
    column, row = number % 5, number // 5
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    return [_corner(*corner) for corner in (*corners, corners[0])]


def _corner(column: int, row: int) -> list[float]:
    shift = 0.008 * ((column * 7 + row * 5) % 3 - 1)
    return [116.2 + column * 0.05 + shift, 39.8 + row * 0.04 - shift]


def database_in(folder: Path) -> str:
    """Return the URL of the database in a folder."""
    return f"sqlite:///{folder / 'town.db'}"
