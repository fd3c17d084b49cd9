"""Compiling what is about issues: steps, clocks, slips, exclusions, points, recurrence."""

from __future__ import annotations

from typing import Literal

from envrules.kinds import (
    deadlines,
    ladders,
    lifecycle,
    points,
    priorities,
    recurrences,
    taxonomy,
)
from envrules.model.values import Citation
from envrules.ruleset.compiling import Compiling


def compile_lifecycle(c: Compiling) -> lifecycle.Lifecycle:
    """Return how issues live in the scheme."""
    issues = c.spec.issues
    direct = {
        rung.id: frozenset(ladder.direct_issue_by)
        for ladder in c.spec.ladders.values() if ladder.direct_issue_by
        for rung in ladder.rungs
    }  # fmt: skip
    required: dict[str, tuple[tuple[str, ...], Citation]] = {
        step: (
            item.fields,
            c.cite(("issues", "required", step), item, f"{lifecycle.WORDS[step]}须填"),
        )
        for step, item in issues.required.items()
    }
    order = issues.order
    citation = (
        c.cite(("issues", "order"), order, "办理步骤")
        if order
        else c.cite(("issues",), issues, "案件办理")
    )
    return lifecycle.Lifecycle(
        issues.charge, {role: c.parameter(ref) for role, ref in issues.shares.items()},
        order.steps if order else (), citation, required, direct,
        tuple(_condition(c, i, item) for i, item in enumerate(issues.conditions)),
    )  # fmt: skip


def _condition(c: Compiling, i: int, item: lifecycle.ConditionSpec) -> lifecycle.Condition:
    citation = c.cite(("issues", "conditions", i), item, name=f"issues.conditions.{item.id}")
    return lifecycle.Condition(
        item.id, citation, item.at, c.filter(item.where), item.fields, item.until
    )


def compile_deadlines(c: Compiling) -> tuple[deadlines.Deadline, ...]:
    """Return the limits on stretches of an issue's life."""
    return tuple(
        deadlines.Deadline(
            id=name, citation=c.cite(("deadlines", name), item), where=c.filter(item.where),
            starts=item.starts, stops=item.stops, within=c.param(item.within),
            prefer_host=item.host_deadline == "prefer", without_limit=item.without_limit,
            only_if=c.param(item.only_if),
        )
        for name, item in c.spec.deadlines.items()
    )  # fmt: skip


def compile_ladders(c: Compiling) -> tuple[ladders.Ladder, ...]:
    """Return the ladders of slips."""
    return tuple(
        ladders.Ladder(
            id=name, citation=c.cite(("ladders", name), item), where=c.filter(item.where),
            starts=item.starts, stops=item.stops, merged=bool(item.merge),
            served_on_publication=item.service == "publication",
            rungs=tuple(_rung(c, name, i, rung) for i, rung in enumerate(item.rungs)),
        )
        for name, item in c.spec.ladders.items()
    )  # fmt: skip


def _rung(c: Compiling, ladder: str, i: int, rung: ladders.RungSpec) -> ladders.Rung:
    then = c.then(rung.then)
    citation = c.cite(("ladders", ladder, "rungs", i), rung, name=f"ladders.{ladder}.{rung.id}")
    clock: Literal["start", "after", "after_service"]
    clock = "start" if rung.at else "after" if rung.after else "after_service"
    limit = c.param(rung.after or rung.after_service)
    return ladders.Rung(rung.id, citation, clock, limit, then, c.approval(then, rung.approve))


def compile_exclusions(c: Compiling) -> tuple[taxonomy.Exclusion, ...]:
    """Return what is no issue although it looks like one."""
    return tuple(
        taxonomy.Exclusion(
            item.id, c.cite(("exclusions", i), item, name=f"exclusions.{item.id}"),
            c.filter(item.where), item.fields,
        )
        for i, item in enumerate(c.spec.exclusions)
    )  # fmt: skip


def compile_points(c: Compiling) -> points.Points | None:
    """Return how points are struck off, if the scheme follows them."""
    spec = c.spec.points
    return None if spec is None else points.Points(c.cite(("points",), spec), spec.stops)


def compile_priorities(c: Compiling) -> tuple[priorities.Priority, ...]:
    """Return what raises an issue's priority."""
    return tuple(
        priorities.Priority(
            item.id, c.cite(("priorities", i), item, name=f"priorities.{item.id}"),
            c.filter(item.where), {tag: c.parameter(ref) for tag, ref in item.tags.items()},
        )
        for i, item in enumerate(c.spec.priorities)
    )  # fmt: skip


def compile_recurrences(c: Compiling) -> tuple[recurrences.Recurrence, ...]:
    """Return what counts as the same again."""
    return tuple(
        recurrences.Recurrence(
            name, c.cite(("recurrences", name), item), c.filter(item.where), item.same, item.since,
            c.parameter(item.within), c.param(item.near), item.reopens,
        )
        for name, item in c.spec.recurrences.items()
    )  # fmt: skip
