"""YAML that remembers where each value was written, for errors that say `file:line:col`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class BadFile(Exception):
    """A file cannot be used; one line for each thing that is wrong, as `file:line:col: what`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))


class Document:
    """One YAML file and its places."""

    def __init__(self, path: Path) -> None:
        """Read a file; raises BadFile."""
        self.path = path
        try:
            self.root = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadFile([f"{path}: {error.strerror}"]) from None
        except UnicodeDecodeError:
            raise BadFile([f"{path}: is not UTF-8 text"]) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
            raise BadFile([f"{path}:{where}: {error.problem or error.context}"]) from None
        except YAMLError as error:
            raise BadFile([f"{path}:1:1: {error}"]) from None

    def problem(self, at: Sequence[str | int], what: str) -> str:
        """Return a line about the value at a path, or about the innermost part of it that exists."""
        line, column = 1, 1
        node: Any = self.root
        for step in at:
            found = _place(node, step)
            if found is None:
                break
            line, column = found[0] + 1, found[1] + 1
            node = node[step]
        named = ".".join(map(str, at))
        return f"{self.path}:{line}:{column}: {f'{named}: ' if named else ''}{what}"


def _place(node: Any, step: str | int) -> tuple[int, int] | None:
    if isinstance(node, CommentedMap) and step in node:
        line, column = node.lc.key(step)
        return line, column
    if isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
        line, column = node.lc.item(step)
        return line, column
    return None
