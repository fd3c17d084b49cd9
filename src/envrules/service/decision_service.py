"""DecisionService: list, explain, follow and release decisions."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc

from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import Arrived, decode_entry
from envrules.service.acts import Acts
from envrules.service.fields import ID, Fields
from envrules.service.filters import Wanted, wanted
from envrules.service.host import Host
from envrules.service.paging import Cursor, fitting, next_token, position
from envrules.service.status import not_found
from envrules.v1 import decision_service_pb2 as pb
from envrules.v1.decision_service_pb2_grpc import DecisionServiceServicer
from envrules.wire.decisions_out import decision_to_proto, optional_timestamp
from envrules.wire.events_out import event_to_proto

SCAN = 5000
"""Decisions that one call reads at most in search of some that only their content tells apart."""
WATCH_BATCH = 500
HEARTBEAT = 15.0
_END = 2**62
_SLICE = 0.5


class DecisionService(DecisionServiceServicer):
    """Reads and releases decisions."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._store = host.runtime.store
        self._acts = Acts(host)

    # ── reading ──

    def ListDecisions(
        self, request: pb.ListDecisionsRequest, context: grpc.ServicerContext
    ) -> pb.ListDecisionsResponse:
        """List a page."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        filters = wanted(request.filter, fields, current_only=not request.include_history)
        size = fields.page_size(request.page_size)
        start = position(request, Cursor, fields)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        if start is None:
            start = _END if request.newest_first else 0
        found, reached = self._page(locality, filters, start, size, request.newest_first)
        response = pb.ListDecisionsResponse(decisions=fitting(map(decision_to_proto, found)))
        sent = len(response.decisions)
        if sent < len(found):
            reached = found[sent - 1].decision_seq
        if reached is not None:
            response.next_page_token = next_token(request, reached)
        return response

    def _page(
        self, locality: str, filters: Wanted, start: int, size: int, newest_first: bool
    ) -> tuple[list[Decision], int | None]:
        """Return a page, and where to go on; None: there is no more."""
        found: list[Decision] = []
        since = self._since(locality, filters)
        start = start if newest_first else max(start, since)
        chunk = SCAN // 10 if filters.looks_inside else size + 1
        for _ in range(10):
            if newest_first:
                rows = self._store.decisions(locality, since, chunk, filters.stored, before=start)
            else:
                rows = self._store.decisions(locality, start, chunk, filters.stored)
            for decision in filters.among(rows):
                if len(found) == size:
                    return found, found[-1].decision_seq
                found.append(decision)
            if len(rows) < chunk:
                return found, None
            start = rows[-1].decision_seq
        return found, start

    def _since(self, locality: str, filters: Wanted) -> int:
        """Return the last decision that came before what is wanted: events cause none earlier."""
        rows = self._store.event_rows(locality, filters.events)
        if not filters.events or len(rows) < len(filters.events):
            return 0
        return self._store.emitted_by(locality, min(row.seq for row in rows.values()) - 1)

    def GetDecision(
        self, request: pb.GetDecisionRequest, context: grpc.ServicerContext
    ) -> pb.GetDecisionResponse:
        """Return a decision with its history and causes."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        decision_id = fields.take("decision_id", ID, request.decision_id)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        row = self._store.decision(locality, decision_id)
        if row is None:
            raise not_found("DECISION_NOT_FOUND", f"no decision {decision_id!r} in {locality}")
        decision = decode_decision(row.payload)
        history = self._store.slot_history(locality, row.slot)
        return pb.GetDecisionResponse(
            decision=decision_to_proto(decision),
            history=(decision_to_proto(decode_decision(version.payload)) for version in history),
            events=self._causes(locality, decision),
        )

    def _causes(self, locality: str, decision: Decision) -> Iterator[pb.RecordedEvent]:
        ids = decision.content.events
        stored = self._store.event_rows(locality, ids)
        for row in (stored[name] for name in ids if name in stored):
            entry = decode_entry(row.payload)
            assert isinstance(entry, Arrived)
            yield pb.RecordedEvent(event=event_to_proto(entry.event), seq=row.seq)

    # ── following ──

    def WatchDecisions(
        self, request: pb.WatchDecisionsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchDecisionsResponse]:
        """Send decisions as they are emitted."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        filters = wanted(request.filter, fields, current_only=False)
        after = fields.count("after", request.after)
        heartbeat = fields.seconds(request, "heartbeat", HEARTBEAT, 1, 60)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        cursor = after if request.HasField("after") else self._last(locality)
        spoken = 0.0  # so that the first response comes at once
        while self._host.goes_on(context):
            projected = self._store.projection(locality).position
            found, reached = self._news(locality, filters, cursor)
            moved, cursor = reached > cursor, max(reached, cursor)
            if found or time.monotonic() - spoken >= heartbeat:
                yield from self._responses(locality, found, cursor)
                spoken = time.monotonic()
            elif not moved:
                self._host.principals.caller(context, "read", locality)  # is it still?
                left = heartbeat - (time.monotonic() - spoken)
                self._host.runtime.wait_decided(
                    locality, projected + 1, max(0.0, min(left, _SLICE))
                )
        if self._host.draining.is_set():
            raise self._host.stopping()

    def _last(self, locality: str) -> int:
        return self._store.projection(locality).decision_seq

    def _news(self, locality: str, filters: Wanted, cursor: int) -> tuple[list[Decision], int]:
        """Return wanted decisions after the cursor, and up to where that is all there are."""
        last = self._last(locality)  # before the rows: what is decided in between is among them
        rows = self._store.decisions(locality, cursor, WATCH_BATCH, filters.stored)
        if len(rows) == WATCH_BATCH:
            last = rows[-1].decision_seq
        elif rows:
            last = max(last, rows[-1].decision_seq)
        return list(filters.among(rows)), last

    def _responses(
        self, locality: str, found: list[Decision], cursor: int
    ) -> Iterator[pb.WatchDecisionsResponse]:
        """Yield the decisions in as many responses as they need; an empty one if there are none."""
        tick = self._store.projection(locality).tick
        now = optional_timestamp(tick or None)
        messages = [decision_to_proto(decision) for decision in found]
        while messages:
            part = list(fitting(messages))
            del messages[: len(part)]
            reached = part[-1].decision_seq if messages else cursor
            yield pb.WatchDecisionsResponse(decisions=part, cursor=reached, now=now)
        if not found:
            yield pb.WatchDecisionsResponse(cursor=cursor, now=now)

    # ── releasing ──

    def ApproveDecision(
        self, request: pb.ApproveDecisionRequest, context: grpc.ServicerContext
    ) -> pb.ApproveDecisionResponse:
        """Approve a proposed decision."""
        done = self._acts.carry_out("approve", request, context)
        return pb.ApproveDecisionResponse(seq=done.seq, decision=done.decision)

    def PublishDecision(
        self, request: pb.PublishDecisionRequest, context: grpc.ServicerContext
    ) -> pb.PublishDecisionResponse:
        """Make an approved decision public."""
        done = self._acts.carry_out("publish", request, context)
        return pb.PublishDecisionResponse(seq=done.seq, decision=done.decision)

    def RevokeDecision(
        self, request: pb.RevokeDecisionRequest, context: grpc.ServicerContext
    ) -> pb.RevokeDecisionResponse:
        """Take a decision back."""
        done = self._acts.carry_out("revoke", request, context)
        return pb.RevokeDecisionResponse(seq=done.seq, decision=done.decision)
