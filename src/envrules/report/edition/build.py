"""From a ruleset and its cases to the edition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from envrules.cases import FileResult
from envrules.report.edition.clauses import clause_order, labels_of
from envrules.report.edition.kinds import RULES, TERMS
from envrules.report.edition.model import CaseTold, Clause, Edition, Entry, Source, Tuned
from envrules.report.edition.phrases import parameters_in
from envrules.report.edition.say import Say, values_of
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec

HEAD = frozenset({"ruleset", "title", "timezone", "sources", "parameters"})
"""Sections that the edition itself tells."""


def edition_of(loaded: LoadedRuleset, revision: str, result: FileResult | None = None) -> Edition:
    """Return the edition of a ruleset that `check` has found good.

    `result` is what running its cases has shown, if there are cases.

    Raises:
        LookupError: the ruleset has a section that nobody has taught the edition to tell.
    """
    untold = loaded.spec.model_fields_set - HEAD - RULES.keys() - TERMS.keys()
    if untold:
        raise LookupError(f"the edition has no teller for {', '.join(sorted(untold))}")
    spec, say = loaded.spec, Say(loaded)
    rules = tuple(chain.from_iterable(tell(say) for tell in RULES.values()))
    terms = tuple(chain.from_iterable(tell(say) for tell in TERMS.values()))
    parameters = tuple(_parameters(say))
    sources = _sources(spec)
    cases = None if result is None else _cases(result)
    return Edition(
        slug=spec.ruleset, title=spec.title, timezone=spec.timezone, file=loaded.file,
        revision=revision, sources=sources, rules=rules, parameters=parameters, terms=terms,
        clauses=tuple(_clauses(sources, rules, parameters, terms)), cases=cases,
        proofs=_proofs(cases or ()), uses=_uses(rules),
    )  # fmt: skip


def _sources(spec: RulesetSpec) -> tuple[Source, ...]:
    return tuple(
        Source(key, source.title, source.document, source.part or "")
        for key, source in spec.sources.items()
    )


def _parameters(say: Say) -> Iterator[Tuned]:
    for name, spec in say.spec.parameters.items():
        entry = say.entry("数值", ("parameters", name), spec)
        yield Tuned(
            entry.id, entry.anchor, entry.kind, entry.title, entry.told, entry.ref, entry.reason,
            entry.location, values=tuple(values_of(spec)), contradiction=spec.contradiction or "",
        )  # fmt: skip


def _clauses(
    sources: Iterable[Source],
    rules: tuple[Entry, ...],
    parameters: tuple[Tuned, ...],
    terms: tuple[Entry, ...],
) -> Iterator[Clause]:
    """Yield the clauses in the order of their documents."""
    everything = (*rules, *parameters, *terms)
    for source in sources:
        citing = [e for e in everything if e.ref.partition(" ")[0] == source.key]
        labels = dict.fromkeys(label for entry in citing for label in labels_of(entry.ref))
        for label in sorted(labels, key=clause_order):
            here = {e.anchor for e in citing if labels_of(e.ref)[0] == label}
            yield Clause(
                source, label,
                tuple(entry for entry in rules if entry.anchor in here),
                tuple(entry for entry in parameters if entry.anchor in here),
                tuple(entry for entry in terms if entry.anchor in here),
                tuple(entry for entry in citing if label in labels_of(entry.ref)[1:]),
            )  # fmt: skip


def _cases(result: FileResult) -> tuple[CaseTold, ...]:
    return tuple(
        CaseTold(number, one.case.name, one.case.ref, one.case.location, one.passed, one.touched)
        for number, one in enumerate(result.results, start=1)
    )


def _proofs(cases: Iterable[CaseTold]) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for case in cases:
        for name in case.proves:
            found.setdefault(name, []).append(case.number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def _uses(rules: Iterable[Entry]) -> Mapping[str, tuple[Entry, ...]]:
    found: dict[str, dict[str, Entry]] = {}
    for entry in rules:
        for told in entry.told:
            for name in parameters_in(told):
                found.setdefault(name, {})[entry.id] = entry
    return {name: tuple(entries.values()) for name, entries in found.items()}
