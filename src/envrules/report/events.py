"""Events in one line of Chinese each, for the causes of a decision."""

from __future__ import annotations

from typing import Any

from envrules.kinds.lifecycle import WORDS
from envrules.report.tables import joined
from envrules.v1 import events_pb2


def title_of(event: events_pb2.Event) -> str:
    """Return what kind of thing happened: 发现, 核查不通过, 检查 ..."""
    name = event.WhichOneof("payload") or ""
    if name == "issue_moved":
        return WORDS.get(_move(event.issue_moved), "办理")
    return _TITLES.get(name, name)


def describe(event: events_pb2.Event, finding: str = "") -> str:
    """Return what happened; of an inspection only the finding `finding`, if one is named."""
    return _described(event, finding).replace(" （", "（")


def _described(event: events_pb2.Event, finding: str) -> str:
    name = event.WhichOneof("payload") or ""
    payload: Any = getattr(event, name) if name else None
    match name:
        case "issue_found":
            where = joined(payload.place_unit, payload.place, payload.point)
            return joined(payload.issue, payload.category, _brackets(where))
        case "issue_moved":
            return joined(payload.issue, payload.by_unit, payload.basis)
        case "inspection":
            return _inspection(payload, finding)
        case "score_supplied":
            return joined(payload.organ, payload.item, f"{payload.points} 分", payload.basis)
        case "report_filed":
            return joined(payload.duty, _brackets(payload.signed_by))
        case "slip_served":
            return joined(payload.slip, "、".join(payload.issues))
        case "exemption":
            return joined(payload.basis, _brackets(payload.approver))
        case "appeal_filed":
            return joined(payload.appeal, payload.target)
        case "appeal_decided":
            result = "成立" if payload.upheld else "不成立"
            return joined(payload.appeal, result, payload.basis)
        case "approval_given":
            return joined(payload.organ, "撤回" if payload.revoked else "同意", payload.target)
        case "event_withdrawn":
            return joined(payload.target, payload.reason)
        case "indicator_measured":
            return joined(payload.indicator, payload.period, payload.value)
        case _:
            return joined(getattr(payload, "unit", ""), getattr(payload, "title", ""))


def _inspection(payload: events_pb2.Inspection, finding: str) -> str:
    head = joined(payload.organ, payload.unit)
    for one in payload.findings:
        if one.id == finding:
            return joined(head, one.category, _brackets(joined(one.place, one.point)))
    return joined(head, f"发现 {len(payload.findings)} 处" if payload.findings else "未发现问题")


def _move(payload: events_pb2.IssueMoved) -> str:
    return events_pb2.Move.Name(payload.move).removeprefix("MOVE_").lower()


def _brackets(text: str) -> str:
    return f"（{text}）" if text else ""


_TITLES = {
    "issue_found": "发现", "inspection": "检查", "unit_declared": "单位登记",
    "unit_renamed": "单位更名", "unit_merged": "单位合并", "unit_split": "单位拆分",
    "indicator_measured": "指标", "score_supplied": "报送得分", "report_filed": "提交材料",
    "slip_served": "送达", "exemption": "免责", "appeal_filed": "申诉",
    "appeal_decided": "申诉决定", "approval_given": "审核", "event_withdrawn": "撤回记录",
}  # fmt: skip
