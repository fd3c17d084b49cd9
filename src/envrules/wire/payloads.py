"""The shapes of all payloads: which fields the proto has and what may be in them."""

from __future__ import annotations

from envrules.model import events as model
from envrules.model.base import Instant
from envrules.model.decisions import Slot
from envrules.v1 import common_pb2, events_pb2
from envrules.wire.compound_types import Many, Table
from envrules.wire.field_types import (
    Count,
    EventName,
    Flag,
    Name,
    Number,
    Text,
    Time,
    Word,
    coordinate,
)
from envrules.wire.geometry import ATTRIBUTE, parse_geometry
from envrules.wire.limits import EARLIEST_EVENT, FLOW_LIMIT, LINK_LIMIT, NAME_LIMIT
from envrules.wire.problems import contradiction, invalid, shown
from envrules.wire.shapes import Shape, Values
from envrules.wire.times import format_instant

ID = Name(required=True)
CODE = Name()
TITLE = Name(required=True)
CODES = Many(CODE)
LINKS = Many(Name(limit=LINK_LIMIT))
# `<event id>#<finding id>` names a finding, so neither part may hold the sign itself.
EVENT_ID = EventName(required=True)
FINDING = Name(limit=2 * NAME_LIMIT + 1)


def both_coordinates(value: model.IssueFound | model.Finding) -> None:
    """A longitude needs a latitude, and the other way round."""
    if (value.longitude is None) != (value.latitude is None):
        raise invalid("REQUIRED", "longitude" if value.longitude is None else "latitude")


def since_before_until(value: model.UnitDeclared | model.Exemption) -> None:
    """A span of time ends after it begins."""
    if value.since is not None and value.until is not None and value.since >= value.until:
        raise contradiction("until", "must be after since", "须晚于 since")


def declared_whole(value: model.UnitDeclared) -> None:
    """A unit's span ends after it begins, and its outline is one that a map can show."""
    since_before_until(value)
    outline = value.attributes.get(ATTRIBUTE)
    if outline:
        try:
            parse_geometry(outline)
        except ValueError as error:
            path = f"attributes['{ATTRIBUTE}']"
            why = f"is no GeoJSON geometry: {error}"
            raise contradiction(path, why, "不是 GeoJSON 几何图形") from None


def finding_ids_differ(value: model.Inspection) -> None:
    """Within an inspection a finding's id is its own."""
    ids = [finding.id for finding in value.findings]
    if len(set(ids)) < len(ids):
        i = next(i for i, one in enumerate(ids) if one in ids[:i])
        raise invalid("REPEATED", f"findings[{i}].id", value=shown(ids[i]))


def successor_is_another(value: model.UnitMerged) -> None:
    """A unit that ends does not succeed itself."""
    if value.into in value.units:
        why = "names a unit that ends; leave the successor out of units"
        raise contradiction("into", why, "接续单位不能同时列在 units 中")


def successors_are_others(value: model.UnitSplit) -> None:
    """A unit that ends does not succeed itself."""
    if value.unit in value.into:
        raise contradiction("into", "names the unit that ends", "接续单位不能是终止的单位本身")


def value_or_ratio(value: model.IndicatorMeasured) -> None:
    """A figure is given, or both numbers that it is computed from."""
    if (value.numerator is None) != (value.denominator is None):
        raise invalid("REQUIRED", "numerator" if value.numerator is None else "denominator")
    if value.value is None and value.numerator is None:
        raise invalid("REQUIRED", "value")


def one_target(target: str, slot: Slot | None) -> str:
    """Return what an appeal disputes, as the model has it: in one field.

    A slot's key has newlines, which no id has, so the two cannot be confused.
    """
    if slot is None and not target:
        raise invalid("REQUIRED", "target")
    if slot is not None and target:
        raise contradiction("slot", "excludes target", "slot 与 target 只能填一个")
    return target if slot is None else slot.key()


def appeal_filed(appeal: str, unit: str, target: str, slot: Slot | None) -> model.AppealFiled:
    """Return the model of the proto's fields."""
    return model.AppealFiled(appeal, unit, one_target(target, slot))


def appeal_decided(
    appeal: str, unit: str, target: str, slot: Slot | None, upheld: bool, organ: str, basis: str
) -> model.AppealDecided:
    """Return the model of the proto's fields."""
    return model.AppealDecided(appeal, unit, one_target(target, slot), upheld, organ, basis)


def spread_appeal(appeal: model.AppealFiled | model.AppealDecided) -> Values:
    """Return the proto's fields of an appeal: undo `one_target`."""
    values: Values = {name: getattr(appeal, name) for name in appeal.__struct_fields__}
    if "\n" in appeal.target:
        values["slot"] = Slot(*values.pop("target").split("\n"))
    return values


Header = tuple[str, Instant, int, str]
"""An event without its payload: id, occurred_at, flow, source."""


def not_before_2000(header: Header) -> None:
    """An event is of this century; units may be older."""
    if header[1] < EARLIEST_EVENT:
        value = format_instant(header[1])
        raise invalid("OUT_OF_RANGE", "occurred_at", value=value, low="2000", high="2200")


def spread_header(event: model.Event) -> Values:
    """Return the proto's fields of an event, its payload apart."""
    return {"id": event.id, "occurred_at": event.occurred_at,
            "flow_sequence": event.flow, "source": event.source}  # fmt: skip


HEADER = Shape(
    lambda *header: header,
    events_pb2.Event,
    {"id": EVENT_ID, "occurred_at": Time(required=True), "flow_sequence": Count(FLOW_LIMIT),
     "source": CODE},
    check=not_before_2000,
    spread=spread_header,
)  # fmt: skip
"""Reads an event without its payload as a `Header`."""

SLOT = Shape(
    Slot,
    common_pb2.Slot,
    {"scheme": ID, "rule": ID, "subject": Name(required=True, limit=FINDING.limit), "anchor": ID},
)

HOST_LIMIT = Shape(
    model.HostLimit,
    events_pb2.HostLimit,
    {"amount": Number(required=True, bounds=(0, 10**12)), "unit": ID},
)

FINDINGS = Many(
    Shape(
        model.Finding,
        events_pb2.Finding,
        {"id": EVENT_ID, "category": CODE, "place": CODE, "issue": CODE, "point": CODE,
         "longitude": coordinate(180), "latitude": coordinate(90), "photos": LINKS,
         "duplicate_of": FINDING},
        check=both_coordinates,
    )
)  # fmt: skip

PAYLOADS: dict[str, Shape] = {
    "issue_found": Shape(
        model.IssueFound,
        events_pb2.IssueFound,
        {"issue": ID, "category": CODE, "place": CODE,
         "object_class": Word("OBJECT_CLASS_", dict(events_pb2.ObjectClass.items())),
         "large_class": CODE, "small_class": CODE, "condition": CODE, "source": CODE,
         "source_level": CODE, "inspection": CODE, "reporter_unit": CODE, "place_unit": CODE,
         "handling_unit": CODE, "assisting_units": CODES, "department": CODE, "point": CODE,
         "longitude": coordinate(180), "latitude": coordinate(90), "grid": CODE,
         "area_class": CODE, "host_deadline": Time(), "host_limit": HOST_LIMIT,
         "recorded_at": Time(), "duplicate_of": CODE, "photos": LINKS, "tags": CODES,
         "ledger": Table(Text())},
        check=both_coordinates,
    ),
    "issue_moved": Shape(
        model.IssueMoved,
        events_pb2.IssueMoved,
        {"issue": ID, "move": Word("MOVE_", dict(events_pb2.Move.items()), required=True),
         "by_unit": CODE, "to_unit": CODE, "approver": CODE, "basis": Text(), "until": Time(),
         "duplicate_of": CODE, "slip": CODE, "ledger": Table(Text())},
    ),
    "inspection": Shape(
        model.Inspection,
        events_pb2.Inspection,
        {"inspection": ID, "unit": ID, "kind": ID, "announced": Flag(), "organ": CODE,
         "points_visited": CODES, "findings": FINDINGS, "checklist": Table(Flag())},
        check=finding_ids_differ,
    ),
    "unit_declared": Shape(
        model.UnitDeclared,
        events_pb2.UnitDeclared,
        {"unit": ID, "title": TITLE, "type": ID, "parent": CODE, "since": Time(),
         "until": Time(), "attributes": Table(Text())},
        check=declared_whole,
    ),
    "unit_renamed": Shape(
        model.UnitRenamed, events_pb2.UnitRenamed, {"unit": ID, "title": TITLE}
    ),
    "unit_merged": Shape(
        model.UnitMerged,
        events_pb2.UnitMerged,
        {"units": Many(CODE, required=True, distinct=True), "into": ID},
        check=successor_is_another,
    ),
    "unit_split": Shape(
        model.UnitSplit,
        events_pb2.UnitSplit,
        {"unit": ID, "into": Many(CODE, required=True, distinct=True)},
        check=successors_are_others,
    ),
    "indicator_measured": Shape(
        model.IndicatorMeasured,
        events_pb2.IndicatorMeasured,
        {"unit": ID, "indicator": ID, "period": ID, "value": Number(), "numerator": Number(),
         "denominator": Number(), "organ": CODE},
        check=value_or_ratio,
    ),
    "score_supplied": Shape(
        model.ScoreSupplied,
        events_pb2.ScoreSupplied,
        {"unit": ID, "score": ID, "item": ID, "period": ID, "points": Number(required=True),
         "organ": CODE, "basis": Text()},
    ),
    "report_filed": Shape(
        model.ReportFiled,
        events_pb2.ReportFiled,
        {"unit": ID, "duty": ID, "period": CODE, "about": CODE, "signed_by": CODE,
         "fields": Table(Text())},
    ),
    "slip_served": Shape(
        model.SlipServed,
        events_pb2.SlipServed,
        {"unit": ID, "slip": ID, "issues": Many(CODE, required=True), "receipt": CODE},
    ),
    "exemption": Shape(
        model.Exemption,
        events_pb2.Exemption,
        {"since": Time(required=True), "until": Time(required=True),
         "basis": Text(required=True), "approver": ID, "units": CODES, "categories": CODES,
         "issues": CODES},
        check=since_before_until,
    ),
    "appeal_filed": Shape(
        appeal_filed,
        events_pb2.AppealFiled,
        {"appeal": ID, "unit": ID, "target": FINDING, "slot": SLOT},
        spread=spread_appeal,
    ),
    "appeal_decided": Shape(
        appeal_decided,
        events_pb2.AppealDecided,
        {"appeal": ID, "unit": ID, "target": FINDING, "slot": SLOT,
         "upheld": Flag(required=True), "organ": CODE, "basis": Text()},
        spread=spread_appeal,
    ),
    "approval_given": Shape(
        model.ApprovalGiven,
        events_pb2.ApprovalGiven,
        {"target": ID, "organ": ID, "unit": CODE, "revoked": Flag()},
    ),
    "event_withdrawn": Shape(
        model.EventWithdrawn, events_pb2.EventWithdrawn, {"target": ID, "reason": Text()}
    ),
}  # fmt: skip
"""Shape of each payload by its name in the proto, which is also the model's tag."""
