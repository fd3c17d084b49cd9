"""However often the host is read, and whatever crashes in between, the same events hold at last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from envrules_grid_platform.bridge import engine_of
from envrules_grid_platform.bridge_tables import BridgeTables
from envrules_grid_platform.clock import micros
from envrules_grid_platform.config import Config, load
from envrules_grid_platform.host import Host
from envrules_grid_platform.reader import Reader
from envrules_grid_platform.rehearsal.platform import apply, create, write_files
from envrules_grid_platform.rehearsal.town import UNITS, Write, town
from envrules_grid_platform.sender import Sender
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, select

from envrules.client import Client
from envrules.v1 import event_service_pb2 as service
from envrules.v1 import events_pb2 as pb
from envrules.v1.common_pb2 import Problem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CRASHES = ("", "before the commit", "before the server", "after the server", "before the receipts")


class Crash(Exception):
    """The bridge is killed here."""


@dataclass
class Server:
    """Keeps events as the real one does: an id once, with one content."""

    events: dict[str, bytes] = field(default_factory=dict)
    marks: list[int] = field(default_factory=list)
    crash: str = ""
    refused: list[str] = field(default_factory=list)

    def submit(self, locality: str, events: Sequence[pb.Event]) -> list[service.Receipt]:
        """Store events, or crash."""
        assert locality == "bridged"
        if self.crash == "before the server":
            raise Crash
        receipts = [self._keep(one) for one in events]
        if self.crash == "after the server":
            raise Crash
        return receipts

    def _keep(self, one: pb.Event) -> service.Receipt:
        body = one.SerializeToString(deterministic=True)
        if self.events.setdefault(one.id, body) == body:
            return service.Receipt(event_id=one.id, status=service.RECEIPT_STATUS_STORED)
        self.refused.append(one.id)
        problem = Problem(field="events[0].id", code="ID_REUSED", message="is taken")
        status = service.RECEIPT_STATUS_REFUSED
        return service.Receipt(event_id=one.id, status=status, problems=[problem])

    def advance(self, _locality: str, source: str, until: int) -> None:
        """Note a watermark."""
        assert source == "grid"
        self.marks.append(until)

    def live(self) -> dict[str, bytes]:
        """What holds: no withdrawn event, and ids without their versions."""
        events = [pb.Event.FromString(body) for body in self.events.values()]
        gone = {e.event_withdrawn.target for e in events if e.HasField("event_withdrawn")}
        assert gone <= {*self.events}, "a withdrawal of nothing"
        found: dict[str, bytes] = {}
        for one in events:
            if one.id in gone or one.HasField("event_withdrawn"):
                continue
            one.id = re.sub("~.*", "", one.id)
            for kind in ("appeal_filed", "appeal_decided"):
                if one.HasField(kind):
                    payload = getattr(one, kind)
                    assert payload.target not in gone, "an appeal against what was withdrawn"
                    payload.target = re.sub("~.*", "", payload.target)
            assert one.id not in found, "two versions hold"
            found[one.id] = one.SerializeToString(deterministic=True)
        return found


class Bench:
    """A host, a bridge without its processes, and a server that is a dictionary."""

    def __init__(self, config: Config, engine: Engine) -> None:
        self.config, self.engine, self.server = config, engine, Server()
        self.tables = BridgeTables(config.database.prefix)
        create(engine)
        self.tables.create(engine, config.locality)
        self._start()
        event.listen(engine, "commit", self._committing)

    def _start(self) -> None:
        host = Host(self.engine, self.config)
        client = cast(Client, self.server)
        self.reader = Reader(host, self.tables, self.config, lambda: NOW)
        self.sender = Sender(self.engine, self.tables, self.config, client, lambda: NOW)

    def _committing(self, _connection: object) -> None:
        wanted = {"before the commit": 1, "before the receipts": 2}.get(self.server.crash)
        self.commits += 1
        if wanted == self.commits:
            raise Crash

    commits = 0

    def write(self, writes: Sequence[Write]) -> None:
        """Let the host commit."""
        if writes:
            with self.engine.begin() as connection:
                apply(connection, writes)

    def poll(self, crash: str = "") -> bool:
        """Read once and send all; after a crash the bridge starts anew. Return whether all is read."""
        self.commits, self.server.crash = 0, crash
        try:
            reading = self.reader.read()
            while self.sender.send():
                pass
            self.sender.advance()
            return reading.caught_up
        except Crash:
            self._start()
            return False
        finally:
            self.server.crash = ""

    def settle(self) -> None:
        """Poll until all is read, and what was parked has been tried again."""
        self.poll("before the commit")  # a start that is lost, too
        while not self.poll():
            pass
        self.poll()

    def parked(self) -> list[tuple[str, str, str]]:
        """What is parked."""
        table = self.tables.parked.c
        with self.engine.connect() as connection:
            query = select(table.host_table, table.host_row, table.host_column)
            return sorted(tuple(row) for row in connection.execute(query))


Make = Callable[..., Bench]


@contextmanager
def bench(batch: int) -> Iterator[Bench]:
    """Give a bench on a new host, in memory."""
    with TemporaryDirectory() as name:
        file = write_files(Path(name), "sqlite://", "127.0.0.1:1", "bridged", batch=batch)
        config = load(file)
        poll = config.poll.model_copy(update={"retry": config.poll.every * 0})
        with engine_of(config) as engine:
            yield Bench(config.model_copy(update={"poll": poll}), engine)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000), cases=st.integers(1, 8), batch=st.sampled_from([1, 3, 50]),
    turns=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(CRASHES)), max_size=12),
)  # fmt: skip
def test_any_interleaving_gives_the_same_events(
    seed: int, cases: int, batch: int, turns: list[tuple[int, str]]
) -> None:
    """Polls between the host's commits, and crashes of the bridge, change nothing in the end."""
    writes = town(seed, cases).writes
    with bench(500) as whole:
        whole.write(writes)
        whole.settle()
        at_once, parked = whole.server.live(), whole.parked()
    with bench(batch) as parts:
        done = 0
        for some, crash in turns:
            parts.write(writes[done : done + some])
            done += some
            parts.poll(crash)
        parts.write(writes[done:])
        parts.settle()
        assert parts.server.live() == at_once
        assert parts.parked() == parked
        assert not parts.server.refused
        assert parts.server.marks == sorted(parts.server.marks)


def test_the_town_has_all_that_goes_wrong() -> None:
    """The property above is about something: each kind of mistake occurs."""
    made = town(1, 400)
    flows = [write for write in made.writes if write.table == "flow"]
    numbers = [write.row["flow_id"] for write in flows]
    assert numbers != sorted(numbers), "late commits"
    assert {"撤销", "更正", "申诉成立", "返工", "挂账", "缓办"} <= {w.row["action"] for w in flows}
    assert any("corrects" in write.row and write.row["action"] != "撤销" for write in flows)
    assert any(write.row["occurred_at"] is None for write in flows)
    assert any(write.row.get("longitude") == "117。1" for write in made.writes)
    assert made.unreadable


@pytest.fixture
def small() -> Iterator[Bench]:
    """Give a host with one case that is good."""
    with bench(500) as made:
        made.write(_case())
        made.poll()
        yield made


def _case() -> list[Write]:
    at = _at(10)
    number = "1101172025070300001"
    case = {"case_no": number, "object_class": "事件", "large_class": "01", "reported_at": at}
    return [Write(at, "case", case), _flow(1, "上报")]


def _at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 7, 3, hour, minute)  # noqa: DTZ001 - the town's own time


def _flow(number: int, action: str, **more: Any) -> Write:
    at = _at(10, number % 60)
    row = {"flow_id": number, "case_no": "1101172025070300001", "action": action}
    return Write(at, "flow", row | {"occurred_at": at, "recorded_at": at, **more})


def test_a_changed_case_is_withdrawn_and_sent_again(small: Bench) -> None:
    """A flow record makes the bridge look at its case again; the old version's id is used up."""
    at = _at(11)
    changed = {"case_no": "1101172025070300001", "large_class": "02"}
    small.write([Write(at, "case", changed, update=True)])
    small.poll()
    assert len(small.server.events) == 1, "nobody announced it"
    small.write([_flow(2, "更正")])
    small.poll()
    assert [*small.server.events] == [
        "grid:case:1101172025070300001", "grid:case:1101172025070300001~void",
        "grid:case:1101172025070300001~2",
    ]  # fmt: skip


def test_all_cases_can_be_compared(small: Bench) -> None:
    """A change without a flow record is found when one asks for it."""
    at = _at(11)
    changed = {"case_no": "1101172025070300001", "large_class": "02"}
    small.write([Write(at, "case", changed, update=True)])
    assert small.reader.read_again() == 2
    assert small.reader.read_again() == 0


def test_a_record_committed_late_is_found(small: Bench) -> None:
    """A number below the position is no reason to pass it over."""
    small.write([_flow(9, "结案")])
    small.poll()
    small.write([_flow(5, "处置")])
    small.poll()
    assert "grid:flow:5" in small.server.events


def test_a_bad_record_is_parked_until_it_is_mended(small: Bench) -> None:
    """It is named with row and column, holds nobody up, and goes out once it can be read."""
    small.write([_flow(2, "盖章"), _flow(3, "受理")])
    small.poll()
    assert small.parked() == [("flow", "2", "action")]
    assert "grid:flow:3" in small.server.events
    small.write([Write(NOW, "flow", {"flow_id": 2, "action": "立案"}, update=True)])
    small.poll()
    assert small.parked() == []
    assert "grid:flow:2" in small.server.events


def test_the_watermark_follows_what_is_written_down(small: Bench) -> None:
    """Time is two hours behind the last record here, and no later than now."""
    small.write([_flow(2, "受理", recorded_at=datetime(2099, 1, 1))])  # noqa: DTZ001 - a typing error
    small.poll()
    small.write([_flow(3, "立案")])
    small.poll()
    ten = datetime(2025, 7, 3, 2, tzinfo=UTC)
    assert [micros(ten) - mark for mark in small.server.marks] == [
        micros(datetime.fromtimestamp(60 * minutes, UTC)) for minutes in (119, 117)
    ]


def test_units_come_first() -> None:
    """A case of a unit that nobody has declared would be judged twice, and a backlog as a whole."""
    with bench(1) as made:
        made.write(town(1, 5).writes)
        made.poll()
        first = [pb.Event.FromString(body) for body in made.server.events.values()]
    units = [one.HasField("unit_declared") for one in first]
    assert units == sorted(units, reverse=True)
    assert units.count(True) == len(UNITS)
    assert not all(units)


def test_a_late_record_is_sent_and_counted(small: Bench) -> None:
    """It happened before the time up to which all had been told."""
    small.write([_flow(60, "结案", occurred_at=_at(15), recorded_at=_at(15))])
    small.poll()
    small.write([_flow(61, "督办", occurred_at=_at(12), recorded_at=_at(16))])
    small.poll()
    with small.engine.connect() as connection:
        assert connection.scalar(select(small.tables.bridge.c.late)) == 1
    assert "grid:flow:61" in small.server.events


def test_lost_tables_are_made_up_for(small: Bench) -> None:
    """What the server has under an id of ours with other content is withdrawn, and sent anew."""
    at = _at(11)
    changed = {"case_no": "1101172025070300001", "large_class": "02"}
    small.write([Write(at, "case", changed, update=True)])
    with small.engine.begin() as connection:
        for table in (small.tables.event, small.tables.seen):
            connection.execute(delete(table))
    small.settle()
    assert small.server.refused == ["grid:case:1101172025070300001"]
    assert small.parked() == []
    live = [pb.Event.FromString(body) for body in small.server.live().values()]
    assert [one.issue_found.large_class for one in live] == ["02"]
