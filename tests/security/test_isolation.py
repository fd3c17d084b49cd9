"""No locality sees another's data: ids, cursors, page tokens, revisions, health, error texts."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.security.conftest import ABSENT, OTHER, OWN, ROLES, Guarded
from tests.security.door import Answer, answered, call, connect
from tests.security.requests import LATEST, PERIOD
from tests.service.site import TOWN, found, refused, village
from tests.service.test_streaming import eventually

from envrules.client import Client
from envrules.resources import rulesets_dir
from envrules.service.guard import HEALTH_WATCHERS
from envrules.v1 import (
    decision_service_pb2,
    event_service_pb2,
    locality_service_pb2,
    ruleset_service_pb2,
    rulesets_pb2,
    standing_service_pb2,
)
from envrules.wire.events_out import event_to_proto


@pytest.fixture
def own(guarded: Guarded) -> Client:
    """A client of all roles in one locality."""
    return connect(guarded.site, guarded.grant(*ROLES, principal="all"))


@pytest.fixture
def root(guarded: Guarded) -> Client:
    """A client of all roles everywhere."""
    return connect(guarded.site, guarded.root)


def test_ids_of_another_locality_are_ids_of_nothing(
    guarded: Guarded, own: Client, root: Client
) -> None:
    """A decision elsewhere is answered for, where one may ask, as if its id had been made up."""
    root.submit(OTHER, [found("GD-1", "zhao", "2026-07-11 09:00")], decided=True)
    here = {decision.id for decision in root.list_decisions(OWN)}
    there = next(one for one in root.list_decisions(OTHER) if one.id not in here)
    token = own._who[0][1].removeprefix("Bearer ")
    for name, request in (
        ("GetDecision", decision_service_pb2.GetDecisionRequest),
        ("ApproveDecision", decision_service_pb2.ApproveDecisionRequest),
        ("PublishDecision", decision_service_pb2.PublishDecisionRequest),
    ):
        one, made_up = (
            call(guarded.channel, f"DecisionService/{name}",
                 request(locality=OWN, decision_id=decision_id), token)
            for decision_id in (there.id, "f" * len(there.id))
        )  # fmt: skip
        assert one.reason == "DECISION_NOT_FOUND"
        assert one.details.replace(there.id.encode(), b"f" * len(there.id)) == made_up.details


def test_event_ids_are_each_locality_s_own(own: Client, root: Client) -> None:
    """An id that is taken elsewhere, with other content, is free here."""
    root.submit(OTHER, [village("same", "别处")])
    (receipt,) = own.submit(OWN, [village("same", "此处")])
    assert receipt.status == event_service_pb2.RECEIPT_STATUS_STORED


def test_page_tokens_and_cursors_lead_nowhere_else(
    guarded: Guarded, own: Client, root: Client
) -> None:
    """A page token belongs to its request; one that is put together leads to one's own alone."""
    for locality in (OTHER, OWN):
        root.submit(locality, [village(f"u{n}", kind="nonsense") for n in range(3)], decided=True)
    request = decision_service_pb2.ListDecisionsRequest(locality=OTHER, page_size=1)
    page = root.decision_stub.ListDecisions(request, metadata=root._who)
    assert page.next_page_token
    token = own._who[0][1].removeprefix("Bearer ")
    answers = [
        call(guarded.channel, "DecisionService/ListDecisions",
             decision_service_pb2.ListDecisionsRequest(
                 locality=locality, page_size=1, page_token=page.next_page_token), token)
        for locality in (OWN, OTHER)
    ]  # fmt: skip
    assert [(one.code, one.reason) for one in answers] == [
        ("INVALID_ARGUMENT", "BAD_REQUEST"), ("NOT_FOUND", "LOCALITY_NOT_FOUND"),
    ]  # fmt: skip
    everything = locality_service_pb2.ListLocalitiesRequest(page_size=1)
    first = root.locality_stub.ListLocalities(everything, metadata=root._who)
    everything.page_token = first.next_page_token
    mine = own.locality_stub.ListLocalities(everything, metadata=own._who)
    assert {one.locality for one in mine.localities} <= {OWN}
    for after in (0, 10**9, 2**62):
        watch = call(
            guarded.channel, "DecisionService/WatchDecisions",
            decision_service_pb2.WatchDecisionsRequest(locality=OTHER, after=after), token,
        )  # fmt: skip
        assert watch.reason == "LOCALITY_NOT_FOUND"


def test_a_stream_may_not_turn_to_another_locality(guarded: Guarded, own: Client) -> None:
    """A stream ends at the first batch for a locality that is not one's own; nothing of it stays."""
    event = event_to_proto(village("wang"))
    ended: list[Answer] = []
    for locality in (OTHER, ABSENT):
        requests = (
            event_service_pb2.StreamEventsRequest(locality=where, events=[event])
            for where in (OWN, locality)
        )
        with pytest.raises(grpc.RpcError) as caught:
            list(own.event_stub.StreamEvents(requests, metadata=own._who))
        ended.append(answered(caught.value))
    assert ended[0].reason == "LOCALITY_NOT_FOUND"
    assert ended[0].details.replace(OTHER.encode(), ABSENT.encode()) == ended[1].details
    assert "unit-wang" not in guarded.site.store.event_rows(OTHER, ["unit-wang"])


# ── rulesets ──


def revision_there(root: Client) -> str:
    """Publish in the other locality a ruleset with a value of its own; return its revision."""
    done = root.publish(
        OTHER, TOWN, overrides={"warning_line": {"2030-01-01": "61"}}, reason="保密"
    )
    return done.published.revision


def by_revision(revision: str, guarded: Guarded, token: str) -> dict[str, Answer]:
    """What all calls that take a revision answer about one, from the own locality or from none."""
    source = rulesets_pb2.RulesetSource(revision=revision)
    service = "RulesetService"
    about: dict[str, Any] = {"locality": OWN, "scheme": TOWN}
    requests: dict[str, Any] = {
        "get": ruleset_service_pb2.GetRulesetRequest(scheme=TOWN, revision=revision),
        "get here": ruleset_service_pb2.GetRulesetRequest(**about, revision=revision),
        "diff": ruleset_service_pb2.DiffRulesetsRequest(scheme=TOWN, before=LATEST, after=source),
        "diff here": ruleset_service_pb2.DiffRulesetsRequest(
            **about, before=source, after=LATEST
        ),
        "publish": ruleset_service_pb2.PublishRulesetRequest(
            **about, ruleset=source, validate_only=True
        ),
        "simulate": ruleset_service_pb2.SimulateRulesetRequest(
            **about, ruleset=source, from_period=PERIOD, to_period=PERIOD
        ),
    }  # fmt: skip
    names = {"get": "GetRuleset", "diff": "DiffRulesets", "publish": "PublishRuleset",
             "simulate": "SimulateRuleset"}  # fmt: skip
    return {
        what: call(guarded.channel, f"{service}/{names[what.split()[0]]}", request, token)
        for what, request in requests.items()
    }


def test_revisions_of_another_locality_are_not_there(
    guarded: Guarded, own: Client, root: Client
) -> None:
    """What was published elsewhere cannot be read, compared, tried or taken over by its name."""
    revision = revision_there(root)
    token = own._who[0][1].removeprefix("Bearer ")
    made_up = "f" * len(revision)
    theirs, nobody_s = (by_revision(name, guarded, token) for name in (revision, made_up))
    for what, answer in theirs.items():
        assert answer.reason == "REVISION_NOT_FOUND", what
        same = answer.details.replace(revision.encode(), made_up.encode())
        assert same == nobody_s[what].details, what
    assert {one.code for one in by_revision(revision, guarded, guarded.root).values()} == {"OK"}


def test_one_s_own_revisions_are_there(guarded: Guarded, own: Client) -> None:
    """What was published here, and what comes with the server, may be named."""
    before = own.locality(OWN).schemes[0].revision
    own.publish(OWN, TOWN, overrides={"warning_line": {"2030-01-01": "62"}}, reason="试")
    now = own.locality(OWN).schemes[0].revision
    token = own._who[0][1].removeprefix("Bearer ")
    for revision in (before, now, "latest"):
        assert {one.code for one in by_revision(revision, guarded, token).values()} == {"OK"}


def test_a_scheme_that_only_another_locality_has(own: Client, root: Client) -> None:
    """A scheme that was only ever published elsewhere is in no list and has no newest revision."""
    text = (rulesets_dir() / f"{TOWN}.yaml").read_text("utf-8").replace(TOWN, "hidden_town")
    root.publish(OTHER, "hidden_town", text=text)
    names = [one.scheme for one in _rulesets(root)]
    assert "hidden_town" in names
    assert [one.scheme for one in _rulesets(own)] == [n for n in names if n != "hidden_town"]
    with refused("NOT_FOUND", "SCHEME_NOT_FOUND"):
        own.publish(OWN, "hidden_town", validate_only=True)


def _rulesets(client: Client) -> list[rulesets_pb2.Ruleset]:
    request = ruleset_service_pb2.ListRulesetsRequest(page_size=1000)
    return list(client.ruleset_stub.ListRulesets(request, metadata=client._who).rulesets)


def test_periods_and_units_are_read_where_they_are(own: Client, root: Client) -> None:
    """A unit that exists elsewhere is none here."""
    root.submit(OTHER, [village("only-there")], decided=True)
    request = standing_service_pb2.GetStandingRequest(
        locality=OWN, scheme=TOWN, period=PERIOD, score="monthly", unit="only-there"
    )
    with pytest.raises(grpc.RpcError) as caught:
        own.standing_stub.GetStanding(request, metadata=own._who)
    assert answered(caught.value).reason == "UNIT_NOT_FOUND"


# ── health ──


def health(guarded: Guarded, name: str, token: str = "") -> str:
    """What the health service tells a caller of a name; who asks and who watches know the same."""
    stub: Any = health_pb2_grpc.HealthStub(guarded.channel)
    metadata = [("authorization", f"Bearer {token}")] if token else []
    request = health_pb2.HealthCheckRequest(service=name)
    watch = stub.Watch(request, timeout=30, metadata=metadata)
    watched = health_pb2.HealthCheckResponse.ServingStatus.Name(next(watch).status)
    watch.cancel()
    try:
        told = stub.Check(request, timeout=30, metadata=metadata).status
    except grpc.RpcError as error:
        failed: Any = error
        assert failed.code() == grpc.StatusCode.NOT_FOUND
        assert watched == "SERVICE_UNKNOWN"
        return "unknown"
    if watched == "SERVICE_UNKNOWN":
        return "known meanwhile"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(told))


def test_health_of_another_locality_is_unknown(guarded: Guarded) -> None:
    """Only readers of a locality hear of its health; of the server's, everybody."""
    reader, submitter = guarded.grant("read"), guarded.grant("submit")
    assert eventually(lambda: health(guarded, f"localities/{OTHER}", guarded.root) == "SERVING")
    assert health(guarded, f"localities/{OWN}", reader) == "SERVING"
    for name, token in [
        (f"localities/{OTHER}", reader), (f"localities/{ABSENT}", reader),
        (f"localities/{OWN}", submitter), (f"localities/{OWN}", ""),
        (f"localities/{OWN}", f"{reader}x"), ("tokens", ""), ("x" * 1000, reader), ("?", reader),
    ]:  # fmt: skip
        assert health(guarded, name, token) == "unknown", name
    assert health(guarded, "") == health(guarded, "envrules.v1.EventService") == "SERVING"


def test_health_tells_of_a_bad_file_of_tokens(guarded: Guarded) -> None:
    """A file that cannot be used is told under its name, until it is mended."""
    good = guarded.tokens.read_text("utf-8")
    assert eventually(lambda: health(guarded, "tokens", guarded.root) == "SERVING")
    guarded.tokens.write_text("nonsense", "utf-8")
    assert eventually(lambda: health(guarded, "tokens", guarded.root) == "NOT_SERVING")
    assert health(guarded, "", guarded.root) == "SERVING"
    guarded.tokens.write_text(good, "utf-8")
    assert eventually(lambda: health(guarded, "tokens", guarded.root) == "SERVING")


def test_health_is_watched_by_so_many_and_no_more(guarded: Guarded) -> None:
    """Watchers of the health service are counted, whoever they are, and leave their place."""
    stub: Any = health_pb2_grpc.HealthStub(guarded.channel)
    request = health_pb2.HealthCheckRequest()
    watches = [stub.Watch(request, timeout=60) for _ in range(HEALTH_WATCHERS)]
    for watch in watches:
        next(watch)
    more = stub.Watch(request, timeout=60)
    with pytest.raises(grpc.RpcError) as caught:
        next(more)
    assert answered(caught.value).reason == "TOO_MANY_WATCHERS"
    for watch in watches:
        watch.cancel()
    assert eventually(lambda: health(guarded, "") == "SERVING")
