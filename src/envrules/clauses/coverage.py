"""From clause lists and tested rulesets to what is judged, by what, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from envrules.cases import CaseResult
from envrules.clauses.citations import Definition, cited, definitions
from envrules.clauses.lists import Clause, ClauseList, Key, Part
from envrules.errors import Problem
from envrules.ruleset.compile import Scheme
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.words import choose


@dataclass(frozen=True, slots=True)
class Tested:
    """A scheme's ruleset, and what became of its cases."""

    loaded: LoadedRuleset
    scheme: Scheme
    results: tuple[CaseResult, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the ruleset of one scheme makes of the documents."""

    title: str
    cases: int
    failing: int
    """Cases that did not pass: they prove nothing."""
    definitions: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which clauses are judged, by what and proven by which cases; and all that is missing."""

    lists: tuple[ClauseList, ...]
    schemes: Mapping[str, Judged]
    """By slug; a scheme that has no ruleset is not there."""
    problems: tuple[Problem, ...]

    def parts(self, scheme: str) -> Iterator[tuple[ClauseList, Part]]:
        """Yield the parts of documents that a scheme judges; '' for those that none does."""
        yield from ((one, p) for one in self.lists for p in one.parts if p.scheme == scheme)

    def citing(self, one: ClauseList, part: Part, clause: Clause) -> tuple[Definition, ...]:
        """Return the definitions that cite a clause, in the ruleset of its scheme."""
        key = (one.document, part.name, clause.label)
        judged = self.schemes.get(part.scheme)
        return tuple(d for d in judged.definitions if key in d.clauses) if judged else ()

    def slugs(self) -> list[str]:
        """Return the schemes that the lists name, in their order."""
        return list(dict.fromkeys(p.scheme for one in self.lists for p in one.parts if p.scheme))


def cover(lists: Iterable[ClauseList], tested: Mapping[str, Tested]) -> Coverage:
    """Return the coverage of the clauses in `lists` by the rulesets in `tested`, by slug."""
    lists = tuple(lists)
    schemes = {
        slug: Judged(
            one.scheme.title, len(one.results), sum(not r.passed for r in one.results),
            tuple(definitions(one.loaded, one.scheme, one.results)),
        )
        for slug, one in tested.items()
    }  # fmt: skip
    without = Coverage(lists, schemes, ())
    problems = [*_missing(without), *_unjudged(without)]
    known = {
        (one.document, p.name, clause.label): clause
        for one in lists for p in one.parts for clause in p.clauses
    }  # fmt: skip
    for slug, one in tested.items():
        for definition in schemes[slug].definitions:
            problems += _wrong(one.loaded, definition, known)
        problems += _wrong_cases(one, known)
    return Coverage(lists, schemes, tuple(sorted(set(problems))))


def _missing(coverage: Coverage) -> Iterator[Problem]:
    """Yield a problem for each part whose scheme has no ruleset."""
    for slug in coverage.slugs():
        if slug not in coverage.schemes:
            one, part = next(coverage.parts(slug))
            yield one.problem(
                part.position, "ER802", f"there is no ruleset {slug} to judge this",
                "write the ruleset and its plugin, or correct `scheme:`",
            )  # fmt: skip


def _unjudged(coverage: Coverage) -> Iterator[Problem]:
    """Yield a problem for each clause that can be judged and that its scheme does not cite."""
    for slug in coverage.schemes:
        for one, part in coverage.parts(slug):
            for clause in part.clauses:
                if clause.judged and not coverage.citing(one, part, clause):
                    yield one.problem(
                        clause.position, "ER803", f"nothing in {slug} cites {clause.label}",
                        f"give its rule `ref: <source> {clause.label}`, or say here why no machine "
                        "can judge it: `not_judgeable:`",
                    )  # fmt: skip


def _wrong(
    loaded: LoadedRuleset, definition: Definition, known: Mapping[Key, Clause]
) -> Iterator[Problem]:
    """Yield what is wrong with a definition that cites: its clauses, and that no case touches it."""
    for key in definition.clauses:
        clause = known.get(key)
        if clause is None:
            yield loaded.problem(
                "ER804", (*definition.path, "ref"),
                f"{definition.id} cites {_named(key)}, which is not in the clause list",
                _choice(key, known),
            )  # fmt: skip
        elif not clause.judged:
            yield loaded.problem(
                "ER805", (*definition.path, "ref"),
                f"{definition.id} cites {_named(key)}, which the clause list holds for not "
                f"judgeable: {clause.reason}",
                "cite the clause that provides it, or take `not_judgeable:` from the list",
            )  # fmt: skip
    if not definition.cases:
        yield loaded.problem_of(
            "ER806", definition.path, f"no case touches {definition.id}",
            "write a case whose expected decisions rest on it",
        )  # fmt: skip


def _wrong_cases(one: Tested, known: Mapping[Key, Clause]) -> Iterator[Problem]:
    """Yield a problem for each case that says it is about a clause that is not there."""
    for result in one.results:
        file, _, line = result.case.location.rpartition(":")
        for key in cited(one.loaded, result.case.ref):
            if key not in known:
                yield Problem(
                    file, int(line), 1, "ER804",
                    f"the case cites {_named(key)}, which is not in the clause list",
                    _choice(key, known),
                )  # fmt: skip


def _named(key: Key) -> str:
    return " ".join(part for part in key if part)


def _choice(key: Key, known: Collection[Key]) -> str:
    """Return which clauses there are in the part that a citation means."""
    labels: Sequence[str] = [label for *part, label in known if tuple(part) == key[:2]]
    return choose(key[2], labels, "number it in the clause list")
