"""From a case and its flow records to events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from envrules_grid_platform.config import ACTIONS, Config
from envrules_grid_platform.host_tables import CASE, FLOW
from envrules_grid_platform.translate import Translation, translate_case, translate_units

from envrules.v1 import events_pb2 as pb

NUMBER = "1101172026070300001"


def case(**fields: Any) -> dict[str, Any]:
    """A row of a case."""
    row = dict.fromkeys(CASE.columns.keys()) | {"case_no": NUMBER}
    return row | {"reported_at": "2026-07-03 10:00:00", "object_class": "事件"} | fields


def flows(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of flow records, numbered from 1, an hour apart, with empty ledger fields."""
    empty = dict.fromkeys([*FLOW.columns.keys(), *(f"ledger:{n}" for n in LEDGER)])
    return [
        empty | {"flow_id": n, "case_no": NUMBER, "occurred_at": f"2026-07-03 {10 + n}:00"} | row
        for n, row in enumerate(rows, 1)
    ]


LEDGER = ("问题账", "任务账", "责任账", "标准账", "措施账", "时间账")


def translated(config: Config, row: dict[str, Any] | None, *rows: dict[str, Any]) -> Translation:
    """Translate one case."""
    return translate_case(NUMBER, row, flows(*rows), config)


def moves(found: Translation) -> dict[str, str]:
    """Key → move."""
    return {
        d.key: pb.Move.Name(d.event.issue_moved.move).removeprefix("MOVE_").lower()
        for d in found.drafts if d.event.HasField("issue_moved")
    }  # fmt: skip


def reasons(found: Translation) -> list[tuple[str, str, str]]:
    """What is wrong."""
    return [(fault.row, fault.column, fault.reason) for fault in found.faults]


def test_a_case_and_its_steps(config: Config) -> None:
    """The finding has what the case says, each step what its record says."""
    row = case(
        large_class="01", small_class="0101", condition="2", place="1", grid="11011700100123",
        limit_amount="2", limit_unit="紧急工作时", deadline="2026-07-03 12:00", is_urgent="1",
        handling_unit="D02", photos="a.jpg\nb.jpg",
    )  # fmt: skip
    found = translated(
        config, row, {"action": "上报"}, {"action": "立案", "ledger:问题账": "脏"},
        {"action": "派遣", "to_unit": "D01"}, {"action": "改派", "to_unit": "D02"},
        {"action": "延期", "approver": "中心", "basis": "文1", "until": "2026-07-05 12:00"},
    )  # fmt: skip
    assert not found.faults
    issue = found.drafts[0].event.issue_found
    assert (issue.issue, issue.small_class, issue.condition) == (NUMBER, "0101", "2")
    assert (issue.host_limit.amount, issue.host_limit.unit) == ("2", "紧急工作时")
    assert issue.host_deadline.ToDatetime(UTC) == datetime(2026, 7, 3, 4, tzinfo=UTC)
    assert issue.handling_unit == "D01", "whom it was first dispatched to, not who has it now"
    assert (list(issue.tags), list(issue.photos)) == (["紧急"], ["a.jpg", "b.jpg"])
    assert moves(found) == {
        "flow:2": "filed", "flow:2.2": "registered", "flow:3": "dispatched",
        "flow:4": "reassigned", "flow:5": "extended",
    }  # fmt: skip
    assert found.drafts[1].event.issue_moved.ledger == {"问题账": "脏"}
    assert found.drafts[-1].event.issue_moved.until.ToDatetime(UTC).hour == 4


def test_every_usual_action_means_something(config: Config) -> None:
    """No default is a word that the translation does not know."""
    for action in ACTIONS:
        more = {"corrects": 1} if action == "撤销" else {}
        first = {"action": "申诉"} if action.startswith("申诉") else {"action": "受理"}
        found = translated(config, case(), first, {"action": action, **more})
        assert not found.faults, action


def test_a_step_without_a_time_takes_the_cases_stamp(config: Config) -> None:
    """The seven time stamps fill what a flow record leaves open; without any it is a fault."""
    row = case(closed_at="2026-07-03 18:00")
    found = translated(config, row, {"action": "结案", "occurred_at": None},
                       {"action": "处置", "occurred_at": None})  # fmt: skip
    assert found.drafts[1].event.occurred_at.ToDatetime(UTC).hour == 10
    assert reasons(found) == [
        ("2", "occurred_at", "is empty, and the case has no time for this step")
    ]


def test_corrections_and_revocations(config: Config) -> None:
    """A record that a later one corrects does not stand; a revoked one leaves nothing."""
    found = translated(
        config, case(), {"action": "处置"}, {"action": "结案"},
        {"action": "处置", "corrects": 1, "occurred_at": "2026-07-03 11:30"},
        {"action": "撤销", "corrects": 2}, {"action": "结案", "corrects": 3},
    )  # fmt: skip
    assert moves(found) == {"flow:5": "closed"}
    assert not found.faults


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"action": "结案", "corrects": 9}, "is no earlier record of this case"),
        ({"action": "结案", "corrects": 1}, "was corrected by 2 already: correct that one"),
        ({"action": "结案", "corrects": 3}, "is itself a revocation: write the step again"),
    ],
)
def test_a_correction_of_nothing_is_a_fault(
    config: Config, wrong: dict[str, Any], reason: str
) -> None:
    """What a correction corrects must stand."""
    found = translated(
        config, case(), {"action": "处置"}, {"action": "处置", "corrects": 1},
        {"action": "撤销", "corrects": 2}, wrong,
    )  # fmt: skip
    assert reasons(found) == [("4", "corrects", reason)]


def test_a_correction_mends_a_record_that_could_not_be_read(config: Config) -> None:
    """The fault of a record goes with it."""
    found = translated(config, case(), {"action": "盖章"}, {"action": "结案", "corrects": 1})
    assert (moves(found), found.faults) == ({"flow:2": "closed"}, [])


def test_the_flag_says_that_the_closing_was_forced(config: Config) -> None:
    """A host that notes a forced closing on the case only is understood."""
    found = translated(config, case(is_forced=1), {"action": "结案"}, {"action": "撤回"},
                       {"action": "结案"})  # fmt: skip
    assert moves(found) == {"flow:1": "closed", "flow:2": "called_back", "flow:3": "force_closed"}


def test_flags_without_records_are_faults_that_hold_nothing_up(config: Config) -> None:
    """What has no time cannot be judged; the case goes on."""
    row = case(is_supervised=1, is_rework=1, is_appealed=1, is_forced=1)
    found = translated(config, row, {"action": "受理"})
    assert [fault.column for fault in found.faults] == [
        "is_supervised", "is_rework", "is_forced", "is_appealed",
    ]  # fmt: skip
    assert len(found.drafts) == 2


def test_appeals_follow_one_another(config: Config) -> None:
    """Without numbers a decision is about the last appeal, and an appeal about the whole case."""
    found = translated(
        config, case(), {"action": "结案"}, {"action": "申诉", "by_unit": "D01"},
        {"action": "申诉不成立", "by_unit": "督查组"}, {"action": "申诉", "by_unit": "D01", "disputes": 1},
        {"action": "申诉成立", "by_unit": "督查组"},
    )  # fmt: skip
    assert not found.faults
    appeals = [d for d in found.drafts if d.targets]
    assert [d.targets for d in appeals] == [f"case:{NUMBER}"] * 2 + ["flow:1"] * 2
    assert [d.event.appeal_filed.appeal for d in appeals if d.event.HasField("appeal_filed")] == [
        f"{NUMBER}-1", f"{NUMBER}-2",
    ]  # fmt: skip
    last = appeals[-1].event.appeal_decided
    assert (last.appeal, last.unit, last.upheld, last.organ) == (
        f"{NUMBER}-2",
        "D01",
        True,
        "督查组",
    )


def test_a_decision_without_an_appeal_is_a_fault(config: Config) -> None:
    """Nothing is upheld that nobody filed."""
    found = translated(config, case(), {"action": "申诉成立"})
    assert reasons(found) == [("1", "appeal_no", "there is no such appeal")]


def test_steps_of_a_case_that_cannot_be_read_go_all_the_same(config: Config) -> None:
    """A bad case parks its finding, not its steps; a missing one is named once."""
    bad = translated(config, case(longitude="x"), {"action": "受理"}, {"action": "结案"})
    assert (len(moves(bad)), len(bad.faults)) == (2, 1)
    missing = translated(config, None, {"action": "受理"}, {"action": "结案"})
    assert (len(moves(missing)), [f.table for f in missing.faults]) == (2, ["case"])


def test_units_are_declared_row_by_row(config: Config) -> None:
    """Each row of a unit holds from its time on, and the unit exists since the first."""
    rows = [
        {"unit": "D01", "since": "2026-07-01", "until": None, "title": "新名", "type": "department",
         "parent": None},
        {"unit": "D01", "since": "2025-01-01", "until": None, "title": "旧名", "type": "department",
         "parent": None},
        {"unit": "D02", "since": None, "until": None, "title": "x", "type": "t", "parent": None},
    ]  # fmt: skip
    found = translate_units(rows, config)
    drafts = found["unit:D01"].drafts
    assert [d.key for d in drafts] == ["unit:D01:20250101000000", "unit:D01:20260701000000"]
    assert {d.event.unit_declared.since.ToDatetime(UTC).year for d in drafts} == {2024}
    assert [fault.column for fault in found["unit:D02"].faults] == ["since"]
