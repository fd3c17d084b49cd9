"""What the pages work on: one database, a folder of rulesets, and the name that acts are under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from envrules import calendar as cal
from envrules.model.base import Frozen, Instant
from envrules.runtime.library import Revision
from envrules.runtime.runtime import Runtime
from envrules.store import Store

WAIT = 10.0
"""Seconds that a page waits for what it has done to be judged."""


class Bound(Frozen):
    """A scheme that judges a locality."""

    scheme: str
    title: str
    revision: str


class Place(Frozen):
    """A locality as the pages name it."""

    id: str
    title: str
    timezone: str
    bound: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """The database and the folder; safe to share between pages."""

    runtime: Runtime
    rulesets: Path
    by: str

    @property
    def store(self) -> Store:
        """The database."""
        return self.runtime.store

    def places(self) -> list[Place]:
        """Return the localities, and the schemes in force there."""
        return [self.place(row.id) for row in self.store.localities()]

    def place(self, locality: str) -> Place:
        """Return one locality. Raises NotFound."""
        row, _, state = self.runtime.locality(locality)
        library = self.runtime.library
        bound = tuple(
            Bound(slug, library(slug, binding.revision).title, binding.revision)
            for slug, binding in sorted(state.bindings.items())
        )
        return Place(row.id, row.title, row.timezone, bound)

    def now(self, locality: str) -> Instant:
        """Return the locality's own time: no later than what its sources have delivered."""
        return self.runtime.local_time(self.runtime.locality(locality)[2])

    def today(self, locality: str) -> date:
        """Return the day that it is there by the wall clock."""
        return cal.local_date(self.store.locality(locality).timezone, self.runtime.clock())

    def in_force(self, locality: str, scheme: str) -> Revision:
        """Return the sources of the revision in force. Raises KeyError if there is none."""
        binding = self.runtime.locality(locality)[2].bindings[scheme]
        return self.runtime.library.source(scheme, binding.revision)

    def file(self, scheme: str) -> Path:
        """Return where the scheme's ruleset is edited."""
        return self.rulesets / f"{scheme}.yaml"
