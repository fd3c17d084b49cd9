"""The load: a city's events, in order of time, as many as are wanted and always the same ones.

Every issue is found by a patrol and then registered, dispatched, handled, checked and closed; one
in twenty is handled too late. For every tenth one, its unit is inspected with five findings. A
thousand units with ten issues each a month keep the groups that rules look at as small as a city
keeps them, however many events a run takes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from envrules.v1 import events_pb2 as pb

SCHEME = "town_deduction"
TIMEZONE = "Asia/Shanghai"
SOURCE = "host"
"""The source system whose watermark covers all events."""
UNITS = 1000
START = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
"""Long ago: a run of millions of events takes years of a city's time, and must not reach today."""

_MONTH = 30 * 86_400
_SECONDS_AN_ISSUE = _MONTH / (10 * UNITS)
_ISSUES_AN_INSPECTION = 10
_ISSUES_A_LATE_ONE = 20
_FOUND = (("main_road", "三大堆"), ("main_road", "白色垃圾"), ("village_road", "乱搭乱建"),
          ("village", "三大堆"), ("water", "漂浮物"))  # fmt: skip
_STEPS: tuple[tuple[int, pb.Move.ValueType, dict[str, str]], ...] = (
    (1_800, pb.MOVE_REGISTERED, {"整改措施": "清运并平整", "完成时限": "三个工作日", "责任岗": "保洁二组"}),
    (5_400, pb.MOVE_DISPATCHED, {}),
    (90_000, pb.MOVE_HANDLED, {"处置结果": "已清运，现场无残留"}),
    (104_400, pb.MOVE_CHECK_PASSED, {"督办记录": "照片核实，销号"}),
    (108_000, pb.MOVE_CLOSED, {}),
)  # fmt: skip
_LATE = 8 * 86_400


def unit_id(number: int) -> str:
    """Return the code of a unit, 0 ≤ number < UNITS."""
    return f"village-{number:04d}"


def declarations() -> list[pb.Event]:
    """Return the events that declare all units, as of the start."""
    return [
        pb.Event(
            id=f"unit-{n:04d}", occurred_at=Timestamp(seconds=START), source=SOURCE,
            unit_declared=pb.UnitDeclared(unit=unit_id(n), title=f"第{n:04d}村", type="village"),
        )
        for n in range(UNITS)
    ]  # fmt: skip


class City:
    """An endless source of events; two of them give the same."""

    def __init__(self) -> None:
        self._events = _in_order()
        self.until = START
        """Time of the last event given, in seconds since the epoch."""

    def take(self, count: int) -> list[pb.Event]:
        """Return the next `count` events."""
        events = [next(self._events) for _ in range(count)]
        self.until = events[-1].occurred_at.seconds if events else self.until
        return events


def _in_order() -> Iterator[pb.Event]:
    waiting: list[tuple[int, int, pb.Event]] = []
    number = issue = 0
    while True:
        for event in _of_issue(issue):
            heapq.heappush(waiting, (event.occurred_at.seconds, number, event))
            number += 1
        issue += 1
        now = START + int(issue * _SECONDS_AN_ISSUE)
        while waiting and waiting[0][0] < now:
            yield heapq.heappop(waiting)[2]


def _of_issue(number: int) -> Iterator[pb.Event]:
    """Yield the events of one issue, and of the inspection that goes with it."""
    unit = number % UNITS
    found = START + int(number * _SECONDS_AN_ISSUE)
    name = f"GD-2015-{number:08d}"
    place, category = _FOUND[number % len(_FOUND)]
    point = f"point-{unit:04d}-{number % 7}"
    yield pb.Event(
        id=f"{name}-0", occurred_at=Timestamp(seconds=found), source=SOURCE,
        issue_found=pb.IssueFound(
            issue=name, category=category, place=place, source="patrol", place_unit=unit_id(unit),
            reporter_unit="grid-team-07", object_class=pb.OBJECT_CLASS_EVENT, point=point,
            longitude=f"116.{300_000 + number % 90_000}",
            latitude=f"39.{800_000 + number % 70_000}", grid=f"110105012{unit:06d}",
            photos=[f"photos/2015/{name}/1.jpg", f"photos/2015/{name}/2.jpg"],
        ),
    )  # fmt: skip
    late = _LATE if number % _ISSUES_A_LATE_ONE == 7 else 0
    for step, (after, move, ledger) in enumerate(_STEPS, start=1):
        delay = late if move in (pb.MOVE_HANDLED, pb.MOVE_CHECK_PASSED, pb.MOVE_CLOSED) else 0
        yield pb.Event(
            id=f"{name}-{step}", occurred_at=Timestamp(seconds=found + after + delay),
            source=SOURCE, flow_sequence=step,
            issue_moved=pb.IssueMoved(
                issue=name, move=move, by_unit="grid-centre-01", to_unit=unit_id(unit),
                ledger=ledger,
            ),
        )  # fmt: skip
    if number % _ISSUES_AN_INSPECTION == 0:
        yield _inspection(number, number // _ISSUES_AN_INSPECTION % UNITS, found)


def _inspection(number: int, unit: int, at: int) -> pb.Event:
    name = f"JC-2015-{number:08d}"
    findings = [
        pb.Finding(id=f"f{i}", category=category, place=place, point=f"point-{unit:04d}-{i}")
        for i, (place, category) in enumerate(_FOUND)
    ]
    return pb.Event(
        id=name, occurred_at=Timestamp(seconds=at + 60), source=SOURCE,
        inspection=pb.Inspection(inspection=name, unit=unit_id(unit), kind="monthly_check",
                                 organ="town-office", findings=findings),
    )  # fmt: skip
