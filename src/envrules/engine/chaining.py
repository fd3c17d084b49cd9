"""Forward chaining: facts of a unit and period become consequences, which are facts again.

Rules run on durable-rules through `envrules.engine.match`. Every firing is derived from scratch,
so nothing outlives the fact that it came from. Which rules fire depends on the kinds and names of
facts alone, so what the engine has answered for some of them holds for others of the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from envrules.engine.match import Firing, Matcher, MatchFact, Pattern, Rule
from envrules.kinds import consequences
from envrules.kinds.consequences import Fact
from envrules.model.base import Instant
from envrules.ruleset.compile import Scheme

Derive = Callable[["Fired"], Iterable[Fact]]
"""From a rule that fired to what holds because of it."""


def _kind(kind: str, name: str) -> str:
    """Return the matcher's kind: facts are told apart by kind and name, so strata are exact."""
    return f"{kind}:{name}" if name else kind


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired for one issue, or for the whole period."""

    rule: consequences.Rule
    anchor: str
    """The issue the consequence belongs to, or '' for the whole period."""
    facts: tuple[Fact, ...]
    """The facts that made it fire first."""
    further: tuple[Fact, ...]
    """What would have made it fire as well, later: more evidence for the same consequence."""


_KEPT, _ANSWERS = 16, 512
"""Revisions whose rules are kept ready, 0.14 MB each, and answers of one that are; what was not used
for longest goes first."""


class Chainer:
    """The chaining engines of all schemes in use, one per revision."""

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}

    def book(self, scheme: Scheme) -> _Book:
        """Return the scheme's compiled rules."""
        key = f"{scheme.slug}@{scheme.revision}"
        book = self._books.pop(key, None) or _Book(scheme)
        self._books[key] = book  # the last one used stands last
        if len(self._books) > _KEPT:
            del self._books[next(iter(self._books))]
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
        self._matched = lru_cache(_ANSWERS)(self._match)

    def _derived_kinds(self, rule: consequences.Rule) -> set[str]:
        named = {("rule", rule.id), *(("late", o.words) for o in rule.then if o.within)}
        return {_kind(*pair) for pair in named if pair in self.wanted} | {
            kind for kind, _ in named if (kind, "") in self.wanted
        }

    def run(self, facts: Sequence[Fact], derive: Derive) -> list[Fired]:
        """Return what fires on the facts of the whole period and of one issue at most.

        Each rule fires once for each of the two.

        Rules see a fact's kind and name only, so facts that share both meet them as one. A
        stratum's rules read nothing that its own or a later one derives: what a rule leads to is
        derived from all that made it fire, however many strata that comes from.
        """
        if self._matcher is None or not facts:
            return []
        causes: dict[tuple[str, str], list[_Cause]] = {}
        fired: dict[tuple[str, str], Fired] = {}
        derived: dict[tuple[str, str], tuple[Fact, ...]] = {}
        for stratum in range(len(self._matcher.strata)):
            told = self._told(chain(facts, *derived.values()))
            touched: dict[tuple[str, str], consequences.Rule] = {}
            for firing in self._matched(stratum, tuple(sorted(told))):
                cause = [told[identity] for identity in firing.facts]
                anchor = next((same[0].anchor for same in cause if same[0].anchor), "")
                key = (self.rules[firing.rule].id, anchor)
                causes.setdefault(key, []).append(cause)
                touched[key] = self.rules[firing.rule]
            for key, rule in touched.items():  # once: there may be thousands of causes
                fired[key] = _fired(rule, key[1], causes[key])
            for key in sorted(touched):
                derived[key] = tuple(derive(fired[key]))
        return list(fired.values())

    def _match(self, stratum: int, identities: tuple[str, ...]) -> Sequence[Firing]:
        """Return what fires on facts of these kinds and names."""
        assert self._matcher is not None
        known = [MatchFact(identity, identity.partition("|")[0], {}) for identity in identities]
        return self._matcher.run(known, stratum=stratum)

    def _told(self, facts: Iterable[Fact]) -> dict[str, list[Fact]]:
        """Return the facts that the matcher is told, by name, and again where any name is asked.

        Facts of one kind and name are one if they are both of the issue, or both of the whole
        period; the earliest of them comes first.
        """
        told: dict[str, list[Fact]] = {}
        for fact in facts:
            for name in (fact.name, ""):
                if (fact.kind, name) in self.wanted:
                    whose = "issue" if fact.anchor else ""
                    identity = f"{_kind(fact.kind, name)}|{fact.name}|{whose}"
                    told.setdefault(identity, []).append(fact)
        return {identity: sorted(same, key=_age) for identity, same in told.items()}


_Cause = list[list[Fact]]
"""What a rule fired on: for each of its patterns the facts that are one to it, earliest first."""


def _age(fact: Fact) -> tuple[Instant, str, str, tuple[str, ...]]:
    return fact.at, fact.kind, fact.name, fact.events


def _fired(rule: consequences.Rule, anchor: str, causes: Sequence[_Cause]) -> Fired:
    """Return the firing by its earliest cause; everything else is further evidence."""
    firsts = [tuple(same[0] for same in cause) for cause in causes]
    facts = min(firsts, key=lambda c: (max(f.at for f in c), [_age(f) for f in c]))
    rest = {_age(f): f for cause in causes for same in cause for f in same if f not in facts}
    return Fired(rule, anchor, facts, tuple(rest[age] for age in sorted(rest)))
