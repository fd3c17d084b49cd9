"""From letting a slider go to the picture that answers it: the workbench in headless Chromium.

The floor is the same page in the same browser: a click whose answer, one line from the server,
needs no what-if. Both are timed in the page, from the mouse button's release until the next frame
after the answer is in the document has begun.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from shutil import copy
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, sync_playwright

from benchmarks.timing import Rounds, interleave
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    Finding,
    Inspection,
    Payload,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.store import Store

TOWN, SCHEME, LINE = "town", "town_deduction", "warning_line"
UNITS, MONTHS = 60, 12
RELEASE, FLOOR = "release to repaint", "a line of text"
_CHROMIUM = "/usr/bin/chromium"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync")  # fmt: skip
_MEASURE = """([shown]) => new Promise((done, failed) => {
  let released = 0;
  const isShown = new Function(`return ${shown}`);
  const look = () => {
    if (!released || !isShown()) return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - released)));
  };
  const seen = new MutationObserver(look);
  seen.observe(document.body, {subtree: true, childList: true, attributes: true});
  const release = () => { released = performance.now(); look(); };
  addEventListener('mouseup', release, {capture: true, once: true});
  setTimeout(() => failed(`never shown: ${shown}`), 120000);
})"""
_ANSWERED = (
    f"document.querySelector('.wb-view').dataset.tried === '{LINE}=' + "
    f"document.querySelector('[data-field={LINE}] [role=slider]').getAttribute('aria-valuenow')"
)
_SAID = "document.querySelector('.q-notification__message')"


def run(rounds: int, folder: Path) -> Rounds:
    """Return the milliseconds of both, round by round."""
    _make_town(folder)
    with _workbench(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(300_000)
        page.goto(address)
        page.goto(f"{address.partition('/?')[0]}/try")
        page.locator(".wb-view[data-tried]").wait_for()
        values = _values()
        found = interleave(
            {RELEASE: lambda: _release(page, next(values)), FLOOR: lambda: _click(page)}, rounds
        )
        browser.close()
    return found


def _values() -> Iterator[int]:
    """Yield where the slider is let go: never where it is, nor at the value in force, which is 70."""
    while True:
        yield from (62, 78, 58, 84, 66, 75)


def _release(page: Page, value: int) -> float:
    """Drag the line to a value in a few steps, as a hand does, and let go."""
    slider = page.locator(f"[data-field={LINE}] .q-slider__track-container")
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * value / 100, middle, steps=6)
    return _timed(page, _ANSWERED)


def _click(page: Page) -> float:
    """Let an effective date that is none be refused: a line of text appears."""
    page.get_by_label("生效日期").fill("x")
    box = page.get_by_role("button", name="保存").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    took = _timed(page, _SAID)
    page.locator(".q-notification__message").wait_for(state="detached")
    return took


def _timed(page: Page, shown: str) -> float:
    """Let the mouse button go; return the milliseconds until this is true and has been painted."""
    page.evaluate(f"shown => {{ window.timed = ({_MEASURE})([shown]) }}", shown)
    page.mouse.up()
    return float(page.evaluate("() => window.timed"))


# ── the workbench, on a town ──


@contextmanager
def _workbench(folder: Path) -> Iterator[str]:
    """Serve the town's workbench; yield its address, token included."""
    command = [sys.executable, "-m", "envrules.cli", "workbench", "--no-browser", "--db",
               _database(folder), "--rulesets", str(folder)]  # fmt: skip
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _database(folder: Path) -> str:
    return f"sqlite:///{folder / 'town.db'}"


def _make_town(folder: Path) -> None:
    """Make a town of 60 villages with outlines, inspected every month of a year."""
    copy(rulesets_dir() / f"{SCHEME}.yaml", folder)
    with Store.open(_database(folder)) as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        try:
            runtime.create_locality(TOWN, "青禾镇", "Asia/Shanghai")
            begun = runtime.advance(TOWN, "bench", _at("2025-10-01 00:00"))
            assert runtime.wait_decided(TOWN, begun, 60)
            runtime.publish(TOWN, SCHEME, "bench")
            runtime.submit(TOWN, list(_events()), "bench")
            seq = runtime.advance(TOWN, "bench", _at("2026-10-20 09:00"))
            assert runtime.wait_decided(TOWN, seq, 600)
        finally:
            runtime.stop()


def _events() -> Iterator[Event]:
    random = Random(7)
    for unit in range(UNITS):
        outline = {"type": "Polygon", "coordinates": [_outline(unit, random)]}
        yield _event("2025-10-01 08:00", UnitDeclared(
            f"v{unit}", f"第{unit + 1}村", "village", attributes={"geometry": json.dumps(outline)}
        ))  # fmt: skip
        for month in range(MONTHS):
            yield from _month(
                f"v{unit}", f"{2025 + (9 + month) // 12}-{(9 + month) % 12 + 1:02}", random
            )


def _month(unit: str, month: str, random: Random) -> Iterator[Event]:
    """Yield a village's inspection of a month, with up to 45 findings, and what an organ gives."""
    found = tuple(
        Finding(f"{unit}-{month}-{i}", random.choice(("三大堆", "白色垃圾")),
                "main_road" if i < 26 else "village", f"{unit}-{month}-i{i}")
        for i in range(random.randint(2, 45))
    )  # fmt: skip
    inspection = f"{unit}-{month}"
    yield _event(f"{month}-15 10:00", Inspection(inspection, unit, "monthly_check", findings=found))
    yield _event(f"{month}-28 10:00", ScoreSupplied(
        unit, "monthly", "transfer", month, Decimal(random.randint(5, 10)), organ="村建办"
    ))  # fmt: skip


def _event(when: str, payload: Payload) -> Event:
    name = f"{type(payload).__name__}-{getattr(payload, 'unit', '')}-{when[:7]}"
    return Event(name, _at(when), payload, source="bench")


def _at(text: str) -> Instant:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(local.timestamp()) * 1_000_000


def _outline(unit: int, random: Random) -> list[list[float]]:
    """Return a ring of 30 crooked sides, one of ten in a row."""
    x, y = 116 + unit % 10 * 0.05, 39.5 + unit // 10 * 0.04
    ring = [
        [round(x + 0.024 * math.cos(turn) * far, 6), round(y + 0.018 * math.sin(turn) * far, 6)]
        for turn in (side * math.tau / 30 for side in range(30))
        for far in (1 + 0.1 * random.random(),)
    ]  # fmt: skip
    return [*ring, ring[0]]
