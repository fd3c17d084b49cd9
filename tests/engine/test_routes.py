"""Where an event goes under another revision: `Scheme.routes` says whether that is asked anew."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from tests.laws import county, county_rules, worlds
from tests.laws.worlds import World

from envrules.cases import load_cases
from envrules.cases.model import EventStep
from envrules.cases.mutation.mutants import Mutant, mutants
from envrules.cases.mutation.operators import candidates
from envrules.engine.kept import NodeState
from envrules.engine.memory import MemoryLocality, MemoryLog
from envrules.engine.nodes import Node
from envrules.engine.readers import nodes_of
from envrules.engine.routing import Library
from envrules.model.decisions import Decision
from envrules.model.entries import Published
from envrules.model.events import Event
from envrules.resources import rulesets_dir
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

LAW = settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
CASES = Path(__file__).parents[1] / "cases"
SCHEMES = sorted(
    path.stem for path in rulesets_dir().glob("*.yaml") if (CASES / path.name).is_file()
)
FIRST, SECOND = (
    Published("town_deduction", revision, at=worlds.EPOCH) for revision in worlds.REVISIONS
)
EVERY = 12
"""Of the mutants; of all of them, there are too many to try in a test."""


def asking(library: Library) -> Library:
    """Return the same rules with a plugin that changes nothing: each publication asks the log."""

    @cache
    def asked(scheme: str, revision: str) -> Scheme:
        return replace(library(scheme, revision), classify=lambda event: event)

    return asked


def told(world: World, library: Library) -> tuple[list[Decision], dict[str, NodeState]]:
    """Return all that a log decides, and what is kept of every node."""
    locality = worlds.run(world.entries, library)
    return locality.emitted(), locality.state.changes.nodes


@LAW
@given(worlds.worlds())
def test_a_town_that_rests_its_log(world: World) -> None:
    """A publication that goes by what nodes have read is, to the last, one that reads the log."""
    assert told(world, worlds.library) == told(world, asking(worlds.library))


@LAW
@given(worlds.worlds(county.COUNTY, 20))
def test_a_county_that_rests_its_log(world: World) -> None:
    """So it is with every kind of rule, and revisions of which some have other routes."""
    assert told(world, county_rules.library) == told(world, asking(county_rules.library))


class Resting(MemoryLog):
    """A log that will not be read from the beginning."""

    def events(self, until: int) -> NoReturn:
        raise AssertionError(f"read up to {until}")


def test_other_values_leave_the_log_alone() -> None:
    """Where only values differ nothing is read from the beginning, else all of it."""
    locality = MemoryLocality("town", worlds.library)
    locality.log = locality.state.backing = Resting()
    with pytest.raises(AssertionError, match="read up to 1"):
        locality.append(FIRST)

    locality = MemoryLocality("town", worlds.library)
    locality.append(FIRST)
    resting = Resting()
    resting.rows = locality.log.rows
    locality.log = locality.state.backing = resting
    locality.append(SECOND)
    assert locality.state.locality.bindings["town_deduction"].revision == "r2"


def went(scheme: Scheme, events: list[Event]) -> list[list[Node]]:
    """Return where each event goes."""
    return [nodes_of(scheme, event) for event in events]


@pytest.mark.parametrize("slug", SCHEMES)
def test_changed_rules_with_the_same_routes(slug: str) -> None:
    """Whatever is changed in a ruleset: while its routes are the same, so are the ways of events."""
    path = rulesets_dir() / f"{slug}.yaml"
    loaded = load_ruleset(path.read_text(encoding="utf-8"), path.name)
    scheme = compile_ruleset(loaded, "")
    cases = load_cases((CASES / path.name).read_text(encoding="utf-8"), path.name)
    events = [
        event for case in cases.cases for step in case.steps if isinstance(step, EventStep)
        for event in step.events(ZoneInfo(scheme.timezone))
    ]  # fmt: skip
    ways = went(scheme, events)
    same = 0
    for mutant in mutants(loaded, islice(candidates(loaded), 0, None, EVERY)):
        if isinstance(mutant, Mutant):
            changed = compile_ruleset(mutant.loaded, "")
            same += changed.routes == scheme.routes
            assert changed.routes != scheme.routes or went(changed, events) == ways, mutant.name
    assert same


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("charge: place", "charge: handler"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Urumqi"),
    ],
)
def test_other_routes_are_told(before: str, after: str) -> None:
    """Who answers for an issue, and the hour at which a month begins, are routes."""
    text = (Path(county.__file__).parent / "county.yaml").read_text(encoding="utf-8")
    assert before in text
    one, other = (
        compile_ruleset(load_ruleset(some, "county.yaml"), "")
        for some in (text, text.replace(before, after))
    )
    assert one.routes != other.routes
