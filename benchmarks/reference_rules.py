"""The rules of the load's scheme as code: the rows that the *full* reference writes.

One notice and one deadline of three working days an issue, one deduction a finding. The rows hold
what those of envrules hold: title, reason, causes, clause, value and where it is written; a state
holds which version of each slot stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from envrules.v1 import events_pb2 as pb

DecisionRow: TypeAlias = tuple[int, str, str, int, int, str, str, str, str, int, bytes]
StateRow: TypeAlias = tuple[str, str, int | None, bytes]

_FILE = "rulesets/town_deduction.yaml"
_LOCAL = timezone(timedelta(hours=8))
_WORKING_DAYS = 3
_ROWS = {"main_road": ("road", "主干公路两侧", 30, "m 二(一)", 24),
         "village_road": ("around", "村庄周围及村路两侧", 30, "m 二(二)", 25),
         "village": ("inside", "村内", 15, "m 二(三)", 26),
         "water": ("water", "河道池塘", 15, "m 二(四)", 28)}  # fmt: skip
_NOTICE = {"rule": "ladders.notice.rungs.notice", "title": "整改通知单", "location": f"{_FILE}:103",
           "ref": "m 三1"}  # fmt: skip
_LIMIT = {
    "rule": "deadlines.notice",
    "title": "整改期限",
    "location": f"{_FILE}:109",
    "ref": "m 三1",
}
_VALUE = {"rule": "parameters.notice_within", "title": "整改期限", "location": f"{_FILE}:14",
          "value": "3 个工作日", "since": "always",
          "not_from_source": "原文只说及时整改，未写期限"}  # fmt: skip

_encode = msgspec.json.Encoder().encode
_Standing: TypeAlias = tuple[int, str, str]
"""Version, digest of what it says, id of the decision."""


@dataclass(slots=True)
class _Issue:
    unit: str
    due: int
    begun: str
    inputs: list[int]
    causes: list[str]
    slots: dict[str, _Standing]
    claimed: int = 0
    version: int = 0
    """Of the deadline's decision."""


class Judge:
    """Judges events that come in order of time, and keeps every issue in memory."""

    def __init__(self) -> None:
        self._issues: dict[str, _Issue] = {}
        self._scores: dict[str, dict[str, _Standing]] = {}
        self._decided = 0

    def judge(
        self, seq: int, event: pb.Event, states: dict[str, StateRow], decisions: list[DecisionRow]
    ) -> None:
        """Add the rows that the event gives rise to."""
        match event.WhichOneof("payload"):
            case "issue_found":
                self._found(seq, event, states, decisions)
            case "issue_moved":
                self._moved(seq, event, states, decisions)
            case "inspection":
                self._inspected(seq, event, states, decisions)
            case _:
                pass

    def _found(
        self, seq: int, event: pb.Event, states: dict[str, StateRow], decisions: list[DecisionRow]
    ) -> None:
        found, at = event.issue_found, event.occurred_at.seconds
        begun = datetime.fromtimestamp(at, _LOCAL)
        issue = self._issues[found.issue] = _Issue(
            found.place_unit, _due(begun), _shown(at), [seq], [event.id], {}
        )
        reason = f"{issue.unit}：案件 {found.issue} 至 {issue.begun} 发现问题，下达整改通知单（整改通知单）"
        self._decide(
            decisions, issue.slots, seq, rule="ladders.notice.rungs.notice",
            subject=f"issue:{found.issue}", anchor=event.id, version=1, kind="slip",
            outcome="notice", title="整改通知单", reason=reason, unit=issue.unit, at=at,
            issues=[found.issue], events=[event.id], steps=[_NOTICE],
            consequences=[{"action": "rectification_notice", "words": "整改通知单"}],
        )  # fmt: skip
        self._clock(decisions, seq, found.issue, issue, "running", at, "限期内")
        self._keep(states, found.issue, issue, issue.due)

    def _moved(
        self, seq: int, event: pb.Event, states: dict[str, StateRow], decisions: list[DecisionRow]
    ) -> None:
        moved, at = event.issue_moved, event.occurred_at.seconds
        issue = self._issues[moved.issue]
        issue.inputs.append(seq)
        if moved.move in (pb.MOVE_HANDLED, pb.MOVE_CHECK_PASSED, pb.MOVE_CLOSED):
            issue.causes.append(event.id)
            issue.claimed = issue.claimed or at
            outcome, word = (
                ("overdue", "超期") if issue.claimed > issue.due else ("on_time", "按期")
            )
            if moved.move == pb.MOVE_HANDLED and outcome == "on_time":
                outcome, word = "running", "限期内"
            word += f"，处置反馈 {_shown(issue.claimed)}"
            self._clock(decisions, seq, moved.issue, issue, outcome, at, word)
        self._keep(states, moved.issue, issue, None if issue.claimed else issue.due)

    def _inspected(
        self, seq: int, event: pb.Event, states: dict[str, StateRow], decisions: list[DecisionRow]
    ) -> None:
        inspection, at = event.inspection, event.occurred_at.seconds
        period = datetime.fromtimestamp(at, _LOCAL).strftime("%Y-%m")
        key = f"score\nmonthly\n{period}\n{inspection.unit}"
        slots = self._scores.setdefault(key, {})
        for finding in inspection.findings:
            row, title, full, ref, line = _ROWS[finding.place]
            note = f"{title}发现{finding.category}，扣 1 分"
            step = {"rule": f"tables.monthly_rows.{row}", "title": title,
                    "location": f"{_FILE}:{line}", "value": f"每处 1 分，满分 {full} 分",
                    "since": "always", "ref": ref, "note": note}  # fmt: skip
            self._decide(
                decisions, slots, seq, rule=f"scores.monthly.{row}",
                subject=f"unit:{inspection.unit}", anchor=f"{event.id}#{finding.id}", version=1,
                kind="deduction", outcome=row, title=f"扣分：{title}",
                reason=f"{inspection.unit}：{note}", unit=inspection.unit, at=at, issues=[],
                events=[event.id], steps=[step], period=period, points="-1", counted="-1",
            )  # fmt: skip
        payload = _encode({"key": key, "unit": inspection.unit, "slots": slots})
        states[key] = (key, inspection.unit, None, payload)

    def _clock(
        self, decisions: list[DecisionRow], seq: int, name: str, issue: _Issue, outcome: str,
        at: int, word: str,
    ) -> None:  # fmt: skip
        """The deadline's next version."""
        issue.version += 1
        due = _shown(issue.due)
        value = {**_VALUE, "note": f"自 {issue.begun} 起算"}
        self._decide(
            decisions, issue.slots, seq, rule="deadlines.notice", subject=f"issue:{name}",
            anchor=issue.causes[0], version=issue.version, kind="deadline", outcome=outcome,
            title="整改期限", reason=f"整改期限：{word}，期限 {due}", unit=issue.unit, at=at,
            issues=[name], events=issue.causes, steps=[_LIMIT, value], due=issue.due,
        )  # fmt: skip

    def _decide(
        self, decisions: list[DecisionRow], slots: dict[str, _Standing], seq: int, *, rule: str,
        subject: str, anchor: str, version: int, outcome: str, unit: str, at: int,
        period: str = "", **more: Any,
    ) -> None:  # fmt: skip
        slot = f"town_deduction\n{rule}\n{subject}\n{anchor}"
        before = slots.get(slot)
        content = _encode({
            "slot": {"scheme": "town_deduction", "rule": rule, "subject": subject,
                     "anchor": anchor},
            "outcome": outcome, "unit": unit, "period": period, "at": at,
            "revision": "r0000000000000000", **more,
        })  # fmt: skip
        said = blake2b(content, digest_size=16).hexdigest()
        identity = blake2b(b"bench\0%d\0" % version + content, digest_size=12).hexdigest()
        self._decided += 1
        payload = _encode({
            "id": identity, "locality": "bench", "decision_seq": self._decided, "log_seq": seq,
            "version": version, "change": "supersede" if before else "issue",
            "supersedes": before[2] if before else "", "content": msgspec.Raw(content),
        })  # fmt: skip
        slots[slot] = (version, said, identity)
        decisions.append((self._decided, identity, slot, version, seq, rule, outcome, unit, period,
                          at, payload))  # fmt: skip

    def _keep(
        self, states: dict[str, StateRow], name: str, issue: _Issue, wake_at: int | None
    ) -> None:
        key = f"issue\n{name}"
        payload = _encode({"key": key, "unit": issue.unit, "inputs": issue.inputs,
                           "slots": issue.slots, "wake_at": wake_at})  # fmt: skip
        states[key] = (key, issue.unit, wake_at, payload)


def _due(begun: datetime) -> int:
    """Return the close of the third working day after `begun`."""
    day, left = begun, _WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return int(day.replace(hour=17, minute=30, second=0, microsecond=0).astimezone(UTC).timestamp())


def _shown(at: int) -> str:
    return datetime.fromtimestamp(at, _LOCAL).strftime("%Y-%m-%d %H:%M")
