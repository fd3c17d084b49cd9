"""Code tables as files: from text to a specification with the place of everything, and compiled.

A table belongs to one host platform and one scheme. It says which of the scheme's categories each
code of the host means, so that one scheme serves hosts with different codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from envrules.errors import Problem, RulesetError
from envrules.model.base import Frozen
from envrules.ruleset.code_table import CodeTable, Entry, HostCode
from envrules.ruleset.codes_schema import CodeTableSpec, EntrySpec
from envrules.ruleset.scheme import Scheme
from envrules.ruleset.shape import fit
from envrules.ruleset.source import Document, Path, parse
from envrules.ruleset.words import shown

_FIRST_KEY = re.compile(r"^(codes|ruleset)\s*:", re.MULTILINE)


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


def is_code_table(text: str) -> bool:
    """Return whether a text means to be a code table, and not a ruleset."""
    first = _FIRST_KEY.search(text)
    return first is not None and first[1] == "codes"


def load_codes(source: CodeTableText) -> LoadedCodes:
    """Return the code table in a text.

    Raises RulesetError with every problem of the first stage that finds any: YAML, then shape.
    """
    document, file = parse(source.text, source.file), source.file
    if not isinstance(document.data, dict):
        found = shown(document.data) if document.data is not None else "an empty file"
        problem = Problem(
            file, *document.value(()), "ER204", f"a code table must be a mapping, not {found}",
            "begin with `codes: <name>`, `title: ...`, `scheme: <the scheme that it is for>`",
        )  # fmt: skip
        raise RulesetError([problem])
    return LoadedCodes(fit(document, file, CodeTableSpec, "the code table"), file, document)


def with_codes(scheme: Scheme, loaded: LoadedCodes | None) -> Scheme:
    """Return the scheme of a locality whose host has this code table, or none."""
    if loaded is None:
        return scheme
    spec = loaded.spec
    table = CodeTable(
        title=spec.title, own_categories=scheme.categories, own_places=scheme.places,
        citation=f"codes.{spec.codes}",
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
    return replace(scheme, codes=table)


def host_code(entry: EntrySpec) -> HostCode:
    """Return the code that an entry maps."""
    return HostCode(
        category=entry.category_code or "", condition=entry.condition or "",
        small_class=entry.small or "", large_class=entry.large or "",
        object_class=entry.class_ or "",
    )  # fmt: skip
