"""GetPeriodReport: what vendors get of a period's issues: figures, categories, slips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report.bulletin.month import PERIOD, PLACE, SCHEME, issue_of, open_town
from tests.service.site import Site, at

from envrules.cli.server import Client
from envrules.v1 import standings_pb2 as pb


@pytest.fixture(scope="module")
def report(town: Site) -> pb.PeriodReport:
    """The report of July."""
    with Client.connect(town.address, principal="vendor") as client:
        return client.report(PLACE, SCHEME, PERIOD)


def test_figures(report: pb.PeriodReport) -> None:
    """Counts as they are, rates as fractions with four places, with what they are made of."""
    told = {f.figure: (f.value, f.numerator, f.denominator) for f in report.figures}
    assert told == {
        "accepted": ("4", "", ""), "filed": ("2", "", ""), "filed_rate": ("0.5000", "2", "4"),
        "due": ("5", "", ""), "closed": ("4", "", ""), "closed_rate": ("0.8000", "4", "5"),
        "on_time": ("2", "", ""), "on_time_rate": ("0.4000", "2", "5"),
        "reworked": ("1", "", ""), "rework_rate": ("0.2000", "1", "5"),
        "force_closed": ("1", "", ""), "deferred": ("1", "", ""), "suspended": ("1", "", ""),
    }  # fmt: skip
    issues = {f.figure: list(f.issues) for f in report.figures if f.issues}
    assert issues == {
        "filed_rate": ["G3", "G7"], "closed_rate": ["G3"], "on_time_rate": ["G2", "G3", "G4"],
        "reworked": ["G7"], "rework_rate": ["G7"], "force_closed": ["G4"], "deferred": ["G5"],
        "suspended": ["G6"],
    }  # fmt: skip


def test_categories_and_slips(report: pb.PeriodReport) -> None:
    """Categories by how often they came up; slips with what is still open."""
    assert [(c.category, c.findings, c.points) for c in report.categories] == [
        ("垃圾", 7, "0"), ("柴草", 6, "-24"),
    ]  # fmt: skip
    assert [(s.decision.unit, list(s.open_issues)) for s in report.slips] == [
        ("qian", []), ("sun", ["G3"]),
    ]  # fmt: skip


def test_a_slip_is_shown_as_long_as_it_is_open(town: Site) -> None:
    """In August the slip of July that is still open is told again, the other one no more."""
    with Client.connect(town.address, principal="vendor") as client:
        report = client.report(PLACE, SCHEME, "2026-08")
    assert [(s.decision.unit, list(s.open_issues)) for s in report.slips] == [("sun", ["G3"])]


def test_nothing_to_divide_by(town: Site) -> None:
    """In June nothing was due: the rates have no value, and 0 below the line."""
    with Client.connect(town.address, principal="vendor") as client:
        report = client.report(PLACE, SCHEME, "2026-06")
    rates = {f.figure: f for f in report.figures if f.denominator}
    assert {(rate.value, rate.denominator) for rate in rates.values()} == {("", "0")}


def test_what_was_known_before(town: Site) -> None:
    """With `known_at` before the issues arrived, none of them is counted."""
    with Client.connect(town.address, principal="vendor") as client:
        report = client.report(PLACE, SCHEME, PERIOD, known_at=8)
    assert {f.value for f in report.figures} <= {"", "0"}


def test_time_runs_as_the_locality_s_clock(start_town: Site) -> None:
    """A limit that has passed by the wall clock is not due while its source may still deliver."""
    with Client.connect(start_town.address, principal="grid") as client:
        client.submit(PLACE, [*issue_of("H1", "zhao", "08-02 10:00")], decided=True)
        assert value(client.report(PLACE, SCHEME, "2026-08"), "due") == "0"
        client.advance(PLACE, "grid", at("2026-08-04 10:00:01"))
        head = client.locality(PLACE).head_seq
        assert start_town.runtime.wait_decided(PLACE, head, 30)
        assert value(client.report(PLACE, SCHEME, "2026-08"), "due") == "1"


def value(report: pb.PeriodReport, name: str) -> str:
    """A figure of a report."""
    return next(figure.value for figure in report.figures if figure.figure == name)


@pytest.fixture
def start_town(tmp_path: Path) -> Iterator[Site]:
    """A town of the test's own; its source has delivered all before the 1st of August, 9:00."""
    site = open_town(tmp_path, closed=False)
    yield site
    site.stop(grace=0)
