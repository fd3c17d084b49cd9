"""Clients that outlive their server: a platform with its chief, and a watcher.

They know nothing of a kill but a call that failed. Then they wait for the next server and go on
as the API tells them to: send again what has no receipt, watch from the last cursor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import grpc
from tests.faults.killing import PATIENCE, Installation, Replicas

from envrules.client import CallFailed, Client
from envrules.demo.scenario import Scenario, Step
from envrules.model.events import Event
from envrules.v1 import decisions_pb2, event_service_pb2

STORED, DUPLICATE = (
    event_service_pb2.RECEIPT_STATUS_STORED, event_service_pb2.RECEIPT_STATUS_DUPLICATE,
)  # fmt: skip
RELEASABLE = (decisions_pb2.PUBLICATION_PROPOSED, decisions_pb2.PUBLICATION_APPROVED)
_DONE_ALREADY = ("SUPERSEDED", "IS_APPROVED", "IS_PUBLISHED", "IS_REVOKED")
"""What a chief is told whose act was stored, though the server died before it said so."""

T = TypeVar("T")


class Caller:
    """Calls whichever server is there."""

    def __init__(self, installation: Installation | Replicas, principal: str) -> None:
        self._installation, self._principal = installation, principal
        self._client: Client | None = None
        self._server = 0
        self.failed = 0
        """Calls that a kill cut off."""

    def call(self, act: Callable[[Client], T]) -> T:
        """Do what `act` does with a client; all of it again, whenever the server dies meanwhile."""
        while True:
            if self._client is None:
                self._server, address = self._installation.reach(self._server)
                self._client = Client.connect(address, principal=self._principal, retry=False)
            try:
                return act(self._client)
            except CallFailed as error:
                if error.code is not grpc.StatusCode.UNAVAILABLE:
                    raise
                self.failed += 1
                self.close()
                if error.reason == "STORE_UNAVAILABLE":
                    # The server is there, and so it will be: what is gone is its database.
                    self._server = 0
                    time.sleep(0.05)

    def use(self, server: Installation) -> None:
        """Call this server first, of those that there are."""
        _, address = server.reach()
        self._client = Client.connect(address, principal=self._principal)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None


@dataclass
class Sender:
    """Plays a scenario, and notes every receipt."""

    platform: Caller
    chief: Caller
    scenario: Scenario
    period: str
    """The one that the chief closes."""
    random: Random
    on_progress: Callable[[], None]
    prepared: threading.Event = field(default_factory=threading.Event)
    receipts: dict[str, int] = field(default_factory=dict)
    """Event id → its place in the log, of every event that there was a receipt for."""
    decided: set[str] = field(default_factory=set)
    """Decisions that a receipt named."""
    lost: int = 0
    """Events that were stored, but whose receipt a kill took."""

    def play(self) -> None:
        """Send everything; returns when there is a receipt for all of it."""
        try:
            self.platform.call(self._prepare)
            self.prepared.set()
            for step in self.scenario.steps:
                self._play(step)
                self.on_progress()
        finally:
            self.prepared.set()
            self.platform.close()
            self.chief.close()

    def _prepare(self, client: Client) -> None:
        place = self.scenario.place
        client.create_locality(place.id, place.title, place.timezone)
        client.advance(place.id, place.source, self.scenario.begins)
        client.publish(place.id, place.scheme)

    def _play(self, step: Step) -> None:
        place = self.scenario.place
        self.platform.call(lambda client: self._send(client, step.events))
        self.platform.call(lambda client: client.advance(place.id, place.source, step.until))
        if step.chief:
            self.chief.call(self._release)
        if step.close:
            self.platform.call(lambda client: settle(client, place.id))
            self.chief.call(self._close)

    # ── the platform ──

    def _send(self, client: Client, events: Sequence[Event]) -> None:
        """Send what has no receipt, after some that has one: a platform may not be so sure."""
        left = [event for event in events if event.id not in self.receipts]
        if not left:
            return
        again = [event for event in events if event.id in self.receipts]
        batches = list(self._batches(again[-3:] + left))
        decided = self.random.random() < 0.4
        if self.random.random() < 0.3:
            for batch in batches:
                self._note(batch, client.submit(self.scenario.place.id, batch, decided=decided))
        else:
            replies = client.stream(self.scenario.place.id, batches, decided=decided)
            for batch, reply in zip(batches, replies, strict=True):
                self._note(batch, reply)

    def _batches(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        start = 0
        while start < len(events):
            size = self.random.choice((1, 2, 7, 30))
            yield events[start : start + size]
            start += size

    def _note(self, batch: Sequence[Event], receipts: list[event_service_pb2.Receipt]) -> None:
        assert [receipt.event_id for receipt in receipts] == [event.id for event in batch]
        for receipt in receipts:
            known = receipt.event_id in self.receipts
            self.lost += not known and receipt.status == DUPLICATE
            assert receipt.status == DUPLICATE if known else receipt.status in (STORED, DUPLICATE)
            first = self.receipts.setdefault(receipt.event_id, receipt.seq)
            assert receipt.seq == first, f"{receipt.event_id} is at {first}, and at {receipt.seq}"
            self.decided.update(receipt.decision_ids)

    # ── the chief ──

    def _release(self, client: Client) -> None:
        place = self.scenario.place
        waiting = client.list_decisions(place.id, kinds=["slip"], publications=RELEASABLE)
        for decision in list(waiting):
            if decision.outcome not in place.chief_approves:
                continue
            try:
                if decision.publication == decisions_pb2.PUBLICATION_PROPOSED:
                    client.approve(place.id, decision.id, publish=True)
                else:
                    client.make_public(place.id, decision.id)
            except CallFailed as error:
                if error.reason not in _DONE_ALREADY:
                    raise

    def _close(self, client: Client) -> None:
        place = self.scenario.place
        try:
            client.close_period(place.id, place.scheme, self.period)
        except CallFailed as error:
            if error.reason != "CLOSED_ALREADY":
                raise


@dataclass
class Watcher:
    """Follows a locality's decisions by its cursor."""

    caller: Caller
    locality: str
    seen: list[tuple[int, str]] = field(default_factory=list)
    """(decision_seq, id) of every decision, as it came."""
    cursor: int = 0
    until: int | None = None
    """Ends at this decision_seq, once it is known to be the last."""

    def watch(self) -> None:
        """Watch until the last decision was seen."""
        try:
            self.caller.call(self._watch)
        finally:
            self.caller.close()

    def _watch(self, client: Client) -> None:
        for response in client.watch(self.locality, after=self.cursor, heartbeat=1.0):
            self.seen += ((decision.decision_seq, decision.id) for decision in response.decisions)
            self.cursor = response.cursor
            if self.until is not None and self.cursor >= self.until:
                return


def settle(client: Client, locality: str, patience: float = PATIENCE) -> int:
    """Wait until everything in the log is judged; return the number of decisions."""
    given_up = time.monotonic() + patience
    while True:
        now = client.locality(locality)
        if now.projected_seq == now.head_seq:
            return now.decision_seq
        assert not now.HasField("stall"), f"{locality} stalls: {now.stall}"
        assert time.monotonic() < given_up, f"{locality} stays at {now.projected_seq}"
        time.sleep(0.02)
