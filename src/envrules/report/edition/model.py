"""The edition before it is written: what each definition says, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from envrules.report.edition.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition of the ruleset, told: a rule or a word of the scheme."""

    id: str
    """As decisions cite it, e.g. `tables.monthly_rows.road`."""
    anchor: str
    """Unlike the id its own even where a table has the same row at several dates."""
    kind: str
    """What sort of thing it is, in Chinese: 扣分, 期限, 地点 ..."""
    title: str
    told: tuple[Phrase, ...]
    """Its sentences."""
    ref: str
    """Key of the source, a blank, the clause; empty where the document says nothing."""
    reason: str
    """Why it is our default (`not_from_source`)."""
    location: str
    """`file:line`."""


@dataclass(frozen=True, slots=True)
class Tuned(Entry):
    """A parameter: what an operator may tune."""

    values: tuple[tuple[str, str], ...]
    """Since when, and the value with its unit, in order of time."""
    contradiction: str
    """How the document contradicts itself, if this parameter chooses between its readings."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document that clauses are cited from."""

    key: str
    title: str
    document: str
    part: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a document, and all that the ruleset takes from it."""

    source: Source
    label: str
    rules: tuple[Entry, ...]
    parameters: tuple[Tuned, ...]
    terms: tuple[Entry, ...]
    also: tuple[Entry, ...]
    """What cites this clause too, but another one before it, under which it is told."""


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A worked case: a number to cite it by, its name, its clause, and whether it holds."""

    number: int
    name: str
    ref: str
    location: str
    passed: bool
    proves: frozenset[str]
    """Ids of the definitions that its decisions rest on."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A ruleset, told."""

    slug: str
    title: str
    timezone: str
    file: str
    revision: str
    sources: tuple[Source, ...]
    clauses: tuple[Clause, ...]
    rules: tuple[Entry, ...]
    parameters: tuple[Tuned, ...]
    terms: tuple[Entry, ...]
    cases: tuple[CaseTold, ...] | None
    """None: no cases were at hand."""
    proofs: Mapping[str, tuple[int, ...]]
    """Id of a definition → numbers of the cases that rest on it."""
    uses: Mapping[str, tuple[Entry, ...]]
    """Parameter → the rules that tell its value."""

    @property
    def silent(self) -> tuple[Entry, ...]:
        """Everything that the document does not say, or not alone: our defaults."""
        return tuple(
            entry
            for entry in (*self.rules, *self.parameters, *self.terms)
            if entry.reason or not entry.ref
        )

    @property
    def contradictions(self) -> tuple[Tuned, ...]:
        """The parameters that choose between two readings of the document."""
        return tuple(entry for entry in self.parameters if entry.contradiction)
