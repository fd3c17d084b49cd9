"""Code tables as files: from text to a specification with the place of everything, and its checks.

A table belongs to one host platform and one scheme. It says which of the scheme's categories each
code of the host means, so that one scheme serves hosts with different codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError
from envrules.model.base import Frozen
from envrules.ruleset.code_table import CodeTable, Entry, HostCode
from envrules.ruleset.codes_schema import CodeTableSpec, EntrySpec
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.shape import fit
from envrules.ruleset.source import Document, Path, parse
from envrules.ruleset.words import choose
from envrules.ruleset.words import shown as said


class CodeTableText(Frozen):
    """A code table as it was written."""

    file: str
    """Name of the file in problems and citations."""
    text: str


@dataclass(frozen=True, slots=True)
class LoadedCodes:
    """A code table whose shape is right; `check_codes` says whether it suits its scheme."""

    spec: CodeTableSpec
    file: str
    document: Document

    def location(self, path: Path) -> str:
        """Return `file:line` of a definition, for citations."""
        return f"{self.file}:{self.document.definition(path).line}"

    def problem(self, code: str, path: Path, message: str, fix: str) -> Problem:
        """Return a problem with the value at `path`."""
        return Problem(self.file, *self.document.value(path), code, message, fix)


def load_codes(source: CodeTableText) -> LoadedCodes:
    """Return the code table in a text.

    Raises RulesetError with every problem of the first stage that finds any: YAML, then shape.
    """
    document, file = parse(source.text, source.file), source.file
    if not isinstance(document.data, dict):
        found = said(document.data) if document.data is not None else "an empty file"
        problem = Problem(
            file, *document.value(()), "ER701", f"a code table is a mapping, not {found}",
            "begin with `codes: <name>`, `title: ...`, `scheme: <the scheme that it is for>`",
        )  # fmt: skip
        raise RulesetError([problem])
    return LoadedCodes(fit(document, file, CodeTableSpec, "the code table"), file, document)


def check_codes(loaded: LoadedCodes, ruleset: RulesetSpec) -> list[Problem]:
    """Return what keeps a code table from being used with a ruleset, by place."""
    if loaded.spec.scheme != ruleset.ruleset:
        return [loaded.problem(
            "ER702", ("scheme",),
            f"the code table is for {loaded.spec.scheme}, the ruleset is {ruleset.ruleset}",
            "use it with its own scheme, or write one for this scheme",
        )]  # fmt: skip
    found = islice(_problems(loaded, ruleset), MAX_PROBLEMS)
    return sorted(set(found))


def compile_codes(
    loaded: LoadedCodes, categories: Mapping[str, str], places: Mapping[str, str]
) -> CodeTable:
    """Return the table that reads events, for a scheme with these words (word → title)."""
    spec = loaded.spec
    return CodeTable(
        name=spec.codes, title=spec.title, own_categories=categories, own_places=places,
        entries={
            host_code(entry): Entry(
                entry.category, entry.place or "", entry.tags, entry.title or "",
                loaded.location(("entries", i)),
            )
            for i, entry in enumerate(spec.entries)
        },
        places={
            code: (word, loaded.location(("places", code))) for code, word in spec.places.items()
        },
    )  # fmt: skip


def host_code(entry: EntrySpec) -> HostCode:
    """Return the code that an entry maps."""
    return HostCode(
        category=entry.category_code or "", condition=entry.condition or "",
        small_class=entry.small or "", large_class=entry.large or "",
        object_class=entry.class_ or "",
    )  # fmt: skip


def _problems(loaded: LoadedCodes, ruleset: RulesetSpec) -> Iterator[Problem]:
    spec = loaded.spec
    if not spec.entries and not spec.places:
        yield loaded.problem(
            "ER209", (), "the code table maps nothing", "add `entries:` with at least one code"
        )
    seen: dict[HostCode, int] = {}
    for i, entry in enumerate(spec.entries):
        path = ("entries", i)
        yield from _word(loaded, (*path, "category"), entry.category, "category", ruleset)
        if entry.place is not None:
            yield from _word(loaded, (*path, "place"), entry.place, "place", ruleset)
        yield from _own(loaded, (*path, "category_code"), entry.category_code, ruleset.categories)
        first = seen.setdefault(host_code(entry), i)
        if first != i:
            yield _twice(loaded, first, i)
    for code, word in spec.places.items():
        path = ("places", code)
        yield from _word(loaded, path, word, "place", ruleset)
        yield from _own(loaded, path, code, ruleset.places)


def _word(
    loaded: LoadedCodes, path: Path, word: str, noun: str, ruleset: RulesetSpec
) -> Iterator[Problem]:
    """A code can only mean what the scheme knows; one that declares no words takes any."""
    known = ruleset.categories if noun == "category" else ruleset.places
    if known and word not in known:
        yield loaded.problem(
            "ER303", path, f"{ruleset.ruleset} has no {noun} {word}",
            choose(word, known, f"declare it in the ruleset's {_SECTIONS[noun]}"),
        )  # fmt: skip


_SECTIONS = {"category": "categories", "place": "places"}


def _own(
    loaded: LoadedCodes, path: Path, code: str | None, words: Collection[str]
) -> Iterator[Problem]:
    """What is a word of the scheme already stays as it is: an entry for it would do nothing."""
    if code in words:
        yield loaded.problem(
            "ER509", path, f"{code} is a word of the scheme itself and stays as it is", "remove it"
        )


def _twice(loaded: LoadedCodes, first: int, again: int) -> Problem:
    line = loaded.document.definition(("entries", first)).line
    one, other = loaded.spec.entries[first], loaded.spec.entries[again]
    targets = [(e.category, e.place, e.tags) for e in (one, other)]
    differs = f" to {one.category}" if targets[0] != targets[1] else ""
    return loaded.problem(
        "ER703", ("entries", again),
        f"{host_code(other)} is mapped again; line {line} maps it already{differs}",
        "keep one of the two, or tell them apart by class or condition",
    )  # fmt: skip
