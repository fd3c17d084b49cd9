"""Whatever a ruleset is turned into, the answer is a list of problems at places in the file."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envrules.errors import Problem, errors_in
from envrules.resources import rulesets_dir
from envrules.ruleset.check import check_text
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.source import parse

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in rulesets_dir().glob("*.yaml")}
SCALARS: list[Any] = [
    None, True, False, Decimal(0), Decimal(1), Decimal(-3), Decimal("0.125"), "", "any", "$nope",
    "always", "2027-02-30", "24:00", "08:30-25:99", "m 三", "\n", "x" * 500,
]  # fmt: skip
SNIPPETS = [
    "", "true", "70", "1e9", "[]", "{}", "$x", "~", "\t", "\u200b", "：", "&a ", "*a", "!x ", "---",
    "%", '"', "'", "|", "- ", "? ", ": ", "}", "{", "]", "[", "#", "\n", "\r\n", "\\", "\x85", ",",
]  # fmt: skip
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_settings = settings(max_examples=60, deadline=None, database=None)


def editable(data: Any) -> Any:
    """Return the data with lists instead of tuples."""
    if isinstance(data, dict):
        return {key: editable(value) for key, value in data.items()}
    return [editable(item) for item in data] if isinstance(data, tuple) else data


PLAIN = {name: editable(parse(text, name).data) for name, text in TEXTS.items()}


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a node."""
    if isinstance(node, dict):
        steps: list[Any] = list(node)
    else:
        steps = list(range(len(node))) if isinstance(node, list) else []
    below = [(node, step) for step in steps]
    return below + [place for step in steps for place in places(node[step])]


@st.composite
def rearranged(draw: st.DrawFn) -> str:
    """A shipped ruleset with nodes deleted, replaced, copied, swapped or renamed.

    It is written as JSON, which is YAML.
    """
    data = copy.deepcopy(PLAIN[draw(st.sampled_from(sorted(PLAIN)))])
    for _ in range(draw(st.integers(1, 4))):
        known = places(data)
        if not known:
            break
        container, step = draw(st.sampled_from(known))
        other, from_step = draw(st.sampled_from(known))
        match draw(st.sampled_from(["delete", "replace", "copy", "swap", "rename", "repeat"])):
            case "delete":
                del container[step]
            case "replace":
                container[step] = draw(st.sampled_from(SCALARS))
            case "copy":
                container[step] = copy.deepcopy(other[from_step])
            case "swap" if not isinstance(container[step], dict | list):
                alike = [
                    (c, s) for c, s in known if type(c[s]) is type(container[step]) and s == step
                ]
                other, from_step = draw(st.sampled_from(alike))
                container[step], other[from_step] = other[from_step], container[step]
            case "rename" if isinstance(container, dict):
                name = draw(st.sampled_from(["x", "id", "any", "2027-01-01", "Bad Key", "\n"]))
                container[name] = container.pop(step)
            case "repeat" if isinstance(container, list):
                container.append(copy.deepcopy(container[step]))
    text = _ENCODER.encode(data)
    return msgspec.json.format(text, indent=draw(st.integers(0, 2))).decode()


@st.composite
def scribbled(draw: st.DrawFn) -> str:
    """A shipped ruleset whose text is cut and pasted over at random places."""
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 1, 3, 40]))
        snippet = draw(st.sampled_from(SNIPPETS) | st.text(max_size=5))
        text = text[:start] + snippet + text[start + length :]
    return text


def assert_located(text: str, problems: list[Problem]) -> None:
    """Every problem lies within the text, and its message and fix are single lines."""
    lines = text.removeprefix("\ufeff").split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.col <= len(lines[problem.line - 1]) + 1
        assert problem.message
        assert problem.fix
        assert len(str(problem).splitlines()) == 2


@_settings
@given(rearranged() | scribbled())
def test_any_mutation_gives_located_problems(text: str) -> None:
    """No mutation raises anything, every problem has its place, and what has no error compiles."""
    problems = check_text(text, "t")
    assert_located(text, problems)
    if not errors_in(problems):
        assert compile_ruleset(load_ruleset(text, "t"), "r").revision == "r"


@_settings
@given(st.text(max_size=60) | st.text(alphabet="ab01 :,-[]{}#&*!|>'\"%@`\n?~.", max_size=60))
def test_any_text_gives_located_problems(text: str) -> None:
    """Nor does any other text: at worst it is no ruleset."""
    problems = check_text(text, "t")
    assert problems
    assert_located(text, problems)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_rewritten_rulesets_are_still_clean(name: str) -> None:
    """What the mutations start from is clean also when it is written as JSON."""
    assert check_text(_ENCODER.encode(PLAIN[name]).decode(), name) == []
