"""The host's rows: cases, flow records, units, or the faults for which one cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from envrules_grid_platform.config import Config
from envrules_grid_platform.fields import EARLIEST, Fault, Fields, Raw
from envrules_grid_platform.host_tables import STAMPS

_CLASSES = {"部件": "component", "component": "component", "事件": "event", "event": "event"}


@dataclass(frozen=True, slots=True)
class Case:
    """案卷."""

    number: str
    object_class: str
    codes: Mapping[str, str]
    """The fields that are codes and go as they are, by our column names."""
    handling_unit: str
    assisting_units: tuple[str, ...]
    longitude: str
    latitude: str
    limit: tuple[str, str] | None
    """Amount and unit of the host's limit."""
    deadline: datetime | None
    duplicate_of: str
    photos: tuple[str, ...]
    reported_at: datetime | None
    stamps: Mapping[str, datetime]
    """Column of one of the other six time stamps → the time."""
    flags: frozenset[str]
    ledger: Mapping[str, str]


CODES = (
    "large_class", "small_class", "condition", "category", "source", "source_level",
    "reporter_unit", "place", "place_unit", "department", "point", "grid", "area_class",
)  # fmt: skip
FLAGS = ("is_urgent", "is_supervised", "is_forced", "is_rework", "is_appealed")


def read_case(raw: Raw, config: Config) -> tuple[Case | None, list[Fault]]:
    """Return a case, or why there is none."""
    fields = Fields("case", str(raw["case_no"]).strip(), raw, config)
    number = fields.text("case_no")
    check_number(fields, config)
    case = Case(
        number, _object_class(fields), {name: fields.text(name) for name in CODES},
        fields.text("handling_unit"), tuple(fields.many("assisting_units")),
        *_position(fields), _limit(fields), fields.time("deadline"), fields.text("duplicate_of"),
        tuple(filter(None, map(str.strip, fields.text("photos").splitlines()))),
        fields.time("reported_at"),
        {column: at for column in sorted({*STAMPS.values()}) if (at := fields.time(column))},
        frozenset(flag for flag in FLAGS if fields.flag(flag)),
        fields.ledger(config.tables.case.ledger),
    )  # fmt: skip
    return (None if fields.faults else case), fields.faults


def check_number(fields: Fields, config: Config) -> None:
    """Note what is wrong with the structure of a case number."""
    rule = config.case_number
    match = re.fullmatch(rule.pattern, fields.text("case_no"), re.ASCII)
    if match is None:
        fields.fault("case_no", f"is not made as {rule.pattern}", "案卷编号不合编号规则")
        return
    parts = match.groupdict()
    if not (parts.get("division") or "").startswith(rule.division):
        fields.fault("case_no", f"its division does not begin with {rule.division}",
                     f"案卷编号的行政区划不是 {rule.division}")  # fmt: skip
    if day := parts.get("date"):
        try:
            datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - a day, no instant
        except ValueError:
            fields.fault("case_no", f"there is no day {day}", f"案卷编号中的日期 {day} 不存在")


def _object_class(fields: Fields) -> str:
    found = fields.text("object_class")
    if found and found not in _CLASSES:
        fields.fault("object_class", "is neither 部件 nor 事件; map it in tables.case.values",
                     "既不是部件也不是事件，请在 tables.case.values 中说明")  # fmt: skip
    return _CLASSES.get(found, "")


def _position(fields: Fields) -> tuple[str, str]:
    longitude, latitude = fields.number("longitude"), fields.number("latitude")
    for column, found, most in (("longitude", longitude, 180), ("latitude", latitude, 90)):
        if found and abs(Decimal(found)) > most:
            fields.fault(column, f"is not between -{most} and {most}", f"不在 ±{most} 之内")
    if bool(longitude) != bool(latitude) and not fields.faults:
        fields.fault("latitude" if longitude else "longitude", "only one coordinate is given",
                     "经纬度缺一")  # fmt: skip
    return longitude, latitude


def _limit(fields: Fields) -> tuple[str, str] | None:
    amount, unit = fields.number("limit_amount"), fields.text("limit_unit")
    if not amount:
        return None
    if not unit:
        fields.fault("limit_unit", "the limit has no unit", "处置时限没有类型")
        return None
    return amount, unit


@dataclass(frozen=True, slots=True)
class Flow:
    """流转记录."""

    id: int
    case_no: str
    step: int
    steps: tuple[str, ...]
    """What it means."""
    occurred_at: datetime | None
    recorded_at: datetime | None
    by_unit: str
    to_unit: str
    approver: str
    basis: str
    until: datetime | None
    duplicate_of: str
    slip: str
    corrects: int | None
    appeal: str
    disputes: int | None
    ledger: Mapping[str, str]


def read_flow(raw: Raw, config: Config) -> tuple[Flow | None, list[Fault]]:
    """Return a flow record, or why there is none."""
    fields = Fields("flow", str(raw["flow_id"]), raw, config)
    action, number = fields.text("action", needed=True), int(raw["flow_id"])
    steps = config.tables.flow.meaning(action)
    if action and steps is None:
        fields.fault("action", "nobody has said what it means; add it to tables.flow.actions",
                     "未说明其含义，请加入 tables.flow.actions")  # fmt: skip
    step = fields.integer("step")
    flow = Flow(
        id=number, case_no=fields.text("case_no", needed=True),
        step=number if step is None else step, steps=tuple(steps or ()),
        occurred_at=fields.time("occurred_at"), recorded_at=fields.time("recorded_at"),
        by_unit=fields.text("by_unit"), to_unit=fields.text("to_unit"),
        approver=fields.text("approver"), basis=fields.text("basis"), until=fields.time("until"),
        duplicate_of=fields.text("duplicate_of"), slip=fields.text("slip"),
        corrects=fields.integer("corrects"), appeal=fields.text("appeal_no"),
        disputes=fields.integer("disputes"), ledger=fields.ledger(config.tables.flow.ledger),
    )  # fmt: skip
    if "revoked" in flow.steps and flow.corrects is None and not fields.faults:
        fields.fault("corrects", "does not say which record it takes back", "未写明撤销哪一行")
    return (None if fields.faults else flow), fields.faults


@dataclass(frozen=True, slots=True)
class Unit:
    """单位, as it is from one time on."""

    unit: str
    title: str
    type: str
    parent: str
    since: datetime
    until: datetime | None
    attributes: Mapping[str, str]


def read_unit(raw: Raw, config: Config) -> tuple[Unit | None, list[Fault]]:
    """Return a unit, or why there is none."""
    fields = Fields("unit", f"{raw['unit']} {raw['since']}", raw, config)
    assert config.tables.unit is not None
    since = fields.time("since")
    if since is None and not fields.faults:
        fields.fault("since", "is empty", "为空")
    names = config.tables.unit.attributes
    found = {name: fields.text(f"attribute:{name}") for name in names}
    unit = Unit(
        fields.text("unit", needed=True), fields.text("title", needed=True),
        fields.text("type", needed=True), fields.text("parent"), since or EARLIEST,
        fields.time("until"), {name: text for name, text in found.items() if text},
    )  # fmt: skip
    return (None if fields.faults else unit), fields.faults
