"""Forward chaining over durable-rules: which rules fire for which facts.

`Matcher` answers for one round; `run_to_fixpoint` feeds what firings lead to into the rules that
read it. The rules' meaning is stated in `envrules.engine.match_rules`. This is the only module that
imports the C engine, and it uses seven of its calls: an evaluation is a throw-away session of
integers (`envrules.engine.match_compile`) which is deleted before the results are looked at, so
nothing outlives it, no thread or timer is started, and no Python code runs inside.

glibc's ``mallopt`` is left alone: with rulesets as small as these it changes no measured time.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Final

import durable_rules_engine as _engine

from envrules.engine.match_absent import forbidden
from envrules.engine.match_compile import BOOT_EVENT, BOOT_RULE, SESSION, Chunk, Program
from envrules.engine.match_rules import (
    Condition,
    FactError,
    FieldRef,
    Firing,
    MatchEngineError,
    MatchError,
    MatchFact,
    MatchLimitError,
    Operator,
    Pattern,
    Rule,
    RuleError,
    check_rules,
    stratify,
)
from envrules.engine.match_values import Scalar

__all__ = [
    "MAX_COMBINATIONS",
    "MAX_FACTS",
    "Condition",
    "FactError",
    "FieldRef",
    "Firing",
    "Fixpoint",
    "MatchEngineError",
    "MatchError",
    "MatchFact",
    "MatchLimitError",
    "Matcher",
    "Operator",
    "Pattern",
    "Rule",
    "RuleError",
    "Scalar",
    "run_to_fixpoint",
]

MAX_FACTS: Final = 64  # of the kinds that the rules read, in one evaluation
MAX_COMBINATIONS: Final = 20_000  # of facts for one rule: 0.1 s and 20 MB inside the engine

_NOT_HANDLED: Final = 1  # the engine's word for a fact that no rule is about
_FAILURES: Final = (_engine.error, MemoryError, SystemError)


class Matcher:
    """A fixed set of rules, ready to be run on any number of groups of facts.

    ``derives`` names, per rule id, the kinds of fact its firings lead to; it decides the order in
    which `run_to_fixpoint` runs the rules. Raises `RuleError` for a rule outside what
    `envrules.engine.match_rules` allows, or for rules that depend on themselves.

    Thread-safe: evaluations of one matcher follow one another. Pickles as its rules. `close` frees
    the C memory at once, garbage collection does so later.
    """

    def __init__(
        self, rules: Sequence[Rule], derives: Mapping[str, Set[str]] | None = None
    ) -> None:
        self._rules = tuple(rules)
        self.derives: dict[str, frozenset[str]] = {
            rule: frozenset(kinds) for rule, kinds in (derives or {}).items()
        }
        check_rules(self._rules)
        self._lock = Lock()
        self.strata = stratify(self._rules, self.derives)
        programs = [Program(rules) for rules in self.strata]
        self._programs: list[tuple[Program, list[_Network]]] = []
        try:
            for program in programs:
                self._programs.append((program, []))
                for chunk in program.chunks:
                    self._programs[-1][1].append(_Network(chunk))
        except _FAILURES as error:
            self.close()
            raise MatchEngineError(f"the engine refused a ruleset: {error}") from error

    def run(self, facts: Iterable[MatchFact], *, stratum: int | None = None) -> list[Firing]:
        """Return every firing of the rules (of one stratum), sorted by (priority, rule, facts).

        Raises `FactError` for two facts of one id or a value that is no scalar, `MatchLimitError`
        above `MAX_FACTS` or `MAX_COMBINATIONS`, `MatchEngineError` when the C engine fails.
        """
        known = _by_id(facts).values()
        firings: list[tuple[int, Firing]] = []
        for program, networks in self._programs if stratum is None else [self._programs[stratum]]:
            firings += self._run_program(program, networks, known)
        firings.sort(key=lambda ranked: (ranked[0], ranked[1].rule, ranked[1].facts))
        return [firing for _, firing in firings]

    def close(self) -> None:
        """Free the C memory; a closed matcher can only be closed again."""
        with self._lock:
            for _, networks in self._programs:
                for network in networks:
                    network.close()

    def __enter__(self) -> Matcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Matcher], tuple[object, ...]]:
        return Matcher, (self._rules, self.derives)

    def _run_program(
        self, program: Program, networks: Sequence[_Network], known: Iterable[MatchFact]
    ) -> Iterator[tuple[int, Firing]]:
        facts = [fact for fact in known if program.reads(fact.kind)]
        if len(facts) > MAX_FACTS:
            raise MatchLimitError(f"{len(facts)} facts in one evaluation, at most {MAX_FACTS}")
        messages = program.encode(facts)
        counts = Counter(fact.kind for fact in facts)
        for network in networks:
            if not _may_fire(network.chunk, counts):
                continue
            kinds = network.chunk.kinds
            told = [m for m, fact in zip(messages, facts, strict=True) if fact.kind in kinds]
            with self._lock:
                results = network.evaluate(told)
            for rule, numbers in map(network.chunk.decode, results):
                chosen = [facts[number] for number in numbers]
                if not forbidden(rule, chosen, facts):
                    yield rule.priority, Firing(rule.id, tuple(fact.id for fact in chosen))


@dataclass(frozen=True, slots=True)
class Fixpoint:
    """All that follows from some facts: the firings, stratum by stratum, and the derived facts."""

    firings: tuple[Firing, ...]
    derived: tuple[MatchFact, ...]


def run_to_fixpoint(
    matcher: Matcher,
    facts: Iterable[MatchFact],
    derive: Callable[[Firing], Iterable[MatchFact]],
    max_rounds: int,
) -> Fixpoint:
    """Run each stratum once, on the given facts and those derived in the strata before it.

    The rules are acyclic, so that is the fixpoint, and an absent pattern only reads what is
    complete. Several firings may derive the same fact. Raises `MatchLimitError` when the rules have
    more strata than ``max_rounds``, `RuleError` when ``derive`` returns a kind that the matcher was
    not told the rule derives, `FactError` when one id gets two contents, and what ``run`` raises.
    """
    if len(matcher.strata) > max_rounds:
        raise MatchLimitError(f"{len(matcher.strata)} rounds needed, at most {max_rounds} allowed")
    known = _by_id(facts)
    derived: list[MatchFact] = []
    firings: list[Firing] = []
    for stratum in range(len(matcher.strata)):
        fired = matcher.run(known.values(), stratum=stratum)
        for firing in fired:
            for fact in derive(firing):
                if fact.kind not in matcher.derives.get(firing.rule, ()):
                    raise RuleError(
                        "undeclared-kind", firing.rule, f"derives {fact.kind}, which it should not"
                    )
                if fact.id not in known:
                    known[fact.id] = fact
                    derived.append(fact)
                elif not _same(known[fact.id], fact):
                    raise FactError(f"fact {fact.id} is derived with two contents")
        firings += fired
    return Fixpoint(tuple(firings), tuple(derived))


def _by_id(facts: Iterable[MatchFact]) -> dict[str, MatchFact]:
    known: dict[str, MatchFact] = {}
    for fact in facts:
        if known.setdefault(fact.id, fact) is not fact:
            raise FactError(f"two facts have the id {fact.id}")
    return known


def _same(left: MatchFact, right: MatchFact) -> bool:
    if left.kind != right.kind or left.fields.keys() != right.fields.keys():
        return False
    pairs = ((value, right.fields[field]) for field, value in left.fields.items())
    return all(type(one) is type(other) and one == other for one, other in pairs)


def _may_fire(chunk: Chunk, counts: Mapping[str, int]) -> bool:
    possible = False
    for rule, kinds in zip(chunk.rules, chunk.wanted, strict=True):
        combinations = math.prod(counts.get(kind, 0) for kind in kinds)
        if combinations > MAX_COMBINATIONS:
            raise MatchLimitError(
                f"rule {rule.id} has {combinations} combinations, at most {MAX_COMBINATIONS}"
            )
        possible = possible or combinations > 0
    return possible


class _Network:
    """One C ruleset; a session lives in it only while `evaluate` runs."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self._open()

    def _open(self) -> None:
        self._handle: int = _engine.create_ruleset("envrules", self.chunk.definition)
        self.close = weakref.finalize(self, _engine.delete_ruleset, self._handle)
        self._clean = True  # whether every session was deleted, however its evaluation ended

    def evaluate(self, messages: Iterable[str]) -> list[str]:
        """Assert the facts in a new session, return what fired, and delete the session."""
        if not self.close.alive:
            raise MatchEngineError("the matcher is closed")
        try:
            if not self._clean:
                drop_failed = self.close
                self._open()
                drop_failed()
            self._clean = False
            results = self._session(messages)
        except _FAILURES as error:
            raise MatchEngineError(f"the engine failed: {error}") from error
        self._clean = True
        return results

    def _session(self, messages: Iterable[str]) -> list[str]:
        _, state = _engine.assert_event(self._handle, BOOT_EVENT)
        started = self._drain(state)
        if len(started) != 1 or BOOT_RULE not in started[0]:
            raise MatchEngineError("the engine did not start a fresh session")
        try:  # not earlier: deleting a session that had no action yet frees a wild pointer
            for message in messages:
                code, state = _engine.assert_fact(self._handle, message)
                if code not in (0, _NOT_HANDLED):
                    raise MatchEngineError(f"the engine answered {code} to a fact")
            return self._drain(state)
        finally:
            _engine.delete_state(self._handle, SESSION)

    def _drain(self, state: int) -> list[str]:
        """Take every pending result; each is handed out once and completed at once."""
        results: list[str] = []
        started: tuple[str, str] | None = _engine.start_action_for_state(self._handle, state)
        result = started[1] if started else None
        while result is not None:
            results.append(result)
            result = _engine.complete_and_start_action(self._handle, state)
        return results
