"""Gates: sums that are released step by step."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.gates import GateSpec, GateStepSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, joined, phrase
from envrules.report.edition.say import Say


def tell_gates(say: Say) -> Iterator[Entry]:
    """Tell each sum, and each of its steps."""
    for name, gate in say.spec.gates.items():
        yield say.entry("资金", ("gates", name), gate, *_gate(say, gate))
        for i, step in enumerate(gate.steps):
            yield say.entry(
                "资金", ("gates", name, "steps", i), step, *_step(say, step, first=i == 0),
                id=f"gates.{name}.{step.id}", of=gate.title,
            )  # fmt: skip


def _gate(say: Say, gate: GateSpec) -> Iterator[Phrase]:
    steps = "".join(f"“{step.title}”" for step in gate.steps)
    units = say.names("unit_types", gate.unit)
    yield phrase("每个{}{}，依次按{}分步拨付。", units, say.value(gate.amount), steps)
    if gate.attribute is not None:
        yield phrase("单位登记的“{}”另有数额的，从其数额。", gate.attribute)
    if gate.application is not None:
        yield phrase("每步须凭“{}”申请，依次经{}同意。", gate.application, "、".join(gate.chain))


def _step(say: Say, step: GateStepSpec, *, first: bool) -> Iterator[Phrase]:
    asked: list[str | Phrase] = [f"报送“{report}”" for report in step.needs]
    if step.progress is not None:
        reached = say.value(step.progress.at_least)
        asked.append(phrase("“{}”达到{}", _indicator(say, step.progress.indicator), reached))
    before = "" if first else "，且以上各步都已具备，"
    yield phrase("{}{}应拨{}。", joined(asked, "并"), before or "后，", say.value(step.share))
    if step.then:
        yield phrase("拨付时：{}。", say.then(step.then, step.approve))


def _indicator(say: Say, name: str) -> str:
    """Return the title of an indicator; what is only reported has no other than its name."""
    return say.spec.indicators[name].title if name in say.spec.indicators else name
