"""From changes to mutants: rulesets wrong by one thing that `check` accepts.

What named a deleted thing, and what nothing names any more, goes with it. `check` itself says
what that is, so a new section's references are followed as soon as it checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from envrules.cases.mutation.edits import holds, without
from envrules.cases.mutation.operators import Candidate
from envrules.errors import Problem, RulesetError, errors_in
from envrules.ruleset.check import check_ruleset
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.shape import validate
from envrules.ruleset.source import Data, Document, Path, Position

_MAX_ROUNDS = 20
_GONE = frozenset({"ER203", "ER208", "ER209", "ER509", "ER601", "ER604"})
"""Besides 3xx, what follows from a deletion: a definition that is incomplete, empty or without
effect, or a condition on what can no longer happen."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A ruleset with one thing changed."""

    path: Path
    name: str
    loaded: LoadedRuleset


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that leaves no good ruleset."""

    path: Path
    name: str
    reason: str


def mutants(loaded: LoadedRuleset, changes: Iterable[Candidate]) -> Iterator[Mutant | Refused]:
    """Yield a mutant for each change of `loaded`, or why there is none.

    A change that says the same as the ruleset (a default written out), or as a change before it,
    is left out.
    """
    seen = {_meaning(loaded)}
    for change in changes:
        problem = None
        for name, data in change.attempts:
            result = _accepted(data, loaded.file, deletes=change.deletes)
            if isinstance(result, Problem):
                problem = problem or result
            elif (meaning := _meaning(result)) not in seen:
                seen.add(meaning)
                yield Mutant(change.path, name, result)
                break
            else:
                break
        else:
            assert problem is not None
            yield Refused(change.path, change.name, f"{problem.code} {problem.message}")


def _meaning(loaded: LoadedRuleset) -> str:
    return loaded.spec.model_dump_json()


def _accepted(data: Data, file: str, *, deletes: bool) -> LoadedRuleset | Problem:
    """Return the ruleset in `data`, repaired if something was deleted; or what is wrong with it."""
    problems: Sequence[Problem] = ()
    for turn in range(_MAX_ROUNDS):
        document = _located(data)
        try:
            loaded = LoadedRuleset(validate(document, file), file, "", document)
        except RulesetError as error:
            problems = error.problems
            if turn == 0 and any(problem.code == "ER208" for problem in problems):
                break  # the change itself says two things, or nothing
        else:
            problems = check_ruleset(loaded)
            if not (problems if deletes else errors_in(problems)):
                return loaded
        rest = _repaired(document, problems) if deletes else data
        if rest == data:
            break
        data = rest
    return min(problems, key=_is_loose_end)


def _repaired(document: Document, problems: Sequence[Problem]) -> Data:
    """Return the data without what the problems point at; as it is if one is no loose end."""
    if not all(_is_loose_end(problem) for problem in problems):
        return document.data
    at = {position: path for path, position in document.values.items()}
    at.update((position, path) for path, position in document.keys.items())
    data = document.data
    loose = {at.get(Position(problem.line, problem.col), ()) for problem in problems}
    for path in sorted(loose, key=_backwards, reverse=True):
        if path and holds(data, path):
            data = without(data, path)
    return data


def _is_loose_end(problem: Problem) -> bool:
    return problem.code.startswith("ER3") or problem.code in _GONE


def _backwards(path: Path) -> tuple[tuple[int, str], ...]:
    """Order paths so that, reversed, later items of a list come before earlier ones."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in path)


def _located(data: Data) -> Document:
    """Return the data as a document in which every key and value has a place of its own."""
    keys: dict[Path, Position] = {}
    values: dict[Path, Position] = {}

    def locate(node: Data, path: Path) -> None:
        values[path] = Position(len(values) + 1, 2)
        if isinstance(node, dict):
            for key, value in node.items():
                keys[*path, key] = Position(len(values) + 1, 1)
                locate(value, (*path, key))
        elif isinstance(node, tuple):
            for place, value in enumerate(node):
                locate(value, (*path, place))

    locate(data, ())
    return Document(data, keys, values)
