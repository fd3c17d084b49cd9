"""A whole installation in a temporary folder: store, runtime, server, clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from envrules.client import CallFailed, Client
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Move,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.service import Server, ServerConfig, build_server
from envrules.service.telemetry import Telemetry
from envrules.store import Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOWN = "town_deduction"
STREET = "liuhu"


def at(text: str) -> Instant:
    """A local time in Shanghai."""
    local = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    return round(local.timestamp()) * 1_000_000


NOW = at("2026-11-22 12:00")
"""What the clock of every server shows unless a test wants to see it move."""


@dataclass
class Site:
    """One running server and what is behind it."""

    store: Store
    runtime: Runtime
    server: Server
    clients: list[Client] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server.port}"

    def client(self, principal: str = "grid") -> Client:
        """A connection of its own."""
        client = Client.connect(self.address, principal=principal)
        self.clients.append(client)
        return client

    def stop(self, grace: float = 5.0) -> None:
        """Stop everything, in order."""
        for client in self.clients:
            client.close()
        self.server.stop(grace)
        self.runtime.stop()
        self.store.close()


def open_site(
    folder: Path,
    *plugins: object,
    clock: Callable[[], Instant] = lambda: NOW,
    prepare: Callable[[Store], None] = lambda _store: None,
    url: str = "",
    telemetry: Telemetry | None = None,
    **config: Any,
) -> Site:
    """Start a server on a free port over the database at `url`, or one in `folder`.

    That one is made if it is not there.
    """
    store = Store.open(url or f"sqlite:///{folder / 'envrules.db'}")
    prepare(store)
    runtime = Runtime(store, Library(load_plugins(*plugins), store), clock)
    runtime.start()
    config.setdefault("address", "127.0.0.1:0")
    config.setdefault("health_seconds", 0.1)
    server = build_server(runtime, ServerConfig(**config), telemetry)
    server.start()
    return Site(store, runtime, server)


class Scheme:
    """A plugin that brings the town's ruleset under another name."""

    def __init__(self, folder: Path, slug: str) -> None:
        self.slug = slug
        self.path = folder / f"{slug}.yaml"
        text = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
        self.path.write_text(text.replace(TOWN, slug), encoding="utf-8")

    @hookimpl
    def envrules_scheme(self) -> SchemeSource:
        """Declare it."""
        return SchemeSource(self.slug, self.path)


class Raiser(Scheme):
    """One whose code fails at events of the source `bad`."""

    @hookimpl
    def envrules_classify(self, scheme: str, event: Event) -> Event:
        """Fail, or take the event as it is."""
        assert scheme == self.slug
        if event.source == "bad":
            raise RuntimeError("this plugin has a fault")
        return event


def village(unit: str, title: str = "", kind: str = "village") -> Event:
    """A unit exists since the beginning of 2026."""
    declared = UnitDeclared(unit, title or f"{unit}村", kind)
    return Event(f"unit-{unit}", at("2026-01-01 00:00"), declared)


def check(name: str, unit: str, when: str, *categories: str, source: str = "") -> Event:
    """The monthly check of a village found this rubbish along its main road."""
    findings = tuple(
        Finding(f"f{i}", category, "main_road", point=f"p{i}")
        for i, category in enumerate(categories, start=1)
    )
    return Event(name, at(when), Inspection(name, unit, "monthly_check", findings=findings),
                 source=source)  # fmt: skip


def supplied(unit: str, points: str, period: str = "2026-07", item: str = "transfer",
             organ: str = "村建办") -> Event:  # fmt: skip
    """An organ awards points, at noon of the 30th."""
    payload = ScoreSupplied(unit, "monthly", item, period, Decimal(points), organ)
    return Event(f"{item}-{unit}-{period}", at(f"{period}-30 12:00"), payload)


def found(issue: str, unit: str, when: str, source: str = "patrol") -> Event:
    """A patrol found litter."""
    payload = IssueFound(issue, "三大堆", "village", source=source, place_unit=unit)
    return Event(f"{issue}-found", at(when), payload)


def moved(issue: str, move: Move, when: str, **ledger: str) -> Event:
    """An issue took a step."""
    return Event(f"{issue}-{move}", at(when), IssueMoved(issue, move, ledger=ledger))


def month_of_the_town() -> list[Event]:
    """Three villages in July 2026: 100, 97 and 60 points; the last is warned."""
    return [
        village("zhao", "赵庄村"), village("qian", "钱庄村"), village("sun", "孙庄村"),
        check("c-zhao", "zhao", "2026-07-10 09:00"),
        check("c-qian", "qian", "2026-07-10 10:00", "三大堆", "白色垃圾", "三大堆"),
        check("c-sun", "sun", "2026-07-10 11:00", *["三大堆"] * 35),
        supplied("zhao", "10"), supplied("qian", "10"), supplied("sun", "0"),
    ]  # fmt: skip


def month_of_the_street() -> list[Event]:
    """Ten villages and communities with 91 to 100 points in July 2026, as the office sent them."""
    units = [village(f"u{n}", f"第{n}村", "village" if n % 2 else "community") for n in range(10)]
    return units + [supplied(f"u{n}", str(100 - n), item="total", organ="专班") for n in range(10)]


@contextmanager
def refused(code: str, reason: str, *fields: str) -> Iterator[None]:
    """What is done inside fails with this status, for these fields (`path CODE`), in Chinese too."""
    with pytest.raises(CallFailed) as caught:
        yield
    error = caught.value
    assert (error.code.name, error.reason) == (code, reason), str(error)
    assert [f"{one.field} {one.code}" for one in error.fields] == list(fields)
    assert any("\u4e00" <= character <= "\u9fff" for character in error.message_zh)
    assert "Traceback" not in str(error)
