"""EventService: receipts that hold, batches of which only the bad events are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
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
    village,
)

from envrules.client import AnyEvent, CallFailed, Client
from envrules.model.base import MINUTE
from envrules.model.events import Event, UnitDeclared
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import events_pb2
from envrules.wire.events_out import event_to_proto

STORED, DUPLICATE, REFUSED = (
    pb.RECEIPT_STATUS_STORED, pb.RECEIPT_STATUS_DUPLICATE, pb.RECEIPT_STATUS_REFUSED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("locality", "events"),
    [("yunxi", month_of_the_town()), ("liuhu", month_of_the_street())],
    ids=[TOWN, STREET],
)
def test_receipts_follow_the_request(client: Client, locality: str, events: list[Event]) -> None:
    """Each event gets one receipt, in the order of the request, with its place in the log."""
    receipts = client.submit(locality, events)
    assert [receipt.event_id for receipt in receipts] == [event.id for event in events]
    assert {receipt.status for receipt in receipts} == {STORED}
    assert [receipt.seq for receipt in receipts] == list(range(3, 3 + len(events)))


def test_waiting_until_decided(client: Client) -> None:
    """With WAIT_FOR_DECIDED the decisions that an event causes can be read, and are named."""
    receipts = client.submit("yunxi", month_of_the_town(), decided=True)
    assert all(receipt.decided for receipt in receipts)
    assert [len(receipt.decision_ids) for receipt in receipts] == [0, 0, 0, 0, 3, 35, 0, 0, 0]
    for receipt in receipts:
        for decision_id in receipt.decision_ids:
            decision = client.decision("yunxi", decision_id).decision
            assert list(decision.event_ids) == [receipt.event_id]
            assert decision.kind == "deduction"


def test_decided_is_false_when_patience_runs_out(site: Site, client: Client) -> None:
    """When the time to wait is over the events are stored all the same, and nothing is claimed."""
    site.runtime.projecting.stop()
    request = pb.SubmitEventsRequest(
        locality="yunxi", events=[event_to_proto(village("zhao"))], wait_for=pb.WAIT_FOR_DECIDED,
        wait_timeout=Duration(nanos=10_000_000),
    )  # fmt: skip
    (receipt,) = client.event_stub.SubmitEvents(request).receipts
    assert (receipt.status, receipt.decided) == (STORED, False)
    assert site.store.event_row("yunxi", "unit-zhao") is not None


def test_same_content_again_gives_the_first_receipt(client: Client) -> None:
    """Sending an event again stores nothing and gives its first place, in any batch."""
    events = month_of_the_town()
    first = client.submit("yunxi", events)
    again = client.submit("yunxi", [events[4], village("li"), events[0], events[4]], decided=True)
    assert [r.status for r in again] == [DUPLICATE, STORED, DUPLICATE, DUPLICATE]
    assert [again[0].seq, again[2].seq, again[3].seq] == [first[4].seq, first[0].seq, first[4].seq]
    assert again[1].seq == first[-1].seq + 1, "nothing was stored in between"
    assert len(again[0].decision_ids) == 3


def test_other_content_under_a_known_id_is_refused(client: Client) -> None:
    """An id that is taken by other content refuses the event, and the stored one stands."""
    client.submit("yunxi", [village("zhao", "赵庄村")])
    known, new = client.submit("yunxi", [village("zhao", "另一个村"), village("qian")])
    assert (known.status, known.seq, new.status) == (REFUSED, 0, STORED)
    (problem,) = known.problems
    assert (problem.field, problem.code) == ("events[0].id", "ID_REUSED")
    assert problem.message_zh


def test_only_the_bad_events_are_refused(site: Site, client: Client) -> None:
    """A bad event gets all its problems with exact paths; the rest of the batch is stored."""
    nameless = event_to_proto(village("qian"))
    nameless.ClearField("id")
    nameless.unit_declared.ClearField("type")
    late = Event("late", NOW + 24 * 60 * MINUTE, UnitDeclared("sun", "孙庄村", "village"))
    half = event_to_proto(check("half", "zhao", "2026-07-10 09:00", "三大堆"))
    half.inspection.findings[0].longitude = "113,2"
    half.occurred_at.nanos = 1
    batch: list[AnyEvent] = [
        village("zhao"),
        nameless,
        late,
        events_pb2.Event(id="empty"),
        half,
        village("li"),
    ]
    receipts = client.submit("yunxi", batch)
    assert [r.status for r in receipts] == [STORED, REFUSED, REFUSED, REFUSED, REFUSED, STORED]
    problems = [[f"{p.field} {p.code}" for p in receipt.problems] for receipt in receipts]
    assert problems == [
        [],
        ["events[1].id REQUIRED", "events[1].unit_declared.type REQUIRED"],
        ["events[2].occurred_at IN_FUTURE"],
        ["events[3].occurred_at REQUIRED", "events[3].payload REQUIRED"],
        [
            "events[4].occurred_at SUB_MICROSECOND",
            "events[4].inspection.findings[0].longitude BAD_NUMBER",
        ],
        [],
    ]
    assert all(p.message and p.message_zh for receipt in receipts for p in receipt.problems)
    assert site.store.head("yunxi") == 4, "the two good events"
    (mended,) = client.submit("yunxi", [Event("late", at("2026-07-01 00:00"), late.payload)])
    assert mended.status == STORED, "the id of a refused event is still free"


def test_clock_skew_is_allowed_up_to_the_limit(start: Callable[..., Site]) -> None:
    """An event may lie in the future by the configured skew and no more."""
    site = start(skew=2 * MINUTE)
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    payload = UnitDeclared("zhao", "赵庄村", "village")
    just, over = client.submit(
        "yunxi",
        [Event("just", NOW + 2 * MINUTE, payload), Event("over", NOW + 2 * MINUTE + 1, payload)],
    )
    assert (just.status, over.status) == (STORED, REFUSED)
    assert [p.code for p in over.problems] == ["IN_FUTURE"]


GOOD = event_to_proto(village("zhao"))
ENVELOPES: list[tuple[dict[str, Any], tuple[str, str], list[str]]] = [
    ({}, ("INVALID_ARGUMENT", "BAD_REQUEST"), ["locality REQUIRED"]),
    (
        {"locality": "Yunxi", "events": [GOOD]}, ("INVALID_ARGUMENT", "BAD_REQUEST"),
        ["locality BAD_CHARACTER"],
    ),
    (
        {"locality": "y" * 64, "events": [GOOD]}, ("INVALID_ARGUMENT", "BAD_REQUEST"),
        ["locality TOO_LONG"],
    ),
    ({"locality": "yunxi"}, ("INVALID_ARGUMENT", "BAD_REQUEST"), ["events REQUIRED"]),
    (
        {"locality": "yunxi", "events": [GOOD] * 1001}, ("INVALID_ARGUMENT", "BAD_REQUEST"),
        ["events TOO_MANY"],
    ),
    (
        {"locality": "yunxi", "events": [GOOD], "wait_timeout": Duration(seconds=61)},
        ("INVALID_ARGUMENT", "BAD_REQUEST"), ["wait_timeout OUT_OF_RANGE"],
    ),
    (
        {"locality": "yunxi", "events": [GOOD], "wait_timeout": Duration(seconds=-1)},
        ("INVALID_ARGUMENT", "BAD_REQUEST"), ["wait_timeout OUT_OF_RANGE"],
    ),
    (
        {"locality": "yunxi", "events": [GOOD], "wait_for": 9},
        ("INVALID_ARGUMENT", "BAD_REQUEST"), ["wait_for UNKNOWN_VALUE"],
    ),
    ({"locality": "nowhere", "events": [GOOD]}, ("NOT_FOUND", "LOCALITY_NOT_FOUND"), []),
]  # fmt: skip


@pytest.mark.parametrize(("request_fields", "status", "fields"), ENVELOPES)
@pytest.mark.parametrize("streamed", [False, True], ids=["SubmitEvents", "StreamEvents"])
def test_a_wrong_request_stores_nothing(
    site: Site, client: Client, request_fields: dict[str, Any], status: tuple[str, str],
    fields: list[str], streamed: bool,
) -> None:  # fmt: skip
    """What is wrong with the request itself fails the call, with field paths."""
    with refused(*status, *fields):
        try:
            if streamed:
                call = client.event_stub.StreamEvents(
                    iter([pb.StreamEventsRequest(**request_fields)])
                )
                next(call)
            else:
                client.event_stub.SubmitEvents(pb.SubmitEventsRequest(**request_fields))
        except grpc.RpcError as error:
            raise CallFailed(error) from error
    assert site.store.head("yunxi") == 2


def test_a_message_that_is_too_large_is_refused(start: Callable[..., Site]) -> None:
    """A request over the configured size gets RESOURCE_EXHAUSTED and is not read."""
    client = start(max_message_bytes=10_000).client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    with pytest.raises(CallFailed) as caught:
        client.submit("yunxi", [village(f"v{n}") for n in range(500)])
    assert caught.value.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.submit("yunxi", [village("zhao")])[0].status == STORED


WATERMARKS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["locality REQUIRED", "source REQUIRED", "until REQUIRED"]),
    ({"locality": "yunxi", "source": "grid"}, ["until REQUIRED"]),
    (
        {"locality": "yunxi", "source": " grid", "until": Timestamp(seconds=1)},
        ["source SPACE_AROUND"],
    ),
    (
        {"locality": "yunxi", "source": "grid", "until": Timestamp(seconds=1, nanos=1)},
        ["until SUB_MICROSECOND"],
    ),
    (
        {"locality": "yunxi", "source": "grid", "until": Timestamp(seconds=1), "release": True},
        ["until CONTRADICTION"],
    ),
]


@pytest.mark.parametrize(("request_fields", "fields"), WATERMARKS)
def test_a_wrong_watermark_changes_nothing(
    site: Site, client: Client, request_fields: dict[str, Any], fields: list[str]
) -> None:
    """What is wrong with a watermark is told by field."""
    request = pb.AdvanceWatermarkRequest(**request_fields)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", *fields):
        client._call(client.event_stub.AdvanceWatermark, request)
    assert site.store.head("yunxi") == 2


def test_watermark_of_an_unknown_locality(client: Client) -> None:
    """A watermark needs a locality that exists."""
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        client.advance("nowhere", "grid", at("2026-07-01 00:00"))


def test_watermarks_hold_the_time_of_the_locality(start: Callable[..., Site]) -> None:
    """The locality's time is the earliest watermark; it never goes back, and a release frees it."""
    client = start().client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    assert not client.locality("yunxi").HasField("now")
    july, august = at("2026-07-01 00:00"), at("2026-08-01 00:00")
    first = client.advance("yunxi", "grid", july)
    assert (first.now.ToMicroseconds(), first.held_by) == (july, "grid")
    both = client.advance("yunxi", "hotline", august)
    assert (both.now.ToMicroseconds(), both.held_by) == (july, "grid")
    later = client.advance("yunxi", "grid", at("2026-09-01 00:00"))
    assert (later.now.ToMicroseconds(), later.held_by) == (august, "hotline")
    back = client.advance("yunxi", "hotline", july)
    assert (back.now.ToMicroseconds(), back.held_by) == (august, "hotline")
    shown = [(s.source, s.until.ToMicroseconds()) for s in client.locality("yunxi").sources]
    assert shown == [("grid", at("2026-09-01 00:00")), ("hotline", august)]
    client.advance("yunxi", "grid", None)
    free = client.advance("yunxi", "hotline", None)
    assert free.held_by == ""
    assert free.now.ToMicroseconds() == NOW
    assert list(client.locality("yunxi").sources) == []
