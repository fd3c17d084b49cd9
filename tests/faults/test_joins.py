"""A ruleset whose rules ask too much: its locality stalls, visibly; the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import NOT_SERVING, PATIENCE, SERVING, installed
from tests.faults.test_projector_process import BEGIN, found, judged, set_up

from envrules.client import CallFailed, Client
from envrules.model.base import HOUR
from envrules.resources import rulesets_dir
from envrules.store import Store
from envrules.v1.locality_service_pb2 import Stall

WILD, OTHER, SCHEME = "gaoling", "yunxi", "town_deduction"
BEFORE, PERIOD = "2026-09", "2026-10"
"""The month in which the village was declared, and the first whole one."""
MONTH = 31 * 24 * HOUR
_DUTIES, _RULES = "\nduties:\n", "\nrules:\n"


def ruleset(duties: int, *whens: str) -> str:
    """The town's, with so many duties that nobody does, and rules on what is missed of them."""
    text = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
    assert text.count(_DUTIES) == text.count(_RULES) == 1
    duty = "{{title: 职责{0}, unit: [village], every: month, met_by: {{inspection: [patrol]}}, ref: m 三2}}"
    made = "".join(f"  d{n}: {duty.format(n)}\n" for n in range(duties))
    rules = "".join(
        f"- {{id: wild{n}, title: 失职, when: {when}, then: [警告], ref: m 三2警告}}\n"
        for n, when in enumerate(whens)
    )
    return text.replace(_DUTIES, f"{_DUTIES}{made}").replace(_RULES, f"{_RULES}{rules}")


JOINS = "{all: [{missed: any}, {missed: any}, {missed: any}]}"


def stall_of(client: Client) -> Stall | None:
    """Where and why the locality stalls, if it does."""
    told = client.locality(WILD)
    return told.stall if told.HasField("stall") else None


def health(address: str, name: str) -> int:
    """What the health service says of it."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stub names no methods
        request = health_pb2.HealthCheckRequest(service=name)
        return int(stub.Check(request, timeout=PATIENCE).status)


def wait(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("duties", "when", "says"),
    [
        pytest.param(29, JOINS, "27000 combinations, at most 20000", id="joins"),
        pytest.param(69, "{missed: any}", "70 facts in one evaluation, at most 64", id="facts"),
    ],
)
def test_a_rule_that_asks_too_much(tmp_path: Path, duties: int, when: str, says: str) -> None:
    """What it cannot be run for stalls its locality, and says why; others are judged.

    Once a better ruleset is published and an operator has passed over that entry, a watermark, the
    next watermark is judged by the better one, and the month can be closed.
    """
    with installed(tmp_path) as installation, Client.connect(installation.start()) as client:
        address = installation.reach()[1]
        for place in (WILD, OTHER):
            set_up(client, place)
            client.advance(place, "patrols", BEGIN + MONTH)
            client.close_period(place, SCHEME, BEFORE)
        client.publish(WILD, SCHEME, text=ruleset(duties, when), retroactive=True, reason="试行")
        client.advance(WILD, "patrols", BEGIN + 2 * MONTH)
        with pytest.raises(CallFailed) as refused:
            client.close_period(WILD, SCHEME, PERIOD)
        assert refused.value.reason == "PROJECTOR_STALLED"
        stall = stall_of(client)
        assert stall is not None
        assert stall.reason.startswith("MatchLimitError: ")
        assert says in stall.reason
        wait(lambda: health(address, f"localities/{WILD}") == NOT_SERVING)
        assert health(address, "") == health(address, f"localities/{OTHER}") == SERVING
        client.advance(OTHER, "patrols", BEGIN + 2 * MONTH)
        judged(client, found(1), locality=OTHER)
        client.close_period(OTHER, SCHEME, PERIOD)

        client.publish(WILD, SCHEME, revision="latest", retroactive=True, reason="改正")
        client.skip(WILD, stall.seq, "the ruleset asks too much")
        wait(lambda: stall_of(client) is None)
        client.advance(WILD, "patrols", BEGIN + 2 * MONTH)
        assert client.close_period(WILD, SCHEME, PERIOD).report.closed_seq
        wait(lambda: health(address, f"localities/{WILD}") == SERVING)
        installation.kill()
        with Store.open(installation.url) as store:
            for place in (WILD, OTHER):
                check_log(store, place)
                check_emitted(store, place)
                check_rebuild(store, place)
            check_replay(store, OTHER)
