"""DecisionService: lists by filter and page, explanations, and the release of decisions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.service.site import (
    Site,
    at,
    check,
    found,
    month_of_the_street,
    month_of_the_town,
    moved,
    refused,
)

from envrules.client import Client
from envrules.model.events import AppealDecided, AppealFiled, Event, EventWithdrawn
from envrules.service import decision_service
from envrules.v1 import decision_service_pb2 as pb
from envrules.v1 import decisions_pb2
from envrules.v1.decisions_pb2 import Decision

UNSPECIFIED, PROPOSED, APPROVED, PUBLISHED, HELD, REVOKED = (
    decisions_pb2.PUBLICATION_UNSPECIFIED,
    decisions_pb2.PUBLICATION_PROPOSED, decisions_pb2.PUBLICATION_APPROVED,
    decisions_pb2.PUBLICATION_PUBLISHED, decisions_pb2.PUBLICATION_HELD,
    decisions_pb2.PUBLICATION_REVOKED,
)  # fmt: skip


@pytest.fixture
def town(client: Client) -> Client:
    """A client of the town after July."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    client.submit("yunxi", [found("GD-1", "zhao", "2026-07-11 09:00")], decided=True)
    return client


@pytest.fixture
def street(client: Client) -> Client:
    """A client of the street, whose July is closed."""
    client.submit("liuhu", month_of_the_street(), decided=True)
    client.close_period("liuhu", "liuhu", "2026-07")
    return client


def listed(client: Client, locality: str = "liuhu", **filters: Any) -> list[Decision]:
    """Decisions that hold, oldest first."""
    return list(client.list_decisions(locality, **filters))


def red_list(client: Client) -> list[Decision]:
    """The places on the street's red list, best first."""
    return sorted(listed(client, rules=["lists.red"]), key=lambda d: d.rank)


# ── list ──


def test_list_gives_what_holds_and_history_all_versions(town: Client) -> None:
    """Only the current version of what holds is listed, unless the history is asked for."""
    before = listed(town, "yunxi", units=["qian"])
    gone = Event("w", at("2026-07-12 09:00"), EventWithdrawn("c-qian", "看错了"))
    town.submit("yunxi", [gone], decided=True)
    after = listed(town, "yunxi", units=["qian"])
    kinds = {d.kind for d in before} - {d.kind for d in after}
    assert kinds == {"deduction"}
    history = listed(town, "yunxi", units=["qian"], history=True, kinds=["deduction"])
    assert [d.change for d in history] == [decisions_pb2.CHANGE_ISSUE] * 3 + [
        decisions_pb2.CHANGE_REVOKE
    ] * 3
    assert [d.decision_seq for d in history] == sorted(d.decision_seq for d in history)


FILTERS: list[tuple[dict[str, Any], Any]] = [
    ({"schemes": ["town_deduction"]}, lambda d: d.slot.scheme == "town_deduction"),
    ({"schemes": ["liuhu"]}, lambda _: False),
    ({"rules": ["scores.monthly.road"]}, lambda d: d.slot.rule == "scores.monthly.road"),
    ({"rules": ["ladders"]}, lambda d: d.slot.rule.startswith("ladders.")),
    ({"rules": ["ladder"]}, lambda _: False),
    ({"kinds": ["deduction", "slip"]}, lambda d: d.kind in ("deduction", "slip")),
    ({"outcomes": ["road"]}, lambda d: d.outcome == "road"),
    ({"units": ["qian", "zhao"]}, lambda d: d.unit in ("qian", "zhao")),
    ({"issues": ["GD-1"]}, lambda d: "GD-1" in d.issues),
    ({"event_ids": ["c-qian"]}, lambda d: "c-qian" in d.event_ids),
    ({"periods": ["2026-07"]}, lambda d: d.period == "2026-07"),
    ({"publications": [PUBLISHED]}, lambda d: d.publication == PUBLISHED),
    (
        {"units": ["qian"], "kinds": ["deduction"], "event_ids": ["c-qian"]},
        lambda d: d.unit == "qian" and d.kind == "deduction",
    ),
]


@pytest.mark.parametrize(("filters", "holds"), FILTERS, ids=[str(f) for f, _ in FILTERS])
def test_filters_select_exactly(town: Client, filters: dict[str, Any], holds: Any) -> None:
    """A filter lists all decisions that it describes and no others."""
    everything = listed(town, "yunxi")
    expected = [d.id for d in everything if holds(d)]
    assert [d.id for d in listed(town, "yunxi", **filters)] == expected
    if filters not in ({"schemes": ["liuhu"]}, {"rules": ["ladder"]}):
        assert expected


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pages_together_are_the_whole(town: Client, newest_first: bool, size: int) -> None:
    """Whatever the size of the pages, every decision is on exactly one of them, in order."""
    everything = [d.id for d in listed(town, "yunxi")]
    request = pb.ListDecisionsRequest(
        locality="yunxi", page_size=size, newest_first=newest_first
    )  # fmt: skip
    seen: list[str] = []
    while True:
        page = town.decision_stub.ListDecisions(request)
        assert len(page.decisions) <= size
        seen += [d.id for d in page.decisions]
        if not page.next_page_token:
            break
        assert len(page.decisions) == size
        request.page_token = page.next_page_token
    assert seen == (everything[::-1] if newest_first else everything)


def test_pages_skip_nothing_while_decisions_are_made(town: Client) -> None:
    """What is decided between two pages comes on a later one; nothing comes twice."""
    request = pb.ListDecisionsRequest(locality="yunxi", page_size=10, include_history=True)
    first = town.decision_stub.ListDecisions(request)
    town.submit("yunxi", [check("more", "zhao", "2026-07-20 09:00", "三大堆")], decided=True)
    request.page_token = first.next_page_token
    request.page_size = 1000
    rest = town.decision_stub.ListDecisions(request)
    seqs = [d.decision_seq for d in (*first.decisions, *rest.decisions)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert any("more" in d.event_ids for d in rest.decisions)


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_an_event_caused_is_looked_for_from_there_on(
    town: Client, monkeypatch: pytest.MonkeyPatch, newest_first: bool
) -> None:
    """Decisions that came before an event are not looked through for those that it caused."""
    town.submit("yunxi", [check("more", "zhao", "2026-07-20 09:00", "三大堆")], decided=True)
    monkeypatch.setattr(decision_service, "SCAN", 10)
    request = pb.ListDecisionsRequest(locality="yunxi", newest_first=newest_first)
    everything = town.decision_stub.ListDecisions(request).decisions
    assert len(everything) > 10
    request.filter.event_ids.append("more")
    caused = town.decision_stub.ListDecisions(request)
    assert list(caused.decisions) == [d for d in everything if "more" in d.event_ids] != []
    assert not caused.next_page_token
    request.filter.event_ids[:] = ["nothing"]
    assert town.decision_stub.ListDecisions(request).next_page_token  # after ten it says: go on


BAD_LISTS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["locality REQUIRED"]),
    ({"locality": "yunxi", "page_size": -1}, ["page_size OUT_OF_RANGE"]),
    ({"locality": "yunxi", "page_size": 1001}, ["page_size OUT_OF_RANGE"]),
    ({"locality": "yunxi", "page_token": "x"}, ["page_token CONTRADICTION"]),
    ({"locality": "yunxi", "page_token": "钱"}, ["page_token CONTRADICTION"]),
    (
        {"locality": "yunxi", "filter": pb.DecisionFilter(units=["qian", ""], issues=[" a"])},
        ["filter.units[1] REQUIRED", "filter.issues[0] SPACE_AROUND"],
    ),
    (
        {
            "locality": "yunxi",
            "filter": pb.DecisionFilter(publications=[PUBLISHED, UNSPECIFIED]),
        },
        ["filter.publications[1] UNKNOWN_VALUE"],
    ),
    (
        {"locality": "yunxi", "filter": pb.DecisionFilter(units=["u"] * 1001)},
        ["filter.units TOO_MANY"],
    ),
]


@pytest.mark.parametrize(("request_fields", "fields"), BAD_LISTS)
def test_a_wrong_list_request(
    client: Client, request_fields: dict[str, Any], fields: list[str]
) -> None:
    """What is wrong with a request for a list is told by field."""
    request = pb.ListDecisionsRequest(**request_fields)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", *fields):
        client._call(client.decision_stub.ListDecisions, request)


def test_a_token_belongs_to_its_request(town: Client) -> None:
    """The token of another request is refused, not misread."""
    request = pb.ListDecisionsRequest(locality="yunxi", page_size=1)
    token = town.decision_stub.ListDecisions(request).next_page_token
    other = pb.ListDecisionsRequest(locality="yunxi", newest_first=True, page_token=token)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "page_token CONTRADICTION"):
        town._call(town.decision_stub.ListDecisions, other)


# ── get ──


def test_a_decision_is_explained(town: Client) -> None:
    """A decision comes with its steps, the history of its slot, and its events as sent."""
    (decision,) = listed(town, "yunxi", issues=["GD-1"], kinds=["slip"])
    got = town.decision("yunxi", decision.id)
    assert got.decision == decision
    assert [d.id for d in got.history] == [decision.id]
    assert [(e.event.id, e.event.issue_found.issue) for e in got.events] == [("GD-1-found", "GD-1")]
    step = got.decision.steps[0]
    assert step.location.startswith("rulesets/town_deduction.yaml:")
    assert step.ref
    assert got.decision.revision == town.locality("yunxi").schemes[0].revision


def test_history_of_a_slot(town: Client) -> None:
    """Any version leads to all versions of its slot, the first one first."""
    closing = [moved("GD-1", "handled", "2026-07-13 09:00"),
               moved("GD-1", "check_passed", "2026-07-14 09:00", 督办记录="已核")]  # fmt: skip
    town.submit("yunxi", closing, decided=True)
    (now,) = listed(town, "yunxi", issues=["GD-1"], kinds=["deadline"])
    got = town.decision("yunxi", now.id)
    assert [d.version for d in got.history] == list(range(1, now.version + 1))
    assert now.version > 1
    old = town.decision("yunxi", got.history[0].id)
    assert old.decision == got.history[0]
    assert old.history == got.history


def test_a_decision_of_another_locality_does_not_exist(town: Client) -> None:
    """A decision is found in its own locality only."""
    decision = listed(town, "yunxi")[0]
    with refused("NOT_FOUND", "DECISION_NOT_FOUND"):
        town.decision("liuhu", decision.id)
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        town.decision("nowhere", decision.id)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "decision_id REQUIRED"):
        town.decision("yunxi", "")


# ── approve, publish, revoke ──


def test_approve_then_publish(site: Site, street: Client) -> None:
    """A list place goes from proposed to approved to published, each act on record."""
    place = red_list(street)[0]
    assert place.publication == PROPOSED
    office = site.client("office")
    approved = office.approve("liuhu", place.id, "已核对")
    assert (approved.publication, approved.version) == (APPROVED, 2)
    assert approved.supersedes == place.id
    published = office.make_public("liuhu", approved.id)
    assert (published.publication, published.version) == (PUBLISHED, 3)
    assert red_list(street)[0] == published


def test_acts_may_be_repeated(site: Site, street: Client) -> None:
    """Approving, publishing or revoking again, by any version, changes nothing."""
    office = site.client("office")
    place = red_list(street)[0]
    approved = office.approve("liuhu", place.id)
    head = site.store.head("liuhu")
    assert office.approve("liuhu", place.id) == approved
    assert office.approve("liuhu", approved.id) == approved
    published = office.make_public("liuhu", approved.id)
    assert office.make_public("liuhu", approved.id) == published
    assert office.approve("liuhu", place.id) == published
    revoked = office.revoke("liuhu", published.id, "上级撤回")
    assert office.revoke("liuhu", published.id, "上级撤回") == revoked
    acts = [row.kind for row in site.store.read_log("liuhu", head, 100)].count("act")
    assert acts == 2, "one publication and one revocation"


def test_revoking_promotes_nobody(site: Site, street: Client) -> None:
    """A removal records its reason, and the list has one place less."""
    before = red_list(street)
    revoked = site.client("office").revoke("liuhu", before[0].id, "材料不实")
    assert revoked.publication == REVOKED
    assert "材料不实" in revoked.reason
    after = [d for d in red_list(street) if d.publication != REVOKED]
    assert [d.unit for d in after] == [d.unit for d in before[1:]]


def test_who_submits_does_not_approve(site: Site, street: Client) -> None:
    """The principal that sent an event of a decision cannot release it; another one can."""
    place = red_list(street)[0]
    with refused("PERMISSION_DENIED", "SUBMITTER_MAY_NOT_APPROVE"):
        street.approve("liuhu", place.id)
    assert red_list(street)[0] == place
    assert site.client("office").approve("liuhu", place.id).publication == APPROVED


def test_publishing_needs_an_approval(site: Site, street: Client) -> None:
    """What is only proposed cannot be published."""
    with refused("FAILED_PRECONDITION", "IS_PROPOSED"):
        site.client("office").make_public("liuhu", red_list(street)[0].id)


def test_what_is_under_appeal_is_held(site: Site, street: Client) -> None:
    """While an appeal is pending nothing is released; once it is turned down it can be."""
    office = site.client("office")
    target = "total-u0-2026-07"
    appeal = Event("a", at("2026-08-02 09:00"), AppealFiled("A-1", "u0", target))
    street.submit("liuhu", [appeal], decided=True)
    place = next(d for d in red_list(street) if d.unit == "u0")
    assert place.publication == HELD
    with refused("FAILED_PRECONDITION", "IS_HELD"):
        office.approve("liuhu", place.id)
    decided = Event("d", at("2026-08-03 09:00"), AppealDecided("A-1", "u0", target, False))
    street.submit("liuhu", [decided], decided=True)
    place = next(d for d in red_list(street) if d.unit == "u0")
    assert office.approve("liuhu", place.id).publication == APPROVED


def test_an_old_version_is_not_approved(site: Site, street: Client) -> None:
    """Who approves content that has changed meanwhile is told to look again."""
    target = "total-u0-2026-07"
    old = next(d for d in red_list(street) if d.unit == "u0")
    appeal = Event("a", at("2026-08-02 09:00"), AppealFiled("A-1", "u0", target))
    upheld = Event("d", at("2026-08-03 09:00"), AppealDecided("A-1", "u0", target, True))
    street.submit("liuhu", [appeal, upheld], decided=True)
    with refused("ABORTED", "SUPERSEDED"):
        site.client("office").approve("liuhu", old.id)


def test_wrong_acts(client: Client) -> None:
    """Acts name a decision that exists, and a revocation says why."""
    with refused("NOT_FOUND", "DECISION_NOT_FOUND"):
        client.approve("yunxi", "feed")
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "decision_id REQUIRED", "reason REQUIRED"):
        client.revoke("yunxi", "", "")
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "locality REQUIRED", "reason TOO_LONG"):
        client.make_public("", "feed", "长" * 4001)
