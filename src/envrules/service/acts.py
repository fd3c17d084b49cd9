"""Acts on decisions: safe to repeat, and answered with what they have led to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import grpc

from envrules.model.decisions import Decision, decode_decision
from envrules.service.fields import ID, REQUIRED_TEXT, TEXT, Fields
from envrules.service.host import Host
from envrules.service.status import not_found
from envrules.v1 import decision_service_pb2 as pb
from envrules.v1 import decisions_pb2
from envrules.wire.decisions_out import decision_to_proto

Action: TypeAlias = Literal["approve", "publish", "revoke"]
Request: TypeAlias = (
    pb.ApproveDecisionRequest | pb.PublishDecisionRequest | pb.RevokeDecisionRequest
)

_LEADS_TO = {
    "approve": ("approved", "published"), "publish": ("published",), "revoke": ("revoked",)
}  # fmt: skip
_PATIENCE = 10.0


@dataclass(frozen=True)
class Done:
    """An act that is on record: its log entry, and the version that it led to, once judged."""

    seq: int
    decision: decisions_pb2.Decision | None


class Acts:
    """Carries out approvals, publications and revocations."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._store = host.runtime.store

    def carry_out(self, action: Action, request: Request, context: grpc.ServicerContext) -> Done:
        """Carry out what is asked, unless that has been done already."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        decision_id = fields.take("decision_id", ID, request.decision_id)
        kind = REQUIRED_TEXT if action == "revoke" else TEXT
        reason = fields.take("reason", kind, request.reason)
        fields.done()
        by = self._host.principals.caller(context, "approve", locality)
        given, latest = self._versions(locality, decision_id)
        if _is_done(action, given, latest):
            return Done(latest.log_seq, decision_to_proto(latest))
        seq = self._host.runtime.act(locality, decision_id, [action], by, reason)
        if not self._host.wait_decided(context, locality, seq, _PATIENCE):
            return Done(seq, None)
        _, latest = self._versions(locality, decision_id)
        return Done(seq, decision_to_proto(latest))

    def _versions(self, locality: str, decision_id: str) -> tuple[Decision, Decision]:
        """Return the version asked for, and the latest of its slot."""
        row = self._store.decision(locality, decision_id)
        if row is None:
            raise not_found("DECISION_NOT_FOUND", f"no decision {decision_id!r} in {locality}")
        latest = self._store.slot_history(locality, row.slot)[-1]
        return decode_decision(row.payload), decode_decision(latest.payload)


def _is_done(action: Action, given: Decision, latest: Decision) -> bool:
    """Return whether the act has been carried out on this very content before."""
    if latest.content.publication not in _LEADS_TO[action]:
        return False
    if given.id == latest.id:
        return True
    if action == "revoke":
        return latest.supersedes == given.id
    return latest.content.substance() == given.content.substance()
