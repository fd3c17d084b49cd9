"""What the YAML parser stumbled over, in words for the person who wrote the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from envrules.errors import Problem

_FULL_WIDTH = dict(zip("：，｛｝［］“”‘’＃－", ":,{}[]\"\"''#-", strict=True))


@dataclass(frozen=True, slots=True)
class _Explanation:
    """What it means that the parser's message contains `said`.

    With `at_start` the place is where the unfinished thing begins, for the parser notices only
    when the next thing does not fit. `{line}` is that line.
    """

    said: str
    message: str
    fix: str
    at_start: bool = False


_EXPLANATIONS = (
    _Explanation(
        "expected ',' or '}'", "a comma or the closing } is missing in this {...}",
        "put a comma between fields, } after the last, and close quotes; quote text with : or ,",
        at_start=True,
    ),
    _Explanation(
        "expected ',' or ']'", "a comma or the closing ] is missing in this [...]",
        "put a comma between the items and ] after the last", at_start=True,
    ),
    _Explanation(
        "mapping values are not allowed", "a colon makes a key here, where no key can be",
        "align a key with its neighbours; put text that contains ': ' in quotes",
    ),
    _Explanation(
        "could not find expected ':'", "a key has no ': ' after it",
        "write key: value, with a blank after the colon", at_start=True,
    ),
    _Explanation(
        "found unexpected end of stream", "a quote is opened and never closed",
        "close the quote", at_start=True,
    ),
    _Explanation(
        "expected <block end>", "this does not fit under what begins on line {line}",
        "indent it like its neighbours; every item of a list has -, every field key: value",
    ),
    _Explanation(
        "cannot start any token", "text cannot begin with this character", "put the text in quotes"
    ),
    _Explanation(
        "unknown escape", "there is no such escape within double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Explanation(
        "sequence entries are not allowed", "a list cannot begin on the line of its key",
        "begin the list on the next line, or write [a, b]",
    ),
    _Explanation(
        "expected the node content", "a value is missing here",
        "write the value, or remove the comma",
    ),
    _Explanation(
        "undefined tag handle", "a tag stands here; types follow from the text itself",
        "remove it, or put text that begins with ! in quotes",
    ),
)  # fmt: skip


def syntax_problem(error: Exception, text: str, file: str) -> Problem:
    """Return the problem for an error of the YAML parser; its place lies within `text`."""
    said = str(getattr(error, "problem", None) or "it follows no rule of YAML")
    mark: Any = getattr(error, "problem_mark", None)
    place = _clamped(mark, text)
    began = _clamped(getattr(error, "context_mark", None) or mark, text)
    explanation = next((e for e in _EXPLANATIONS if e.said in said), None) or _Explanation(
        "", f"YAML cannot be read here: {said!r}", "compare with a line that works"
    )
    # Not by format(): messages speak of braces.
    message = explanation.message.replace("{line}", str(began[0]))
    if explanation.at_start and began[0] < place[0]:
        message += f"; it shows on line {place[0]}"
        place = began
    lines = text.split("\n")
    hint = full_width_hint(lines[place[0] - 1]) or full_width_hint(lines[began[0] - 1])
    return Problem(file, *place, "ER102", message, explanation.fix + hint)


def _clamped(mark: Any, text: str) -> tuple[int, int]:
    """Return line and column of a mark, or the end of the text where it lies beyond."""
    lines = text.rstrip("\n").split("\n")
    if mark is None:
        return 1, 1
    if mark.line >= len(lines):
        return len(lines), len(lines[-1]) + 1
    return mark.line + 1, mark.column + 1


def full_width_hint(text: str) -> str:
    """Return a hint on the first full-width sign that was perhaps meant as YAML's own, or ""."""
    wide = next((character for character in text if character in _FULL_WIDTH), None)
    return f" (the full-width {wide} is not YAML's {_FULL_WIDTH[wide]})" if wide else ""
