"""StandingService: figures at any two clocks, statements, and periods that close once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.service.site import (
    NOW,
    STREET,
    TOWN,
    Site,
    at,
    check,
    month_of_the_street,
    month_of_the_town,
    refused,
    supplied,
    village,
)

from envrules.client import Client
from envrules.model.events import AppealDecided, AppealFiled, Event, UnitDeclared
from envrules.service.map_out import RGB
from envrules.v1 import decisions_pb2
from envrules.v1 import standing_service_pb2 as pb
from envrules.v1.standings_pb2 import (
    ASSESSMENT_ASSESSED,
    ASSESSMENT_NOT_ASSESSED,
    PERIOD_STATE_CLOSED,
    PERIOD_STATE_CORRECTED,
    PERIOD_STATE_OPEN,
    Standing,
)
from envrules.wire.field_types import timestamp

JULY = ("yunxi", TOWN, "monthly", "2026-07")
STREETS_JULY = ("liuhu", STREET, "monthly", "2026-07")


@pytest.fixture
def town(client: Client) -> Client:
    """A client of the town after July."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    return client


@pytest.fixture
def street(client: Client) -> Client:
    """A client of the street after July."""
    client.submit("liuhu", month_of_the_street(), decided=True)
    return client


def brief(standings: Any) -> list[tuple[str, str, str, int]]:
    """Unit, points, band and rank of each."""
    return [(s.unit, s.points, s.band.id, s.rank) for s in standings]


TOWNS_JULY = [
    ("zhao", "100.00", "ok", 1),
    ("qian", "97.00", "ok", 2),
    ("sun", "60.00", "warned", 3),
]


# ── standings ──


def test_standings_of_an_open_period(town: Client) -> None:
    """An open period shows figures, bands and ranks that a close would give now, by rank."""
    town.submit("yunxi", [village("li", "李庄村")], decided=True)
    standings = list(town.standings(*JULY))
    assert brief(standings) == [*TOWNS_JULY, ("li", "", "", 0)]
    qian, li = standings[1], standings[3]
    assert (qian.unit_title, qian.full, qian.band.title) == ("钱庄村", "100", "正常")
    assert (qian.assessment, qian.ranked) == (ASSESSMENT_ASSESSED, 3)
    assert li.assessment == ASSESSMENT_NOT_ASSESSED
    assert not li.HasField("rank")
    rows = {row.row: (row.points, row.findings, row.deducted) for row in qian.rows}
    assert rows["road"] == ("27.00", 3, "-3")
    assert rows["inside"] == ("15.00", 0, "0")
    transfer = next(row for row in qian.rows if row.row == "transfer")
    assert (transfer.points, transfer.supplied_by) == ("10.00", "村建办")
    assert list(qian.decision_ids) == []


def test_lists_of_an_open_period_are_a_preview(site: Site, street: Client) -> None:
    """While a period is open its lists are what a close would give, and nothing is decided."""
    standings = list(street.standings(*STREETS_JULY))
    assert brief(standings) == [(f"u{n}", f"{100 - n}.00", "", n + 1) for n in range(10)]
    assert {s.full for s in standings} == {"100"}
    lists = {s.unit: list(s.lists) for s in standings if s.lists}
    red = {f"u{n}": ["red"] for n in range(5)}
    assert lists == {**red, **{f"u{n}": ["black"] for n in (7, 8, 9)}}
    assert site.store.projection("liuhu").decision_seq == len(
        list(street.list_decisions("liuhu", history=True))
    )
    assert not list(street.list_decisions("liuhu", kinds=["list"]))


def test_as_of_leaves_out_what_occurred_later(town: Client) -> None:
    """A finding counts from the moment it occurred."""
    town.submit("yunxi", [check("late", "zhao", "2026-07-20 09:00", "三大堆")], decided=True)
    before = {s.unit: s.points for s in town.standings(*JULY, as_of=at("2026-07-31 00:00") - 1)}
    assert before["zhao"] == "99.50", "the mean of two checks"
    early = {s.unit: s.points for s in town.standings(*JULY, as_of=at("2026-07-10 09:30"))}
    assert (early["zhao"], early["qian"]) == ("", "")


def test_known_at_leaves_out_what_was_stored_later(town: Client) -> None:
    """What was stored after a log entry is unknown there, whenever it occurred."""
    head = town.locality("yunxi").head_seq
    town.submit("yunxi", [check("late", "zhao", "2026-07-20 09:00", "三大堆")], decided=True)
    assert next(town.standings(*JULY)).points == "99.50"
    assert brief(town.standings(*JULY, known_at=head)) == TOWNS_JULY


def test_reading_tells_on_what_it_rests(town: Client) -> None:
    """The same question with the answer's own clocks gives the same answer again."""
    ask = pb.GetStandingRequest(locality="yunxi", scheme=TOWN, score="monthly", period="2026-07",
                                unit="qian")  # fmt: skip
    first = town.standing_stub.GetStanding(ask)
    reading = first.reading
    assert (reading.state, reading.as_of.ToMicroseconds()) == (PERIOD_STATE_OPEN, NOW)
    assert reading.known_at == town.locality("yunxi").projected_seq
    assert reading.revision == town.locality("yunxi").schemes[0].revision
    town.submit("yunxi", [check("late", "qian", "2026-07-20 09:00")], decided=True)
    ask.as_of.CopyFrom(reading.as_of)
    ask.known_at = reading.known_at
    assert town.standing_stub.GetStanding(ask) == first


def test_a_reading_is_one_place_in_the_log(town: Client) -> None:
    """Figures read while events pour in are those of the log entry that the answer names."""
    done = threading.Event()

    def submit() -> None:
        for n in range(40):
            minute = f"2026-07-15 10:{n:02}"
            event = check(f"x{n}", "zhao", minute, *["三大堆"] * (n % 4))
            town.submit("yunxi", [event], decided=n % 4 == 3)  # now and then what is read changes
        done.set()

    writer = threading.Thread(target=submit)
    writer.start()
    answers: list[tuple[pb.GetStandingRequest, pb.GetStandingResponse]] = []
    # The judgement may come after all is stored: read on until it is seen to change a figure.
    deadline = time.monotonic() + 30
    while not done.is_set() or (
        len({answer.standing.points for _, answer in answers}) < 2 and time.monotonic() < deadline
    ):
        ask = pb.GetStandingRequest(locality="yunxi", scheme=TOWN, score="monthly",
                                    period="2026-07", unit="zhao")  # fmt: skip
        answers.append((ask, town.standing_stub.GetStanding(ask)))
    writer.join()
    for ask, answer in answers:
        ask.as_of.CopyFrom(answer.reading.as_of)
        ask.known_at = answer.reading.known_at
        again = town.standing_stub.GetStanding(ask)
        assert again.standing.points == answer.standing.points
        assert again.standing.rows == answer.standing.rows
    assert len({answer.standing.points for _, answer in answers}) > 1


def test_pages_show_one_reading(street: Client) -> None:
    """Pages after the first show the figures as they were then, whatever has come since."""
    request = pb.ListStandingsRequest(locality="liuhu", scheme=STREET, score="monthly",
                                      period="2026-07", page_size=4)  # fmt: skip
    expected = brief(street.standings(*STREETS_JULY))
    seen: list[Standing] = []
    while True:
        page = street.standing_stub.ListStandings(request)
        seen += page.standings
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
        changed = supplied("u9", "100", item="total", organ="专班")
        street.submit("liuhu", [Event(f"more-{len(seen)}", changed.occurred_at, changed.payload)],
                      decided=True)  # fmt: skip
    assert brief(seen) == expected


def test_a_page_is_the_same_kept_or_made_anew(street: Client, start: Callable[..., Site]) -> None:
    """Whoever turns to another replica, which has made no reading, gets the same page."""
    request = pb.ListStandingsRequest(locality="liuhu", scheme=STREET, score="monthly",
                                      period="2026-07", page_size=2)  # fmt: skip
    total = len(list(street.standings(*STREETS_JULY)))
    request.page_token = street.standing_stub.ListStandings(request).next_page_token
    another = start().client()
    for size, shown in ((1, 1), (3, 3), (100, total - 2)):
        request.page_size = size
        page = street.standing_stub.ListStandings(request)
        assert len(page.standings) == shown
        assert another.standing_stub.ListStandings(request) == page


# ── statements ──


def test_statement_shows_every_finding(town: Client) -> None:
    """A statement has each finding with time, place, row, cost, what counted and why."""
    statement = town.statement(*JULY, "sun")
    assert brief([statement.standing]) == [("sun", "60.00", "warned", 3)]
    assert [line.counted for line in statement.lines] == ["-1"] * 30 + ["0"] * 5
    line = statement.lines[0]
    assert line.at.ToMicroseconds() == at("2026-07-10 11:00")
    assert (line.event_id, line.finding_id, line.point) == ("c-sun", "f1", "p1")
    assert (line.category, line.row, line.row_title) == ("三大堆", "road", "主干公路两侧")
    assert (line.points, line.ref) == ("-1", "m 二(一)")
    assert line.location.startswith("rulesets/town_deduction.yaml:")
    assert "已扣完" in statement.lines[-1].reason


def test_statement_marks_what_is_under_appeal(town: Client) -> None:
    """A finding under appeal is marked until the appeal is decided."""
    filed = Event("a", at("2026-07-12 09:00"), AppealFiled("A-1", "qian", "c-qian#f2"))
    town.submit("yunxi", [filed], decided=True)
    lines = {line.finding_id: line.appealed for line in town.statement(*JULY, "qian").lines}
    assert lines == {"f1": False, "f2": True, "f3": False}
    upheld = Event("d", at("2026-07-13 09:00"), AppealDecided("A-1", "qian", "c-qian#f2", True))
    town.submit("yunxi", [upheld], decided=True)
    statement = town.statement(*JULY, "qian")
    assert {line.finding_id: line.appealed for line in statement.lines} == {
        "f1": False,
        "f3": False,
    }
    assert statement.standing.points == "98.00"


# ── closing ──


def test_closing_the_towns_month(site: Site, town: Client) -> None:
    """A close decides figures, bands and consequences, and its report has them all."""
    closed = site.client("office").close_period("yunxi", TOWN, "2026-07")
    report = closed.report
    assert (report.reading.state, report.closed_seq) == (PERIOD_STATE_CLOSED, closed.seq)
    assert (report.closed_by, report.title) == ("office", "村庄环境整治考核")
    assert report.closed_at.ToMicroseconds() == NOW
    (score,) = report.scores
    assert brief(score.standings) == TOWNS_JULY
    decided = {d.id: d for d in town.list_decisions("yunxi")}
    kinds = [sorted(decided[i].kind for i in s.decision_ids) for s in score.standings]
    assert kinds == [["band", "score"]] * 3, "a score without lists has no ranks"
    warning = next(d for d in report.consequences if d.slot.rule == "rules.warn")
    assert (warning.unit, [c.words for c in warning.consequences]) == ("sun", ["警告", "整改承诺"])
    assert list(report.lists) == []


def test_closing_the_streets_month(street: Client) -> None:
    """A close puts units on red and black lists, which wait for approval."""
    report = street.close_period("liuhu", STREET, "2026-07").report
    lists = {one.list: one for one in report.lists}
    assert [e.unit for e in lists["red"].entries] == ["u0", "u1", "u2", "u3", "u4"]
    assert [e.unit for e in lists["black"].entries] == ["u9", "u8", "u7"], "the worst one first"
    entry = lists["black"].entries[0]
    assert (entry.unit_title, entry.rank, entry.points) == ("第9村", 10, "91.00")
    assert entry.publication == decisions_pb2.PUBLICATION_PROPOSED
    assert street.decision("liuhu", entry.decision_id).decision.reason == entry.reason
    ranks = list(street.list_decisions("liuhu", kinds=["rank"]))
    assert len(ranks) == 10


def test_closing_again_gives_the_same_report(site: Site, town: Client) -> None:
    """Closing a closed period changes nothing and returns its report."""
    first = town.close_period("yunxi", TOWN, "2026-07")
    head = site.store.head("yunxi")
    assert town.close_period("yunxi", TOWN, "2026-07") == first
    assert site.store.head("yunxi") == head


def test_a_closed_period_stands_still(town: Client) -> None:
    """Facts learnt after a close leave its figures alone and become an adjustment of the next."""
    report = town.close_period("yunxi", TOWN, "2026-07").report
    late = [check("late", "zhao", "2026-07-20 09:00", "三大堆", "三大堆"),
            check("c-aug", "zhao", "2026-08-10 09:00"), supplied("zhao", "10", "2026-08")]  # fmt: skip
    town.submit("yunxi", late, decided=True)
    assert brief(town.standings(*JULY)) == TOWNS_JULY
    again = town.report("yunxi", TOWN, "2026-07")
    assert again.scores == report.scores
    august = next(town.standings("yunxi", TOWN, "monthly", "2026-08"))
    assert (august.unit, august.points) == ("zhao", "99.00")
    (adjustment,) = august.adjustments
    assert (adjustment.about, adjustment.points) == ("2026-07", "-1.00")
    assert "2026-07" in adjustment.title


def test_an_upheld_appeal_corrects_the_closed_period(town: Client) -> None:
    """An appeal upheld after the close changes the closed figure, and the period says so."""
    closed = town.close_period("yunxi", TOWN, "2026-07")
    appeal = [
        Event("a", at("2026-08-02 09:00"), AppealFiled("A-1", "qian", "c-qian#f1")),
        Event("d", at("2026-08-03 09:00"), AppealDecided("A-1", "qian", "c-qian#f1", True)),
    ]
    town.submit("yunxi", appeal, decided=True)
    report = town.report("yunxi", TOWN, "2026-07")
    assert report.reading.state == PERIOD_STATE_CORRECTED
    assert brief(report.scores[0].standings)[1] == ("qian", "98.00", "ok", 2)
    assert closed.report.reading.state == PERIOD_STATE_CLOSED


def test_before_its_close_a_period_was_open(town: Client) -> None:
    """Read at a log entry before the close, the period is open and undecided."""
    head = town.locality("yunxi").head_seq
    town.close_period("yunxi", TOWN, "2026-07")
    report = town.report("yunxi", TOWN, "2026-07", known_at=head)
    assert (report.reading.state, report.closed_seq) == (PERIOD_STATE_OPEN, 0)
    assert brief(report.scores[0].standings) == TOWNS_JULY
    assert list(report.consequences) == []
    assert all(not s.decision_ids for s in report.scores[0].standings)


def test_the_year_reads_its_closed_months(town: Client) -> None:
    """A longer period is the mean of its closed parts."""
    town.close_period("yunxi", TOWN, "2026-07")
    year = list(town.standings("yunxi", TOWN, "annual", "2026"))
    assert [(s.unit, s.points) for s in year] == [
        ("zhao", "100.00"),
        ("qian", "97.00"),
        ("sun", "60.00"),
    ]


CLOSES = [
    (("yunxi", TOWN, "2026-11"), ("FAILED_PRECONDITION", "PERIOD_NOT_OVER")),
    (("yunxi", TOWN, "2026Q3"), ("FAILED_PRECONDITION", "NO_SUCH_PERIOD")),
    (("yunxi", STREET, "2026-07"), ("NOT_FOUND", "SCHEME_NOT_FOUND")),
    (("nowhere", TOWN, "2026-07"), ("NOT_FOUND", "LOCALITY_NOT_FOUND")),
    (("yunxi", TOWN, "2026-07-32"), ("INVALID_ARGUMENT", "BAD_REQUEST", "period BAD_TIME")),
    (
        ("", "", ""),
        ("INVALID_ARGUMENT", "BAD_REQUEST", "locality REQUIRED", "scheme REQUIRED", "period REQUIRED"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status"), CLOSES)
def test_what_cannot_be_closed(
    site: Site, town: Client, asked: tuple[str, str, str], status: tuple[str, ...]
) -> None:
    """A close that is not possible says why and changes nothing."""
    head = site.store.head("yunxi")
    with refused(*status):
        town.close_period(*asked)
    assert site.store.head("yunxi") == head


def test_periods_are_closed_in_order(town: Client) -> None:
    """After August is closed, July cannot be, nor October before September."""
    town.close_period("yunxi", TOWN, "2026-08")
    with refused("FAILED_PRECONDITION", "LATER_PERIOD_CLOSED"):
        town.close_period("yunxi", TOWN, "2026-07")
    with refused("FAILED_PRECONDITION", "EARLIER_PERIOD_OPEN"):
        town.close_period("yunxi", TOWN, "2026-10")


# ── questions that have no answer ──

QUESTIONS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"scheme": STREET}, ("NOT_FOUND", "SCHEME_NOT_FOUND")),
    ({"score": "weekly"}, ("NOT_FOUND", "SCORE_NOT_FOUND")),
    ({"period": "2026"}, ("NOT_FOUND", "PERIOD_NOT_FOUND")),
    ({"unit": "li"}, ("NOT_FOUND", "UNIT_NOT_FOUND")),
    ({"locality": "nowhere"}, ("NOT_FOUND", "LOCALITY_NOT_FOUND")),
    ({"period": "7/2026"}, ("INVALID_ARGUMENT", "BAD_REQUEST", "period BAD_TIME")),
    ({"known_at": -1}, ("INVALID_ARGUMENT", "BAD_REQUEST", "known_at OUT_OF_RANGE")),
    ({"known_at": 10_000}, ("INVALID_ARGUMENT", "BAD_REQUEST", "known_at OUT_OF_RANGE")),
    (
        {"unit": "", "score": " "},
        ("INVALID_ARGUMENT", "BAD_REQUEST", "score SPACE_AROUND", "unit REQUIRED"),
    ),
    (
        {"as_of": timestamp(10**17)},
        ("INVALID_ARGUMENT", "BAD_REQUEST", "as_of OUT_OF_RANGE"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("call", ["GetStanding", "GetStatement"])
@pytest.mark.parametrize(("changed", "status"), QUESTIONS)
def test_questions_without_an_answer(
    town: Client, call: str, changed: dict[str, Any], status: tuple[str, ...]
) -> None:
    """What is not there or makes no sense is told as such."""
    asked: dict[str, Any] = {
        "locality": "yunxi", "scheme": TOWN, "score": "monthly", "period": "2026-07", "unit": "qian",
    }  # fmt: skip
    request = getattr(pb, f"{call}Request")(**{**asked, **changed})
    with refused(*status):
        town._call(getattr(town.standing_stub, call), request)


def test_a_wrong_page_of_standings(town: Client) -> None:
    """A list of standings checks its paging like every list."""
    request = pb.ListStandingsRequest(
        locality="yunxi", scheme=TOWN, score="monthly", period="2026-07", page_size=5000,
        page_token="AAAA",
    )  # fmt: skip
    fields = ("page_size OUT_OF_RANGE", "page_token CONTRADICTION")
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", *fields):
        town._call(town.standing_stub.ListStandings, request)


OUTLINE = '{"type": "Polygon", "coordinates": [[[117.1, 40.1], [117.2, 40.1], [117.2, 40.2], [117.1, 40.1]]]}'


def test_a_map_shows_each_unit_that_has_an_outline(town: Client) -> None:
    """A feature carries figure, band, rank and the band's colour; other units are left out."""
    outlined = UnitDeclared("zhao", "赵庄", "village", attributes={"geometry": OUTLINE})
    town.submit("yunxi", [Event("zhao-outlined", at("2026-07-01 00:00"), outlined)], decided=True)
    collection = json.loads(town.geojson(*JULY))
    (feature,) = collection["features"]
    standing = next(s for s in town.standings(*JULY) if s.unit == "zhao")
    assert feature["geometry"] == json.loads(OUTLINE)
    shown = feature["properties"]
    assert (shown["unit"], shown["points"], shown["band"], shown["rank"]) == (
        "zhao", standing.points, standing.band.id, standing.rank
    )  # fmt: skip
    assert shown["colour"] == {"ok": RGB["green"], "warned": RGB["red"]}[shown["band"]]


@pytest.mark.parametrize(
    "outline",
    ["{", "[]", '{"type": "Circle", "coordinates": [1, 2]}', '{"type": "Point"}',
     '{"type": "Point", "coordinates": [200, 40]}', '{"type": "Polygon", "coordinates": [1, 2]}',
     '{"type": "Point", "coordinates": ["1", "2"]}', '{"type": "LineString", "coordinates": []}'],
)  # fmt: skip
def test_an_outline_that_is_none_is_refused(town: Client, outline: str) -> None:
    """What no map could show is refused at the field, and nothing is stored."""
    declared = UnitDeclared("sun", "孙庄", "village", attributes={"geometry": outline})
    (receipt,) = town.submit("yunxi", [Event("sun-declared", at("2026-07-01 00:00"), declared)])
    (problem,) = receipt.problems
    assert problem.field == "events[0].unit_declared.attributes['geometry']"
