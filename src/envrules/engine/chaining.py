"""Forward chaining: facts of a unit and period become consequences, which are facts again.

Rules run on durable-rules through `envrules.engine.match`. Every firing is derived from scratch,
so nothing outlives the fact that it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from envrules.engine.match import Firing, Matcher, MatchFact, Pattern, Rule, run_to_fixpoint
from envrules.kinds import consequences
from envrules.kinds.consequences import Fact
from envrules.ruleset.compile import Scheme

Derive = Callable[[consequences.Rule, Sequence[Fact]], Iterable[Fact]]
"""From a rule that fired and the facts it fired on to what holds because of it."""


def _kind(kind: str, name: str) -> str:
    """Return the matcher's kind: facts are told apart by kind and name, so strata are exact."""
    return f"{kind}:{name}" if name else kind


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, on these facts."""

    rule: consequences.Rule
    facts: tuple[Fact, ...]

    @property
    def anchor(self) -> str:
        """Return the issue the consequence belongs to, or '' for the whole period."""
        return next((f.anchor for f in self.facts if f.anchor), "")


class Chainer:
    """The chaining engines of all schemes in use, one per revision."""

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}

    def book(self, scheme: Scheme) -> _Book:
        """Return the scheme's compiled rules."""
        key = f"{scheme.slug}@{scheme.revision}"
        book = self._books.get(key)
        if book is None:
            book = self._books[key] = _Book(scheme)
        return book

    def reads(self, scheme: Scheme, kind: str, name: str) -> bool:
        """Return whether any rule of the scheme asks for this fact."""
        wanted = self.book(scheme).wanted
        return (kind, name) in wanted or (kind, "") in wanted

    def chain(self, scheme: Scheme, facts: Sequence[Fact], derive: Derive) -> list[Fired]:
        """Return all that fires for the facts of one unit and period.

        Facts of an issue meet facts of the whole period, not those of other issues; so the
        number of facts in one evaluation stays small, however many issues a unit has.
        """
        book = self.book(scheme)
        common = [f for f in facts if not f.anchor]
        groups: dict[str, list[Fact]] = {}
        for fact in facts:
            if fact.anchor:
                groups.setdefault(fact.anchor, []).append(fact)
        fired: dict[tuple[str, str], Fired] = {}
        for group in ([], *(groups[anchor] for anchor in sorted(groups))):
            for one in book.run([*common, *group], derive):
                fired.setdefault((one.rule.id, one.anchor), one)
        return list(fired.values())


class _Book:
    """One revision's rules, ready to be run."""

    def __init__(self, scheme: Scheme) -> None:
        self.rules: dict[str, consequences.Rule] = {}
        self.wanted = {
            pair for rule in scheme.rules for way in rule.alternatives
            for pair in (*way.present, *way.absent)
        }  # fmt: skip
        compiled: list[Rule] = []
        derives: dict[str, set[str]] = {}
        for priority, rule in enumerate(scheme.rules):
            for i, way in enumerate(rule.alternatives):
                rule_id = f"{rule.id}/{i}"
                self.rules[rule_id] = rule
                present = [Pattern(f"f{n}", _kind(*pair)) for n, pair in enumerate(way.present)]
                absent = [
                    Pattern(f"n{n}", _kind(*pair), absent=True) for n, pair in enumerate(way.absent)
                ]
                compiled.append(Rule(rule_id, (*present, *absent), priority))
                derives[rule_id] = self._derived_kinds(rule)
        self._matcher = Matcher(compiled, derives) if compiled else None

    def _derived_kinds(self, rule: consequences.Rule) -> set[str]:
        named = {("rule", rule.id), *(("late", o.words) for o in rule.then if o.within)}
        return {_kind(*pair) for pair in named if pair in self.wanted} | {
            kind for kind, _ in named if (kind, "") in self.wanted
        }

    def run(self, facts: Sequence[Fact], derive: Derive) -> list[Fired]:
        """Return the firings on one group of facts."""
        if self._matcher is None or not facts:
            return []
        known: dict[str, Fact] = {}

        def told(fact: Fact) -> list[MatchFact]:
            """One match fact by name, another for rules that take any name."""
            told = []
            for kind in (_kind(fact.kind, fact.name), _kind(fact.kind, "")):
                pair = (fact.kind, fact.name if ":" in kind else "")
                if pair in self.wanted:
                    identity = f"{kind}|{fact.name}|{fact.anchor}|{fact.at}|{','.join(fact.events)}"
                    known[identity] = fact
                    told.append(MatchFact(identity, kind, {}))
            return told

        def follow(firing: Firing) -> list[MatchFact]:
            rule = self.rules[firing.rule]
            return [
                m for fact in derive(rule, [known[i] for i in firing.facts]) for m in told(fact)
            ]

        given = {m.id: m for fact in facts for m in told(fact)}
        result = run_to_fixpoint(self._matcher, given.values(), follow, max_rounds=64)
        return [Fired(self.rules[f.rule], tuple(known[i] for i in f.facts)) for f in result.firings]
