"""The definitions of a ruleset that cite clauses, and the cases that show each of them at work.

Any section with a `ref` cites, of whatever rule kind: the specification is walked, not listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from pydantic import BaseModel

from envrules.cases import CaseResult
from envrules.cases.coverage import deciding
from envrules.clauses.lists import BETWEEN, Key
from envrules.kinds.common import Term
from envrules.model.entries import Arrived
from envrules.model.values import Citation
from envrules.ruleset.compile import Scheme
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import sections

Nature = Literal["parameter", "rule", "term"]

SAID_IN: Final[dict[str, tuple[str, ...]]] = {
    "unit_types": ("type",),
    "inspections": ("kind", "source"),
    "places": ("place",),
    "categories": ("category",),
}
"""The fields of events that say a term, by its section; the terms of others may be said anywhere."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition that cites clauses."""

    id: str
    """As decisions cite it, where they do; else its path in the file."""
    path: Path
    location: str
    nature: Nature
    clauses: tuple[Key, ...]
    cases: tuple[str, ...]
    """Names of the cases that touch it."""


def definitions(
    loaded: LoadedRuleset, scheme: Scheme, results: Sequence[CaseResult]
) -> Iterator[Definition]:
    """Yield what cites a clause, in the order of the file. Only cases that passed prove anything."""
    known = deciding(scheme)
    ids = {citation.id for citation in known}
    proofs = [(result, _said(result)) for result in results if result.passed]
    for path, section in sections(loaded.spec):
        ref = getattr(section, "ref", None)
        if ref is None:
            continue
        own = _id(loaded, path, section, known)
        term = isinstance(section, Term)
        cases = [
            result.case.name
            for result, said in proofs
            if (_is_said(path, said) if term else _is_touched(own, ids, result.touched))
        ]
        yield Definition(
            own, path, loaded.location(path),
            "parameter" if path[0] == "parameters" else "term" if term else "rule",
            cited(loaded, ref), tuple(cases),
        )  # fmt: skip


def cited(loaded: LoadedRuleset, ref: str) -> tuple[Key, ...]:
    """Return the clauses that a `ref` names; none for a source that the ruleset does not have."""
    name, _, labels = ref.partition(" ")
    source = loaded.spec.sources.get(name)
    if source is None:
        return ()
    return tuple(
        (source.document, source.part or "", label.strip()) for label in labels.split(BETWEEN)
    )


def _id(loaded: LoadedRuleset, path: Path, section: BaseModel, known: Sequence[Citation]) -> str:
    """Return the id under which decisions cite a definition: its path, or what stands there.

    `tables.rows.values.always.road` is cited as `tables.rows.road`: both have line and title.
    """
    name, line = loaded.name(path), loaded.position(path).line
    if any(one.id == name for one in known):
        return name
    title = getattr(section, "title", "")
    there = [
        one.id for one in known
        if one.id.partition(".")[0] == path[0]
        and (one.location.rpartition(":")[2], one.title) == (str(line), title)
    ]  # fmt: skip
    return there[0] if there else name


def _is_touched(own: str, ids: Collection[str], touched: Collection[str]) -> bool:
    """Return whether a case touched the definition, or a part of one that decides by its parts."""
    if own in ids or own in touched:
        return own in touched
    if own == "calendar":  # every case has its times
        return True
    return any(one.startswith(f"{own}.") for one in touched)


# ── terms: touched by being said ──


def _is_said(path: Path, said: Collection[tuple[str, str]]) -> bool:
    section, term = str(path[0]), str(path[-1])
    if section in SAID_IN:
        return any((field, term) in said for field in SAID_IN[section])
    return any(word == term for _, word in said)


def _said(result: CaseResult) -> frozenset[tuple[str, str]]:
    """Return every text in a case's events, with the field that holds it."""
    payloads = (entry.event.payload for entry in result.log if isinstance(entry, Arrived))
    return frozenset(pair for p in payloads for pair in _texts("", msgspec.to_builtins(p)))


def _texts(field: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield field, value
        case dict():
            for key, item in value.items():
                yield from _texts(key, item)
        case list() | tuple():
            for item in value:
                yield from _texts(field, item)
