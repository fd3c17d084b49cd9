"""Requests become events in order of time, in batches whose watermarks promise only what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from envrules_boston311.rows import ZONE, Request
from envrules_boston311.timeline import Batch, Happening, batches, month_of, timeline
from hypothesis import given
from hypothesis import strategies as st

MARCH = month_of("2015-03")


def request(case: str, opened: datetime, closed: datetime | None = None) -> Request:
    """A request, handled by the department of public works."""
    return Request(f"a.csv:{case}", case, "illegal_dumping", "PWDx", opened, None, closed)


def utc(month: int, day: int, hour: int = 12) -> datetime:
    """A moment of 2015."""
    return datetime(2015, month, day, hour, tzinfo=UTC)


def ids(happenings: Sequence[Happening]) -> list[str]:
    """The ids of their events."""
    return [happening.event.id for happening in happenings]


def test_events_of_all_requests_in_order() -> None:
    """Openings and closings are merged by time; of one moment, an opening comes before its closing."""
    requests = [request("2", utc(3, 2), utc(3, 9)), request("1", utc(3, 5), utc(3, 5))]
    line = timeline(requests, None)
    assert ids(line.happenings) == ["2-opened", "1-opened", "1-closed", "2-closed"]
    assert ids(line.units) == ["department-PWDx"]
    assert (line.start, line.end) == (utc(3, 2, 5), utc(3, 10, 4))  # clocks changed on the 8th


def test_a_month_is_its_stock_and_its_flow() -> None:
    """Sent is what happened up to its end to requests open in it: no opening lacks, none is early."""
    requests = [
        request("before", utc(2, 1), utc(2, 20)),
        request("carried", utc(2, 1), utc(3, 20)),
        request("stays", utc(2, 1)),
        request("inside", utc(3, 3), utc(3, 4)),
        request("leaves", utc(3, 31), utc(4, 2)),
        request("after", utc(4, 1)),
    ]
    line = timeline(requests, MARCH)
    assert ids(line.happenings) == [
        "carried-opened", "stays-opened", "inside-opened", "inside-closed", "carried-closed",
        "leaves-opened",
    ]  # fmt: skip
    assert line.end == utc(4, 1, 4)


def test_months_in_turn_are_the_year() -> None:
    """The months one after another send every event of the whole, and none besides."""
    requests = [
        request(str(n), utc(1 + n % 5, 1 + n), utc(1 + n % 5, 1 + n) + timedelta(days=3 * n))
        for n in range(20)
    ]
    whole = timeline(requests, None)
    months = [f"2015-{n:02d}" for n in range(1, 8)]
    parts = [timeline(requests, month_of(name)).happenings for name in months]
    assert set(ids(whole.happenings)) == {one for part in parts for one in ids(part)}


def test_nothing_happened() -> None:
    """A month in which nothing happened is an error, not an empty import."""
    with pytest.raises(ValueError, match="nothing happened"):
        timeline([request("1", utc(4, 1))], MARCH)


@pytest.mark.parametrize("text", ["2015", "2015-13", "2015-3", "March"])
def test_no_month(text: str) -> None:
    """A month is written like 2015-03."""
    with pytest.raises(ValueError, match="no month like 2015-03"):
        month_of(text)


@given(
    st.lists(st.integers(0, 20_000), min_size=1, max_size=60, unique=True),
    st.integers(1, 7),
)
def test_watermarks_promise_only_what_is_sent(minutes: list[int], size: int) -> None:
    """No event is sent after a watermark past it, none is left out, no batch spans two days."""
    begin = utc(10, 25)  # a fortnight in which clocks go back
    requests = [
        request(str(n), begin + timedelta(minutes=minute // 2), begin + timedelta(minutes=minute))
        for n, minute in enumerate(minutes)
    ]
    line = timeline(requests, None)
    sent = list(batches(line, size))
    assert [one for batch in sent for one in ids(batch.happenings)] == ids(line.happenings)
    reached = line.start
    for batch in sent:
        assert 1 <= len(batch.happenings) <= size
        assert all(happening.at >= reached for happening in batch.happenings)
        assert len(_days(batch)) == 1
        reached = batch.until
    assert reached == line.end > line.happenings[-1].at


def _days(batch: Batch) -> set[date]:
    return {happening.at.astimezone(ZONE).date() for happening in batch.happenings}
