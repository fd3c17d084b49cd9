"""Reading plain YAML data field by field: what is wrong is noted, and reading goes on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any

from envrules.cases.times import instant_of
from envrules.errors import Problem
from envrules.ruleset.source import Data, Document, Path
from envrules.ruleset.words import choose, quoted, shown
from envrules.wire.problems import Invalid


@dataclass(slots=True)
class Reader:
    """A document, and the problems found in it so far."""

    document: Document
    file: str
    problems: list[Problem] = field(default_factory=list)

    def at(self, path: Path) -> Any:
        """Return the data at a path that exists."""
        node: Any = self.document.data
        for step in path:
            node = node[step]
        return node

    def location(self, path: Path) -> str:
        """Return `file:line` of what is at `path`."""
        return f"{self.file}:{self.document.definition(path).line}"

    def refuse(self, path: Path, code: str, message: str, fix: str, *, key: bool = False) -> None:
        """Note a problem with the value at `path`, or with its key."""
        place = (self.document.definition if key else self.document.value)(path)
        self.problems.append(Problem(self.file, *place, code, message, fix))

    # ── mappings and lists ──

    def fields(
        self, path: Path, what: str, known: Collection[str], required: Sequence[str] = ()
    ) -> Mapping[str, Data]:
        """Return the mapping at `path`, without the fields that `what` does not have."""
        given = self.mapping(path, what)
        for name in given:
            if name not in known:
                self.refuse(
                    (*path, name), "ER202", f"{what} has no field {quoted(name)}",
                    choose(name, known, "remove it"), key=True,
                )  # fmt: skip
        for name in required:
            if name not in given:
                self.refuse(path, "ER203", f"{what} lacks {name}", f"add `{name}:`", key=True)
        return {name: value for name, value in given.items() if name in known}

    def mapping(self, path: Path, what: str) -> dict[str, Data]:
        """Return the mapping at `path`; an empty one, with a problem noted, if it is none."""
        value = self.at(path)
        if isinstance(value, dict):
            return value
        self._wrong_type(path, what, "a mapping", "write `{key: value, ...}`")
        return {}

    def items(self, path: Path, what: str) -> list[Path]:
        """Return the paths of a list's items; none, with a problem noted, if it is no list."""
        value = self.at(path)
        if isinstance(value, tuple):
            return [(*path, i) for i in range(len(value))]
        self._wrong_type(path, what, "a list", "write `[...]`, or lines that begin with -")
        return []

    # ── scalars ──

    def text(self, path: Path, what: str) -> str:
        """Return the text at `path`; a whole number (a year) is text too."""
        value = self.at(path)
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return str(value)
        if isinstance(value, str) and value:
            return value
        self._wrong_type(path, what, "text", "write it in quotes")
        return ""

    def texts(self, path: Path, what: str) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one."""
        if isinstance(self.at(path), str | Decimal):
            return (self.text(path, what),)
        return tuple(self.text(item, what) for item in self.items(path, what))

    def number(self, path: Path, what: str) -> Decimal:
        """Return the number at `path`."""
        value = self.at(path)
        if isinstance(value, Decimal):
            return value
        self._wrong_type(path, what, "a number", "write digits, such as 70 or -0.5")
        return Decimal(0)

    def count(self, path: Path, what: str, least: int = 1) -> int:
        """Return a whole number of at least `least`."""
        value = self.number(path, what)
        if value == value.to_integral_value() and value >= least:
            return int(value)
        self.refuse(
            path, "ER207", f"{what} cannot be {value}", f"write a whole number from {least} on"
        )
        return least

    def time(self, path: Path, what: str) -> str:
        """Return the text of a time: local, or with an offset."""
        text = self.text(path, what)
        try:
            instant_of(text, UTC)
        except Invalid as error:
            self.refuse(
                path, "ER207", f"{what} {error.problems[0].message}", "write it as 2026-07-03 10:00"
            )
        return text

    def choice(self, path: Path, what: str, allowed: Collection[str]) -> str:
        """Return one of the words allowed."""
        word = self.text(path, what)
        if word and word not in allowed:
            self.refuse(
                path, "ER206", f"{what} cannot be {quoted(word)}", choose(word, allowed, "")
            )
        return word

    def _wrong_type(self, path: Path, what: str, wanted: str, fix: str) -> None:
        value = self.at(path)
        code = "ER205" if value is None else "ER204"
        self.refuse(path, code, f"{what} must be {wanted}, not {shown(value)}", fix)
