"""Checks of what is about issues: classes, exclusions, conditions, shares, priorities, recurrence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from envrules.errors import Problem
from envrules.kinds.common import Where
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated, timeline


def check_issues(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of what is about issues, and of the orders of units."""
    spec = loaded.spec
    yield from _ids(loaded, "the classes", ("classes",), (item.id for item in spec.classes))
    yield from _ids(loaded, "the exclusions", ("exclusions",), (i.id for i in spec.exclusions))
    yield from _ids(
        loaded, "the conditions", ("issues", "conditions"), (i.id for i in spec.issues.conditions)
    )
    yield from _ids(loaded, "the priorities", ("priorities",), (i.id for i in spec.priorities))
    yield from _classes(loaded)
    yield from _shares(loaded)
    for name, recurrence in spec.recurrences.items():
        same = ("recurrences", name, "same")
        yield from repeated(
            loaded,
            loaded.name(same),
            [((*same, i), word) for i, word in enumerate(recurrence.same)],
        )
    yield from _sequences(loaded)


def _ids(loaded: LoadedRuleset, group: str, path: Path, ids: Iterable[str]) -> Iterator[Problem]:
    yield from repeated(loaded, group, [((*path, i, "id"), name) for i, name in enumerate(ids)])


def _classes(loaded: LoadedRuleset) -> Iterator[Problem]:
    """A class is described without other classes, and something is left for it to take."""
    taken_by = ""
    for i, item in enumerate(loaded.spec.classes):
        if item.where.classes:
            yield loaded.problem_of(
                "ER509", ("classes", i, "where", "classes"),
                f"classes.{item.id}: other classes have no effect in what a class is described by",
                "describe it by category, place, tags or the like",
            )  # fmt: skip
        if taken_by:
            yield loaded.problem_of(
                "ER509", ("classes", i),
                f"no issue is left for classes.{item.id}: classes.{taken_by} before it takes all",
                "put the class that takes the rest last, or give it a `where`",
            )  # fmt: skip
        elif item.where == Where():
            taken_by = item.id


def _shares(loaded: LoadedRuleset) -> Iterator[Problem]:
    """What a finding costs is divided without rest, on every date on which a share changes."""
    shares, parameters = loaded.spec.issues.shares, loaded.spec.parameters
    named = [parameters.get(ref.removeprefix("$")) for ref in shares.values()]
    dated = [p.values for p in named if p is not None and p.unit == "ratio"]
    if not shares or len(dated) < len(named):  # an unknown or unfit parameter: reported elsewhere
        return
    for start, held in timeline(*dated):
        when = "" if start == ALWAYS else f" (from {start} on)"
        values = [value for value in held if isinstance(value, Decimal)]
        if len(values) < len(held):
            yield loaded.problem_of(
                "ER407", ("issues", "shares"),
                f"issues.shares: one of them has no value{when}, when others have one",
                "give every share a value from `always` or from the same date on",
            )  # fmt: skip
            return
        if sum(values) != 1:
            yield loaded.problem_of(
                "ER510", ("issues", "shares"), f"issues.shares add up to {sum(values)}{when}",
                "correct the values so that together they are 1",
            )  # fmt: skip
            return


def _sequences(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Each key tells units apart by an attribute of its own, by values that differ."""
    for name, sequence in loaded.spec.sequences.items():
        path: Path = ("sequences", name, "by")
        yield from repeated(
            loaded, f"the keys of {loaded.name(path[:-1])}",
            [((*path, i, "attribute"), key.attribute) for i, key in enumerate(sequence.by)],
        )  # fmt: skip
        for i, key in enumerate(sequence.by):
            values = (*path, i, "values")
            yield from repeated(
                loaded, f"the values of {key.attribute}",
                [((*values, n), value) for n, value in enumerate(key.values)],
            )  # fmt: skip
