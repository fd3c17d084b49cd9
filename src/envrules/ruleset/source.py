"""YAML as plain data, with the place of every key and value.

Only the plain part of YAML 1.2 is read: one document of mappings, lists and scalars. Anchors,
aliases, tags, directives, tabs, invisible characters and duplicate keys are refused, and so is
any file that is larger or deeper than a person would write. The parser's events are consumed one
by one, so a hostile file is refused before anything is built from it.

Scalars: `true` and `false` are booleans; `yes`, `no`, `on` and `off` are text. A number is a
`Decimal` made from its text, never a float. A date is text. A plain scalar that some readers
would take for a number and others for text (007, 1e3, .5) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple, TypeAlias

from ruamel.yaml import YAML, events
from ruamel.yaml.error import YAMLError

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError
from envrules.ruleset.characters import (
    INVISIBLE,
    MAX_BYTES,
    hidden_character,
    refuse_characters,
)
from envrules.ruleset.syntax_errors import syntax_problem
from envrules.ruleset.words import as_name

Data: TypeAlias = "bool | Decimal | str | tuple[Data, ...] | dict[str, Data] | None"
Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices (from 0) from the root to a node."""

MAX_DEPTH = 20
MAX_NODES = 50_000
MAX_DIGITS = 18

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_ALMOST_NUMBER = re.compile(
    r"""[-+]?( [0-9][0-9_,]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?   # 007, +7, 5., 1e3, 1_000, 1,000
             | \.[0-9]+([eE][-+]?[0-9]+)?                    # .5
             | 0x[0-9a-fA-F]+ | 0o[0-7]+
             | \.(inf|Inf|INF|nan|NaN|NAN) )""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


_KEY = -1
"""Where a key is while it is read: a step that no key and no index is."""


class Position(NamedTuple):
    """A place in a file; both count from 1, columns in characters."""

    line: int
    col: int


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, and where each key and each value begins."""

    data: Data
    keys: Mapping[Path, Position]
    values: Mapping[Path, Position]

    def definition(self, path: Path) -> Position:
        """Return where the node is defined: its key, or the list item itself.

        A node that the file does not contain, a default, is where its nearest ancestor is.
        """
        while path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values[path]

    def value(self, path: Path) -> Position:
        """Return where the node's value begins; a default: where its nearest ancestor does."""
        while path not in self.values:
            path = path[:-1]
        return self.values[path]

    def name(self, path: Path, whole: str = "the ruleset") -> str:
        """Return the path as people write it: dots between, and list items by their id.

        `whole` is what the document itself is called.
        """
        node: Any = self.data
        names = []
        for step in path:
            inside = step in node if isinstance(node, dict) else isinstance(node, tuple)
            node = node[step] if inside else None
            if isinstance(step, str):
                names.append(as_name(step))
            else:
                known = node.get("id") if isinstance(node, dict) else None
                names.append(as_name(known) if isinstance(known, str) else f"#{step + 1}")
        return ".".join(names) or whole


def parse(
    text: str,
    file: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_NODES,
) -> Document:
    """Return the data of a YAML text with its positions.

    `file` is only named in problems. Raises RulesetError with every problem found; a text that is
    no YAML at all, or too large, ends the search where that shows.
    """
    text = text.removeprefix("\ufeff")
    refuse_characters(text, file, max_bytes)
    return _Reader(text, file, max_depth, max_nodes).document()


def _tag(tag: str) -> str:
    """Return a tag as people write it."""
    return tag.replace("tag:yaml.org,2002:", "!!")


@dataclass(slots=True)
class _Reader:
    """Builds data from the parser's events, one by one."""

    text: str
    file: str
    max_depth: int
    max_nodes: int
    problems: list[Problem] = field(default_factory=list)
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    nodes: int = 0
    _events: Iterator[Any] = field(init=False)

    def document(self) -> Document:
        """Return the only document of the text."""
        self._events = YAML(typ="safe", pure=True).parse(StringIO(self.text))
        data: Data = None
        try:
            data = self._one_document()
        except YAMLError as error:
            self.problems.append(syntax_problem(error, self.text, self.file))
        if self.problems:
            raise RulesetError(self.problems)
        return Document(data, self.keys, self.values)

    def _one_document(self) -> Data:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), events.StreamEndEvent):
            self.values[()] = Position(1, 1)
            return None
        data = self._node(next(self._events), (), 1)
        next(self._events)  # the end of the document
        if not isinstance(more := next(self._events), events.StreamEndEvent):
            self._refuse(
                self._position(more), "ER108", "a second document begins here",
                "keep one ruleset in a file, and only one line of ---",
            )  # fmt: skip
        return data

    def _node(self, event: Any, path: Path, depth: int) -> Data:
        """Return the node that begins with `event`, and note where it is."""
        self.values[path] = position = self._position(event)
        self._count(position, depth)
        if isinstance(event, events.AliasEvent):
            self._refuse(
                position, "ER105", f"*{event.anchor} repeats another part of the file",
                "write the text out where it belongs",
            )  # fmt: skip
            return None
        if event.anchor is not None:
            self._refuse(
                position, "ER105", f"&{event.anchor} is an anchor", "remove it, and any alias to it"
            )
        if event.tag is not None:
            self._refuse(
                position, "ER106", f"{_tag(event.tag)} is a tag; types follow from the text itself",
                "remove it; put text that looks like a number in quotes",
            )  # fmt: skip
            if isinstance(event, events.ScalarEvent):
                return str(event.value)
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(path, depth)
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(path, depth)
        if event.style is None and event.value == "":  # the parser names the place of what follows
            self.values[path] = self.keys.get(path) or self.values[path[:-1]]
        return self._scalar(event, position)

    def _sequence(self, path: Path, depth: int) -> tuple[Data, ...]:
        items: list[Data] = []
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return tuple(items)

    def _mapping(self, path: Path, depth: int) -> dict[str, Data]:
        mapping: dict[str, Data] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            position = self._position(event)
            key = self._key(event, path, depth)
            here: Path = (*path, key)
            if key not in mapping:
                self.keys[here] = position
                mapping[key] = self._node(next(self._events), here, depth + 1)
                continue
            self._refuse(
                position, "ER107", f"{key!r} is given again; it is already on line "
                f"{self.keys[here].line}", "keep one of the two",
            )  # fmt: skip
            places = self.keys[here], self.values[here]
            self._node(next(self._events), here, depth + 1)
            self.keys[here], self.values[here] = places
        return mapping

    def _key(self, event: Any, path: Path, depth: int) -> str:
        """Return a key's text. A key must be a scalar that means text."""
        position = self._position(event)
        key = self._node(event, (*path, _KEY), depth + 1)
        del self.values[*path, _KEY]
        if isinstance(key, str):
            return key
        written = event.value if isinstance(event, events.ScalarEvent) else ""
        self._refuse(
            position, "ER111", f"a key must be text, not {written or 'a list or a mapping'}",
            f'put it in quotes: "{written}"' if written else "write a plain key",
        )  # fmt: skip
        return str(written)

    def _scalar(self, event: Any, position: Position) -> Data:
        text: str = event.value
        if hidden := INVISIBLE.search(text):  # from an escape in double quotes
            self.problems.append(hidden_character(hidden[0], self.file, *position))
        if event.style is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) <= MAX_DIGITS:
            return Decimal(text)
        if _ALMOST_NUMBER.fullmatch(text):
            self._refuse(
                position, "ER110", f"{text[:40]} may be read as a number or as text",
                'write a number plainly (7, 0.5, 1000), or text in quotes ("007")',
            )  # fmt: skip
        return text

    def _count(self, position: Position, depth: int) -> None:
        self.nodes += 1
        if depth > self.max_depth:
            limit = f"goes more than {self.max_depth} levels deep"
        elif self.nodes > self.max_nodes:
            limit = f"has more than {self.max_nodes} keys and values"
        else:
            return
        self._refuse(position, "ER109", f"the file {limit}", "a ruleset needs far less: shorten it")
        raise RulesetError(self.problems)

    def _refuse(self, position: Position, code: str, message: str, fix: str) -> None:
        self.problems.append(Problem(self.file, *position, code, message, fix))
        if len(self.problems) >= MAX_PROBLEMS:
            raise RulesetError(self.problems)

    def _position(self, event: Any) -> Position:
        return Position(event.start_mark.line + 1, event.start_mark.column + 1)
