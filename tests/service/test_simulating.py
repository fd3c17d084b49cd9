"""SimulateRuleset over a real channel: what would have been, how far it is, and giving up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from tests.service.site import TOWN, Site, at, month_of_the_town, refused

from envrules.client import CallFailed, Client
from envrules.service import simulating
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1.rulesets_pb2 import DatedValue, ParameterOverride, RulesetSource

LATEST = RulesetSource(revision="latest")


def higher(value: str = "98") -> ParameterOverride:
    """A warning line that catches one village more."""
    return ParameterOverride(
        parameter="warning_line", values=[DatedValue(since="always", value=value)]
    )


def asked(**fields: object) -> pb.SimulateRulesetRequest:
    """A question about July."""
    whole = {
        "locality": "yunxi", "scheme": TOWN, "ruleset": LATEST, "overrides": [higher()],
        "from_period": "2026-07", "to_period": "2026-07", **fields,
    }  # fmt: skip
    return pb.SimulateRulesetRequest(**whole)  # type: ignore[arg-type]


@pytest.fixture
def client(site: Site) -> Client:
    """The office, after July has been closed in the town."""
    office = site.client("office")
    office.submit("yunxi", month_of_the_town(), decided=True)
    office.advance("yunxi", "grid", at("2026-08-01 09:00"))
    office.close_period("yunxi", TOWN, "2026-07")
    return office


def answers(client: Client, request: pb.SimulateRulesetRequest) -> list[pb.SimulateRulesetResponse]:
    """All that the server says."""
    stream = client.ruleset_stub.SimulateRuleset(request, metadata=client._who, timeout=60)
    return list(stream)


def test_a_unit_that_moves_is_told_with_both_standings_and_why(client: Client) -> None:
    """Progress comes first, then the one village that falls below the line, then the summary."""
    told = answers(client, asked())
    progress = [a.progress for a in told if a.HasField("progress")]
    assert progress[-1].events_done == progress[-1].events_total > 0
    (change,) = [a.change for a in told if a.HasField("change")]
    assert (change.period, change.before.unit_title) == ("2026-07", "钱庄村")
    assert (change.before.points, change.after.points) == ("97.00", "97.00")
    assert (change.before.band.title, change.after.band.title) == ("正常", "警告")
    assert "警告线（低于） 70 分 → 98 分" in change.reason
    summary = told[-1].summary
    assert (summary.compared, summary.different) == (3, 1)
    assert [c.path for c in summary.changes] == ["parameters.warning_line"]
    warned = next(c for c in summary.counts if (c.kind, c.outcome) == ("band", "warned"))
    assert (warned.before, warned.after) == (1, 2)


def test_it_stores_nothing(client: Client, site: Site) -> None:
    """Log, decisions and revisions are what they were."""

    def state() -> tuple[object, ...]:
        row, held, own = site.runtime.locality("yunxi")
        return row, held.position, own, site.store.list_revisions(TOWN)

    before = state()
    answers(client, asked())
    assert state() == before


def test_the_ruleset_in_force_changes_nothing(client: Client) -> None:
    """Without another value both sides are equal, in every standing."""
    told = answers(client, asked(overrides=[]))
    assert not any(a.HasField("change") for a in told)
    assert (told[-1].summary.compared, told[-1].summary.different) == (3, 0)
    assert not told[-1].summary.counts


def test_what_cannot_be_asked_is_refused(client: Client) -> None:
    """Periods in the wrong order, unknown schemes and values that do not suit are refused."""
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "to_period CONTRADICTION"):
        client._call(_listed(client), asked(from_period="2026-08"))  # type: ignore[arg-type]
    with refused("NOT_FOUND", "SCHEME_NOT_FOUND"):
        client._call(_listed(client), asked(scheme="liuhu"))  # type: ignore[arg-type]
    with pytest.raises(CallFailed, match=r"ER402 parameters\.warning_line"):
        client._call(_listed(client), asked(overrides=[higher("many")]))  # type: ignore[arg-type]


def _listed(client: Client) -> object:
    def call(request: pb.SimulateRulesetRequest, **how: object) -> object:
        return list(client.ruleset_stub.SimulateRuleset(request, **how))  # type: ignore[arg-type]

    return call


def test_a_cancelled_call_stops_the_replay(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the caller goes away the replay ends at its next look, without an answer."""
    begun, ended = threading.Event(), threading.Event()

    def endless(*given: object) -> None:
        tell = given[-1]
        try:
            for done in _forever():
                tell(done, 1 << 40)  # type: ignore[operator]
                begun.set()
        finally:
            ended.set()

    monkeypatch.setattr(simulating, "simulate", endless)
    stream = client.ruleset_stub.SimulateRuleset(asked(), metadata=client._who, timeout=60)
    assert next(iter(stream)).HasField("progress")
    assert begun.wait(30)
    stream.cancel()
    assert ended.wait(30)


def _forever() -> Iterator[int]:
    pause, done = threading.Event(), 0
    while True:
        pause.wait(0.01)
        done += 1
        yield done
