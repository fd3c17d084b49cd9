"""Checks that rules never meet more facts at once than the matcher bears.

What is counted is what may hold of one unit in one period, and of one of its issues besides: the
matcher is asked about these together. A unit is taken to be of one type throughout the period.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final, NamedTuple

from envrules.errors import Problem
from envrules.kinds.common import Require
from envrules.kinds.consequences import RuleSpec
from envrules.ruleset.check_rules import (
    ANY,
    ANY_REPORT,
    MAX_ALL,
    Pattern,
    dependencies,
    known_facts,
    patterns,
)
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec

MAX_FACTS: Final = 64
"""Facts that the rules may ask for at once; the matcher bears no more in one evaluation."""
MAX_COMBINATIONS: Final = 20_000
"""Combinations of facts for one rule; the matcher tries no more."""

_UNIT, _ISSUE = "unit", "issue"
_OF_ISSUES: Final = frozenset({
    "overdue", "classified", "refused", "recurred", "found", "category", "recheck_failed",
})  # fmt: skip
_OF_DUTIES: Final = frozenset({"missed", "met", "late", "not_accepted"})
_ONE_OF_AN_ISSUE: Final = frozenset({"found", "category", "classified", "recheck_failed"})
"""An issue has one source, one category and one class."""
_ONE_OF_A_FIGURE: Final = frozenset({"band", "indicator"})
"""A score has one band in a period, an indicator one verdict."""


class _Told(NamedTuple):
    """A fact as the matcher is told it: for its name, and again where any name is asked."""

    kind: str
    any: bool
    what: str
    of: str


def check_joins(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield a problem for too many facts, and for each rule with too many combinations of them."""
    try:
        reach = _Reach(loaded.spec)
    except CycleError:
        return  # told elsewhere; what follows from a circle cannot be counted
    named = [list(patterns(("rules", i, "when"), r.when)) for i, r in enumerate(loaded.spec.rules)]
    yield from _facts(loaded, named, reach)
    for i, rule in enumerate(loaded.spec.rules):
        if 1 < len(rule.when.all) <= MAX_ALL:
            yield from _combinations(loaded, i, rule, named[i], reach)


def _facts(loaded: LoadedRuleset, named: list[list[Pattern]], reach: _Reach) -> Iterator[Problem]:
    """Yield a problem at the rule that asks for most, if all together ask for too many."""
    count = len(reach.together(pattern for each in named for pattern in each))
    if count <= MAX_FACTS:
        return
    shares = [sum(len(reach.told(pattern)) for pattern in each) for each in named]
    most = shares.index(max(shares))
    yield loaded.problem(
        "ER606", ("rules", most, "when"),
        f"the rules ask for {count} facts that may hold of a unit at once, "
        f"{len(reach.together(named[most]))} of them in rule {loaded.spec.rules[most].id}; "
        f"{MAX_FACTS} are the most",
        "name the facts that matter instead of `any`, or ask for fewer",
    )  # fmt: skip


def _combinations(
    loaded: LoadedRuleset, index: int, rule: RuleSpec, named: list[Pattern], reach: _Reach
) -> Iterator[Problem]:
    counts = [len(reach.told(pattern)) for pattern in named if not pattern.absent]
    if (combinations := math.prod(counts)) > MAX_COMBINATIONS:
        yield loaded.problem(
            "ER606", ("rules", index, "when", "all"),
            f"rule {rule.id} joins {' × '.join(map(str, counts))} facts that may hold of a unit at "
            f"once, {combinations} combinations; {MAX_COMBINATIONS} are the most",
            "name the facts that matter instead of `any`, or let another rule conclude from some "
            "of them, and name it as `rule: <id>`",
        )  # fmt: skip


class _Reach:
    """What patterns may meet in one evaluation.

    Raises:
        CycleError: the rules follow from each other in a circle.
    """

    def __init__(self, spec: RulesetSpec) -> None:
        self._spec = spec
        self._known = _of_one_unit(spec)
        self._told: dict[tuple[str, str], frozenset[_Told]] = {}
        self._fired: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for i in TopologicalSorter(dependencies(spec.rules)).static_order():
            if i != ANY_REPORT:
                self._fire(spec.rules[i])

    def together(self, named: Iterable[Pattern]) -> frozenset[_Told]:
        """Return the facts that the matcher may be told for any of these patterns."""
        each = {(pattern.kind, pattern.name): pattern for pattern in named}
        return frozenset().union(*(self.told(pattern) for pattern in each.values()))

    def told(self, pattern: Pattern) -> frozenset[_Told]:
        """Return the facts that the matcher may be told for a pattern."""
        kind, name = pattern.kind, pattern.name
        if (kind, name) not in self._told:
            names = (self._known[kind] or [ANY]) if name == ANY else [name]
            self._told[kind, name] = frozenset(
                _Told(kind, name == ANY, _alike(kind, each), of)
                for each in names for of in self._of(kind, each)
            )  # fmt: skip
        return self._told[kind, name]

    def _of(self, kind: str, name: str) -> Iterable[str]:
        """Return what the fact may be about: the unit, one of its issues, or either."""
        if kind in _OF_ISSUES:
            return (_ISSUE,)
        if kind == "slip":
            ladder = self._spec.ladders.get(name.partition(".")[0])
            return (_UNIT if ladder is not None and ladder.merge else _ISSUE,)
        return self._fired.get((kind, name), (_UNIT,))

    def _fire(self, rule: RuleSpec) -> None:
        """Note what the rule's firings are about, and so the reports that it requires."""
        present = [pattern for pattern in patterns((), rule.when) if not pattern.absent]
        of: set[str] = set()
        for way in [present] if rule.when.all else [[pattern] for pattern in present]:
            each = [{fact.of for fact in self.told(pattern)} for pattern in way]
            of |= {_ISSUE} & set().union(*each) | {_UNIT}.intersection(*each)
        self._fired["rule", rule.id] |= of
        for item in rule.then:
            if isinstance(item, Require):
                duty = {_UNIT} if item.require in self._spec.duties else set()
                self._fired["late", item.require] |= of | duty


def _of_one_unit(spec: RulesetSpec) -> dict[str, list[str]]:
    """Return the facts that can hold of one unit, by kind: it owes the duties of one type."""
    owed: defaultdict[str, set[str]] = defaultdict(set)
    for name, duty in spec.duties.items():
        for unit_type in duty.unit:
            owed[unit_type].add(name)
    known = known_facts(spec)
    for kind in _OF_DUTIES:
        names = set(known[kind])
        most = max((names & duties for duties in owed.values()), key=len, default=set())
        known[kind] = sorted(names - spec.duties.keys() | most)
    return known


def _alike(kind: str, name: str) -> str:
    """Return one word for all names of which one alone can hold at a time."""
    if kind in _ONE_OF_AN_ISSUE:
        return ""
    return name.partition(".")[0] if kind in _ONE_OF_A_FIGURE else name
