"""The laws of the design over random logs of a county that uses every rule kind at once."""

from __future__ import annotations

from random import Random
from typing import get_args

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.laws.county import COUNTY
from tests.laws.county_rules import library
from tests.laws.oracle import recompute
from tests.laws.worlds import World, held, kinds_in, run, worlds

from envrules.engine.nodes import NodeKind
from envrules.model.entries import Arrived, Entry
from envrules.model.events import Payload

LAW = settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip


@LAW
@given(worlds(COUNTY, 20))
def test_incremental_equals_recomputed(world: World) -> None:
    """What stands after applying a log entry by entry is what a single evaluation gives."""
    fresh = {slot: c.essence() for slot, c in recompute(world.entries, library).items()}
    assert held(run(world.entries, library)) == fresh


def shuffled(world: World, random: Random) -> list[Entry]:
    """Return the log with the events of each segment in another order; appeals stay."""
    entries: list[Entry] = []
    for segment in world.segments:
        events = [e for e in segment if isinstance(e, Arrived) and not e.node]
        random.shuffle(events)
        mixed = iter(events)
        entries += [next(mixed) if isinstance(e, Arrived) and not e.node else e for e in segment]
    return entries


@LAW
@given(worlds(COUNTY, 20), st.randoms(use_true_random=False))
def test_order_and_repetition_of_arrival_do_not_matter(world: World, random: Random) -> None:
    """Events may arrive in any order between the same closes and publishes, and twice."""
    mixed = shuffled(world, random)
    arrived = [entry for entry in mixed if isinstance(entry, Arrived)]
    again = random.sample(arrived, len(arrived) // 2)
    assert held(run([*mixed, *again], library)) == held(run(world.entries, library))


@LAW
@given(worlds(COUNTY, 20))
def test_emitted_is_a_function_of_the_log_and_adds_up(world: World) -> None:
    """Each slot's versions count 1, 2, 3 ... once, and the last one of each is what holds."""
    locality = run(world.entries, library)
    assert locality.emitted() == run(world.entries, library).emitted()
    versions: dict[str, int] = {}
    for decision in locality.emitted():
        slot = decision.content.slot.key()
        assert decision.version == versions.get(slot, 0) + 1
        versions[slot] = decision.version
    last = {d.content.slot.key(): d for d in locality.emitted()}
    standing = {slot for slot, d in last.items() if d.change != "revoke"}
    assert standing == locality.effective().keys()


def test_generator_reaches_everything() -> None:
    """Every kind of entry, payload, trouble and node, and every kind of decision, occurs."""
    reached: set[str] = set()

    @settings(
        max_examples=400, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds(COUNTY, 20))
    def draw(world: World) -> None:
        reached.update(kinds_in(world))
        for decision, node in run(world.entries, library).state.changes.decisions:
            content = decision.content
            reached.update(
                {node.split("\n")[1], content.slot.rule, f"{content.kind} {content.outcome}"}
            )

    draw()
    print(sorted(reached))
