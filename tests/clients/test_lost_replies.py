"""Replies that never arrive: what was stored is not stored again, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from random import Random

import grpc
import pytest
from tests.clients.cuts import Cuts
from tests.clients.proxy import Part, Proxy
from tests.service.site import (
    STREET,
    Site,
    found,
    month_of_the_street,
    month_of_the_town,
    village,
)

from envrules.client import CallFailed, Client
from envrules.model.events import Event
from envrules.v1 import event_service_pb2 as pb
from envrules.v1.decisions_pb2 import PUBLICATION_PUBLISHED

STORED, DUPLICATE = pb.RECEIPT_STATUS_STORED, pb.RECEIPT_STATUS_DUPLICATE


@pytest.fixture
def through(site: Site) -> Iterator[Callable[..., tuple[Proxy, Client]]]:
    """Gives a proxy in front of the server, and a client that knows no other way to it."""
    opened: list[Proxy | Client] = []

    def pair(cut: Callable[[Part], bool], patience: float = 0.0) -> tuple[Proxy, Client]:
        proxy = Proxy(site.server.port, cut).__enter__()
        client = Client.connect(proxy.address, principal="grid", patience=patience)
        opened[:0] = [client, proxy]
        return proxy, client

    yield pair
    for one in opened:
        one.__exit__(None, None, None)


def litter(number: int) -> list[Event]:
    """So many events, each with an id of its own."""
    return [found(f"case-{n}", "zhao", "2026-07-10 09:00") for n in range(number)]


def cut_up(events: Sequence[Event], seed: int) -> Iterator[Sequence[Event]]:
    """The events in batches of various sizes."""
    random, start = Random(seed), 0
    while start < len(events):
        size = random.choice((1, 2, 5, 20))
        yield events[start : start + size]
        start += size


def check_log(site: Site, receipts: Sequence[pb.Receipt], events: Sequence[Event]) -> None:
    """Each event has one receipt and is in the log once, where its receipt says."""
    assert [receipt.event_id for receipt in receipts] == [event.id for event in events]
    rows = site.store.read_log("yunxi", 0, 10_000)
    stored = {row.event_id: row.seq for row in rows if row.event_id is not None}
    assert len(stored) == sum(row.event_id is not None for row in rows)
    assert stored == {receipt.event_id: receipt.seq for receipt in receipts}


@pytest.mark.parametrize("seed", range(2))
def test_a_lost_reply_is_asked_for_again(
    site: Site, through: Callable[..., tuple[Proxy, Client]], seed: int
) -> None:
    """A submission whose reply is lost is repeated unseen; only the receipts tell, as duplicates."""
    proxy, client = through(Cuts(seed, 0.4, [Part.FIRST]))
    events, receipts = litter(200), list[pb.Receipt]()
    for batch in cut_up(events, seed):
        before = proxy.cuts
        answer = client.submit("yunxi", batch)
        expected = STORED if proxy.cuts == before else DUPLICATE
        assert {receipt.status for receipt in answer} == {expected}
        receipts += answer
    assert proxy.cuts > 3
    check_log(site, receipts, events)


@pytest.mark.parametrize("seed", range(2))
def test_a_reply_that_breaks_off_may_be_asked_for_again(
    site: Site, through: Callable[..., tuple[Proxy, Client]], seed: int
) -> None:
    """Where a reply had begun the call fails as unavailable, and its caller may repeat it."""
    proxy, client = through(Cuts(seed, 0.3, [Part.FIRST, Part.REST]))
    events, receipts = litter(200), list[pb.Receipt]()
    failures: list[grpc.StatusCode] = []
    for batch in cut_up(events, seed):
        answer: list[pb.Receipt] = []
        while not answer:
            try:
                answer = client.submit("yunxi", batch)
            except CallFailed as error:
                failures.append(error.code)
        receipts += answer
    assert set(failures) == {grpc.StatusCode.UNAVAILABLE}
    assert proxy.cuts > len(failures)
    assert {receipt.status for receipt in receipts} == {STORED, DUPLICATE}
    check_log(site, receipts, events)


@pytest.mark.parametrize("seed", range(2))
def test_a_stream_that_breaks_goes_on(
    site: Site, through: Callable[..., tuple[Proxy, Client]], seed: int
) -> None:
    """A stream cut again and again gives each batch its receipts once, in order.

    Its source waits for answers while it is being read: a broken attempt may hold on to it.
    """
    proxy, client = through(Cuts(seed, 0.15, [Part.FIRST, Part.REST]), patience=60)
    events = litter(400)
    batches = list(cut_up(events, seed))
    turns = threading.Semaphore(4)

    def in_turn() -> Iterator[Sequence[Event]]:
        for batch in batches:
            turns.acquire()
            yield batch

    answers: list[list[pb.Receipt]] = []
    for answer in client.stream("yunxi", in_turn()):
        answers.append(answer)
        turns.release()
    assert [len(answer) for answer in answers] == [len(batch) for batch in batches]
    assert proxy.cuts > 3
    receipts = [receipt for answer in answers for receipt in answer]
    assert {receipt.status for receipt in receipts} == {STORED, DUPLICATE}
    check_log(site, receipts, events)


def test_a_stream_without_patience_fails(
    site: Site, through: Callable[..., tuple[Proxy, Client]]
) -> None:
    """Without patience a broken stream fails; sending again what had no receipts completes it."""
    losses = iter([True])
    proxy, client = through(lambda part: part is Part.REST and next(losses, False))
    events = litter(6)
    receipts: list[pb.Receipt] = []
    answers = client.stream("yunxi", [events[:3], events[3:]])
    with pytest.raises(CallFailed) as caught:
        receipts.extend(receipt for answer in answers for receipt in answer)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert proxy.cuts == 1
    left = events[len(receipts) :]
    again = site.client().submit("yunxi", left)
    assert DUPLICATE in {receipt.status for receipt in again}
    receipts += again
    check_log(site, receipts, events)


@pytest.mark.parametrize("seed", range(2))
def test_a_watch_that_breaks_goes_on(
    site: Site, through: Callable[..., tuple[Proxy, Client]], seed: int
) -> None:
    """A watch cut again and again sees every decision once, in order."""
    proxy, client = through(Cuts(seed, 0.5, [Part.FIRST, Part.REST]), patience=60)
    direct = site.client()
    watch = client.watch("yunxi", after=0, heartbeat=1)
    seen = list(next(watch).decisions)
    for event in [*month_of_the_town(), *(village(f"w{n}") for n in range(5))]:
        direct.submit("yunxi", [event], decided=True)
        cursor = direct.locality("yunxi").decision_seq
        while len(seen) < cursor:
            seen += next(watch).decisions
    watch.close()
    assert proxy.cuts > 1
    assert seen == list(direct.list_decisions("yunxi", history=True))


def test_what_only_a_person_decides_is_not_repeated(
    site: Site, through: Callable[..., tuple[Proxy, Client]]
) -> None:
    """Closing, approving and publishing whose replies are lost are done once, and the call fails."""
    direct = site.client("office")
    direct.submit("liuhu", month_of_the_street(), decided=True)
    proxy, client = through(lambda _part: True)

    def lost(expected: str, act: Callable[[], object]) -> None:
        before = site.store.head("liuhu"), proxy.cuts
        with pytest.raises(CallFailed) as caught:
            act()
        assert caught.value.code is grpc.StatusCode.UNAVAILABLE
        assert proxy.cuts == before[1] + 1
        kinds = [row.kind for row in site.store.read_log("liuhu", before[0], 100)]
        assert [kind for kind in kinds if kind != "tick"] == [expected]

    lost("closed", lambda: client.close_period("liuhu", STREET, "2026-07"))
    place = next(direct.list_decisions("liuhu", rules=["lists.red"]))
    lost("act", lambda: client.approve("liuhu", place.id))
    approved = direct.decision("liuhu", place.id).history[-1]
    lost("act", lambda: client.make_public("liuhu", approved.id))
    assert direct.decision("liuhu", place.id).history[-1].publication == PUBLICATION_PUBLISHED
    lost(
        "published",
        lambda: client.publish("liuhu", STREET, overrides={"red_top": {"2027-01-01": "2"}}),
    )
