"""Compiling duties, gates, orders and the rules that chain facts into consequences."""

from __future__ import annotations

from envrules.kinds import appeals, consequences, duties, gates, priorities
from envrules.ruleset.compiling import Compiling


def compile_appeals(c: Compiling) -> appeals.AppealLimit | None:
    """Return how long decisions may be disputed, if the scheme limits it."""
    spec = c.spec.appeals
    if spec is None:
        return None
    return appeals.AppealLimit(c.cite(("appeals",), spec, spec.title), c.parameter(spec.within))


def compile_duties(c: Compiling) -> tuple[duties.Duty, ...]:
    """Return what is owed once in every cycle."""
    return tuple(
        duties.Duty(
            id=name, citation=c.cite(("duties", name), item), units=frozenset(item.unit),
            every=item.every, working_days_only=item.days == "working",
            inspections=frozenset(item.met_by.inspection), reports=frozenset(item.met_by.report),
            during=c.campaigns[item.during] if item.during else None, by=c.param(item.by),
            not_before=c.param(item.not_before), signed=item.signed, fields=item.fields,
        )
        for name, item in c.spec.duties.items()
    )  # fmt: skip


def compile_sequences(c: Compiling) -> tuple[priorities.Sequence, ...]:
    """Return in which order units are taken up."""
    return tuple(
        priorities.Sequence(
            name, c.cite(("sequences", name), item), frozenset(item.unit),
            tuple(
                priorities.Key(
                    c.cite(("sequences", name, "by", i), key,
                           name=f"sequences.{name}.{key.attribute}"),
                    key.attribute, key.values,
                )
                for i, key in enumerate(item.by)
            ),
        )
        for name, item in c.spec.sequences.items()
    )  # fmt: skip


def compile_gates(c: Compiling) -> tuple[gates.Gate, ...]:
    """Return the sums that are released in steps."""
    return tuple(
        gates.Gate(
            name, c.cite(("gates", name), item), frozenset(item.unit), c.parameter(item.amount),
            item.attribute or "", item.application or "", item.chain,
            tuple(_step(c, name, i, step) for i, step in enumerate(item.steps)),
        )
        for name, item in c.spec.gates.items()
    )  # fmt: skip


def _step(c: Compiling, gate: str, i: int, step: gates.GateStepSpec) -> gates.GateStep:
    then, progress = c.then(step.then), step.progress
    return gates.GateStep(
        step.id, c.cite(("gates", gate, "steps", i), step, name=f"gates.{gate}.{step.id}"),
        c.parameter(step.share), step.needs, progress.indicator if progress else "",
        c.parameter(progress.at_least) if progress else None, then,
        c.approval(then, step.approve),
    )  # fmt: skip


def compile_rules(c: Compiling) -> tuple[consequences.Rule, ...]:
    """Return the rules that turn facts into consequences."""
    compiled = []
    for i, rule in enumerate(c.spec.rules):
        then = c.then(rule.then)
        citation = c.cite(("rules", i), rule, name=f"rules.{rule.id}")
        compiled.append(consequences.Rule(
            rule.id, citation, _alternatives(rule.when), then, c.approval(then, rule.approve)
        ))  # fmt: skip
    return tuple(compiled)


def _alternatives(when: consequences.WhenSpec) -> tuple[consequences.Alternative, ...]:
    absent = tuple(_named(p) for p in when.none)
    if when.any:
        return tuple(consequences.Alternative((_named(p),), absent) for p in when.any)
    if when.all:
        return (consequences.Alternative(tuple(_named(p) for p in when.all), absent),)
    kind = next(iter(when.model_fields_set - {"none"}))
    return (consequences.Alternative(((kind, _any(getattr(when, kind))),), absent),)


def _named(pattern: consequences.PatternSpec) -> tuple[str, str]:
    kind, name = pattern.fact()
    return kind, _any(name)


def _any(name: str) -> str:
    return "" if name == "any" else name
