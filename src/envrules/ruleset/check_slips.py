"""Checks of lists, ladders and deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from envrules.errors import Problem
from envrules.kinds.ladders import LadderSpec
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated, timeline
from envrules.ruleset.words import choose


def check_slips(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of lists, ladders and deadlines."""
    yield from _exclusions(loaded)
    yield from _barring_facts(loaded)
    for name, ladder in loaded.spec.ladders.items():
        yield from _ladder(loaded, ("ladders", name, "rungs"), ladder)
    yield from _direct_rungs(loaded)
    for name, deadline in loaded.spec.deadlines.items():
        judged = deadline.host_deadline == "prefer" or deadline.without_limit == "on_time"
        if deadline.within is None and not judged:
            yield loaded.problem_of(
                "ER509", ("deadlines", name), f"deadlines.{name} has no limit and judges nothing",
                "add `within: $parameter`, or `host_deadline: prefer`",
            )  # fmt: skip


def _exclusions(loaded: LoadedRuleset) -> Iterator[Problem]:
    """A list is judged after the list that it excludes, so the exclusions have an order.

    Lists of two scores are judged apart and know nothing of each other.
    """
    lists = loaded.spec.lists
    for name, item in lists.items():
        other = lists.get(item.never_with or "")
        if other is not None and other.of != item.of:
            yield loaded.problem(
                "ER509", ("lists", name, "never_with"),
                f"lists.{name}.never_with has no effect: {item.never_with} ranks by {other.of}, "
                f"this list by {item.of}",
                "name a list of the same score, or remove it",
            )  # fmt: skip
    after = {name: {item.never_with} for name, item in lists.items() if item.never_with in lists}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        yield loaded.problem(
            "ER508", ("lists", circle[0], "never_with"),
            f"lists that exclude each other: {' → '.join(circle)}",
            "decide which list comes first, and remove its never_with",
        )  # fmt: skip


def _barring_facts(loaded: LoadedRuleset) -> Iterator[Problem]:
    """`unless` names slips and bands, which do not depend on lists."""
    spec = loaded.spec
    slips = [f"{name}.{rung.id}" for name, item in spec.ladders.items() for rung in item.rungs]
    bands = [f"{name}.{band.id}" for name, items in spec.bands.items() for band in items]
    for name, item in spec.lists.items():
        for i, fact in enumerate(item.unless):
            if fact not in slips and fact not in bands:
                yield loaded.problem(
                    "ER601", ("lists", name, "unless", i),
                    f"lists.{name}.unless: {fact!r} is neither a slip nor a band",
                    choose(fact, [*slips, *bands], "write ladder.rung or score.band"),
                )  # fmt: skip
            elif fact in slips and fact in bands:
                yield loaded.problem(
                    "ER601", ("lists", name, "unless", i),
                    f"lists.{name}.unless: {fact!r} is a slip and a band as well",
                    "rename the ladder or the score",
                )  # fmt: skip
            elif fact in bands and not fact.startswith(f"{item.of}."):
                yield loaded.problem(
                    "ER509", ("lists", name, "unless", i),
                    f"lists.{name}.unless: {fact} has no effect, for the list ranks by {item.of}",
                    f"name a band of {item.of}, or a slip",
                )  # fmt: skip


def _ladder(loaded: LoadedRuleset, path: Path, ladder: LadderSpec) -> Iterator[Problem]:
    rungs = ladder.rungs
    yield from repeated(
        loaded, "the rungs", [((*path, i, "id"), r.id) for i, r in enumerate(rungs)]
    )
    if rungs[0].after_service is not None:
        yield loaded.problem(
            "ER507", (*path, 0, "after_service"),
            f"the first rung {rungs[0].id} waits for the service of a slip before it",
            "write `at: start`, or `after:` the start",
        )  # fmt: skip
    for i, rung in enumerate(rungs[1:], start=1):
        if rung.at is not None:
            yield loaded.problem(
                "ER507", (*path, i, "at"),
                f"the rung {rung.id} falls due at the start, before {rungs[i - 1].id}",
                "make it the first rung, or write `after` or `after_service`",
            )  # fmt: skip
    yield from _order_of_rungs(loaded, path, ladder)


def _order_of_rungs(loaded: LoadedRuleset, path: Path, ladder: LadderSpec) -> Iterator[Problem]:
    """Rungs that count from the start in one unit fall due one after another, on every date."""
    parameters = loaded.spec.parameters
    counted = [
        (i, rung, parameters[rung.after.removeprefix("$")])
        for i, rung in enumerate(ladder.rungs)
        if rung.after is not None and rung.after.removeprefix("$") in parameters
    ]
    for at, (i, rung, limit) in enumerate(counted[1:]):
        _, before, earlier = counted[at]
        for start, (first, second) in timeline(earlier.values, limit.values):
            if (
                limit.unit == earlier.unit
                and type(first) is Decimal
                and type(second) is Decimal
                and second <= first
            ):
                when = "" if start == ALWAYS else f" (from {start} on)"
                yield loaded.problem(
                    "ER507", (*path, i, "after"),
                    f"the rung {rung.id} falls due after {second} {limit.unit}, no later than "
                    f"{before.id} after {first}{when}",
                    "raise its limit, or write `after_service` for the time since the last slip",
                )  # fmt: skip
                break


def _direct_rungs(loaded: LoadedRuleset) -> Iterator[Problem]:
    """An organ names a rung alone, so its id must not belong to a second ladder."""
    ladders = loaded.spec.ladders
    direct = {r.id for item in ladders.values() if item.direct_issue_by for r in item.rungs}
    named: list[tuple[Path, str]] = []
    for name, item in ladders.items():
        first = {rung.id: i for i, rung in reversed(list(enumerate(item.rungs)))}
        named += [
            (("ladders", name, "rungs", i, "id"), rung)
            for rung, i in first.items()
            if rung in direct
        ]
    yield from repeated(loaded, "the rungs that organs may issue", named)
