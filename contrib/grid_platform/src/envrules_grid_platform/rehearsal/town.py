"""What a town's platform writes, write by write, and what really happened.

From a seed comes a list of writes in the order in which the platform commits them, and beside it
the truth: each case as it finally is. Steps are written late, with a wrong time that a later row
corrects, or by mistake and taken back; cases are dispatched to a wrong class first; rows have
fields that nobody can read until somebody mends them; and a row may be committed after one with a
higher number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]

START = datetime(2025, 7, 1)  # noqa: DTZ001 - the town's own time, as all of this module's
DAYS = 60
UNITS = [f"D{n:02d}" for n in range(1, 13)]
LEDGER = {
    "问题账": "issue_note", "任务账": "task_note", "责任账": "duty_post", "标准账": "standard_note",
    "措施账": "measure_note", "时间账": "time_note",
}  # fmt: skip
"""Ledger field → column of the flow records."""
CLASSES = [
    ("事件", "01", "0101"), ("事件", "01", "0102"), ("事件", "02", "0201"), ("事件", "02", "0202"),
    ("部件", "01", "0101"), ("部件", "01", "0102"), ("部件", "01", "0103"), ("事件", "09", "0901"),
]  # fmt: skip
"""The last one is in no code table."""
SOURCES = ["01", "02"]
PLACES = ["1", "2", "3"]


@dataclass(frozen=True, slots=True)
class Write:
    """One thing that the platform commits."""

    at: datetime
    """When, in the town's time."""
    table: str
    row: Row
    """A whole new row, or for `update` the key and what changes."""
    update: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What really happened to a case."""

    action: str
    at: datetime
    more: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """A case as it really is."""

    case: Row
    steps: list[Step]


@dataclass(slots=True)
class Town:
    """All that the platform writes, and the truth."""

    writes: list[Write]
    truth: list[Truth]
    unreadable: int
    """Rows that nobody ever mends."""


def town(seed: int, cases: int) -> Town:
    """Return a town with so many cases."""
    random_ = random.Random(seed)
    truth, drafts, unreadable = [], [], 0
    for n in range(cases):
        one = _truth(random_, n)
        truth.append(one)
        scribe = _Scribe(random_, one)
        drafts.append(list(scribe.writes()))
        unreadable += scribe.unreadable
    return Town([*_units(), *_numbered(random_, drafts)], truth, unreadable)


def _units() -> Iterator[Write]:
    for unit in UNITS:
        row = {"unit": unit, "since": datetime(2025, 1, 1), "title": f"{unit} 部门", "type": "01"}  # noqa: DTZ001
        yield Write(START, "unit", row)


# ── what happened ──


def _truth(random_: random.Random, n: int) -> Truth:
    at = START + timedelta(
        days=random_.randrange(DAYS), hours=random_.uniform(7, 20), seconds=random_.randrange(60)
    )
    at = at.replace(microsecond=0)
    kind, large, small = random_.choices(CLASSES, [9, 9, 9, 9, 9, 9, 9, 1])[0]
    unit = random_.choice(UNITS)
    case = {
        "case_no": f"110117{at:%Y%m%d}{n % 100_000:05d}", "object_class": kind,
        "large_class": large, "small_class": small, "condition": "1",
        "source": random_.choice(SOURCES), "place": random_.choice(PLACES), "place_unit": "T01",
        "handling_unit": unit, "grid": f"110117001{random_.randrange(100_000):05d}",
        "point": f"P{random_.randrange(max(n, 1)):06d}", "longitude": "117.1", "latitude": "40.14",
        "limit_amount": "1", "limit_unit": "工作日", "reported_at": at,
        "is_urgent": random_.random() < 0.05,
    }  # fmt: skip
    steps = [Step("上报", at)]
    now = _later(random_, at, 2, 20)
    steps.append(Step("受理", now))
    if random_.random() < 0.03:
        steps.append(Step("不予立案", _later(random_, now, 5, 60)))
        return Truth(case | {"handling_unit": None}, steps)
    ledger = dict.fromkeys(LEDGER.values(), f"填写{n % 7}")
    if random_.random() < 0.02:
        ledger["measure_note"] = ""  # it cannot be struck off, then
    steps.append(Step("立案", now := _later(random_, now, 2, 30), ledger))
    steps.append(Step("派遣", now := _later(random_, now, 2, 30), {"to_unit": unit}))
    return Truth(case, [*steps, *_end(random_, now, unit)])


def _end(random_: random.Random, now: datetime, unit: str) -> Iterator[Step]:
    """Yield how a dispatched case goes on."""
    dice = random_.random()
    if dice < 0.03:
        until = now + timedelta(days=2)
        yield Step(
            "缓办", now := _later(random_, now, 1, 20), {"approver": "指挥中心", "until": until}
        )
    elif dice < 0.05:
        yield Step("作废", _later(random_, now, 5, 300))
        return
    elif dice < 0.08:
        yield Step(
            "挂账", now := _later(random_, now, 1, 20), {"approver": "指挥中心", "basis": "文 1"}
        )
        if random_.random() < 0.5:
            return
        yield Step("恢复", now := _later(random_, now, 60, 3000))
    elif dice < 0.10:
        yield Step("强制结案", _later(random_, now, 60, 3000), {"approver": "指挥中心"})
        return
    elif dice < 0.15:
        return  # nobody does anything about it
    if random_.random() < 0.05:
        yield Step("督办", now := _later(random_, now, 1, 30), {"by_unit": "督查组"})
    yield Step("处置", now := _later(random_, now, 5, 400), {"by_unit": unit})
    while random_.random() < 0.15:
        yield Step("返工", now := _later(random_, now, 5, 100))
        yield Step("处置", now := _later(random_, now, 5, 400), {"by_unit": unit})
    yield Step("核查通过", now := _later(random_, now, 5, 60))
    yield Step("结案", now := _later(random_, now, 1, 10))
    if random_.random() < 0.03:
        yield Step("申诉", now := _later(random_, now, 60, 1000), {"by_unit": unit})
        action = random_.choice(["申诉成立", "申诉不成立"])
        yield Step(action, _later(random_, now, 600, 3000), {"by_unit": "督查组"})


def _later(random_: random.Random, at: datetime, least: int, most: int) -> datetime:
    """Return a time so many minutes later."""
    return at + timedelta(seconds=random_.randrange(60 * least, 60 * most))


# ── what is written down ──


@dataclass(slots=True)
class _Scribe:
    """The platform's clerks, who write one case down and put their mistakes right."""

    random: random.Random
    truth: Truth
    unreadable: int = 0

    def writes(self) -> Iterator[Write]:
        """Yield what is written; rows of the flow name the row they correct by its place here."""
        case, steps = self.truth.case, self.truth.steps
        first = {**case, "handling_unit": None}
        mended = None
        if self.random.random() < 0.03:
            first |= {"large_class": "01", "small_class": "0102", "object_class": "事件"}
            mended = {name: case[name] for name in ("large_class", "small_class", "object_class")}
        unreadable = self.random.random() < 0.01
        if unreadable:
            first["longitude"] = "117。1"
        yield Write(case["reported_at"], "case", first)
        for place, step in enumerate(steps):
            yield from self._step(step, place)
            if step.action == "派遣":
                yield self._update(step.at, handling_unit=case["handling_unit"])
        end = steps[-1].at
        if mended is not None:
            at = _later(self.random, end, 10, 3000)
            yield self._update(at, **mended)
            yield self._flow(at, at, "更正")
        if unreadable:
            yield self._update(_later(self.random, end, 10, 3000), longitude=case["longitude"])
        if self.random.random() < 0.01:
            self.unreadable += 1
            yield self._flow(end, end, "盖章")  # nobody has said what that means

    def _step(self, step: Step, place: int) -> Iterator[Write]:
        """Yield the record of a step, and what goes wrong with it."""
        dice = self.random.random()
        at, written = step.at, step.at + timedelta(seconds=self.random.randrange(60))
        if dice < 0.03:
            written = _later(self.random, at, 60, 4000)  # late
        elif dice < 0.05 and place:
            wrong = at + timedelta(minutes=self.random.randrange(-30, 600))
            yield self._flow(wrong, written, step.action, **step.more)
            later = _later(self.random, max(written, wrong), 10, 3000)
            yield self._flow(at, later, step.action, corrects=-1, **step.more)
            return
        elif dice < 0.06:
            yield self._flow(at, written, "结案")  # of another case, as turns out
            yield self._flow(at, _later(self.random, written, 10, 2000), "撤销", corrects=-1)
        elif dice < 0.07 and step.action == "结案":
            yield self._update(written, closed_at=at)
            yield self._flow(None, written, step.action, **step.more)
            return
        yield self._flow(at, written, step.action, **step.more)

    def _flow(self, at: datetime | None, written: datetime, action: str, **more: Any) -> Write:
        row = {"case_no": self.truth.case["case_no"], "action": action, "occurred_at": at,
               "recorded_at": written, **more}  # fmt: skip
        return Write(written, "flow", row)

    def _update(self, at: datetime, **changed: Any) -> Write:
        return Write(at, "case", {"case_no": self.truth.case["case_no"], **changed}, update=True)


def _numbered(random_: random.Random, drafts: list[list[Write]]) -> list[Write]:
    """Return all writes in the order of time, with flow numbers and what they correct by number.

    A few rows are committed only after others that have higher numbers.
    """
    order = sorted(
        ((write.at, case, place) for case, some in enumerate(drafts) for place, write in enumerate(some)),
    )  # fmt: skip
    numbers: dict[tuple[int, int], int] = {}
    for _, case, place in order:
        if drafts[case][place].table == "flow":
            numbers[case, place] = len(numbers) + 1
    writes = []
    for _, case, place in order:
        write = drafts[case][place]
        if write.table == "flow":
            row = {**write.row, "flow_id": numbers[case, place]}
            if "corrects" in row:
                row["corrects"] = numbers[case, place - 1]
            delay = timedelta(minutes=random_.choice([0] * 97 + [1, 5, 30]))
            write = replace(write, at=write.at + delay, row=row)
        writes.append(write)
    writes.sort(key=lambda write: write.at)
    return writes
