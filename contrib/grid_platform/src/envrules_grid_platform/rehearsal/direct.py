"""The truth of a town, sent to a locality of its own in order, by nothing of the bridge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from envrules.client import Client
from envrules.v1 import events_pb2 as pb
from envrules_grid_platform.rehearsal.town import LEDGER, UNITS, Step, Truth

SOURCE = "grid"
_ZONE = ZoneInfo("Asia/Shanghai")
_BATCH = 1000
_MOVES = {
    "受理": (pb.MOVE_ACCEPTED,), "不予立案": (pb.MOVE_NOT_FILED,),
    "立案": (pb.MOVE_FILED, pb.MOVE_REGISTERED), "派遣": (pb.MOVE_DISPATCHED,),
    "缓办": (pb.MOVE_DEFERRED,), "作废": (pb.MOVE_VOIDED,), "挂账": (pb.MOVE_SUSPENDED,),
    "恢复": (pb.MOVE_RESUMED,), "强制结案": (pb.MOVE_FORCE_CLOSED,), "督办": (pb.MOVE_SUPERVISED,),
    "处置": (pb.MOVE_HANDLED,), "返工": (pb.MOVE_CHECK_FAILED,), "核查通过": (pb.MOVE_CHECK_PASSED,),
    "结案": (pb.MOVE_CLOSED,),
}  # fmt: skip
_SOURCES = {"01": "grid_platform", "02": "hotline"}
_CLASSES = {"部件": pb.OBJECT_CLASS_COMPONENT, "事件": pb.OBJECT_CLASS_EVENT}


def send(client: Client, locality: str, truth: Iterable[Truth], until: int) -> int:
    """Send all, day by day with watermarks, up to the instant `until`; return how many events."""
    events = sorted(
        (event for one in truth for event in _case(one)),
        key=lambda event: event.occurred_at.ToMicroseconds(),
    )
    sent = 0
    for first in range(0, len(events), _BATCH):
        some = events[first : first + _BATCH]
        if first == 0:
            client.submit(locality, list(_units()))
        receipts = client.submit(locality, some)
        assert all(not receipt.problems for receipt in receipts)
        client.advance(locality, SOURCE, min(some[-1].occurred_at.ToMicroseconds(), until))
        sent += len(some)
    client.advance(locality, SOURCE, until)
    return sent


def _event(id: str, at: datetime, order: int = 0, **payload: Any) -> pb.Event:
    event = pb.Event(id=id, source=SOURCE, flow_sequence=order, **payload)
    event.occurred_at.FromDatetime(at.replace(tzinfo=_ZONE))
    return event


def _units() -> Iterator[pb.Event]:
    for unit in UNITS:
        declared = pb.UnitDeclared(unit=unit, title=f"{unit} 部门", type="department")
        yield _event(f"unit-{unit}", datetime(2025, 1, 1), unit_declared=declared)  # noqa: DTZ001 - see START


def _case(truth: Truth) -> Iterator[pb.Event]:
    case = truth.case
    number: str = case["case_no"]
    found = pb.IssueFound(
        issue=number, object_class=_CLASSES[case["object_class"]],
        large_class=case["large_class"], small_class=case["small_class"],
        condition=case["condition"], source=_SOURCES[case["source"]], place=case["place"],
        place_unit=case["place_unit"], handling_unit=case["handling_unit"] or "", grid=case["grid"],
        point=case["point"], longitude=case["longitude"], latitude=case["latitude"],
        host_limit=pb.HostLimit(amount=case["limit_amount"], unit=case["limit_unit"]),
        tags=["紧急"] if case["is_urgent"] else [],
    )  # fmt: skip
    yield _event(f"{number}-found", case["reported_at"], issue_found=found)
    for n, step in enumerate(truth.steps, 1):
        yield from _step(number, n, step, case["handling_unit"] or "")


def _step(number: str, n: int, step: Step, unit: str) -> Iterator[pb.Event]:
    more = step.more
    if step.action == "申诉":
        filed = pb.AppealFiled(appeal=f"{number}-1", unit=unit, target=f"{number}-found")
        yield _event(f"{number}-{n}", step.at, n, appeal_filed=filed)
    elif step.action.startswith("申诉"):
        decided = pb.AppealDecided(
            appeal=f"{number}-1", unit=unit, target=f"{number}-found",
            upheld=step.action == "申诉成立", organ=more["by_unit"],
        )  # fmt: skip
        yield _event(f"{number}-{n}", step.at, n, appeal_decided=decided)
    for m, move in enumerate(_MOVES.get(step.action, ())):
        moved = pb.IssueMoved(
            issue=number, move=move, by_unit=more.get("by_unit", ""),
            to_unit=more.get("to_unit", ""), approver=more.get("approver", ""),
            basis=more.get("basis", ""),
            ledger={field: more[column] for field, column in LEDGER.items() if more.get(column)},
        )  # fmt: skip
        if "until" in more:
            moved.until.FromDatetime(more["until"].replace(tzinfo=_ZONE))
        yield _event(f"{number}-{n}-{m}", step.at, n, issue_moved=moved)
