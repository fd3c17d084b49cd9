"""WatchDecisions: every decision once and in order, from a cursor, on any replica."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.service.site import TOWN, Site, at, check, month_of_the_town, refused, village
from tests.service.test_streaming import eventually

from envrules.client import CallFailed, Client
from envrules.v1 import decision_service_pb2 as pb
from envrules.v1.decisions_pb2 import Decision


def take(watch: Iterator[pb.WatchDecisionsResponse], count: int) -> list[Decision]:
    """So many decisions from a watch, which goes on."""
    found: list[Decision] = []
    beats = 0
    while len(found) < count:
        response = next(watch)
        found += response.decisions
        beats += not response.decisions
        assert beats < 60, f"{len(found)} of {count} decisions came"
    return found


def all_of(client: Client) -> list[Decision]:
    """Every decision of the town."""
    return list(client.list_decisions("yunxi", history=True))


def test_watch_from_the_beginning(client: Client) -> None:
    """From cursor 0 everything is sent, in order, each once, with cursors to resume from."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    expected = all_of(client)
    watch = client.watch("yunxi", after=0, heartbeat=1)
    assert take(watch, len(expected)) == expected
    watch.close()
    middle = expected[len(expected) // 2].decision_seq
    rest = [d for d in expected if d.decision_seq > middle]
    assert take(client.watch("yunxi", after=middle, heartbeat=1), len(rest)) == rest


def test_watch_from_now_on(client: Client) -> None:
    """Without a cursor only what is decided later is sent, and the first response comes at once."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    last = all_of(client)[-1].decision_seq
    watch = client.watch("yunxi", heartbeat=1)
    first = next(watch)
    assert (list(first.decisions), first.cursor) == ([], last)
    client.submit("yunxi", [check("new", "zhao", "2026-07-20 09:00", "三大堆")])
    news = take(watch, 1)
    assert news[0].decision_seq == last + 1
    assert "new" in news[0].event_ids


def test_the_cursor_moves_past_what_is_filtered_out(client: Client) -> None:
    """A filtered watch sends only what is wanted, and need not see the rest again."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    everything = all_of(client)
    wanted = [d for d in everything if d.unit == "qian" and d.kind == "deduction"]
    watch = client.watch("yunxi", after=0, heartbeat=1, units=["qian"], kinds=["deduction"])
    found: list[Decision] = []
    response = next(watch)
    while True:
        found += response.decisions
        if response.cursor == everything[-1].decision_seq:
            break
        response = next(watch)
    assert found == wanted
    caused = [d for d in everything if "c-qian" in d.event_ids]
    by_event = client.watch("yunxi", after=0, heartbeat=1, event_ids=["c-qian"])
    assert take(by_event, len(caused)) == caused
    assert len(caused) >= 3


def test_heartbeats_tell_cursor_and_time(client: Client) -> None:
    """While nothing is decided an empty response comes every so often."""
    client.advance("yunxi", "clock", None)
    watch = client.watch("yunxi", after=0, heartbeat=1)
    for _ in range(2):
        beat = next(watch)
        assert (list(beat.decisions), beat.cursor) == ([], 0)
        assert beat.now.ToMicroseconds() == at("2026-11-22 12:00")


def test_resuming_across_a_restart(start: Callable[..., Site]) -> None:
    """A cursor from before a restart goes on where it was: nothing is missing or sent twice."""
    before = start()
    client = before.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    client.submit("yunxi", month_of_the_town()[:5], decided=True)
    watch = client.watch("yunxi", after=0, heartbeat=1)
    seen = take(watch, 3)
    cursor = seen[-1].decision_seq
    assert len(seen) == cursor
    before.stop(grace=0)
    with pytest.raises(CallFailed):
        take(watch, 10_000)
    after = start()
    client = after.client()
    client.submit("yunxi", month_of_the_town()[5:], decided=True)
    expected = all_of(client)
    rest = take(client.watch("yunxi", after=cursor, heartbeat=1), len(expected) - cursor)
    assert [*expected[:cursor], *rest] == expected


def test_watching_another_replica(start: Callable[..., Site]) -> None:
    """A watch on one replica sees what is submitted to and judged by another."""
    first, second = start(), start()
    writer, reader = first.client(), second.client()
    writer.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    watch = reader.watch("yunxi", after=0, heartbeat=1)
    next(watch)
    writer.submit("yunxi", month_of_the_town(), decided=True)
    expected = all_of(writer)
    assert take(watch, len(expected)) == expected
    assert all(receipt.decided for receipt in reader.submit("yunxi", [village("li")], decided=True))


def test_nothing_is_skipped_while_others_submit(client: Client) -> None:
    """A watch that runs along with many submissions sees every decision once, in order."""
    client.submit("yunxi", month_of_the_town(), decided=True)

    def submit() -> None:
        for n in range(60):
            minute = f"2026-07-15 10:{n:02}"
            client.submit("yunxi", [check(f"x{n}", "zhao", minute, "三大堆", "白色垃圾")])

    writer = threading.Thread(target=submit)
    watch = client.watch("yunxi", after=0, heartbeat=1)
    writer.start()
    seen = take(watch, 120)
    writer.join()
    client.submit("yunxi", [village("li")], decided=True)
    expected = all_of(client)
    seen += take(watch, len(expected) - len(seen))
    assert seen == expected


def test_a_watcher_that_leaves_gives_its_place_back(start: Callable[..., Site]) -> None:
    """Watchers over the limit are told so; a place is free again once one leaves."""
    site = start(max_watchers=2)
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    watches = [site.client().watch("yunxi", heartbeat=1) for _ in range(2)]
    for watch in watches:
        next(watch)
    with refused("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHERS"):
        next(client.watch("yunxi", heartbeat=1))
    watches[0].close()

    def is_let_in() -> bool:
        try:
            next(client.watch("yunxi", heartbeat=1))
        except CallFailed:
            return False
        return True

    assert eventually(is_let_in)


BAD: list[tuple[dict[str, Any], tuple[str, str], list[str]]] = [
    ({"locality": ""}, ("INVALID_ARGUMENT", "BAD_REQUEST"), ["locality REQUIRED"]),
    (
        {"locality": "yunxi", "after": -1, "heartbeat": 0.5}, ("INVALID_ARGUMENT", "BAD_REQUEST"),
        ["after OUT_OF_RANGE", "heartbeat OUT_OF_RANGE"],
    ),
    ({"locality": "nowhere"}, ("NOT_FOUND", "LOCALITY_NOT_FOUND"), []),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status", "fields"), BAD, ids=["empty", "ranges", "unknown"])
def test_a_wrong_watch(
    client: Client, asked: dict[str, Any], status: tuple[str, str], fields: list[str]
) -> None:
    """What is wrong with a watch ends it at once."""
    with refused(*status, *fields):
        next(client.watch(**asked))
