"""The deadlines that Boston's own system computed in 2015, computed again.

The data is not part of the project: it is read from the directory that ENVRULES_SHARED names,
or from `shared` beside the checkout, and the test is skipped where neither is there.
"""

import csv
import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from envrules.calendar import (
    Boundary,
    DaySource,
    Duration,
    Overlay,
    Unit,
    WorkCalendar,
    day_table,
    deadline,
    is_on_time,
)
from envrules.calendar.localtime import to_instant
from envrules.model.base import MINUTE

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ENVRULES_SHARED") or ROOT.parent / "shared") / "data" / "boston311"
NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = [
    *((2015, 1, 1), (2015, 1, 19), (2015, 2, 16), (2015, 4, 20), (2015, 5, 25), (2015, 9, 7)),
    *((2015, 10, 12), (2015, 11, 11), (2015, 11, 26), (2015, 12, 25), (2016, 1, 1)),
]
CITY_HALL = WorkCalendar(
    "America/New_York",
    day_table(
        DaySource.WEEKDAYS,
        Overlay(frozenset({2015}), {date(*day): "legal holiday" for day in HOLIDAYS}),
    ),
    [("08:30", "17:00")],
)


def instant(text: str) -> int:
    """Return the instant of a local time as the city writes it."""
    return to_instant(datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=NEW_YORK))


def rows(kind: str) -> Iterator[dict[str, str]]:
    """Return the requests of a kind that have a target, or skip the test."""
    path = DATA / f"{kind}.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name}: set ENVRULES_SHARED to the directory that holds data/")
    with path.open(encoding="utf-8", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["TARGET_DT"])


@pytest.mark.parametrize(
    ("kind", "days", "share"),
    [
        ("illegal_dumping", "1", 1),
        ("illegal_posting_of_signs", "1", 1),
        ("overflowing_or_un-kept_dumpster", "2", 1),
        ("improper_storage_of_trash_barrels", "2", 1),
        ("construction_debris", "2", 1),
        ("ground_maintenance", "5", 0.998),
        ("empty_litter_basket", "1", 0.995),
    ],
)
def test_targets(kind: str, days: str, share: float) -> None:
    """At least this share of the targets is met within five minutes of the city's jitter."""
    limit = Duration(Decimal(days), Unit.WORKING_DAYS, boundary=Boundary.NEXT_OPEN)
    met = total = 0
    for row in rows(kind):
        due = deadline(CITY_HALL, instant(row["OPEN_DT"]), limit).due
        assert due is not None
        met += abs(due - instant(row["TARGET_DT"])) <= 5 * MINUTE
        total += 1
    assert total > 0
    assert met >= share * total, f"{met} of {total}"


def test_close_is_not_bostons_clock() -> None:
    """With the other inverse about half of the targets are missed, by a night or a weekend."""
    limit = Duration(Decimal(1), Unit.WORKING_DAYS, boundary=Boundary.CLOSE)
    missed = [
        row
        for row in rows("empty_litter_basket")
        if abs((deadline(CITY_HALL, instant(row["OPEN_DT"]), limit).due or 0)
               - instant(row["TARGET_DT"])) > 5 * MINUTE
    ]  # fmt: skip
    assert len(missed) > 1000
    at_opening = [row for row in missed if row["TARGET_DT"].endswith("08:30:00 AM")]
    assert len(at_opening) > 0.95 * len(missed)


def test_on_time_as_the_city_judges() -> None:
    """A closed request is ONTIME exactly when it was closed at its target or before."""
    limit = Duration(Decimal(2), Unit.WORKING_DAYS, boundary=Boundary.NEXT_OPEN)
    judged = 0
    for row in rows("overflowing_or_un-kept_dumpster"):
        if not row["CLOSED_DT"]:
            continue
        result = deadline(CITY_HALL, instant(row["OPEN_DT"]), limit)
        closed = instant(row["CLOSED_DT"])
        assert result.due is not None
        if abs(closed - result.due) > 5 * MINUTE:  # nearer, the jitter decides
            assert is_on_time(result, closed) is (row["OnTime_Status"] == "ONTIME")
            judged += 1
    assert judged > 200
