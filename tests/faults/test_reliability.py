"""docs/reliability.md names tests and commands that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
_TEST = re.compile(r"`((?:tests|contrib)/[\w/.]+\.py)::(\w+)`")
_COMMAND = re.compile(r"`python -m (tests[\w.]+)")
_ROW = re.compile(r"^\| (?!-|fault |run )(.+) \|$", re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), sorted(set(_TEST.findall(TEXT))))
def test_each_test_of_the_table_exists(file: str, name: str) -> None:
    """What is said to show a promise is a test of this project."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("module", sorted(set(_COMMAND.findall(TEXT))))
def test_each_command_of_the_table_exists(module: str) -> None:
    """A long run is a command of this project."""
    text = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert '__name__ == "__main__"' in text


def test_each_row_names_what_shows_it() -> None:
    """No promise stands without a test, and none without a last result."""
    rows = [row.split(" | ") for row in _ROW.findall(TEXT)]
    assert len(rows) > 20
    for row in rows:
        assert _TEST.search(" ".join(row)) or _COMMAND.search(" ".join(row)), row
        assert row[-1].strip(), row
