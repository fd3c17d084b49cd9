"""What counts, and what does not, of one unit's score in one period."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from envrules.kinds import charges
from envrules.kinds.bands import Need
from envrules.kinds.charges import Charge
from envrules.kinds.scores import Award, Tally, merge
from envrules.kinds.tables import Table
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import Event
from envrules.model.values import Citation


@dataclass(frozen=True, slots=True)
class Unscored:
    """A finding or supplied score that does not count, and why."""

    event: Event
    finding: str
    outcome: str
    reason: str
    citation: Citation | None = None
    steps: tuple[Step, ...] = ()
    """The values that keep it from counting."""
    causes: tuple[str, ...] = ()
    """Ids of the other events that it rests on."""

    @property
    def anchor(self) -> str:
        """Return the anchor of its slot."""
        return f"{self.event.id}#{self.finding}" if self.finding else self.event.id


@dataclass(slots=True)
class Evidence:
    """What counts, and what does not, of one unit and period."""

    charges: list[Charge] = field(default_factory=list)
    assessments: dict[str, tuple[Instant, Table]] = field(default_factory=dict)
    supplied: dict[str, Award] = field(default_factory=dict)
    bonus: Decimal = Decimal(0)
    needs: dict[str, Need] = field(default_factory=dict)
    """Checklist → how the unit stands by its latest complete answers, if it has any."""
    sources: list[str] = field(default_factory=list)
    """Ids of the events that assess, supply or approve, in Order."""
    unscored: list[Unscored] = field(default_factory=list)
    issues: dict[str, dict[str, Charge]] = field(default_factory=dict)
    """Issue → assessment → its charge: an issue deducts once in an assessment."""
    out: dict[str, tuple[Event, str]] = field(default_factory=dict)
    """Issues that were taken out: the move, and why."""
    tallied: Tally | None = None
    """What has been tallied elsewhere: none of it is among the charges."""

    def tally(self) -> Tally:
        """Return the additive counts that the judge reads."""
        own = Tally(charges.count(self.charges), self.assessments, self.supplied)
        return own if self.tallied is None else merge(self.tallied, own)
