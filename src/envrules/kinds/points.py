"""Points: places that carry issues; a point is struck off when all of its issues are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from envrules.kinds.common import Sourced, Stop
from envrules.model.base import Frozen, Instant
from envrules.model.values import Citation


class PointsSpec(Sourced):
    """Every place that events name as `point` is followed as one, across its issues."""

    stops: Stop = Field(default="closed", description="what must have become of each of its issues")


@dataclass(frozen=True, slots=True)
class Points:
    """Compiled `points` section."""

    citation: Citation
    stops: str


class PointIssue(Frozen):
    """One issue at a point: found when, ended when (None: still open)."""

    issue: str
    found: Instant
    event: str
    ended: Instant | None = None
    proof: tuple[str, ...] = ()
    """The events that say that it ended."""


def judge(issues: Iterable[PointIssue]) -> tuple[Literal["open", "closed"], Instant]:
    """Return how a point with these issues stands, and since when.

    It is closed when its last issue ended; open since the first issue that is still open was found.
    """
    known = list(issues)
    still_open = [i.found for i in known if i.ended is None]
    if still_open:
        return "open", min(still_open)
    return "closed", max(i.ended for i in known if i.ended is not None)
