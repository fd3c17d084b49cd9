"""Limits that one principal meets: how often it calls, how many streams it holds, how much it sends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.security.conftest import OWN, Guarded
from tests.security.door import connect
from tests.service.site import refused, village
from tests.service.test_streaming import eventually

from envrules.client import CallFailed, Client
from envrules.service.rates import Rates


def test_a_bucket_empties_and_fills_again() -> None:
    """After a burst one comes in at the rate, and each caller has a bucket of its own."""
    now = [0.0]
    rates = Rates(2.0, 3.0, lambda: now[0])
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("b") == 0
    now[0] += 0.5
    assert [rates.wait("a") for _ in range(2)] == [0, 0.5]
    now[0] += 100
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_who_has_not_come_for_longest_is_forgotten() -> None:
    """Any number of callers takes bounded memory."""
    rates = Rates(0.001, 1.0, lambda: 0.0)
    for n in range(10_000):
        assert rates.wait(str(n)) == 0
    assert len(rates._buckets) == 4096
    assert rates.wait("9999") > 0


@pytest.fixture
def slow(start: Callable[..., Guarded]) -> Guarded:
    """A site where a principal that has made a few calls must wait for an hour."""
    return start(max_rate=1 / 3600, max_burst=20)


def test_calls(slow: Guarded) -> None:
    """The call after the burst is refused, with the time after which the next one may come."""
    client, other = slow.client("read"), connect(slow.site, slow.grant("read", principal="b"))
    for _ in range(20):
        client.locality(OWN)
    with pytest.raises(CallFailed) as caught:
        client.locality(OWN)
    assert caught.value.reason == "RATE_EXCEEDED"
    status = rpc_status.from_call(caught.value.__cause__)  # type: ignore[arg-type]
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    assert 3000 < retry.retry_delay.seconds <= 3600
    assert other.locality(OWN).locality == OWN


def test_messages_of_a_stream(slow: Guarded) -> None:
    """Each message of a stream counts as a call: the stream ends, what was answered stays."""
    client = slow.client("submit")
    with pytest.raises(CallFailed) as caught:
        list(client.stream(OWN, ([village(f"v{n}")] for n in range(30))))
    assert caught.value.reason == "RATE_EXCEEDED"
    assert caught.value.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    stored = slow.site.store.event_rows(OWN, [f"unit-v{n}" for n in range(30)])
    assert len(stored) == 19


def test_one_principal_leaves_room_for_others(start: Callable[..., Guarded]) -> None:
    """Watchers of one principal are limited, by whichever token; others still find a place."""
    guarded = start(max_each=2, max_watchers=3)
    one, again, other, third = (
        connect(guarded.site, guarded.grant("read", principal=name))
        for name in ("a", "a", "b", "c")
    )

    def watching(client: Client, stack: ExitStack) -> None:
        watch = client.watch(OWN)
        stack.callback(watch.close)
        next(watch)

    with ExitStack() as stack:
        watching(one, stack)
        watching(one, stack)
        with pytest.raises(CallFailed, match="already by a") as caught:
            watching(again, stack)
        assert caught.value.reason == "TOO_MANY_WATCHERS"
        watching(other, stack)
        with refused("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHERS"):
            watching(third, stack)

    def finds_a_place() -> bool:
        with ExitStack() as stack:
            try:
                watching(again, stack)
            except CallFailed:
                return False
        return True

    assert eventually(finds_a_place)


def test_a_message_that_is_too_large(start: Callable[..., Guarded]) -> None:
    """It is refused before it is read whole, and the server goes on."""
    guarded = start(max_message_bytes=100_000)
    client = guarded.client("submit", "read")
    with pytest.raises(CallFailed) as caught:
        client.submit(OWN, [village(f"v{n}", "长" * 100) for n in range(1000)])
    assert caught.value.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.locality(OWN).locality == OWN
