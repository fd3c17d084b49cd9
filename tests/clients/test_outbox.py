"""What a stream has to send again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

from envrules.client.outbox import Outbox


def test_a_new_attempt_begins_with_what_has_no_answer() -> None:
    """What was answered is gone; the rest is sent again, in order, before anything new is read."""
    outbox = Outbox("abcd")
    assert list(islice(outbox.items(), 3)) == ["a", "b", "c"]
    outbox.answered()
    assert list(islice(outbox.items(), 2)) == ["b", "c"]
    assert list(outbox.items()) == ["b", "c", "d"]
    for _ in "bcd":
        outbox.answered()
    assert list(outbox.items()) == []


def test_a_broken_attempt_reads_for_the_next_one() -> None:
    """While one attempt waits in the source, another sends what is there, then what that one gets."""
    reading, go_on = threading.Event(), threading.Event()

    def source() -> Iterator[str]:
        yield "early"
        reading.set()
        assert go_on.wait(30)
        yield "late"

    outbox = Outbox(source())
    broken: list[str] = []
    thread = threading.Thread(target=lambda: broken.extend(islice(outbox.items(), 2)))
    thread.start()
    assert reading.wait(30)
    attempt = outbox.items()
    assert next(attempt) == "early"
    go_on.set()
    assert next(attempt) == "late"
    assert list(attempt) == []
    thread.join()
    assert broken == ["early", "late"]
