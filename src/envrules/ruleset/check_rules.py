"""Checks of `rules`: the facts they build on, and that no rule depends on itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from envrules.errors import Problem
from envrules.kinds.common import Require
from envrules.kinds.consequences import PatternSpec, RuleSpec, WhenSpec
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated, required_reports, sections
from envrules.ruleset.words import choose

ANY: Final = "any"
MAX_ALL: Final = 3
"""Facts that one condition may join; the matcher's engine bears no more."""
ANY_REPORT: Final = -1
"""Stands among the rules for every required report."""

_MAX_CIRCLES = 20  # reported at most


class Pattern(NamedTuple):
    """One fact of a condition, and where it stands."""

    path: Path
    kind: str
    name: str
    absent: bool


_Dependencies: TypeAlias = dict[int, dict[int, Pattern | None]]
"""Rule, by its index → the rules it depends on, each with the pattern that says so."""


def check_rules(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of the rules."""
    rules = loaded.spec.rules
    yield from repeated(
        loaded, "the rules", [(("rules", i, "id"), rule.id) for i, rule in enumerate(rules)]
    )
    known = known_facts(loaded.spec)
    for i, rule in enumerate(rules):
        named = list(patterns(("rules", i, "when"), rule.when))
        for pattern in named:
            yield from _fact(loaded, rule, pattern, known)
        yield from _condition(loaded, ("rules", i, "when"), rule, named)
    yield from _required_elsewhere(loaded)
    yield from _circles(loaded)


def known_facts(spec: RulesetSpec) -> dict[str, list[str]]:
    """Return the names of the facts that can ever hold, by kind; `any` is apart."""
    return {
        "band": [f"{name}.{band.id}" for name, items in spec.bands.items() for band in items],
        "list": list(spec.lists),
        "slip": [f"{name}.{rung.id}" for name, item in spec.ladders.items() for rung in item.rungs],
        "overdue": list(spec.deadlines),
        "late": [*required_reports(spec), *spec.duties],
        "missed": list(spec.duties),
        "met": list(spec.duties),
        "not_accepted": [
            name for name, duty in spec.duties.items() if duty.signed or duty.fields
        ],
        "category": list(spec.categories),
        "classified": [item.id for item in spec.classes],
        "refused": [item.id for item in spec.issues.conditions],
        "recurred": list(spec.recurrences),
        "checklist": [
            f"{name}.{outcome}" for name in spec.checklists
            for outcome in ("passed", "failed", "incomplete")
        ],
        "indicator": [
            f"{name}.{fact}" for name, item in spec.indicators.items() for fact in item.facts()
        ],
        "gate": [f"{name}.{step.id}" for name, item in spec.gates.items() for step in item.steps],
        "found": list(spec.inspections),
        "rule": [rule.id for rule in spec.rules],
        "recheck_failed": [],
    }  # fmt: skip


def patterns(path: Path, when: WhenSpec) -> Iterator[Pattern]:
    """Yield the facts that a condition names, with their places under `path`."""
    for kind in PatternSpec.model_fields:
        if (name := getattr(when, kind)) is not None:
            yield Pattern((*path, kind), kind, name, absent=False)
    for group in ("any", "all", "none"):
        for i, pattern in enumerate(getattr(when, group)):
            kind, name = pattern.fact()
            if name is not None:
                yield Pattern((*path, group, i, kind), kind, name, absent=group == "none")


def _fact(
    loaded: LoadedRuleset, rule: RuleSpec, pattern: Pattern, known: dict[str, list[str]]
) -> Iterator[Problem]:
    names = known[pattern.kind]
    # A check can fail and an issue be found in any scheme; other facts must come from somewhere.
    if pattern.name == ANY and (names or pattern.kind in ("recheck_failed", "found", "category")):
        return
    if pattern.kind == "category" and not names:
        return  # no categories are declared: any word may be one
    if pattern.name not in names:
        otherwise = {
            "late": "let a `then` require this report first",
            "recheck_failed": "write any",
            "found": "declare it under `inspections`",
            "category": "declare it under `categories`",
        }.get(pattern.kind, "define it first")
        yield loaded.problem(
            "ER601", pattern.path,
            f"rule {rule.id}: no fact `{pattern.kind}: {pattern.name}` can ever hold",
            choose(pattern.name, list(dict.fromkeys(names)), otherwise),
        )  # fmt: skip


def _condition(
    loaded: LoadedRuleset, path: Path, rule: RuleSpec, named: list[Pattern]
) -> Iterator[Problem]:
    if len(rule.when.all) > MAX_ALL:
        yield loaded.problem(
            "ER604", (*path, "all"),
            f"rule {rule.id} joins {len(rule.when.all)} facts; {MAX_ALL} are the most",
            "let another rule conclude from some of them, and name it as `rule: <id>`",
        )  # fmt: skip
    present = {(p.kind, p.name) for p in named if not p.absent}
    if not present:
        yield loaded.problem_of(
            "ER604", path, f"rule {rule.id} names no fact that must hold",
            "name one fact, or several under any or all",
        )  # fmt: skip
    kinds = {kind for kind, _ in present}
    for pattern in named:
        if pattern.absent and (
            (pattern.kind, pattern.name) in present
            or (pattern.name == ANY and pattern.kind in kinds)
        ):
            yield loaded.problem(
                "ER605", pattern.path,
                f"rule {rule.id} wants `{pattern.kind}: {pattern.name}` to hold and not to hold",
                "remove it from one side",
            )  # fmt: skip


def _required_elsewhere(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Only a rule can require a report: slips, lists and gates state what is done."""
    for path, section in sections(loaded.spec):
        if isinstance(section, Require) and path[0] != "rules":
            yield loaded.problem(
                "ER509", (*path, "require"),
                f"{loaded.name(path[:-2])}: only a rule can require a report, {section.require} "
                "has no effect",
                "write the word alone, and let a rule on this fact require it",
            )  # fmt: skip


def _circles(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield one problem for each circle of rules.

    Without circles every `none` is about facts that are settled before, so that conclusions do
    not depend on the order of evaluation.
    """
    depends = dependencies(loaded.spec.rules)
    for _ in range(_MAX_CIRCLES):
        try:
            TopologicalSorter(depends).prepare()
            return
        except CycleError as error:
            # Each node comes before the one that depends on it; the first is repeated at the end.
            nodes: list[int] = error.args[1][1:]
        first = nodes.index(min(node for node in nodes if node != ANY_REPORT))
        yield _circle(loaded, [*nodes[first:], *nodes[: first + 1]], depends)
        for node in nodes:
            del depends[node]


def dependencies(rules: Sequence[RuleSpec]) -> _Dependencies:
    """Return on what each rule depends, and the pattern that says so.

    A rule depends on another whose consequence it names, or whose required report's lateness.
    """
    named: defaultdict[str, list[int]] = defaultdict(list)
    requiring: defaultdict[str, list[int]] = defaultdict(list)
    for i, rule in enumerate(rules):
        named[rule.id].append(i)
        for item in rule.then:
            if isinstance(item, Require):
                requiring[item.require].append(i)
    depends: _Dependencies = {ANY_REPORT: {i: None for every in requiring.values() for i in every}}
    for i, rule in enumerate(rules):
        mine = depends[i] = {}
        for pattern in patterns(("rules", i, "when"), rule.when):
            match pattern.kind, pattern.name:
                case "rule", name if name == ANY:
                    mine[i] = pattern  # itself among them
                case "late", name if name == ANY:
                    mine[ANY_REPORT] = pattern
                case "rule", name:
                    mine.update(dict.fromkeys(named.get(name, ()), pattern))
                case "late", name:
                    mine.update(dict.fromkeys(requiring.get(name, ()), pattern))
    return depends


def _circle(loaded: LoadedRuleset, nodes: list[int], depends: _Dependencies) -> Problem:
    links = [link for earlier, later in pairwise(nodes) if (link := depends[later][earlier])]
    absent = next((link for link in links if link.absent), None)
    rules = loaded.spec.rules
    names = " → ".join(rules[node].id for node in nodes if node != ANY_REPORT)
    if absent is not None:
        return loaded.problem(
            "ER603", absent.path, f"whether this is absent depends on the rule itself: {names}",
            "let `none` name only facts that come before: bands, lists, slips, earlier rules",
        )  # fmt: skip
    return loaded.problem(
        "ER602", links[0].path, f"these rules follow from each other in a circle: {names}",
        "remove one of the links, here or in the other rules",
    )  # fmt: skip
