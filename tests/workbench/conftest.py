"""The workbench as operators run it, on a town of its own, and a browser that looks at it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.workbench.town import SCHEME, database_in, make_town

from envrules.plugin_manager import load_plugins
from envrules.resources import rulesets_dir
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.store import Store
from envrules.workbench.desk import Desk

expect.set_options(timeout=30_000)  # tests that run beside these take the processor, too


@dataclass(frozen=True)
class Bench:
    """A workbench that runs."""

    address: str
    """With the token."""
    database: str
    ruleset: Path
    """The file that it edits."""

    @property
    def base(self) -> str:
        """The address without path and token."""
        return self.address.partition("/?")[0]


@pytest.fixture(scope="session")
def town_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the town's database; it is copied, never changed."""
    folder = tmp_path_factory.mktemp("town")
    make_town(database_in(folder))
    return folder


@pytest.fixture
def desk(town_folder: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a copy of the town, with an empty folder for its rulesets."""
    folder = shutil.copytree(town_folder, tmp_path / "town")
    rulesets = folder / "rulesets"
    rulesets.mkdir()
    with Store.open(database_in(folder)) as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        yield Desk(runtime, rulesets, "chief")
        runtime.stop()


@pytest.fixture(scope="module")
def bench(town_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A workbench on a copy of the town."""
    folder = shutil.copytree(town_folder, tmp_path_factory.mktemp("bench") / "town")
    rulesets = folder / "rulesets"
    rulesets.mkdir()
    ruleset = Path(shutil.copy(rulesets_dir() / f"{SCHEME}.yaml", rulesets))
    database = database_in(folder)
    command = [
        sys.executable, "-m", "envrules.cli", "workbench", "--db", database, "--rulesets",
        str(rulesets), "--no-browser", "--as", "chief",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        said: list[str] = []
        # Read all that it says, or it would block once nobody does.
        reader = threading.Thread(target=said.extend, args=(process.stderr or (),), daemon=True)
        reader.start()
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S{20,}", address), said
        yield Bench(address, database, ruleset)
        process.terminate()
        process.communicate(timeout=20)
    reader.join()
    assert not [line for line in said if "Traceback" in line], "".join(said)


@pytest.fixture
def page(browser: Browser, bench: Bench) -> Iterator[Page]:
    """A page that has shown the token, on an office's small screen; whose errors fail the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.extend(_elsewhere(request.url, bench)))
    page.set_default_timeout(30_000)
    page.goto(bench.address)
    yield page
    context.close()
    assert not wrong


def _elsewhere(url: str, bench: Bench) -> list[str]:
    """Return the address if it is not the workbench's own: nothing comes from the internet."""
    own = (bench.base, bench.base.replace("http", "ws", 1), "data:", "blob:")
    return [] if url.startswith(own) else [f"asked for {url}"]
