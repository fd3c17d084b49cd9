"""The laws of the design, over random logs (tests/laws/worlds.py)."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.laws.oracle import recompute
from tests.laws.worlds import KINDS, World, held, kinds_in, library, run, worlds

from envrules.model.entries import Arrived, Entry

LAW = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip


@LAW
@given(worlds())
def test_incremental_equals_recomputed(world: World) -> None:
    """What stands after applying a log entry by entry is what a single evaluation gives."""
    fresh = {slot: c.essence() for slot, c in recompute(world.entries, library).items()}
    assert held(run(world.entries)) == fresh


@LAW
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(world: World, random: Random) -> None:
    """Events may arrive in any order between the same closes and publishes."""
    shuffled: list[Entry] = []
    for segment in world.segments:
        events = [entry for entry in segment if isinstance(entry, Arrived)]
        random.shuffle(events)
        mixed = iter(events)
        shuffled += [next(mixed) if isinstance(entry, Arrived) else entry for entry in segment]
    assert held(run(shuffled)) == held(run(world.entries))


@LAW
@given(worlds(), st.data())
def test_duplicates_change_nothing(world: World, data: st.DataObject) -> None:
    """An event that is delivered again, anywhere later, neither changes nor emits anything."""
    entries = list(world.entries)
    arrived = [i for i, entry in enumerate(entries) if isinstance(entry, Arrived)]
    again = [
        (data.draw(st.integers(i + 1, len(entries))), i)
        for i in data.draw(st.lists(st.sampled_from(arrived), max_size=3))
    ]
    repeated = list(entries)
    for place, i in sorted(again, reverse=True):  # from behind, so that no place moves
        repeated.insert(place, entries[i])
    once, twice = run(entries), run(repeated)
    assert held(once) == held(twice)
    assert [d.content.essence() for d in once.emitted()] == [
        d.content.essence() for d in twice.emitted()
    ]


@LAW
@given(worlds())
def test_emitted_is_a_function_of_the_log(world: World) -> None:
    """The same log emits the same decisions, and each slot's versions count 1, 2, 3 ... once."""
    one, two = run(world.entries).emitted(), run(world.entries).emitted()
    assert one == two
    versions: dict[str, int] = {}
    for decision in one:
        slot = decision.content.slot.key()
        assert decision.version == versions.get(slot, 0) + 1
        versions[slot] = decision.version


@LAW
@given(worlds())
def test_emitted_adds_up_to_effective(world: World) -> None:
    """The last version of every slot that is not revoked is exactly what holds."""
    locality = run(world.entries)
    last = {d.content.slot.key(): d for d in locality.emitted()}
    standing = {slot for slot, d in last.items() if d.change != "revoke"}
    assert standing == locality.effective().keys()


def test_generator_reaches_everything() -> None:
    """Every kind of entry, payload and trouble that the laws are about occurs in the logs drawn."""
    reached: set[str] = set()

    @settings(
        max_examples=300, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds())
    def draw(world: World) -> None:
        reached.update(kinds_in(world))

    draw()
    assert KINDS - reached == set()
