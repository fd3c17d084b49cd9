"""Plays a scenario to a server, as a platform, an office and its chief would use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep

from envrules import calendar as cal
from envrules.client import Client
from envrules.demo.scenario import Scenario, Step
from envrules.model.events import Event
from envrules.v1 import decisions_pb2 as pb
from envrules.v1 import event_service_pb2, standings_pb2

PLATFORM, CHIEF = "grid-platform", "chief"
"""Principals: who submits does not approve."""
BATCH = 200
_PATIENCE = 60
PROPOSED = pb.PUBLICATION_PROPOSED


class DemoFailed(Exception):
    """The demo did not go as it must; the message says what."""


@dataclass
class Played:
    """What came of a scenario."""

    scenario: Scenario
    report: standings_pb2.PeriodReport | None = None
    """As the period was closed."""
    slips: list[pb.Decision] = field(default_factory=list)
    """Every version of every slip."""
    stored: int = 0
    decided: int = 0

    @property
    def given(self) -> Counter[tuple[str, str]]:
        """Return how many slips were given, by (outcome, title)."""
        return Counter((d.outcome, d.title) for d in self.slips if d.version == 1)

    @property
    def taken_back(self) -> list[pb.Decision]:
        """Return the slips that a later event revoked."""
        return [d for d in self.slips if d.change == pb.CHANGE_REVOKE]


class Player:
    """Plays one locality's scenario."""

    def __init__(
        self, platform: Client, chief: Client, scenario: Scenario, period: str,
        on_progress: Callable[[int], None],
    ) -> None:  # fmt: skip
        """`platform` and `chief` are two principals; `on_progress` is told of events stored."""
        self._platform, self._chief = platform, chief
        self._period, self._on_progress = period, on_progress
        self.played = Played(scenario)
        self._place = scenario.place

    def prepare(self) -> None:
        """Create the locality. The watermark comes first: a rule in force would let time pass."""
        place = self._place
        self._platform.create_locality(place.id, place.title, place.timezone)
        self._platform.advance(place.id, place.source, self.played.scenario.begins)
        self._chief.publish(place.id, place.scheme, reason="demo")

    def play(self, step: Step) -> None:
        """Send what arrives, advance the watermark, and let the chief do what is to do."""
        place = self._place
        for receipts in self._platform.stream(place.id, _batches(step.events)):
            self._check(receipts)
            self._on_progress(len(receipts))
        self._platform.advance(place.id, place.source, step.until)
        self._wait_judged()
        self.played.stored += len(step.events)
        if step.chief:
            self._approve()
        if step.close:
            self._chief.close_period(place.id, place.scheme, self._period)
            self._wait_judged()
            self.played.report = self._chief.report(place.id, place.scheme, self._period)

    def day(self, step: Step) -> str:
        """Return the local date of a step."""
        return cal.local_date(self._place.timezone, step.until).isoformat()

    def _wait_judged(self) -> None:
        """Wait until the server has judged all it has: the chief decides on what is known."""
        until, wanted = monotonic() + _PATIENCE, 0
        while True:
            here = self._platform.locality(self._place.id)
            wanted = wanted or here.head_seq
            if here.projected_seq >= wanted:
                return
            if here.HasField("stall"):
                raise DemoFailed(f"{here.locality} stalls at {here.stall.seq}: {here.stall.reason}")
            if monotonic() > until:
                raise DemoFailed(f"{here.locality} was not judged within {_PATIENCE} seconds")
            sleep(0.01)

    def finish(self) -> None:
        """Read what was decided in all."""
        place = self._place
        self.played.slips = list(
            self._platform.list_decisions(place.id, history=True, kinds=["slip"])
        )
        self.played.decided = self._platform.locality(place.id).decision_seq

    def _approve(self) -> None:
        """The chief approves the slips that wait for it; the lists stay for the reader to do."""
        place = self._place
        waiting = self._chief.list_decisions(place.id, kinds=["slip"], publications=[PROPOSED])
        for decision in list(waiting):
            if decision.outcome in place.chief_approves:
                self._chief.approve(place.id, decision.id, publish=True)

    @staticmethod
    def _check(receipts: Sequence[event_service_pb2.Receipt]) -> None:
        for receipt in receipts:
            if receipt.status != event_service_pb2.RECEIPT_STATUS_STORED:
                why = "; ".join(f"{p.field} {p.message}" for p in receipt.problems)
                raise DemoFailed(f"event {receipt.event_id} was not stored: {why or 'a duplicate'}")


def _batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]
