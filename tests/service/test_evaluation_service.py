"""EvaluationService: a log is judged as a locality would judge it, and nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.service.site import (
    STREET,
    TOWN,
    Site,
    at,
    check,
    month_of_the_street,
    month_of_the_town,
    refused,
    village,
)

from envrules.client import AnyEntry, Client
from envrules.model.events import AppealFiled, Event
from envrules.resources import rulesets_dir
from envrules.v1 import evaluation_service_pb2 as pb
from envrules.v1 import events_pb2
from envrules.v1.decisions_pb2 import PUBLICATION_HELD
from envrules.v1.rulesets_pb2 import RulesetSource
from envrules.v1.standings_pb2 import PERIOD_STATE_CLOSED, PERIOD_STATE_OPEN
from envrules.wire.events_out import event_to_proto

AUGUST = at("2026-08-01 00:00")
LINE = {"warning_line": {"always": "55"}}


@pytest.mark.parametrize(
    ("locality", "scheme", "events"),
    [("yunxi", TOWN, month_of_the_town()), ("liuhu", STREET, month_of_the_street())],
    ids=[TOWN, STREET],
)
def test_same_judgement_as_a_locality(
    site: Site, client: Client, locality: str, scheme: str, events: list[Event]
) -> None:
    """What a locality decides of a log is what is evaluated, but for ids and places.

    Duties differ: in a locality they bind from the day on which the scheme was published there.
    """
    now = client.locality(locality).now.ToMicroseconds()
    heads = {name: site.store.head(name) for name in ("yunxi", "liuhu")}
    evaluated = client.evaluate(
        scheme, [now, *events, "2026-07"], standings=[("monthly", "2026-07")]
    )
    assert {name: site.store.head(name) for name in heads} == heads, "nothing is stored"
    client.submit(locality, events, decided=True)
    client.close_period(locality, scheme, "2026-07")
    decided = list(client.list_decisions(locality))
    assert len(decided) > 10

    def told(decisions: Any) -> list[tuple[Any, ...]]:
        rows = ((d.slot.rule, d.slot.subject, d.slot.anchor, d.reason, d.points, d.publication)
                for d in decisions if not d.slot.rule.startswith("duties."))  # fmt: skip
        return sorted(rows)

    assert told(evaluated.decisions) == told(decided)
    (answer,) = evaluated.standings
    assert answer.reading.state == PERIOD_STATE_CLOSED
    assert (answer.reading.locality, answer.reading.known_at) == ("", len(events) + 2)
    stored = list(client.standings(locality, scheme, "monthly", "2026-07"))
    assert [(s.unit, s.points, s.rank, list(s.lists)) for s in answer.standings] == [
        (s.unit, s.points, s.rank, list(s.lists)) for s in stored
    ]
    assert evaluated.revision == client.locality(locality).schemes[0].revision


def test_entries_are_counted_as_the_caller_has_them(client: Client) -> None:
    """Decisions name the entry of the request that caused them; their numbers have no gaps."""
    log: list[AnyEntry] = [
        village("zhao"),
        check("c", "zhao", "2026-07-10 09:00", "三大堆"),
        AUGUST,
        "2026-07",
    ]
    answer = client.evaluate(TOWN, log, history=True)
    deduction = next(d for d in answer.decisions if d.kind == "deduction")
    score = next(d for d in answer.decisions if d.kind == "score")
    assert (deduction.log_seq, score.log_seq) == (2, 4)
    assert [d.decision_seq for d in answer.history] == list(range(1, len(answer.history) + 1))
    assert all(not d.locality for d in answer.history)
    assert {d.id for d in answer.decisions} <= {d.id for d in answer.history}
    assert not list(client.evaluate(TOWN, log).history)


def test_with_other_values_and_other_texts(client: Client) -> None:
    """Overrides and a text of one's own judge this call only."""
    log: list[AnyEntry] = [*month_of_the_town(), AUGUST, "2026-07"]
    asked = [("monthly", "2026-07")]
    usual = client.evaluate(TOWN, log, standings=asked)
    lower = client.evaluate(TOWN, log, standings=asked, overrides=LINE)
    text = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
    own = client.evaluate(
        TOWN, log, standings=asked, text=text.replace("{always: 70}", "{always: 55}")
    )
    bands = [answer.standings[0].standings[2].band.id for answer in (usual, lower, own)]
    assert bands == ["warned", "ok", "ok"]
    assert len({usual.revision, lower.revision, own.revision}) == 3


def test_deadlines_fire_on_ticks_only(client: Client) -> None:
    """No clock is read: the log is as old as its last tick."""
    found: AnyEntry = Event("f", at("2020-07-01 09:00"), village("x").payload)
    assert client.evaluate(TOWN, [found]).decisions == client.evaluate(TOWN, [found]).decisions
    log: list[AnyEntry] = [village("zhao"), at("2026-02-01 00:00") - 1]
    assert not [d for d in client.evaluate(TOWN, log).decisions if d.kind == "duty"]
    later = client.evaluate(TOWN, [*log, at("2026-02-01 00:00")])
    assert [d.slot.rule for d in later.decisions if d.kind == "duty"] == ["duties.monthly_check"]


def test_appeals_against_a_decision_are_read_by_it(client: Client) -> None:
    """An appeal names a slot; the decision in it is held."""
    log: list[AnyEntry] = [*month_of_the_town(), AUGUST, "2026-07"]
    score = next(
        d for d in client.evaluate(TOWN, log).decisions if d.kind == "score" and d.unit == "qian"
    )
    slot = "\n".join((score.slot.scheme, score.slot.rule, score.slot.subject, score.slot.anchor))
    appeal = Event("a", at("2026-08-02 09:00"), AppealFiled("A-1", "qian", slot))
    decisions = client.evaluate(TOWN, [*log, appeal]).decisions
    held = [d for d in decisions if d.kind == "score" and d.publication == PUBLICATION_HELD]
    assert [d.unit for d in held] == ["qian"]


def test_open_periods_have_standings_too(client: Client) -> None:
    """Standings of a period that the log does not close show what a close would give."""
    answer = client.evaluate(TOWN, month_of_the_town(), standings=[("monthly", "2026-07")])
    (standings,) = answer.standings
    assert standings.reading.state == PERIOD_STATE_OPEN
    points = [(s.unit, s.points, s.rank) for s in standings.standings]
    assert points == [("zhao", "100.00", 1), ("qian", "97.00", 2), ("sun", "60.00", 3)]


def entry(**given: Any) -> pb.EvaluationEntry:
    """One entry of a log."""
    return pb.EvaluationEntry(**given)


GOOD = entry(event=event_to_proto(village("zhao")))
OTHER = entry(event=event_to_proto(village("zhao", "另一个村")))
LATE, EARLY = Timestamp(seconds=2_000_000_000), Timestamp(seconds=1_000_000_000)
LOGS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"entries": [GOOD]}, ("INVALID_ARGUMENT", "BAD_REQUEST", "scheme REQUIRED")),
    ({"scheme": TOWN}, ("INVALID_ARGUMENT", "BAD_REQUEST", "entries REQUIRED")),
    ({"scheme": "nothing", "entries": [GOOD]}, ("NOT_FOUND", "SCHEME_NOT_FOUND")),
    (
        {
            "scheme": TOWN,
            "entries": [
                GOOD, entry(), entry(event=events_pb2.Event(id="x")), entry(tick=LATE),
                entry(tick=EARLY), entry(close_period="July"), OTHER, GOOD,
            ],
        },
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "entries[1].entry REQUIRED",
            "entries[2].event.occurred_at REQUIRED", "entries[2].event.payload REQUIRED",
            "entries[4].tick CONTRADICTION", "entries[5].close_period BAD_TIME",
            "entries[6].event.id ID_REUSED",
        ),
    ),
    (
        {"scheme": TOWN, "entries": [GOOD, entry(close_period="2026-07")]},
        ("INVALID_ARGUMENT", "BAD_REQUEST", "entries[1].close_period CONTRADICTION"),
    ),
    (
        {
            "scheme": TOWN,
            "entries": [GOOD, entry(tick=LATE), *(entry(close_period="2026-07") for _ in "ab")],
        },
        ("INVALID_ARGUMENT", "BAD_REQUEST", "entries[3].close_period CONTRADICTION"),
    ),
    (
        {"scheme": TOWN, "entries": [GOOD], "standings": [pb.ScorePeriod(), pb.ScorePeriod()]},
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "standings[0].score REQUIRED",
            "standings[0].period REQUIRED", "standings[1].score REQUIRED",
            "standings[1].period REQUIRED",
        ),
    ),
    (
        {
            "scheme": TOWN, "entries": [GOOD],
            "standings": [pb.ScorePeriod(score="weekly", period="2026-07")],
        },
        ("NOT_FOUND", "SCORE_NOT_FOUND"),
    ),
    (
        {
            "scheme": TOWN, "entries": [GOOD],
            "standings": [pb.ScorePeriod(score="monthly", period="2026")],
        },
        ("NOT_FOUND", "PERIOD_NOT_FOUND"),
    ),
    (
        {"scheme": TOWN, "entries": [GOOD], "ruleset": RulesetSource()},
        ("INVALID_ARGUMENT", "BAD_REQUEST", "ruleset.source REQUIRED"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status"), LOGS)
def test_wrong_logs(client: Client, asked: dict[str, Any], status: tuple[str, ...]) -> None:
    """A log that is wrong anywhere is not judged; all that is wrong is told."""
    with refused(*status):
        client._call(client.evaluation_stub.Evaluate, pb.EvaluateRequest(**asked))


def test_logs_have_a_limit(start: Callable[..., Site]) -> None:
    """More entries than the server takes are refused as too many."""
    client = start(max_evaluation=5).client()
    log: list[AnyEntry] = [village(f"v{n}") for n in range(6)]
    with refused("RESOURCE_EXHAUSTED", "TOO_MANY_ENTRIES"):
        client.evaluate(TOWN, log)
    assert client.evaluate(TOWN, log[:5]).revision
