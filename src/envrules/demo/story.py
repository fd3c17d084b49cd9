"""The story that the demo plays, as it is written in `story.yaml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from envrules.model.base import Frozen

STORY = Path(__file__).with_name("story.yaml")


class Units(Frozen):
    """Units of one type; the key before them begins their ids: v01, v02 ..."""

    type: str
    titles: list[str]


class Kind(Frozen):
    """A kind of problem, in the scheme's codes; `times` only where findings are written out."""

    place: str
    category: str
    times: int = 1


class Issues(Frozen):
    """What grid workers find every day, and how it goes on."""

    prefix: str
    each_unit: int
    """Issues of an average unit from the story's beginning to the period's end."""
    sources: dict[str, int]
    """Source → its weight."""
    kinds: list[Kind]
    steps: list[str]
    """The steps of an issue after it was found."""
    handling_hours: tuple[int, int]
    late_hours: tuple[int, int]
    """How long a slow unit takes."""
    ledger: dict[str, dict[str, str]] = {}
    """Step → the ledger fields filled in with it."""
    unit_types: list[str] = []
    """Types of unit that have issues; all when empty."""


class Rounds(Frozen):
    """An inspection that every unit of a type makes every day, except on a day it misses."""

    kind: str
    unit_type: str
    organ: str
    at: str
    missed: dict[str, date] = {}


class Assessment(Frozen):
    """The period's assessment of every unit."""

    kind: str
    organ: str
    days: list[date]
    most: int
    """Findings at most, in the worst unit."""
    kinds: list[Kind]
    written: dict[str, list[Kind]] = {}


class Supplied(Frozen):
    """Points that an organ supplies for every unit."""

    score: str
    item: str
    organ: str
    at: str
    low: int
    high: int
    unit_types: list[str] = []
    written: dict[str, float] = {}


class Shown(Frozen):
    """What the demo shows of a locality."""

    score: str
    later: list[str]
    """Outcomes of decisions after the close."""


class Explained(Frozen):
    """The slip that the demo explains in full."""

    issue: str
    outcome: str
    note: str
    """What to look for."""


class Place(Frozen):
    """One locality and what happens in it."""

    id: str
    title: str
    scheme: str
    timezone: str
    source: str
    chief_approves: list[str]
    """Outcomes of slips that the chief approves each morning."""
    shows: Shown
    units: dict[str, Units]
    issues: Issues
    incidents: list[dict[str, Any]]
    """Events as `wire.events_json` takes them, and `arrives`."""
    supplied: list[Supplied]
    rounds: Rounds | None = None
    assessment: Assessment | None = None
    explains: Explained | None = None

    def unit_ids(self, types: list[str] | None = None) -> list[str]:
        """Return the ids of the units of these types, or of all."""
        return [
            f"{prefix}{n:02d}"
            for prefix, units in self.units.items() if not types or units.type in types
            for n in range(1, len(units.titles) + 1)
        ]  # fmt: skip


class Story(Frozen):
    """A month and a few days; times are local ones of each locality."""

    period: str
    begins: str
    closes: str
    """When the chief closes the period."""
    ends: str
    localities: list[Place]


def load_story(path: Path = STORY) -> Story:
    """Return the story of a file; raises msgspec.ValidationError if it is none."""
    raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return msgspec.convert(raw, Story)
