"""A city whose clocks change, and a leap day: through the real server, watermark by watermark."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.checks import (
    check_dates,
    check_emitted,
    check_log,
    check_rebuild,
    check_replay,
)
from tests.faults.killing import installed
from tests.faults.traffic import settle

from envrules.client import Client
from envrules.model.base import HOUR, Instant
from envrules.model.decisions import decode_decision
from envrules.model.events import Event, IssueFound, IssueMoved, UnitDeclared
from envrules.store import DecisionFilter, Store

CITY, SCHEME, SOURCE = "boston", "boston311", "city"
BOSTON = ZoneInfo("America/New_York")
STEP = 5 * HOUR
"""From one watermark to the next: no divisor of a day, so that they come at all hours."""

DUE = {
    "2024-02-28 16:00": "2024-02-29 16:00",  # the leap day is a Thursday
    "2024-02-29 09:30": "2024-03-01 09:30",
    "2026-03-06 16:00": "2026-03-09 16:00",  # clocks go forward on Sunday the 8th
    "2026-03-08 01:59": "2026-03-10 08:30",  # as if found when the office opens on Monday
    "2026-10-30 16:00": "2026-11-02 16:00",  # and back on Sunday the 1st
    "2026-11-01 01:30": "2026-11-03 08:30",
}
"""When an issue is found, and when it is due, by Boston's clock: within a working day."""


def at(text: str) -> Instant:
    """Return an instant of Boston's clock; of two, the first."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BOSTON).timestamp()) * 1_000_000


def events() -> list[Event]:
    """Two issues at each of these times: one closed in the second it is due, one never."""
    found = [
        Event("unit", at("2024-01-02 00:00"), UnitDeclared("PWDx", "Public Works", "department"))
    ]
    for begin, due in DUE.items():
        for name in (f"kept {begin}", f"late {begin}"):
            issue = IssueFound(name, "illegal_dumping", handling_unit="PWDx")
            found.append(Event(f"{name} found", at(begin), issue))
        closed = IssueMoved(f"kept {begin}", "closed", by_unit="PWDx")
        found.append(Event(f"kept {begin} closed", at(due), closed))
    return sorted(found, key=lambda event: (event.occurred_at, event.id))


def watermarks() -> list[Instant]:
    """Step by step over the days in question, and from one such time to the next at once."""
    moments: list[Instant] = []
    for begin, due in DUE.items():
        start, end = max([at(begin), *moments[-1:]]), at(due) + 24 * HOUR
        moments += range(start + STEP, end + STEP, STEP)
    return moments


def test_changes_of_the_clock_and_a_leap_day(tmp_path: Path) -> None:
    """What is due on the working day after is due at the same time by the city's clock.

    So it is over both changes of the clock and the 29th of February: closed in that second it is on
    time, left alone it is overdue as of then; told watermark by watermark, and in a replay.
    """
    with installed(tmp_path) as installation, Client.connect(installation.start()) as client:
        client.create_locality(CITY, "Boston", BOSTON.key)
        client.advance(CITY, SOURCE, at("2024-01-02 00:00"))
        client.publish(CITY, SCHEME)
        left = events()
        for until in watermarks():
            batch = [event for event in left if event.occurred_at < until]
            left = left[len(batch) :]
            if batch:
                client.submit(CITY, batch)
            client.advance(CITY, SOURCE, until)
        assert not left
        settle(client, CITY)
        assert installation.stop() == 0, installation.said()
    with Store.open(installation.url) as store:
        check_log(store, CITY)
        check_dates([decode_decision(row.payload) for row in check_emitted(store, CITY)])
        expected = {
            (f"{name} {begin}", outcome, at(due))
            for begin, due in DUE.items()
            for name, outcome in (("kept", "on_time"), ("late", "overdue"))
        }
        assert limits(store) == expected
        check_replay(store, CITY)
        check_rebuild(store, CITY)


def limits(store: Store) -> set[tuple[str, str, Instant | None]]:
    """What stands of the limit of a working day: of which issue, how it ended, when it was due."""
    rows = store.decisions(CITY, limit=1000, filters=DecisionFilter(current_only=True))
    contents = (decode_decision(row.payload).content for row in rows)
    return {
        (content.issues[0], content.outcome, content.due)
        for content in contents
        if content.slot.rule == "deadlines.illegal_dumping"
    }
