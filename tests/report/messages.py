"""Messages of the API as a server might send them, for the tests of the reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from envrules.v1 import (
    common_pb2,
    decision_service_pb2,
    decisions_pb2,
    events_pb2,
    ruleset_service_pb2,
    standings_pb2,
)

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> Timestamp:
    """Return the message of a local time."""
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(text).replace(tzinfo=ZONE))
    return moment


def decision(**changes: object) -> decisions_pb2.Decision:
    """Return a yellow slip, with some fields changed."""
    fields: dict[str, object] = {
        "id": "a1b2c3d4e5f60718", "locality": "east", "decision_seq": 9, "log_seq": 41,
        "version": 2,
        "change": decisions_pb2.CHANGE_SUPERSEDE, "supersedes": "0f0f0f0f0f0f0f0f",
        "slot": common_pb2.Slot(
            scheme="scheme_x", rule="ladders.slips.yellow", subject="unit:c02", anchor="2026-10-09"
        ),
        "kind": "slip", "outcome": "yellow", "title": "黄单", "unit": "c02",
        "reason": "柳后村：案件 A-1 至 2026-10-09 18:00 未在时限内办结，下达黄单（警示约谈）",
        "at": at("2026-10-09 18:00"), "issues": ["A-1"], "event_ids": ["e1", "check#f2"],
        "consequences": [decisions_pb2.Consequence(action="interview", words="警示约谈")],
        "steps": [
            decisions_pb2.Step(
                rule="ladders.slips.yellow", title="黄单", location="rulesets/x.yaml:95",
                ref="d 四三",
            ),
            decisions_pb2.Step(
                rule="parameters.yellow_after", title="黄单时限（白单送达起）", value="2 个工作日",
                since="always", location="rulesets/x.yaml:18", not_from_source="原文未写时限",
                note="自 2026-09-30 18:00 起算",
            ),
            decisions_pb2.Step(
                rule="parameters.line", title="警告线", value="70 分", since="2026-01-01",
                location="rulesets/x.yaml:7", ref="m 三2",
            ),
        ],
        "warnings": ["2027 年节假日安排尚未公布，期限按周历推算"],
        "publication": decisions_pb2.PUBLICATION_PROPOSED, "revision": "27d760ac18b4",
    }  # fmt: skip
    return decisions_pb2.Decision(**{**fields, **changes})  # type: ignore[arg-type]


def answer() -> decision_service_pb2.GetDecisionResponse:
    """Return the yellow slip with its history and its causes."""
    first = decision(
        id="0f0f0f0f0f0f0f0f", version=1, change=decisions_pb2.CHANGE_ISSUE, supersedes="",
        reason="柳后村：案件 A-0 未在时限内办结",
    )  # fmt: skip
    found = events_pb2.Event(
        id="e1", occurred_at=at("2026-09-29 10:10"),
        issue_found=events_pb2.IssueFound(
            issue="A-1", category="建筑垃圾", place="河塘沟渠", place_unit="c02", point="村东"
        ),
    )  # fmt: skip
    checked = events_pb2.Event(
        id="check", occurred_at=at("2026-09-29 10:40"),
        inspection=events_pb2.Inspection(inspection="check", unit="c02", kind="monthly_check"),
    )  # fmt: skip
    recorded = [
        decision_service_pb2.RecordedEvent(event=event, seq=seq)
        for seq, event in enumerate((found, checked), start=3)
    ]
    return decision_service_pb2.GetDecisionResponse(
        decision=decision(), history=[first, decision()], events=recorded
    )


def standing(unit: str = "v01", title: str = "东湾村", **changes: object) -> standings_pb2.Standing:
    """Return a unit that lost points in one of two rows."""
    fields: dict[str, object] = {
        "score": "monthly", "unit": unit, "unit_title": title,
        "assessment": standings_pb2.ASSESSMENT_ASSESSED, "points": "93.50", "full": "100",
        "band": standings_pb2.Band(id="ok", title="正常"), "rank": 2, "ranked": 20,
        "rows": [
            standings_pb2.RowStanding(
                row="road", title="主干公路两侧", full="30", points="24.00", findings=6,
                deducted="-6",
            ),
            standings_pb2.RowStanding(
                row="transfer", title="生活垃圾转运", full="10", points="9.50", supplied_by="村建办"
            ),
        ],
        "adjustments": [
            standings_pb2.Adjustment(about="2026-09", points="-1", title="2026-09 的更正",
                                     event_ids=["late-1"]),
        ],
    }  # fmt: skip
    return standings_pb2.Standing(**{**fields, **changes})  # type: ignore[arg-type]


def reading(**changes: object) -> standings_pb2.Reading:
    """Return on what the figures rest."""
    fields: dict[str, object] = {
        "locality": "east", "scheme": "scheme_x", "period": "2026-10",
        "state": standings_pb2.PERIOD_STATE_OPEN, "revision": "27d760ac18b4",
        "as_of": at("2026-10-28 09:00"), "known_at": 77,
    }  # fmt: skip
    return standings_pb2.Reading(**{**fields, **changes})  # type: ignore[arg-type]


def statement() -> standings_pb2.Statement:
    """Return a unit's statement with a finding that counts, one beyond the cap, one exempt."""
    common: dict[str, Any] = {
        "place": "主干公路两侧", "row": "road", "row_title": "主干公路两侧", "points": "-1",
    }  # fmt: skip
    lines = [
        standings_pb2.StatementLine(event_id="e1", at=at("2026-10-20 09:15"), category="白色垃圾",
                                    point="第 1 处", counted="-1", **common),
        standings_pb2.StatementLine(event_id="e2", at=at("2026-10-20 09:20"), category="三大堆",
                                    point="第 2 处", counted="0", appealed=True, **common),
        standings_pb2.StatementLine(event_id="e3", at=at("2026-10-21 16:00"), category="漂浮物",
                                    points="0", counted="0", reason="免责，不扣分"),
    ]  # fmt: skip
    return standings_pb2.Statement(reading=reading(), standing=standing(), lines=lines)


def ranked_list() -> standings_pb2.RankedList:
    """Return a black list with one place that waits for approval."""
    entry = standings_pb2.ListEntry(
        unit="c07", unit_title="菱角村", rank=26, points="61.50", decision_id="a1b2c3d4e5f60718",
        reason="菱角村 2026-10 61.50 分，26 个单位中第 26 名，列入黑榜",
        publication=decisions_pb2.PUBLICATION_PROPOSED,
    )  # fmt: skip
    return standings_pb2.RankedList(list="black", title="黑榜", entries=[entry])


def unknown_code() -> ruleset_service_pb2.UnknownCode:
    """Return a code that nobody has mapped, under a long name."""
    return ruleset_service_pb2.UnknownCode(
        scheme="scheme_x", object_class=events_pb2.OBJECT_CLASS_COMPONENT, large_class="03",
        small_class="0305", condition="6", category="垃圾箱（果皮箱、桶）未按规定位置摆放",
        count=1204, first_seen=at("2026-10-02 08:10"), last_seen=at("2026-10-28 17:45"),
        issues=["GD-2026-000017", "GD-2026-000031", "GD-2026-000044"], event_ids=["e1", "e2", "e3"],
    )  # fmt: skip
