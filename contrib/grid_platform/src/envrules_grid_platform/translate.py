"""From a case and its flow records to events: a pure function of what stands in the host's tables.

Whatever the host corrects, the events that hold are those that its tables say now; the outbox
sends the difference (`outbox.py`). So it makes no difference when, and how often, they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from envrules.v1 import events_pb2 as pb
from envrules_grid_platform.config import Config
from envrules_grid_platform.fields import Fault, Raw, TableName
from envrules_grid_platform.host_tables import STAMPS
from envrules_grid_platform.rows import CODES, Case, Flow, Unit, read_case, read_flow, read_unit

_CLASSES = {
    "component": pb.OBJECT_CLASS_COMPONENT, "event": pb.OBJECT_CLASS_EVENT,
    "": pb.OBJECT_CLASS_UNSPECIFIED,
}  # fmt: skip
_APPEALS = {"appeal_filed", "appeal_upheld", "appeal_rejected"}
_SILENT = {"found", "amended", "revoked", "ignored", *_APPEALS}
"""Steps that are no move of the issue."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that the host's tables ask for, before it has its id."""

    key: str
    """What it stands for, the same for ever: `case:<number>`, `flow:<number>`, `unit:…`."""
    event: pb.Event
    table: TableName
    row: str
    targets: str = ""
    """Key of the draft whose event's id it names (an appeal)."""
    overlaps: bool = False
    """A new version is sent before the old one is withdrawn, not after."""


@dataclass(slots=True)
class Translation:
    """What some rows come to."""

    drafts: list[Draft] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def translate_case(
    number: str, row: Raw | None, rows: Sequence[Raw], config: Config
) -> Translation:
    """Return the events of a case from its row, if it has one, and its flow records in order."""
    out = Translation()
    case = None
    if row is not None:
        case, faults = read_case(row, config)
        out.faults += faults
    elif rows:
        out.faults.append(
            Fault("case", number, "case_no", number, "flow records name it, but there is no such case",
                  "流转记录提到此案卷，但案卷表中没有")
        )  # fmt: skip
    _Translator(case, _standing(rows, config, out), config, out).run()
    return out


def _standing(rows: Sequence[Raw], config: Config, out: Translation) -> list[Flow]:
    """Return the flow records that no later one corrects, and note what is wrong with them."""
    replaced: dict[int, int] = {}
    flows: dict[int, Flow] = {}
    faults: list[Fault] = []
    known: dict[int, Flow | None] = {}
    for row in rows:
        flow, found = read_flow(row, config)
        faults += found
        wrong = _miscorrects(flow, known, replaced) if flow is not None else None
        known[int(row["flow_id"])] = flow
        if wrong is not None:
            faults.append(wrong)
        elif flow is not None:
            if flow.corrects is not None:
                replaced[flow.corrects] = flow.id
            flows[flow.id] = flow
    gone = {str(id) for id in replaced}
    out.faults += [fault for fault in faults if fault.row not in gone]
    return [
        flow for flow in flows.values() if flow.id not in replaced and "revoked" not in flow.steps
    ]


def _miscorrects(
    flow: Flow, known: Mapping[int, Flow | None], replaced: Mapping[int, int]
) -> Fault | None:
    """Return why a record cannot correct the one that it names, or None."""
    target = flow.corrects
    if target is None:
        return None
    said = None
    other = known.get(target)
    if target not in known:
        said = "is no earlier record of this case", "不是本案卷较早的流转记录"
    elif target in replaced:
        said = f"was corrected by {replaced[target]} already: correct that one", (
            f"已由 {replaced[target]} 更正，请更正那一行")  # fmt: skip
    elif other is not None and "revoked" in other.steps:
        said = "is itself a revocation: write the step again", "本身是撤销，请重新写入该步骤"
    return None if said is None else Fault("flow", str(flow.id), "corrects", str(target), *said)


@dataclass(slots=True)
class _Translator:
    """One case with the flow records that stand."""

    case: Case | None
    flows: Sequence[Flow]
    config: Config
    out: Translation

    def run(self) -> None:
        """Draft the finding, the moves and the appeals."""
        if self.case is not None:
            self._find(self.case)
            self._compare_flags(self.case)
        forced = self._forced()
        for flow in self.flows:
            steps = [step for step in flow.steps if step not in _SILENT]
            for n, step in enumerate(steps, 1):
                step = "force_closed" if flow.id == forced and step == "closed" else step
                self._move(flow, step, f"flow:{flow.id}" if n == 1 else f"flow:{flow.id}.{n}")
        self._appeal()

    def _draft(
        self, key: str, at: datetime, flow: Flow | None = None, targets: str = "", **payload: Any
    ) -> None:
        """Draft an event that comes from a flow record, or from the case itself."""
        event = pb.Event(source=self.config.source, **payload)
        event.occurred_at.FromDatetime(at)
        if flow is None:
            self.out.drafts.append(Draft(key, event, "case", key.partition(":")[2]))
        else:
            event.flow_sequence = flow.step
            self.out.drafts.append(Draft(key, event, "flow", str(flow.id), targets))

    def _fault(self, flow: Flow, column: str, value: str, reason: str, reason_zh: str) -> None:
        self.out.faults.append(Fault("flow", str(flow.id), column, value, reason, reason_zh))

    def _find(self, case: Case) -> None:
        reports = [f.occurred_at for f in self.flows if "found" in f.steps and f.occurred_at]
        at = case.reported_at or next(iter(reports), None)
        if at is None:
            self.out.faults.append(
                Fault("case", case.number, "reported_at", "", "is empty, and no flow record 上报 has a time",
                      "为空，也没有带时间的上报记录")
            )  # fmt: skip
            return
        found = pb.IssueFound(
            issue=case.number, object_class=_CLASSES[case.object_class],
            handling_unit=self._handler(case), assisting_units=case.assisting_units,
            longitude=case.longitude, latitude=case.latitude, duplicate_of=case.duplicate_of,
            photos=case.photos, ledger=case.ledger,
            tags=sorted(tag for flag, tag in self.config.tables.case.tags.items() if flag in case.flags),
        )  # fmt: skip
        for name in CODES:
            setattr(found, name, case.codes[name])
        if case.limit is not None:
            found.host_limit.amount, found.host_limit.unit = case.limit
        if case.deadline is not None:
            found.host_deadline.FromDatetime(case.deadline)
        self._draft(f"case:{case.number}", at, issue_found=found)

    def _handler(self, case: Case) -> str:
        """Return whom it was first dispatched to: the host's row names who has it now."""
        first = (f.to_unit for f in self.flows if "dispatched" in f.steps and f.to_unit)
        return next(first, case.handling_unit)

    def _forced(self) -> int | None:
        """Return the closing that the case's flag says was forced: the last one."""
        if self.case is None or "is_forced" not in self.case.flags:
            return None
        return next((f.id for f in reversed(self.flows) if "closed" in f.steps), None)

    def _compare_flags(self, case: Case) -> None:
        """Note a flag that says what no flow record says: without a time it cannot be judged."""
        steps = {step for flow in self.flows for step in flow.steps}
        for flag, told in (
            ("is_supervised", {"supervised"}), ("is_rework", {"check_failed"}),
            ("is_forced", {"closed", "force_closed"}), ("is_appealed", _APPEALS),
        ):  # fmt: skip
            if flag in case.flags and not steps & told:
                self.out.faults.append(
                    Fault("case", case.number, flag, "1", "is set, but no flow record says so",
                          "已勾选，但没有相应的流转记录")
                )  # fmt: skip

    def _move(self, flow: Flow, step: str, key: str) -> None:
        at = self._time(flow, step)
        if at is None:
            return
        move = pb.IssueMoved(
            issue=flow.case_no, move=pb.Move.Value(f"MOVE_{step.upper()}"), by_unit=flow.by_unit,
            to_unit=flow.to_unit, approver=flow.approver, basis=flow.basis,
            duplicate_of=flow.duplicate_of, slip=flow.slip, ledger=flow.ledger,
        )  # fmt: skip
        if flow.until is not None:
            move.until.FromDatetime(flow.until)
        self._draft(key, at, flow, issue_moved=move)

    def _time(self, flow: Flow, step: str) -> datetime | None:
        """Return when a step was taken: by the record, else by the case's time stamp."""
        stamps = {} if self.case is None else self.case.stamps
        at = flow.occurred_at or stamps.get(STAMPS.get(step, ""))
        if at is None:
            self._fault(flow, "occurred_at", "", "is empty, and the case has no time for this step",
                        "为空，案卷上也没有相应的时间")  # fmt: skip
        return at

    def _appeal(self) -> None:
        """Draft appeals and what became of them; without numbers they follow one another."""
        filed: dict[str, tuple[Flow, str]] = {}
        last = ""
        keys = {draft.key for draft in self.out.drafts}
        told = ((flow, step) for flow in self.flows for step in flow.steps if step in _APPEALS)
        # In the order in which it happened: an appeal may be written down after its decision.
        for flow, step in sorted(told, key=lambda one: self._when(one[0])):
            if step == "appeal_filed":
                number = flow.appeal or f"{flow.case_no}-{len(filed) + 1}"
                target = (
                    f"case:{flow.case_no}" if flow.disputes is None else f"flow:{flow.disputes}"
                )
                if target not in keys:
                    self._fault(flow, "disputes", str(flow.disputes or ""), "there is no such record",
                                "没有所申诉的记录")  # fmt: skip
                    continue
                last = number
                filed[number] = flow, target
            number = flow.appeal or last
            if number not in filed:
                self._fault(flow, "appeal_no", number, "there is no such appeal", "没有这一申诉")
                continue
            self._appealed(flow, step, number, *filed[number])

    def _when(self, flow: Flow) -> tuple[datetime, int]:
        return flow.occurred_at or datetime.max.replace(tzinfo=UTC), flow.step

    def _appealed(self, flow: Flow, step: str, number: str, filing: Flow, target: str) -> None:
        at = self._time(flow, step)
        if at is None:
            return
        unit = filing.by_unit or (self._handler(self.case) if self.case is not None else "")
        key = f"flow:{flow.id}"
        if step == "appeal_filed":
            filed = pb.AppealFiled(appeal=number, unit=unit)
            self._draft(key, at, flow, target, appeal_filed=filed)
        else:
            decided = pb.AppealDecided(
                appeal=number, unit=unit, upheld=step == "appeal_upheld", organ=flow.by_unit,
                basis=flow.basis,
            )  # fmt: skip
            self._draft(key, at, flow, target, appeal_decided=decided)


def translate_units(rows: Iterable[Raw], config: Config) -> dict[str, Translation]:
    """Return the declarations of units, by `unit:<code>`."""
    units: dict[str, list[Unit]] = {}
    found: dict[str, Translation] = {}
    for row in rows:
        unit, faults = read_unit(row, config)
        name = f"unit:{str(row['unit']).strip()}"
        found.setdefault(name, Translation()).faults += faults
        if unit is not None:
            units.setdefault(name, []).append(unit)
    for name, life in units.items():
        life.sort(key=lambda unit: unit.since)
        found[name].drafts += [_declared(unit, life[0].since, config) for unit in life]
    return found


def _declared(unit: Unit, begun: datetime, config: Config) -> Draft:
    declared = pb.UnitDeclared(
        unit=unit.unit, title=unit.title, type=unit.type, parent=unit.parent,
        attributes=unit.attributes,
    )  # fmt: skip
    declared.since.FromDatetime(begun)
    if unit.until is not None:
        declared.until.FromDatetime(unit.until)
    event = pb.Event(source=config.source, unit_declared=declared)
    event.occurred_at.FromDatetime(unit.since)
    since = f"{unit.since.astimezone(config.timezone):%Y%m%d%H%M%S}"
    return Draft(
        f"unit:{unit.unit}:{since}", event, "unit", f"{unit.unit} {unit.since}", overlaps=True
    )
