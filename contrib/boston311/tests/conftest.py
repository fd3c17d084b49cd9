"""Files like the city's, written by the tests."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

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
