"""The order in which units are taken up, by what they declare of themselves."""

from __future__ import annotations

from collections.abc import Mapping

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.kinds import priorities
from envrules.kinds.compiled import cite
from envrules.kinds.priorities import Key
from envrules.model.decisions import Content, Slot, Step


def judge_sequence(bench: Bench, node: Node, inputs: Inputs) -> Judgement:  # noqa: ARG001 - as every judge
    """Return the place of every unit that exists now; again when one begins, ends or is renamed."""
    scheme, now, registry = bench.scheme, bench.context.now, bench.context.registry
    sequence = next(item for item in scheme.sequences if item.id == node.parts[0])
    judged = Judgement()
    judged.wake(registry.next_change(sequence.units, now))
    units = {unit.id: unit for unit in registry.of_types(sequence.units, now, now + 1)}
    attributes = {name: unit.attributes for name, unit in units.items()}
    for placed in priorities.in_sequence(sequence, attributes):
        steps = [_step(key, attributes[placed.unit]) for key in sequence.by]
        why = "；".join(step.note for step in steps)
        judged.add(Content(
            slot=Slot(scheme.slug, sequence.citation.id, f"unit:{placed.unit}", placed.unit),
            kind="sequence", outcome="ranked", title=sequence.citation.title,
            reason=f"{bench.title(placed.unit, now)}：第 {placed.rank} 位（{why}）",
            at=units[placed.unit].since, unit=placed.unit, rank=placed.rank,
            steps=(cite(sequence.citation), *steps), revision=scheme.revision,
        ))  # fmt: skip
    return judged


def _step(key: Key, attributes: Mapping[str, str]) -> Step:
    """Return what a unit declares for one key, and where that puts it."""
    value = attributes.get(key.attribute, "")
    if value in key.values:
        note = f"{key.attribute}“{value}”列第 {key.place(attributes) + 1}"
    else:
        note = (
            f"{key.attribute}“{value}”不在所列之内，列最后"
            if value
            else f"未注明{key.attribute}，列最后"
        )
    return cite(key.citation, value=value, note=note)
