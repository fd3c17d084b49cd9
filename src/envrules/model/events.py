"""Events: what a host platform tells us. One class per payload, one header for all.

Times are `Instant`s (microseconds, UTC). Identifiers of people are opaque; names, phones and
households have no place here. An empty string or tuple means "not given".
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from envrules.model.base import Frozen, Instant

Move = Literal[
    "accepted", "not_filed", "verified_before_filing", "filed", "registered", "dispatched",
    "returned", "reassigned", "handled", "check_passed", "check_failed", "closed",
    "force_closed", "voided", "merged", "supervised", "extended", "deferred", "suspended",
    "resumed", "called_back",
]  # fmt: skip
"""One step of an issue's life, in the words of the case record (案卷).

`handled` is the handling unit's claim that the problem is gone (处置反馈); `check_passed` and
`check_failed` are the verification of that claim (核查, 验收); `registered` enters the ledger
(登记, 建台账).
"""

Severity = Literal["component", "event"]


class HostLimit(Frozen):
    """The limit that the host platform itself set: amount and its own word for the unit."""

    amount: Decimal
    unit: str


class IssueFound(Frozen, tag_field="@", tag="issue_found"):
    """A problem was found at a place. `issue` is the case number and names the issue from here."""

    issue: str
    category: str = ""
    """The category in the scheme's own words, or a host code that a code table maps."""
    place: str = ""
    """The kind of place (路边, 村内 ...), in the scheme's codes."""
    object_class: Literal["", "component", "event"] = ""
    large_class: str = ""
    small_class: str = ""
    condition: str = ""
    """Filing condition (立案条件): limits differ by it within one small class."""
    source: str = ""
    """How it came to light: patrol, monthly_check, hotline, own_report ..."""
    source_level: str = ""
    inspection: str = ""
    """The inspection in which it was found, when it was found in one."""
    reporter_unit: str = ""
    place_unit: str = ""
    handling_unit: str = ""
    assisting_units: tuple[str, ...] = ()
    department: str = ""
    point: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    grid: str = ""
    area_class: str = ""
    host_deadline: Instant | None = None
    host_limit: HostLimit | None = None
    recorded_at: Instant | None = None
    duplicate_of: str = ""
    photos: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ledger: dict[str, str] = {}
    """Ledger fields as filled in (整改措施, 完成时限, 责任人 ...)."""


class IssueMoved(Frozen, tag_field="@", tag="issue_moved"):
    """An issue took one step."""

    issue: str
    move: Move
    by_unit: str = ""
    to_unit: str = ""
    approver: str = ""
    basis: str = ""
    until: Instant | None = None
    """New limit of an extension or deferral, end of a suspension when known."""
    duplicate_of: str = ""
    slip: str = ""
    """Rung of a slip that an authorised group issues directly (`supervised`)."""
    ledger: dict[str, str] = {}


class Finding(Frozen):
    """One finding of an inspection: it deducts in one row, once."""

    id: str
    category: str
    place: str = ""
    issue: str = ""
    point: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    photos: tuple[str, ...] = ()
    duplicate_of: str = ""


class Inspection(Frozen, tag_field="@", tag="inspection"):
    """An inspection of one unit took place; without findings it is a clean one."""

    inspection: str
    unit: str
    kind: str
    announced: bool = False
    organ: str = ""
    points_visited: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    checklist: dict[str, bool] = {}


class UnitDeclared(Frozen, tag_field="@", tag="unit_declared"):
    """A unit exists from `since` on (occurred_at when not given), until `until` if closed."""

    unit: str
    title: str
    type: str
    parent: str = ""
    since: Instant | None = None
    until: Instant | None = None
    attributes: dict[str, str] = {}


class UnitRenamed(Frozen, tag_field="@", tag="unit_renamed"):
    """A unit bears another title from the event's time on; its code stays."""

    unit: str
    title: str


class UnitMerged(Frozen, tag_field="@", tag="unit_merged"):
    """`units` end and `into` succeeds them: open issues move, past points stay."""

    units: tuple[str, ...]
    into: str


class UnitSplit(Frozen, tag_field="@", tag="unit_split"):
    """`unit` ends and `into` succeed it; open issues go to the first named."""

    unit: str
    into: tuple[str, ...]


class IndicatorMeasured(Frozen, tag_field="@", tag="indicator_measured"):
    """A measured figure of a unit, for a period."""

    unit: str
    indicator: str
    period: str
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    organ: str = ""


class ScoreSupplied(Frozen, tag_field="@", tag="score_supplied"):
    """Points that an organ awards by its own assessment, for an item of a score."""

    unit: str
    score: str
    item: str
    """A row supplied from outside, `total` for a whole score, or `bonus`."""
    period: str
    points: Decimal
    organ: str = ""
    basis: str = ""


class ReportFiled(Frozen, tag_field="@", tag="report_filed"):
    """A unit handed in a report, plan or pledge that it owes."""

    unit: str
    duty: str
    period: str = ""
    about: str = ""
    """Slot anchor (issue or period) that the report answers, when it answers one."""
    signed_by: str = ""
    fields: dict[str, str] = {}


class SlipServed(Frozen, tag_field="@", tag="slip_served"):
    """A slip was handed over; its clock starts at the event's time when the scheme says so."""

    unit: str
    slip: str
    issues: tuple[str, ...]
    receipt: str = ""


class Exemption(Frozen, tag_field="@", tag="exemption"):
    """Force majeure or another exemption: out of points and denominators, shown."""

    since: Instant
    until: Instant
    basis: str
    approver: str
    units: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()


class AppealFiled(Frozen, tag_field="@", tag="appeal_filed"):
    """A unit disputes a finding or a decision.

    `target` is an event id, event id#finding id, or a `Slot.key()` (told by its newlines).
    """

    appeal: str
    unit: str
    target: str


class AppealDecided(Frozen, tag_field="@", tag="appeal_decided"):
    """The appeal ends. Upheld: the target no longer counts, in its own period."""

    appeal: str
    unit: str
    target: str
    upheld: bool
    organ: str = ""
    basis: str = ""


class ApprovalGiven(Frozen, tag_field="@", tag="approval_given"):
    """A body approves something that another event proposed (a bonus, a deferral)."""

    target: str
    organ: str
    unit: str = ""
    revoked: bool = False


class EventWithdrawn(Frozen, tag_field="@", tag="event_withdrawn"):
    """The named event was a mistake. Final: the corrected facts come under a new id."""

    target: str
    reason: str = ""


Payload: TypeAlias = (
    IssueFound | IssueMoved | Inspection | UnitDeclared | UnitRenamed | UnitMerged | UnitSplit
    | IndicatorMeasured | ScoreSupplied | ReportFiled | SlipServed | Exemption | AppealFiled
    | AppealDecided | ApprovalGiven | EventWithdrawn
)  # fmt: skip


class Event(Frozen):
    """One thing that happened, as the host reports it."""

    id: str
    occurred_at: Instant
    payload: Payload
    flow: int = 0
    """The host's own flow sequence within the issue; breaks ties of time."""
    source: str = ""
    """The source system whose watermark covers this event."""
    seq: int = 0
    """Place in the locality's log; 0 for an event that is not in a log. Never part of content."""


_RANK = {
    name: rank
    for rank, name in enumerate(
        ("unit_declared", "issue_found", "accepted", "verified_before_filing", "filed",
         "registered", "dispatched", "reassigned", "handled", "check_failed", "check_passed",
         "closed")
    )
}  # fmt: skip


def payload_kind(payload: Payload) -> str:
    """Return the payload's tag, for example `issue_found`."""
    tag = payload.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def order_key(event: Event) -> tuple[Instant, int, int, str]:
    """Return the Order of an event within its key: time, host's flow, lifecycle rank, id."""
    payload = event.payload
    word = payload.move if isinstance(payload, IssueMoved) else payload_kind(payload)
    return (event.occurred_at, event.flow, _RANK.get(word, len(_RANK)), event.id)


encode_event = msgspec.msgpack.Encoder(decimal_format="string").encode
decode_event = msgspec.msgpack.Decoder(Event).decode
