"""One issue as its events leave it: where it stands, when its clocks start and stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import Event, IssueFound
from envrules.model.values import Citation


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement on one event of the issue: it was refused, or its record is incomplete."""

    event: Event
    outcome: Literal["rejected", "incomplete", "parked"]
    reason: str
    citation: Citation | None = None
    condition: str = ""
    """The condition that refused the step."""
    described: tuple[Step, ...] = ()
    """The campaigns by which that condition is about the issue."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension (挂账): who began it and, if somebody did, who ended it."""

    since: Instant
    until: Instant | None
    events: tuple[Event, ...]


@dataclass(slots=True)
class IssueState:
    """What the events of one issue amount to. Built by `kinds.folding.fold`, read-only afterwards."""

    issue: str
    found: Event | None = None
    starts: dict[str, Event] = field(default_factory=dict)
    """First event of each step that can start a clock."""
    claim: Event | None = None
    """The handling unit's claim that stands (neither failed nor called back)."""
    verified: Event | None = None
    closed: Event | None = None
    forced: bool = False
    out: Event | None = None
    """Event that took the issue out of judgement: voided, not filed, merged, duplicate."""
    failed_checks: list[Event] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    extensions: list[Event] = field(default_factory=list)
    """Extensions and deferrals that took effect, in Order."""
    taken: set[str] = field(default_factory=set)
    ledger: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Step taken → ledger fields still empty."""
    direct: dict[str, Event] = field(default_factory=dict)
    """Rung → event by which an authorised organ issued it at once."""
    findings: list[Finding] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """Ids of the events that took effect, in Order."""

    @property
    def payload(self) -> IssueFound:
        """The finding; only for issues that have one."""
        assert self.found is not None
        assert isinstance(self.found.payload, IssueFound)
        return self.found.payload

    def forced_stop(self, stop: str) -> bool:
        """Return whether nothing but a forced closing stopped the clock: never in time."""
        if not self.forced:
            return False
        if stop == "closed":
            return True
        return self.verified is None and (stop == "verified" or self.claim is None)

    @property
    def open(self) -> bool:
        """Whether the issue still waits for something."""
        return self.closed is None and self.out is None

    def start_of(self, step: str) -> Event | None:
        """Return the event that starts a clock of this kind, if it has happened."""
        return self.found if step == "found" else self.starts.get(step)

    def stop_of(self, stop: str) -> tuple[Instant | None, bool]:
        """Return when the clock stopped, and whether that is final.

        A claim that no check has answered yet stops the clock provisionally: if the check fails,
        the clock has never stopped; if it passes, it stopped when the claim was made.
        """
        if stop == "closed":
            return (self.closed.occurred_at, True) if self.closed else (None, False)
        if stop == "handled":
            done = self.claim or self.verified or self.closed
            return (done.occurred_at, True) if done else (None, False)
        if self.verified is not None:
            return (self.claim or self.verified).occurred_at, True
        if self.closed is not None:
            return (self.claim or self.closed).occurred_at, True
        return (self.claim.occurred_at, False) if self.claim else (None, False)

    def ended(self, stop: str) -> tuple[Instant | None, tuple[str, ...]]:
        """Return when the issue reached `stop` for good (None: not yet), and the events that say so.

        One that was closed by force, and nothing else, ended when it was closed.
        """
        at, final = self.stop_of(stop)
        if at is None or not final:
            return None, ()
        if self.closed is not None and (stop == "closed" or self.forced_stop(stop)):
            return self.closed.occurred_at, (self.closed.id,)
        said = (self.claim, self.verified or self.closed)
        ids = [event.id for event in said if event is not None]
        return at, tuple(ids[:1] if stop == "handled" else ids)
