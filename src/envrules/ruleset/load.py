"""From the text of a ruleset to its specification, with the place of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from envrules.errors import Problem
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.shape import validate
from envrules.ruleset.source import Document, Path, Position, parse


@dataclass(frozen=True, slots=True)
class LoadedRuleset:
    """A ruleset whose shape is right; `envrules.ruleset.check` says whether it makes sense."""

    spec: RulesetSpec
    file: str
    """Name of the file in problems and citations."""
    text: str
    document: Document

    def position(self, path: Path) -> Position:
        """Return line and column, from 1, of a definition: its key, or the list item.

        `path` holds keys and list indices (from 0). What the file leaves to a default is where
        its nearest ancestor is.
        """
        return self.document.definition(path)

    def location(self, path: Path) -> str:
        """Return `file:line` of a definition, for citations."""
        return f"{self.file}:{self.position(path).line}"

    def name(self, path: Path) -> str:
        """Return the path as people write it: `ladders.slips.rungs.red`."""
        return self.document.name(path)

    def problem(self, code: str, path: Path, message: str, fix: str) -> Problem:
        """Return a problem with the value at `path`."""
        return Problem(self.file, *self.document.value(path), code, message, fix)

    def problem_of(self, code: str, path: Path, message: str, fix: str) -> Problem:
        """Return a problem with the definition at `path` as a whole: it points to the key."""
        return Problem(self.file, *self.document.definition(path), code, message, fix)

    @property
    def data(self) -> Any:
        """The plain data of the file."""
        return self.document.data


@lru_cache(maxsize=8)  # who compares, checks and compiles one text reads it once
def load_ruleset(text: str, file: str) -> LoadedRuleset:
    """Return the ruleset in `text`; `file` is its name in problems and citations.

    Raises RulesetError with every problem of the first stage that finds any: YAML, then shape.
    """
    document = parse(text, file)
    return LoadedRuleset(validate(document, file), file, text, document)
