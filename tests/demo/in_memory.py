"""The demo's story played to an engine in memory, as its player plays it to a server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from envrules.demo.scenario import Scenario, Step, scenario
from envrules.demo.story import load_story
from envrules.engine.memory import MemoryLocality
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Act, Arrived, Closed, Published, Tick
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library

LATER: Instant = 1_900_000_000_000_000
"""A wall clock after the story's end."""
STORY = load_story()
PLACES = {place.id: place for place in STORY.localities}


@cache
def played(locality: str, units: int | None = None) -> tuple[Decision, ...]:
    """Return every decision of the story; its chief approves what the story says."""
    told = scenario(STORY, PLACES[locality], units=units)
    return tuple(_play(told))


def _play(told: Scenario) -> Iterator[Decision]:
    place = told.place
    library = Library(load_plugins())
    revision = library.add_builtin(place.scheme, {}, 0).revision
    engine = MemoryLocality(place.id, library)
    yield from engine.append(Tick(LATER, place.source, told.begins))
    yield from engine.append(Published(place.scheme, revision))
    for step in told.steps:
        for event in step.events:
            yield from engine.append(Arrived(event, "platform"))
        yield from engine.append(Tick(LATER, place.source, step.until))
        if step.chief:
            yield from _approvals(engine, step, place.chief_approves)
        if step.close:
            yield from engine.append(Closed(place.scheme, STORY.period, "chief"))


def _approvals(engine: MemoryLocality, step: Step, outcomes: list[str]) -> Iterator[Decision]:
    nodes = {decision.id: node for decision, node in engine.state.changes.decisions}
    for decision in engine.effective().values():
        content = decision.content
        waits = content.kind == "slip" and content.publication == "proposed"
        if waits and content.outcome in outcomes:
            for action in ("approve", "publish"):
                yield from engine.append(Act(
                    action, "chief", step.until, nodes[decision.id], content.slot,
                    content.substance(), content.issues,
                ))  # fmt: skip
