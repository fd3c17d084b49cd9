"""Calls about decisions."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from envrules.client.connection import Connection
from envrules.client.errors import CallFailed, failing
from envrules.client.messages import duration
from envrules.v1 import decision_service_pb2, decisions_pb2


class DecisionCalls(Connection):
    """Read, follow and release decisions."""

    def list_decisions(
        self, locality: str, *, history: bool = False, newest_first: bool = False, **filters: Any
    ) -> Iterator[decisions_pb2.Decision]:
        """Yield decisions; `filters` are those of `DecisionFilter`, such as `units=["zhao"]`."""
        request = decision_service_pb2.ListDecisionsRequest(
            locality=locality, filter=decision_service_pb2.DecisionFilter(**filters),
            include_history=history, newest_first=newest_first, page_size=1000,
        )  # fmt: skip
        yield from self._pages(self.decision_stub.ListDecisions, request, "decisions")

    def decision(self, locality: str, decision_id: str) -> decision_service_pb2.GetDecisionResponse:
        """Return a decision, the history of its slot, and the events that caused it."""
        request = decision_service_pb2.GetDecisionRequest(
            locality=locality, decision_id=decision_id
        )
        return self._call(self.decision_stub.GetDecision, request)

    def watch(
        self, locality: str, after: int | None = None, *, heartbeat: float = 15.0,
        **filters: Any,
    ) -> Generator[decision_service_pb2.WatchDecisionsResponse, None, None]:  # fmt: skip
        """Yield what is decided after the cursor `after` (None: from now on), as long as wanted.

        Store the last `cursor`: within the client's patience a broken watch goes on from it by
        itself, after CallFailed you do. Closing the iterator ends it.
        """
        request = decision_service_pb2.WatchDecisionsRequest(
            locality=locality, after=after, heartbeat=duration(heartbeat),
            filter=decision_service_pb2.DecisionFilter(**filters),
        )  # fmt: skip
        pauses = self._pauses()
        while True:
            call = self.decision_stub.WatchDecisions(request, metadata=self._who)
            try:
                with failing():
                    for response in call:
                        request.after = response.cursor
                        pauses.heard()
                        yield response
                return
            except CallFailed as error:
                pauses.wait(error)
            finally:
                call.cancel()

    def approve(
        self, locality: str, decision_id: str, reason: str = "", *, publish: bool = False
    ) -> decisions_pb2.Decision:
        """Approve a decision, and make it public if `publish`; return its current version."""
        request = decision_service_pb2.ApproveDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        approved = self._call(self.decision_stub.ApproveDecision, request).decision
        return self.make_public(locality, approved.id, reason) if publish else approved

    def make_public(
        self, locality: str, decision_id: str, reason: str = ""
    ) -> decisions_pb2.Decision:
        """Make an approved decision public; return its current version."""
        request = decision_service_pb2.PublishDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        return self._call(self.decision_stub.PublishDecision, request).decision

    def revoke(self, locality: str, decision_id: str, reason: str) -> decisions_pb2.Decision:
        """Take a decision back; return its current version."""
        request = decision_service_pb2.RevokeDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        return self._call(self.decision_stub.RevokeDecision, request).decision
