"""What a file of worked cases says, once read: cases, their steps, what they expect.

Times stay text until the case is run, because only the scheme knows their zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Literal, TypeAlias

from envrules.model.events import Event

Overrides: TypeAlias = dict[str, dict[str, str]]
"""Parameter → (`always` or ISO date) → value as text."""

Wanted: TypeAlias = "str | int | Decimal | tuple[str, ...] | Mapping[str, str]"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Some fields of a decision; it matches decisions that have all of them."""

    location: str
    fields: Mapping[str, Wanted]
    count: int = 1
    """How many decisions it matches."""
    total_counted: Decimal | None = None
    """Sum of `counted` over them."""

    @property
    def rule(self) -> str:
        """The rule it asks for, `*` standing for any characters; empty when it asks for none."""
        return str(self.fields.get("rule", ""))


@dataclass(frozen=True, slots=True)
class WantedStanding:
    """What a unit should stand at; a field that is None is not compared."""

    location: str
    unit: str
    fields: Mapping[str, Decimal | str | int]


@dataclass(frozen=True, slots=True)
class WantedStandings:
    """All units of a score in one period."""

    location: str
    score: str
    period: str
    as_of: str
    after_step: int | None
    """Only what was known after this step of the case, counted from 1."""
    units: tuple[WantedStanding, ...]


@dataclass(frozen=True, slots=True)
class WantedList:
    """A list of a closed period: its units, best first."""

    location: str
    period: str
    list: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What should hold at one point of a case."""

    location: str
    decisions: tuple[Pattern, ...] | None
    """All decisions in effect; None: not compared here."""
    emitted: tuple[Pattern, ...] | None
    """Everything emitted so far by the rules that these name, in order; None: not compared."""
    never: tuple[Pattern, ...]
    standings: tuple[WantedStandings, ...]
    lists: tuple[WantedList, ...]


@dataclass(frozen=True, slots=True)
class EventStep:
    """One event, or one for each row of the step's `each`."""

    location: str
    events: Callable[[tzinfo], list[Event]]
    by: str


@dataclass(frozen=True, slots=True)
class TickStep:
    """The locality's time reaches `at`."""

    location: str
    at: str


@dataclass(frozen=True, slots=True)
class CloseStep:
    """A period is closed; the locality's time reaches the end of the period before that."""

    location: str
    period: str


@dataclass(frozen=True, slots=True)
class ActStep:
    """An operator's act on the standing decisions that the pattern matches."""

    location: str
    action: Literal["approve", "publish", "revoke"]
    pattern: Pattern
    by: str
    at: str
    """When; empty: at the locality's time."""
    reason: str


@dataclass(frozen=True, slots=True)
class PublishStep:
    """A new revision: the case's overrides with some of them replaced, or another code table."""

    location: str
    overrides: Overrides
    codes: str
    """Path of the code table; empty: the one before."""


@dataclass(frozen=True, slots=True)
class ExpectStep:
    """Expectations in the middle of a case."""

    location: str
    expect: Expectations


Step: TypeAlias = EventStep | TickStep | CloseStep | ActStep | PublishStep | ExpectStep


@dataclass(frozen=True, slots=True)
class Case:
    """One locality, from its first event to what is decided in the end."""

    name: str
    location: str
    ref: str
    units: tuple[tuple[str, str], ...]
    """Type and id (which is the title too) of each unit that is there from the beginning."""
    overrides: Overrides
    codes: str
    """Path of the host's code table; empty: there is none."""
    begins: str
    """Local date at which time and units begin; empty: the month of the first event or tick."""
    steps: tuple[Step, ...]
    expect: Expectations


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Mutants of the ruleset that no case can kill, because they change no decision."""

    location: str
    mutants: tuple[str, ...]
    """As `envrules mutate` names them."""
    because: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A scheme's worked cases."""

    file: str
    scheme: str
    ruleset: str
    """Path of the ruleset relative to this file; empty: the one that the scheme's plugin brings."""
    cases: tuple[Case, ...]
    equivalent: tuple[Equivalent, ...] = ()
