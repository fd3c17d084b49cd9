"""What the YAML parser stumbled over, in words for the person who wrote the file."""

from __future__ import annotations

from typing import Any

from envrules.errors import Problem

_FULL_WIDTH = dict(zip("：，｛｝［］“”‘’＃－", ":,{}[]\"\"''#-", strict=True))

# The first whose text occurs in the parser's own message is the one; {line} is where the thing
# began that did not end.
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    ("expected ',' or '}'",
     "in the {{...}} that begins on line {line}, a comma or the closing }} is missing",
     "put a comma between the fields and }} after the last; quote text that contains : or ,"),
    ("expected ',' or ']'",
     "in the [...] that begins on line {line}, a comma or the closing ] is missing",
     "put a comma between the items and ] after the last"),
    ("mapping values are not allowed", "a colon makes a key here, where no key can be",
     "begin a key under the keys it belongs to; put text that contains ': ' in quotes"),
    ("could not find expected ':'", "the key on line {line} has no ': ' after it",
     "write key: value, with a blank after the colon"),
    ("found unexpected end of stream", "the quote that opens on line {line} is never closed",
     "close the quote"),
    ("expected <block end>", "this does not fit under what begins on line {line}",
     "indent it like its neighbours; a list has - before every item, a mapping has key: value"),
    ("cannot start any token", "text cannot begin with this character", "put the text in quotes"),
    ("unknown escape", "there is no such escape within double quotes",
     "write \\\\ for a backslash, or use single quotes"),
    ("sequence entries are not allowed", "a list cannot begin on the line of its key",
     "begin the list on the next line, or write [a, b]"),
    ("expected the node content", "a value is missing here",
     "write the value, or remove the comma"),
    ("undefined tag handle", "a tag stands here; types follow from the text itself",
     "remove it, or put text that begins with ! in quotes"),
)  # fmt: skip


def syntax_problem(error: Exception, text: str, file: str) -> Problem:
    """Return the problem for an error of the YAML parser; its place lies within `text`."""
    said = str(getattr(error, "problem", None) or "it follows no rule of YAML")
    mark: Any = getattr(error, "problem_mark", None)
    context: Any = getattr(error, "context_mark", None) or mark
    line, col = _clamped(mark, text)
    began, _ = _clamped(context, text)
    for key, message, fix in _EXPLANATIONS:
        if key in said:
            message, fix = message.format(line=began), fix.format(line=began)
            break
    else:
        message, fix = f"YAML cannot be read here: {said!r}", "compare with a line that works"
    lines = text.split("\n")
    if wide := _full_width(lines[line - 1]) or _full_width(lines[began - 1]):
        fix += f"; the full-width {wide} is not YAML's {_FULL_WIDTH[wide]}"
    return Problem(file, line, col, "ER102", message, fix)


def _clamped(mark: Any, text: str) -> tuple[int, int]:
    """Return line and column of a mark, or the end of the text where it lies beyond."""
    lines = text.rstrip("\n").split("\n")
    if mark is None:
        return 1, 1
    if mark.line >= len(lines):
        return len(lines), len(lines[-1]) + 1
    return mark.line + 1, mark.column + 1


def _full_width(line: str) -> str:
    return next((c for c in line if c in _FULL_WIDTH), "")
