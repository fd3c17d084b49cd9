"""Files like the city's, written by the tests, and a real server to send them to."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from envrules.client import Client
from envrules.credentials import Credentials
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.service import ServerConfig, build_server
from envrules.store import Store
from envrules.v1.decisions_pb2 import CHANGE_REVOKE, Decision

COLUMNS = (
    "", "CASE_ENQUIRY_ID", "OPEN_DT", "TARGET_DT", "CLOSED_DT", "OnTime_Status", "CASE_STATUS",
    "CLOSURE_REASON", "CASE_TITLE", "SUBJECT", "REASON", "TYPE", "QUEUE", "Department", "Location",
    "neighborhood", "LOCATION_STREET_NAME", "LATITUDE", "LONGITUDE", "Source",
)  # fmt: skip
Row = dict[str, str]
Write = Callable[..., Path]


@pytest.fixture
def row() -> Callable[..., Row]:
    """Make a row: case, opened, target, closed, TYPE, department."""

    def make(
        case: str, opened: str, target: str = "", closed: str = "",
        kind: str = "Empty Litter Basket", department: str = "PWDx",
    ) -> Row:  # fmt: skip
        return dict.fromkeys(COLUMNS, "") | {
            "CASE_ENQUIRY_ID": case, "OPEN_DT": opened, "TARGET_DT": target, "CLOSED_DT": closed,
            "TYPE": kind, "Department": department, "Location": "1 Some St  Boston  MA  02114",
            "CLOSURE_REASON": 'Case Closed, "done"\nCase Resolved', "LATITUDE": "42.3",
        }  # fmt: skip

    return make


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows into a file of the test's folder, and return the folder."""

    def write_file(name: str, *rows: Row) -> Path:
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path

    return write_file


@dataclass(frozen=True)
class Running:
    """A real server on a database of its own, and a client of it."""

    address: str
    client: Client

    def decisions(self, *, history: bool = False) -> list[Decision]:
        """All that holds, or all that was ever decided."""
        return list(self.client.list_decisions("boston", history=history))

    def closings(self) -> dict[str, str]:
        """Case → how its closing stands by the city's target."""
        rules = ["deadlines.closing"]
        found = self.client.list_decisions("boston", rules=rules)
        return {decision.issues[0]: decision.outcome for decision in found}

    def taken_back(self) -> list[Decision]:
        """Decisions that take something back: a revocation, or anything but overdue after overdue."""
        found, overdue = [], set()
        for decision in self.decisions(history=True):
            if decision.change == CHANGE_REVOKE or (
                decision.supersedes in overdue and decision.outcome != "overdue"
            ):
                found.append(decision)
            if decision.outcome == "overdue":
                overdue.add(decision.id)
        return found


Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server, with more plugins or configuration if wanted; it stops when the test ends."""
    with ExitStack() as stack:

        def start(
            *plugins: object, credentials: Credentials | None = None, **config: Any
        ) -> Running:
            database = tmp_path / "envrules.db"
            store = stack.enter_context(Store.open(f"sqlite:///{database}"))
            runtime = Runtime(store, Library(load_plugins(*plugins), store))
            runtime.start()
            stack.callback(runtime.stop)
            server = build_server(runtime, ServerConfig(address="127.0.0.1:0", **config))
            server.start()
            stack.callback(server.stop, 0)
            address = f"127.0.0.1:{server.port}"
            principal = "" if credentials else "tester"
            client = Client.connect(address, credentials, principal=principal)
            return Running(address, stack.enter_context(client))

        yield start
