"""Changes to the text of a ruleset that leave everything else as it stands, byte for byte.

A value is replaced where it is written; comments, order, blanks and quotes around it are not
touched. A dated value that is new goes beside the dates that are there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

from ruamel.yaml import YAML, events

from envrules.model.values import ALWAYS
from envrules.ruleset.source import Data, Path, parse
from envrules.ruleset.writing import scalar, text_scalar

Simple = bool | Decimal | str | tuple[str, ...]
"""What can be written: a scalar, or a list of words."""


class CannotEdit(Exception):
    """The value is written in a way that this module leaves alone; change it by hand."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{'.'.join(map(str, path))} must be changed in the file itself")
        self.path = path


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a node stands in the text."""

    start: int
    end: int
    style: str
    """`plain`, `'`, `"`, `|` or `>` for a scalar; `flow` or `block` for what holds others."""


def edited(text: str, changes: Mapping[Path, Simple]) -> str:
    """Return the text of a ruleset with other values at some paths.

    A path that the text does not have must be a new date under `values`. The text must be one that
    `parse` accepts. Raises CannotEdit.
    """
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    spans, keys = _spans(body)
    edits = [
        _replacement(spans[path], value, path) if path in spans
        else _insertion(body, spans, keys, path, value)
        for path, value in changes.items()
    ]  # fmt: skip
    # From the end, so that places before stay where they are; of several new dates at one place
    # the latest is put in first.
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[2]), reverse=True):
        body = body[:start] + new + body[end:]
    _verify(text, body, changes)
    return bom + body


def begun(text: str, definition: Path, day: str) -> str:
    """Return the text with a dated definition begun anew: what held before `day`, from then on too.

    What is copied keeps its form and its comments; later dates stay as they are. `definition` is
    the path of a table, for example, whose `values` have no such day. Raises CannotEdit.
    """
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    above = (*definition, "values")
    spans, keys = _spans(body)
    there = sorted((k for k in keys if k[:-1] == above), key=lambda k: _in_time(str(k[-1])))
    before = [k for k in there if _in_time(str(k[-1])) < _in_time(day)]
    if not before or (*above, day) in spans:
        raise CannotEdit((*above, day))
    last = before[-1]
    start, end = spans[last].start, _end(spans, last)
    if spans[above].style == "flow":
        changed = f"{body[:end]}, {day}: {body[start:end]}{body[end:]}"
    else:
        line = body.rfind("\n", 0, start) + 1
        beside = line <= keys[last].start  # the value begins on the line of its key
        indent = body[body.rfind("\n", 0, keys[last].start) + 1 : keys[last].start]
        line_end = "\r\n" if "\r\n" in body else "\n"
        stop = body.find(line_end, end)
        stop = stop if stop >= 0 else len(body)
        copy = f" {body[start:stop]}" if beside else f"{line_end}{body[line:stop]}"
        changed = f"{body[:stop]}{line_end}{indent}{day}:{copy}{body[stop:]}"
    _verify(body, changed, {(*above, day): _held(parse(body, "").data, last)})
    return bom + changed


def _end(spans: Mapping[Path, _Span], path: Path) -> int:
    """Return where a node's own text ends: what is in block style has no end mark of its own."""
    if spans[path].style != "block":
        return spans[path].end
    inner = [span for at, span in spans.items() if at[: len(path)] == path]
    if any(span.style in ("|", ">") for span in inner):
        raise CannotEdit(path)
    return max(span.end for span in inner if span.style != "block")


def _replacement(span: _Span, value: Simple, path: Path) -> tuple[int, int, str]:
    match span.style, value:
        case "flow", tuple():
            new = f"[{', '.join(map(text_scalar, value))}]"
        case (("'" | '"'), str()):
            new = json.dumps(value, ensure_ascii=False)
        case (("plain" | "'" | '"'), bool() | Decimal() | str()):
            new = scalar(value)
        case _:
            raise CannotEdit(path)
    return span.start, span.end, new


def _insertion(
    text: str, spans: Mapping[Path, _Span], keys: Mapping[Path, _Span], path: Path, value: Simple
) -> tuple[int, int, str]:
    """Return the edit that adds a dated value after the last date before its own."""
    above, day = path[:-1], str(path[-1])
    if above[-1:] != ("values",) or above not in spans or isinstance(value, tuple):
        raise CannotEdit(path)
    there = sorted((k for k in keys if k[:-1] == above), key=lambda k: _in_time(str(k[-1])))
    before = [k for k in there if _in_time(str(k[-1])) < _in_time(day)]
    entry = f"{day}: {scalar(value)}"
    if spans[above].style == "flow":
        if before:
            return spans[before[-1]].end, spans[before[-1]].end, f", {entry}"
        return keys[there[0]].start, keys[there[0]].start, f"{entry}, "
    if any(spans[k].style not in ("plain", "'", '"') for k in there):
        raise CannotEdit(path)
    start = keys[there[0]].start
    indent = text[text.rfind("\n", 0, start) + 1 : start]
    line_end = "\r\n" if "\r\n" in text else "\n"
    if before:
        at = text.find(line_end, spans[before[-1]].end)
        at = at if at >= 0 else len(text)
        return at, at, f"{line_end}{indent}{entry}"
    return start, start, f"{entry}{line_end}{indent}"


def _in_time(key: str) -> str:
    return "" if key == ALWAYS else key


def _verify(before: str, after: str, changes: Mapping[Path, Data]) -> None:
    """Refuse a text that does not say exactly what was asked; the file then stays as it was."""
    wanted = parse(before, "").data
    for path, value in changes.items():
        wanted = _with(wanted, path, value)
    if parse(after, "").data != wanted:
        raise CannotEdit(next(iter(changes)))


def _held(node: Any, path: Path) -> Data:
    for step in path:
        node = node[step]
    held: Data = node
    return held


def _with(node: Any, path: Path, value: Data) -> Data:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(node, dict):
        return {**node, str(step): _with(node.get(str(step)), rest, value)}
    return tuple(_with(item, rest, value) if i == step else item for i, item in enumerate(node))


# ── places ──


def _spans(text: str) -> tuple[dict[Path, _Span], dict[Path, _Span]]:
    """Return where each value stands, and each key."""
    values: dict[Path, _Span] = {}
    keys: dict[Path, _Span] = {}
    stream = YAML(typ="safe", pure=True).parse(StringIO(text))
    for event in stream:
        if isinstance(event, events.MappingStartEvent):
            _mapping(event, stream, (), values, keys)
    return values, keys


def _node(
    event: Any, stream: Iterator[Any], path: Path, values: dict[Path, _Span],
    keys: dict[Path, _Span],
) -> None:  # fmt: skip
    if isinstance(event, events.MappingStartEvent):
        _mapping(event, stream, path, values, keys)
    elif isinstance(event, events.SequenceStartEvent):
        index = 0
        while not isinstance(inner := next(stream), events.SequenceEndEvent):
            _node(inner, stream, (*path, index), values, keys)
            index += 1
        values[path] = _whole(event, inner)
    else:
        values[path] = _Span(event.start_mark.index, event.end_mark.index, event.style or "plain")


def _mapping(
    event: Any, stream: Iterator[Any], path: Path, values: dict[Path, _Span],
    keys: dict[Path, _Span],
) -> None:  # fmt: skip
    while not isinstance(key := next(stream), events.MappingEndEvent):
        here = (*path, key.value)
        keys[here] = _Span(key.start_mark.index, key.end_mark.index, "plain")
        _node(next(stream), stream, here, values, keys)
    values[path] = _whole(event, key)


def _whole(start: Any, end: Any) -> _Span:
    style = "flow" if start.flow_style else "block"
    return _Span(start.start_mark.index, end.end_mark.index, style)
