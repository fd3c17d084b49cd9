"""The model's decisions as protobuf."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from envrules.model.base import Instant
from envrules.model.decisions import Change, Consequence, Decision, Publication, Slot, Step
from envrules.v1 import common_pb2, decisions_pb2
from envrules.wire.field_types import decimal_text, timestamp

PUBLICATIONS: dict[Publication, decisions_pb2.Publication.ValueType] = {
    "proposed": decisions_pb2.PUBLICATION_PROPOSED,
    "approved": decisions_pb2.PUBLICATION_APPROVED,
    "published": decisions_pb2.PUBLICATION_PUBLISHED,
    "held": decisions_pb2.PUBLICATION_HELD,
    "revoked": decisions_pb2.PUBLICATION_REVOKED,
}
CHANGES: dict[Change, decisions_pb2.Change.ValueType] = {
    "issue": decisions_pb2.CHANGE_ISSUE,
    "supersede": decisions_pb2.CHANGE_SUPERSEDE,
    "revoke": decisions_pb2.CHANGE_REVOKE,
}


def optional_timestamp(instant: Instant | None) -> Timestamp | None:
    """Return the message of an instant, if there is one."""
    return None if instant is None else timestamp(instant)


def slot_to_proto(slot: Slot) -> common_pb2.Slot:
    """Return the message of a slot."""
    return common_pb2.Slot(
        scheme=slot.scheme, rule=slot.rule, subject=slot.subject, anchor=slot.anchor
    )


def step_to_proto(step: Step) -> decisions_pb2.Step:
    """Return the message of one line of reasoning."""
    return decisions_pb2.Step(
        rule=step.rule,
        title=step.title,
        location=step.location,
        value=step.value,
        since=step.since,
        ref=step.ref,
        not_from_source=step.not_from_source,
        note=step.note,
    )


def consequence_to_proto(consequence: Consequence) -> decisions_pb2.Consequence:
    """Return the message of a consequence."""
    return decisions_pb2.Consequence(
        action=consequence.action,
        words=consequence.words,
        to=consequence.to,
        due=optional_timestamp(consequence.due),
    )


def decision_to_proto(decision: Decision) -> decisions_pb2.Decision:
    """Return the message of an emitted decision."""
    content = decision.content
    return decisions_pb2.Decision(
        id=decision.id,
        locality=decision.locality,
        decision_seq=decision.decision_seq,
        log_seq=decision.log_seq,
        version=decision.version,
        change=CHANGES[decision.change],
        supersedes=decision.supersedes,
        slot=slot_to_proto(content.slot),
        kind=content.kind,
        outcome=content.outcome,
        title=content.title,
        reason=content.reason,
        at=timestamp(content.at),
        unit=content.unit,
        period=content.period,
        points=decimal_text(content.points),
        counted=decimal_text(content.counted),
        rank=content.rank,
        due=optional_timestamp(content.due),
        issues=content.issues,
        event_ids=content.events,
        consequences=map(consequence_to_proto, content.consequences),
        steps=map(step_to_proto, content.steps),
        warnings=content.warnings,
        publication=PUBLICATIONS[content.publication],
        revision=content.revision,
    )
