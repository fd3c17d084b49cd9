"""The laws of the design over random logs of a county that uses every rule kind at once."""

from __future__ import annotations

from random import Random
from typing import Any, get_args

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.laws.county import COUNTY
from tests.laws.county_rules import library
from tests.laws.oracle import recompute
from tests.laws.worlds import KINDS, World, held, kinds_in, run, worlds

from envrules.engine.nodes import NodeKind
from envrules.model.entries import Arrived, Entry
from envrules.ruleset.compile import Scheme

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
    wanted = KINDS | ONLY_HERE | set(get_args(NodeKind)) | rules_of(library("county", "r1"))
    reached: set[str] = set()

    @settings(
        max_examples=900, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds(COUNTY, 20))
    def draw(world: World) -> None:
        if wanted <= reached:
            return
        reached.update(kinds_in(world))
        for decision, node in run(world.entries, library).state.changes.decisions:
            content = decision.content
            reached.update(
                {node.split("\n")[1], content.slot.rule, f"{content.kind} {content.outcome}"}
            )

    draw()
    assert wanted - reached == set()


ONLY_HERE = {
    "UnitRenamed", "UnitSplit", "IndicatorMeasured", "class festive", "class heaps", "point open",
    "point closed", "priority raised", "sequence ranked", "recurrence recurred",
    "recurrence reopened", "checklist passed", "checklist failed", "checklist incomplete",
    "indicator met", "indicator missed", "indicator not_measured", "indicator not_applicable",
    "indicator reported", "gate waiting", "gate due", "gate released", "duty met", "duty late",
    "duty missed", "duty exempt", "duty not_accepted", "band five", "band four", "list red",
    "rank ranked", "score scored", "score incomplete", "score not_assessed", "scores.village.adjustment",
    "lifecycle rejected", "lifecycle excluded", "lifecycle exempt", "finding repeat",
    "finding too_late",
}  # fmt: skip


def rules_of(scheme: Scheme) -> set[str]:
    """Return the rules that decide something in the county, by the names that decisions bear."""
    defined: tuple[Any, ...] = (
        *scheme.classes, *scheme.exclusions, *scheme.priorities, *scheme.sequences, *scheme.scores,
        *scheme.recurrences, *scheme.checklists, *scheme.indicators, *scheme.duties, *scheme.rules,
        *scheme.deadlines, *(rung for ladder in scheme.ladders for rung in ladder.rungs),
        *(step for gate in scheme.gates for step in gate.steps),
    )  # fmt: skip
    return {item.citation.id for item in defined} | {"points", "appeals"}
