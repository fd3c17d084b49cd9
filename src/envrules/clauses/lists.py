"""Clause lists: what a document says, numbered paragraph by paragraph.

    document: "004"                 # as the rulesets' `sources` name it
    title: 办法
    paragraphs: 5                   # of the document, blank lines not counted
    parts:                          # one part without a name, where the document has no parts
    - part: 篇1
      scheme: my_town               # the scheme that judges it
      clauses:
      - {at: 1-2, clause: 引, says: 目的, not_judgeable: 口号}
      - {at: 3, clause: 一(一), says: 一处扣 1 分, note: 与一(二)重叠}

A paragraph may hold several clauses; none may be left out. `says` is a summary in our own words.
What is not `not_judgeable` a machine can judge, and the scheme's ruleset must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from envrules.cases.reading import Reader
from envrules.errors import Problem, RulesetError
from envrules.ruleset.check import SUFFIXES, read_text
from envrules.ruleset.source import Data, Position, parse
from envrules.ruleset.source import Path as Place

Key: TypeAlias = tuple[str, str, str]
"""Document, part (or nothing) and clause: what one citation names."""

BETWEEN = "、"
"""Between the clauses of a `ref` that cites several."""

_LIST = ("document", "title", "paragraphs", "note", "parts")
_PART = ("part", "scheme", "clauses")
_CLAUSE = ("at", "clause", "says", "not_judgeable", "note")
_AT = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?")
_LABEL = re.compile(rf"[^\s{BETWEEN}]+")


@dataclass(frozen=True, slots=True)
class Clause:
    """One provision, or a passage that provides nothing."""

    label: str
    at: str
    """The paragraphs it stands in, from 1: 7, or 1-4."""
    says: str
    reason: str
    """Why no machine can judge it; empty: it must be judged."""
    note: str
    position: Position

    @property
    def judged(self) -> bool:
        """Whether a ruleset must judge it."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document that one scheme judges, or that belongs to none."""

    name: str
    scheme: str
    clauses: tuple[Clause, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class ClauseList:
    """All clauses of one document."""

    file: str
    document: str
    title: str
    paragraphs: int
    note: str
    parts: tuple[Part, ...]

    def problem(self, position: Position, code: str, message: str, fix: str) -> Problem:
        """Return a problem with something of this list."""
        return Problem(self.file, *position, code, message, fix)


def load_lists(folder: Path) -> tuple[ClauseList, ...]:
    """Return the clause lists in a folder.

    Raises:
        RulesetError: there is none, one cannot be read, or two are about one document.
    """
    if not folder.is_dir():
        read_text(folder)  # says what is wrong with it
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    if not files:
        raise RulesetError([Problem(
            str(folder), 1, 1, "ER903", "the folder holds no clause list",
            "name a folder with a *.yaml for each document",
        )])  # fmt: skip
    lists = tuple(load_clauses(read_text(path), str(path)) for path in files)
    known: dict[str, str] = {}
    for one in lists:
        if one.document in known:
            raise RulesetError([one.problem(
                Position(1, 1), "ER501", f"{known[one.document]} lists {one.document} already",
                "keep one list for a document",
            )])  # fmt: skip
        known[one.document] = one.file
    return lists


def load_clauses(text: str, file: str) -> ClauseList:
    """Return the clause list in `text`; `file` is its name in problems.

    Raises:
        RulesetError: with everything that is wrong, each problem at its line and column.
    """
    loader = _Loader(Reader(parse(text, file), file))
    found = loader.list()
    if loader.reader.problems:
        raise RulesetError(loader.reader.problems)
    return found


@dataclass(frozen=True, slots=True)
class _Loader:
    """Reads the parts of a list; what is wrong is noted in the reader."""

    reader: Reader

    def list(self) -> ClauseList:
        required = ("document", "title", "paragraphs", "parts")
        given = self.reader.fields((), "a clause list", _LIST, required)
        paragraphs = 0
        if "paragraphs" in given:
            paragraphs = self.reader.count(("paragraphs",), "paragraphs")
        paths = self.reader.items(("parts",), "parts") if "parts" in given else []
        parts = tuple(self._part(path) for path in paths)
        self._twice("part", ((p.name, path) for p, path in zip(parts, paths, strict=True)))
        self._all_numbered(parts, paragraphs)
        return ClauseList(
            self.reader.file, self._text((), given, "document"), self._text((), given, "title"),
            paragraphs, self._text((), given, "note"), parts,
        )  # fmt: skip

    def _part(self, path: Place) -> Part:
        given = self.reader.fields(path, "a part", _PART, ("clauses",))
        paths = self.reader.items((*path, "clauses"), "clauses") if "clauses" in given else []
        clauses = tuple(self._clause(item) for item in paths)
        self._twice("clause", ((c.label, item) for c, item in zip(clauses, paths, strict=True)))
        scheme = self._text(path, given, "scheme")
        if not scheme and any(clause.judged for clause in clauses):
            self.reader.refuse(
                path, "ER203", "clauses that can be judged need a scheme", "add `scheme:`", key=True
            )
        position = self.reader.document.definition((*path, "scheme"))
        return Part(self._text(path, given, "part"), scheme, clauses, position)

    def _clause(self, path: Place) -> Clause:
        given = self.reader.fields(path, "a clause", _CLAUSE, ("at", "clause", "says"))
        label = self._text(path, given, "clause")
        if label and not _LABEL.fullmatch(label):
            self.reader.refuse(
                (*path, "clause"), "ER207", f"a clause cannot be called {label}",
                f"write it without blanks and without {BETWEEN}",
            )  # fmt: skip
        return Clause(
            label, self._at(path, given), self._text(path, given, "says"),
            self._text(path, given, "not_judgeable"), self._text(path, given, "note"),
            self.reader.document.definition(path),
        )  # fmt: skip

    def _at(self, path: Place, given: Mapping[str, Data]) -> str:
        at = self._text(path, given, "at")
        if at and (not _AT.fullmatch(at) or not _paragraphs(at)):
            self.reader.refuse(
                (*path, "at"), "ER207", f"{at} names no paragraphs", "write 7, or 7-9"
            )
            return ""
        return at

    def _twice(self, what: str, named: Iterable[tuple[str, Place]]) -> None:
        """Refuse a name that stands there a second time."""
        seen: set[str] = set()
        for name, path in named:
            if name in seen:
                self.reader.refuse(
                    path, "ER501", f"the {what} {name or 'without a name'} is there twice",
                    "tell the two apart",
                )  # fmt: skip
            seen.add(name)

    def _all_numbered(self, parts: tuple[Part, ...], paragraphs: int) -> None:
        """Refuse a list that passes over a paragraph, or numbers one that there is not."""
        ats = {clause.at for part in parts for clause in part.clauses if clause.at}
        numbered = {n for at in ats for n in _paragraphs(at)}
        every = set(range(1, paragraphs + 1))
        for wrong, message in (
            (every - numbered, "no clause stands in paragraph {}"),
            (numbered - every, "clauses stand in paragraph {}, which the document does not have"),
        ):
            if wrong and paragraphs:
                self.reader.refuse(
                    ("paragraphs",), "ER801", message.format(_spans(wrong)),
                    "number every paragraph of the document, also what cannot be judged",
                )  # fmt: skip

    def _text(self, path: Place, given: Mapping[str, Data], name: str) -> str:
        return self.reader.text((*path, name), name) if name in given else ""


def _paragraphs(at: str) -> range:
    first, _, last = at.partition("-")
    return range(int(first), int(last or first) + 1)


def _spans(numbers: set[int]) -> str:
    """Return numbers as people write them: 3, 5-7."""
    runs = groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    spans = ([n for _, n in run] for _, run in runs)
    return ", ".join(str(s[0]) if len(s) == 1 else f"{s[0]}-{s[-1]}" for s in spans)
