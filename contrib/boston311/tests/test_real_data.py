"""Nine files of the city, through a real server: does it decide as the city's own system did?

The data is not part of the project: it is read from the directory that ENVRULES_SHARED names,
or from `shared` beside the checkout, and the tests are skipped where neither is there.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from envrules_boston311.importer import Importer
from envrules_boston311.rows import Folder, read_folder
from envrules_boston311.timeline import Timeline, month_of, timeline

CHECKOUT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ENVRULES_SHARED") or CHECKOUT.parent / "shared")
DATA = SHARED / "data" / "boston311"
JITTER = timedelta(minutes=5)

SHARES = {
    "illegal_dumping": Decimal(1),
    "illegal_posting_of_signs": Decimal(1),
    "overflowing_dumpster": Decimal(1),
    "improper_storage": Decimal(1),
    "construction_debris": Decimal(1),
    "ground_maintenance": Decimal("0.998"),
    "empty_litter_basket": Decimal("0.995"),
}
"""Share of the city's targets that our clock has to meet within the jitter, at least."""

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no {DATA}: set ENVRULES_SHARED to the directory that holds data/"
)
Serve = Callable[..., Any]


def brought(running: Any, line: Timeline) -> None:
    """Import a timeline; every event is new, in time, and taken."""
    outcome = Importer(running.client, "boston").run(line)
    assert outcome.stored == len(line.units) + len(line.happenings)
    assert (outcome.late, outcome.refused) == (0, [])


def said_by_the_city() -> dict[str, str]:
    """Case → OnTime_Status of every closed request, straight from the files."""
    said = {}
    for path in sorted(DATA.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["CLOSED_DT"]:
                    said[row["CASE_ENQUIRY_ID"]] = row["OnTime_Status"]
    return said


def met(read: Folder, due: dict[tuple[str, str], datetime]) -> dict[str, tuple[int, int]]:
    """Category → requests whose target our clock met, and requests with a target."""
    hits: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    for request in read.requests:
        if request.category in SHARES and request.target is not None:
            targets[request.category] += 1
            ours = due[f"deadlines.{request.category}", request.case]
            hits[request.category] += abs(ours - request.target) <= JITTER
    return {category: (hits[category], targets[category]) for category in SHARES}


def test_a_year(serve: Serve) -> None:
    """Our clock meets the city's targets, and the city's targets give the city's judgement."""
    read = read_folder(DATA)
    assert read.bad == []
    assert len(read.corrected) == 1
    running = serve()
    brought(running, timeline(read.requests, None))

    decisions = running.decisions()
    due = {(d.slot.rule, d.issues[0]): d.due.ToDatetime(UTC) for d in decisions}
    figures = met(read, due)
    short = {
        category: f"{hits} of {targets}"
        for category, (hits, targets) in figures.items()
        if not targets or hits < SHARES[category] * targets
    }
    assert short == {}

    said = said_by_the_city()
    assert len(said) > 8000
    words = {"on_time": "ONTIME", "overdue": "OVERDUE"}
    closings = {
        d.issues[0]: words.get(d.outcome, d.outcome)
        for d in decisions
        if d.slot.rule == "deadlines.closing"
    }
    differing = {case: (status, closings.get(case)) for case, status in said.items()
                 if closings.get(case) != status}  # fmt: skip
    assert differing == {}
    assert {d.kind for d in decisions} == {"deadline"}  # nothing parked, rejected or incomplete
    assert running.taken_back() == []


@pytest.mark.parametrize("month", ["2015-03", "2015-11"])
def test_a_month(serve: Serve, month: str) -> None:
    """A month imported in order emits nothing that a later event takes back."""
    running = serve()
    brought(running, timeline(read_folder(DATA).requests, month_of(month)))
    outcomes = Counter(d.outcome for d in running.decisions())
    assert outcomes["overdue"] > 100
    assert outcomes["running"] > 100
    assert running.taken_back() == []
