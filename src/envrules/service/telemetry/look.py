"""What a look at the store and the watched rulesets finds: what metrics are told, whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from envrules.model.base import Instant
from envrules.service.telemetry.tally import Counted
from envrules.service.watched import WatchedFile
from envrules.store import Progress


@dataclass(frozen=True, slots=True)
class LocalityFound:
    """What was found of one locality."""

    progress: Progress
    lag: Instant
    """Age of the oldest entry that is not projected."""
    silence: Mapping[str, Instant]
    """Time since each source last sent something."""
    watermarks: Mapping[str, Instant]
    """How far each watermark lies behind the clock."""
    decisions: Counted | None
    """None until all of them have been counted once."""
    unknown: Mapping[str, int]
    """Scheme to unknown codes."""
    candidates: Mapping[str, bool]
    """Scheme, where its file is watched, to whether an edit waits."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found."""

    at: float
    """By the monotonic clock."""
    size: int
    localities: tuple[LocalityFound, ...]


class Looking(Protocol):
    """Looks from time to time, and says what it found last."""

    def start(self) -> None:
        """Begin to look."""

    def stop(self) -> None:
        """Look no more."""

    @property
    def look(self) -> Look | None:
        """What was found last; None: nothing yet."""

    @property
    def store_is_up(self) -> bool:
        """Whether the server's health is good."""

    def files(self) -> Mapping[str, WatchedFile]:
        """Return the watched files by scheme."""
