"""Checks that the facts of a rule can meet: they are all of one kind of period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from envrules.errors import Problem
from envrules.kinds.common import Require
from envrules.kinds.consequences import RuleSpec
from envrules.ruleset.check_rules import ANY, Pattern, patterns
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec

_MONTH: Final = frozenset({"month"})
"""What is told of issues, slips, duties and inspections belongs to a month."""


def check_periods(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield a problem for each fact of a rule that never meets one named before it."""
    known = _Periods(loaded.spec)
    for i, rule in enumerate(loaded.spec.rules):
        named = list(patterns(("rules", i, "when"), rule.when))
        absent = [pattern for pattern in named if pattern.absent]
        for present in _ways(rule, [pattern for pattern in named if not pattern.absent]):
            for n, later in enumerate([*present, *absent]):
                yield from _apart(loaded, rule, present[:n], later, known)


def _ways(rule: RuleSpec, present: list[Pattern]) -> list[list[Pattern]]:
    """Return the facts that must hold together, for each way in which the rule can fire."""
    return [[pattern] for pattern in present] if rule.when.any else [present]


def _apart(
    loaded: LoadedRuleset, rule: RuleSpec, before: Iterable[Pattern], later: Pattern,
    known: _Periods,
) -> Iterator[Problem]:  # fmt: skip
    mine = known.of(later.kind, later.name)
    for earlier in before:
        other = known.of(earlier.kind, earlier.name)
        if mine and other and mine.isdisjoint(other):
            yield loaded.problem(
                "ER605", later.path,
                f"rule {rule.id}: `{later.kind}: {later.name}` is of a {_either(mine)} and "
                f"`{earlier.kind}: {earlier.name}` of a {_either(other)}, so they never meet",
                "name facts of one kind of period, such as a score for the other one's",
            )  # fmt: skip
            return


def _either(periods: Iterable[str]) -> str:
    return " or ".join(sorted(periods))


class _Periods:
    """The kinds of period that facts may be of; nothing for what is unknown."""

    def __init__(self, spec: RulesetSpec) -> None:
        self._spec = spec
        self._rules: dict[str, frozenset[str]] = {}

    def of(self, kind: str, name: str) -> frozenset[str]:
        """Return the kinds of period of a fact, or of all facts that `any` takes."""
        spec, owner = self._spec, name.partition(".")[0]
        match kind:
            case "band":
                return self._of_scores(spec.bands if name == ANY else [owner])
            case "list":
                lists = spec.lists.items()
                return self._of_scores(item.of for key, item in lists if name in (ANY, key))
            case "indicator":
                figures = spec.indicators.items()
                return frozenset(i.period for key, i in figures if name == ANY or key == owner)
            case "rule":
                return self._of_rules(rule for rule in spec.rules if name in (ANY, rule.id))
            case "late":
                done = name in spec.duties or (name == ANY and bool(spec.duties))
                required = self._of_rules(rule for rule in spec.rules if _requires(rule, name))
                return required | _MONTH if done else required
            case _:
                return _MONTH

    def _of_scores(self, names: Iterable[str]) -> frozenset[str]:
        scores = self._spec.scores
        return frozenset(scores[name].period for name in names if name in scores)

    def _of_rules(self, rules: Iterable[RuleSpec]) -> frozenset[str]:
        """Return the periods that rules fire in; one that leads to itself adds nothing."""
        found: set[str] = set()
        for rule in rules:
            if rule.id not in self._rules:
                self._rules[rule.id] = frozenset()
                self._rules[rule.id] = self._fires(rule)
            found |= self._rules[rule.id]
        return frozenset(found)

    def _fires(self, rule: RuleSpec) -> frozenset[str]:
        facts = [
            self.of(pattern.kind, pattern.name)
            for pattern in patterns((), rule.when) if not pattern.absent
        ]  # fmt: skip
        if not facts or rule.when.any:
            return frozenset().union(*facts)
        return facts[0].intersection(*facts[1:])


def _requires(rule: RuleSpec, name: str) -> bool:
    return any(isinstance(item, Require) and name in (ANY, item.require) for item in rule.then)
