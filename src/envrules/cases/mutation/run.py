"""Cases against mutants: which mutants does no case notice?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from envrules.cases.compare import Failure
from envrules.cases.model import CaseFile, Equivalent, Overrides
from envrules.cases.mutation.edits import names
from envrules.cases.mutation.mutants import Mutant, Refused, mutants
from envrules.cases.mutation.operators import candidates
from envrules.cases.results import CaseResult, SchemeFactory
from envrules.cases.runner import run_case, run_file
from envrules.cases.schemes import factory_for, ruleset_of, table_at
from envrules.engine.chaining import Chainer
from envrules.model.base import canonical_json, digest
from envrules.plugin_manager import Classify, Plugins
from envrules.ruleset.check import read_text
from envrules.ruleset.codes import load_codes, with_codes
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.source import Path
from envrules.runtime.library import shown

Fate = Literal["killed", "survived", "equivalent", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change of a ruleset."""

    name: str
    location: str
    """`file:line` of what was changed."""
    fate: Fate
    why: str
    """Name of the case that fails; why it is equivalent; what `check` says."""


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What became of all mutants of a scheme, or of a sample."""

    scheme: str
    outcomes: tuple[Outcome, ...]
    problems: tuple[Failure, ...]
    """Why the run says nothing, or which declarations of equivalence are wrong."""

    def count(self, *fates: Fate) -> int:
        """Return how many mutants met one of these fates."""
        return sum(outcome.fate in fates for outcome in self.outcomes)

    def survivors(self) -> list[Outcome]:
        """Return the mutants that no case kills and nobody has shown to be equivalent."""
        return [outcome for outcome in self.outcomes if outcome.fate == "survived"]


def run_mutants(
    files: Sequence[CaseFile], plugins: Plugins, sample: int = 0, seed: int = 0
) -> MutationResult:
    """Run the cases of one ruleset, in one file or several, against its mutants.

    With `sample`, against so many of them, chosen by `seed`.

    Raises:
        RulesetError: the ruleset cannot be used.
    """
    first = files[0]
    path = ruleset_of(first, plugins)
    loaded = load_ruleset(read_text(path), shown(path))
    tested = [run_file(file, factory_for(file, plugins)) for file in files]
    failing = tuple(
        Failure(
            result.file.file,
            "not all of its cases pass as the ruleset is: put that right first (envrules test)",
        )
        for result in tested if result.problems or not all(r.passed for r in result.results)
    )  # fmt: skip
    if failing:
        return MutationResult(first.scheme, (), failing)
    trial = _Trial(
        loaded, plugins.classifier(first.scheme), [one for file in tested for one in file.results]
    )
    every = mutants(loaded, candidates(loaded))
    if sample:
        every = iter(_sampled(every, sample, Random(f"{seed} {first.scheme}")))
    declared = [item for file in files for item in file.equivalent]
    because = {name: item.because for item in declared for name in item.mutants}
    outcomes = tuple(_outcome(trial, one, because) for one in every)
    wrong = tuple(_misdeclared(declared, outcomes, whole=not sample))
    return MutationResult(first.scheme, outcomes, wrong)


def _sampled(
    every: Iterable[Mutant | Refused], sample: int, random: Random
) -> list[Mutant | Refused]:
    """Return so many mutants, each as likely as any other.

    All are made, for a change has its name by what was changed before it; few are kept.
    """
    kept: list[Mutant | Refused] = []
    for place, one in enumerate(one for one in every if isinstance(one, Mutant)):
        if place < sample:
            kept.append(one)
        elif (instead := random.randrange(place + 1)) < sample:
            kept[instead] = one
    return kept


def _outcome(trial: _Trial, one: Mutant | Refused, because: dict[str, str]) -> Outcome:
    location = trial.loaded.location(one.path)
    if isinstance(one, Refused):
        return Outcome(one.name, location, "refused", one.reason)
    if killer := trial.killer(one):
        return Outcome(one.name, location, "killed", killer.case.name)
    if one.name in because:
        return Outcome(one.name, location, "equivalent", because[one.name])
    return Outcome(one.name, location, "survived", "")


def _misdeclared(
    declared: Iterable[Equivalent], outcomes: Sequence[Outcome], *, whole: bool
) -> Iterator[Failure]:
    """Yield the mutants that are declared equivalent and are not, or do not exist.

    What a sample leaves out may be right.
    """
    fates = {outcome.name: outcome for outcome in outcomes}
    for item in declared:
        for name in item.mutants:
            outcome = fates.get(name)
            if outcome is None and whole:
                yield Failure(item.location, f"there is no mutant {name}")
            elif outcome is not None and outcome.fate != "equivalent":
                yield Failure(item.location, f"{name} is {outcome.fate}: {outcome.why}")


class _Trial:
    """The cases, with what each of them is known to rest on."""

    def __init__(
        self, loaded: LoadedRuleset, classify: Classify | None, results: Sequence[CaseResult]
    ) -> None:
        self.loaded = loaded
        self._classify = classify
        self._named = compile_ruleset(loaded, "")
        self._calendars = {loaded.spec.calendar.model_dump_json(): self._named.calendar}
        self._known = [
            (result, [frozenset(name.split(".")) for name in result.touched]) for result in results
        ]

    def killer(self, mutant: Mutant) -> CaseResult | None:
        """Return the first case that fails on the mutant."""
        schemes, chainer = self._factory(mutant.loaded), Chainer()
        for known in self._likely(mutant.path):
            result = run_case(known.case, schemes, chainer, self._named)
            if not result.passed:
                return result
        return None

    def _likely(self, path: Path) -> list[CaseResult]:
        """Return the cases, first those that rest on the changed definition, the short before the long."""
        place = frozenset(names(self.loaded.data, path))

        def rank(known: tuple[CaseResult, list[frozenset[str]]]) -> tuple[int, int]:
            result, touched = known
            near = max((len(name) for name in touched if name <= place), default=0)
            return -near, len(result.log)

        return [result for result, _ in sorted(self._known, key=rank)]

    def _factory(self, loaded: LoadedRuleset) -> SchemeFactory:
        """Return the factory of a mutant.

        Overrides of parameters that went with a rule are moot, and a code may mean nothing now.
        """
        compiled: dict[str, Scheme] = {}
        hours = loaded.spec.calendar.model_dump_json()

        def scheme(overrides: Overrides, /, codes: str = "") -> Scheme:
            own = {n: dated for n, dated in overrides.items() if n in loaded.spec.parameters}
            revision = digest(canonical_json((own, codes)))
            if revision not in compiled:
                made = compile_ruleset(loaded, revision, own, self._classify)
                table = table_at(codes)
                made = with_codes(made, load_codes(table) if table is not None else None)
                # A calendar tabulates years when it is first asked: once is enough.
                calendar = self._calendars.setdefault(hours, made.calendar)
                compiled[revision] = replace(made, calendar=calendar)
            return compiled[revision]

        return scheme
