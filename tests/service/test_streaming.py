"""StreamEvents: order, pipelining, and callers that vanish or do not listen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.service.site import Site, found, refused

from envrules.client import CallFailed, Client
from envrules.service.streaming import ROOM, Pipeline
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import events_pb2
from envrules.wire.events_out import event_to_proto


def batch(number: int, size: int) -> list[events_pb2.Event]:
    """So much litter was found, each under a case number of its own."""
    return [
        event_to_proto(found(f"b{number}-{n}", "zhao", "2026-07-10 09:00")) for n in range(size)
    ]


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes to hold in good time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def readers() -> list[threading.Thread]:
    """Threads that read a stream, in all servers of this process."""
    return [thread for thread in threading.enumerate() if thread.name == "envrules-stream"]


def stream_requests(batches: Iterator[list[events_pb2.Event]]) -> Iterator[pb.StreamEventsRequest]:
    """Requests named after their number; only the first names the locality."""
    for number, events in enumerate(batches):
        locality = "" if number else "yunxi"
        yield pb.StreamEventsRequest(locality=locality, batch_id=f"batch {number}", events=events)


def test_large_batches_are_answered_in_order(start: Callable[..., Site]) -> None:
    """Batches of 1000 events sent without waiting are answered in turn, each event in its place."""
    site = start()
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    requests = stream_requests(batch(number, 1000) for number in range(8))
    expected = 1
    for number, response in enumerate(client.event_stub.StreamEvents(requests)):
        assert response.batch_id == f"batch {number}"
        assert [r.event_id for r in response.receipts] == [e.id for e in batch(number, 1000)]
        assert [r.seq for r in response.receipts] == list(range(expected, expected + 1000))
        expected += 1000
    assert expected == 8001
    assert site.store.head("yunxi") == 8000
    assert eventually(lambda: not readers())


def test_a_caller_may_wait_for_each_answer(client: Client) -> None:
    """A caller that sends the next batch only after the answer to the last gets each answer."""
    answered: SimpleQueue[int] = SimpleQueue()

    def batches() -> Iterator[list[events_pb2.Event]]:
        for number in range(5):
            yield batch(number, 3)
            assert answered.get(timeout=20) == number

    for number, receipts in enumerate(client.stream("yunxi", batches(), decided=True)):
        assert all(receipt.decided for receipt in receipts)
        answered.put(number)


def test_bad_events_and_repeated_batches_on_a_stream(client: Client) -> None:
    """A bad event refuses only itself, and a batch sent again comes back as known."""
    bad = events_pb2.Event(id="bad", occurred_at=Timestamp(seconds=1_780_000_000))
    first, second, third = client.stream("yunxi", [batch(0, 2), [*batch(1, 1), bad], batch(0, 2)])
    assert [r.status for r in first] == [pb.RECEIPT_STATUS_STORED] * 2
    assert [r.status for r in second] == [pb.RECEIPT_STATUS_STORED, pb.RECEIPT_STATUS_REFUSED]
    assert [p.field for p in second[1].problems] == ["events[1].payload"]
    assert [r.status for r in third] == [pb.RECEIPT_STATUS_DUPLICATE] * 2
    assert [r.seq for r in third] == [r.seq for r in first]


def test_a_wrong_request_ends_the_stream_after_the_answers_before_it(
    site: Site, client: Client
) -> None:
    """Batches before a wrong one are stored and answered; it ends the stream."""
    answers = client.stream("yunxi", [batch(0, 2), batch(1, 2), [], batch(2, 2)])
    assert len([next(answers), next(answers)]) == 2
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "events REQUIRED"):
        next(answers)
    assert site.store.head("yunxi") == 6, "what came after it was not stored"
    assert eventually(lambda: not readers())


def test_a_stream_may_change_its_locality(site: Site, client: Client) -> None:
    """A later request may name another locality, which then holds for those after it."""
    requests = [
        pb.StreamEventsRequest(locality=locality, events=batch(number, 1))
        for number, locality in enumerate(("yunxi", "", "liuhu", ""))
    ]
    assert len(list(client.event_stub.StreamEvents(iter(requests)))) == 4
    assert (site.store.head("yunxi"), site.store.head("liuhu")) == (4, 4)


def test_a_vanished_caller_leaves_no_thread_behind(start: Callable[..., Site]) -> None:
    """When callers break off, their threads end and their places are free again."""
    site = start(max_streams=3)
    site.client().create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    for round_ in range(4):
        clients = [site.client() for _ in range(3)]
        waiting = threading.Event()

        def forever(number: int, waiting: threading.Event = waiting) -> Iterator[object]:
            yield pb.StreamEventsRequest(locality="yunxi", events=batch(number, 5))
            waiting.wait(30)

        calls = [
            client.event_stub.StreamEvents(forever(10 * round_ + n))  # type: ignore[arg-type]
            for n, client in enumerate(clients)
        ]
        for call in calls:
            next(call)
        for client, call in zip(clients, calls, strict=True):
            call.cancel()
            client.close()
        waiting.set()
        assert eventually(lambda: not readers())
    (receipts,) = site.client().stream("yunxi", [batch(99, 1)])
    assert receipts[0].status == pb.RECEIPT_STATUS_STORED


def test_more_streams_than_allowed_are_told_so(start: Callable[..., Site]) -> None:
    """A stream over the limit is refused, single calls are still answered, and a place comes back."""
    site = start(max_streams=1)
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    done = threading.Event()

    def held() -> Iterator[list[events_pb2.Event]]:
        yield batch(0, 1)
        done.wait(30)

    first = client.stream("yunxi", held())
    next(first)
    with refused("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS"):
        next(site.client().stream("yunxi", [batch(1, 1)]))
    assert client.submit("yunxi", batch(2, 1))[0].status == pb.RECEIPT_STATUS_STORED
    done.set()
    assert list(first) == []

    def comes_through() -> bool:
        try:
            return len(list(client.stream("yunxi", [batch(3, 1)]))) == 1
        except CallFailed:
            return False

    assert eventually(comes_through), "the server hears of the end a moment after the caller"


def test_a_caller_that_never_reads_is_not_read_from_without_end(
    start: Callable[..., Site],
) -> None:
    """If replies are not taken, the server stops reading: memory stays bounded."""
    site = start()
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    sent = 0
    refusal = [events_pb2.Event(id=f"{n:0>100}") for n in range(1000)]  # long answers, no storing

    def requests() -> Iterator[pb.StreamEventsRequest]:
        nonlocal sent
        while True:
            sent += 1
            yield pb.StreamEventsRequest(locality="yunxi", events=refusal)

    call = client.event_stub.StreamEvents(requests())

    def stands_still() -> bool:
        before = sent
        time.sleep(1.0)
        return sent == before

    assert eventually(stands_still)
    assert sent < 200
    call.cancel()
    client.close()
    assert eventually(lambda: not readers())


# ── the pipeline by itself ──


def pipeline(
    requests: Iterator[events_pb2.Event], begin: Callable[[events_pb2.Event], Callable[[], str]],
    weight: int = 1, goes_on: Callable[[], bool] = lambda: True,
) -> Pipeline[events_pb2.Event, str]:  # fmt: skip
    """A pipeline whose requests all weigh the same."""
    return Pipeline(requests, begin, lambda _: weight, goes_on)


def test_pipeline_reads_ahead_as_far_as_there_is_room() -> None:
    """Work under way never exceeds the room, and reading goes on as replies are made."""
    begun: SimpleQueue[int] = SimpleQueue()
    ready = threading.Semaphore(0)
    total = 0

    def begin(request: events_pb2.Event) -> Callable[[], str]:
        nonlocal total
        total += 1
        begun.put(total)

        def finish() -> str:
            assert ready.acquire(timeout=20)
            return request.id

        return finish

    requests = (events_pb2.Event(id=str(n)) for n in range(20))
    replies = pipeline(requests, begin, weight=ROOM // 4).replies()
    taken: list[str] = []
    consumer = threading.Thread(target=lambda: taken.extend(replies))
    consumer.start()
    for _ in range(4):
        begun.get(timeout=20)
    with pytest.raises(Empty):
        begun.get(timeout=0.3)
    ready.release()
    begun.get(timeout=20)
    with pytest.raises(Empty):
        begun.get(timeout=0.3)
    ready.release(19)
    consumer.join()
    assert taken == [str(n) for n in range(20)]


def test_pipeline_ends_when_it_should_not_go_on() -> None:
    """While nothing comes in it asks whether to go on, and ends if not."""
    silent = threading.Event()

    def requests() -> Iterator[events_pb2.Event]:
        yield events_pb2.Event(id="one")
        silent.wait(30)

    going = threading.Event()
    going.set()
    replies = pipeline(requests(), lambda r: lambda: r.id, goes_on=going.is_set).replies()
    assert next(replies) == "one"
    going.clear()
    assert list(replies) == []
    silent.set()
    assert eventually(lambda: not readers())


def test_pipeline_passes_errors_on_in_their_turn() -> None:
    """What fails while reading is raised after the replies to all that came before."""

    def requests() -> Iterator[events_pb2.Event]:
        yield events_pb2.Event(id="one")
        yield events_pb2.Event(id="two")
        raise ValueError("broken")

    replies = pipeline(requests(), lambda r: lambda: r.id).replies()
    assert [next(replies), next(replies)] == ["one", "two"]
    with pytest.raises(ValueError, match="broken"):
        next(replies)
    assert eventually(lambda: not readers())
