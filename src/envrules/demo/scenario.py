"""A story as a server sees it: what arrives between one watermark and the next, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from envrules.demo.daily import Month
from envrules.demo.story import Place, Story
from envrules.model.base import HOUR, Instant
from envrules.model.events import Event, order_key
from envrules.wire.events_json import parse_event

SEED = 2026
ROUNDS = (9, 17)
"""Hours of the day, local time, at which a source says that it has sent everything so far."""


@dataclass(frozen=True)
class Step:
    """Events that arrive, then a watermark, and whether that is the chief's hour."""

    events: tuple[Event, ...]
    until: Instant
    """Everything that occurred before this has been sent, but for what comes late."""
    chief: bool
    """The chief looks at what waits for approval."""
    close: bool = False
    """The chief closes the period."""


@dataclass(frozen=True)
class Scenario:
    """All steps of one locality."""

    place: Place
    steps: tuple[Step, ...]
    begins: Instant

    @property
    def events(self) -> list[Event]:
        """Return all events in the order in which they arrive."""
        return [event for step in self.steps for event in step.events]


def scenario(story: Story, place: Place, seed: int = SEED, units: int | None = None) -> Scenario:
    """Return the steps of one locality; the same for the same story, seed and units.

    `units` gives daily events to so many units of each type only: a shorter demo.
    """
    month = Month(story, place, seed, units)
    arrivals = [(event.occurred_at, event) for event in month.events()]
    arrivals += [_incident(month, raw) for raw in place.incidents]
    arrivals.sort(key=lambda pair: (pair[0], order_key(pair[1])))
    begins, closes = month.instant(story.begins), month.instant(story.closes)
    steps: list[Step] = []
    done = 0
    for until, chief in _moments(story, month, closes):
        end = done
        while end < len(arrivals) and arrivals[end][0] < until:
            end += 1
        events = tuple(event for _, event in arrivals[done:end])
        steps.append(Step(events, until, chief, close=until == closes))
        done = end
    if done < len(arrivals):
        raise ValueError(f"{arrivals[done][1].id} arrives after the story's end")
    return Scenario(place, tuple(steps), begins)


def _incident(month: Month, raw: dict[str, Any]) -> tuple[Instant, Event]:
    """Return an event that is written out, and when it arrives."""
    given = dict(raw)
    arrives = given.pop("arrives", None)
    event = parse_event({"source": month.place.source, **given}, month.zone)
    return (event.occurred_at if arrives is None else month.instant(str(arrives))), event


def _moments(story: Story, month: Month, closes: Instant) -> Iterator[tuple[Instant, bool]]:
    """Yield the watermarks: each morning (the chief's hour), each evening, and at the close."""
    start, end = month.instant(story.begins), month.instant(story.ends)
    moments = {closes, end}
    day = datetime.fromtimestamp(start // 1_000_000, UTC).astimezone(month.zone).date()
    midnight = start
    while midnight < end:
        moments.update(midnight + hour * HOUR for hour in ROUNDS)
        day += timedelta(days=1)
        midnight = month.instant(day.isoformat())
    for moment in sorted(m for m in moments if start < m <= end):
        local = datetime.fromtimestamp(moment // 1_000_000, UTC).astimezone(month.zone)
        yield moment, local.hour == ROUNDS[0]
