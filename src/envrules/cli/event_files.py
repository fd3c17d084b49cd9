"""Files of events: JSON, JSON lines or YAML, from a path or from stdin.

A file is a list of events, or a mapping with `events` and, if it likes, `locality`; JSON lines
are an event each. Events are written as `wire.events_json` reads them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from envrules.cli.shell import Failure

STDIN = "-"


@dataclass(frozen=True)
class RawEvent:
    """An event as written, and where: `events.yaml[3]` or `events.jsonl:4`."""

    place: str
    data: Any


@dataclass(frozen=True)
class EventFile:
    """What a file holds."""

    events: list[RawEvent]
    locality: str = ""


def read_event_file(path: str) -> EventFile:
    """Return the events of a file, or of stdin when `path` is `-`.

    Raises:
        Failure: it cannot be read, or is none of the formats.
    """
    name = "stdin" if path == STDIN else path
    text = _text(path, name)
    kind = _kind(path, text)
    if kind == "lines":
        return EventFile(list(_lines(text, name)))
    data = _json(text, name) if kind == "json" else _yaml(text, name)
    locality = ""
    if isinstance(data, dict) and "events" in data:
        unknown = sorted(map(str, data.keys() - {"events", "locality"}))
        if unknown:
            raise Failure(f"{name}: unknown key {unknown[0]}", "there are: locality, events")
        locality, data = str(data.get("locality") or ""), data["events"]
    if isinstance(data, dict):
        return EventFile([RawEvent(name, data)], locality)
    if not isinstance(data, list):
        raise Failure(f"{name}: no events", "write a list of events, or `events:` with one")
    return EventFile([RawEvent(f"{name}[{i}]", raw) for i, raw in enumerate(data)], locality)


def _text(path: str, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise Failure(
            f"{name}: {error.strerror or error}", "name a file that can be read"
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Failure(f"{name}:{line}: not UTF-8 text", "save the file as UTF-8") from None


def _kind(path: str, text: str) -> str:
    """Return how a text is written: by the file's name, else by how it begins."""
    suffix = Path(path).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return "lines"
    if suffix in (".yaml", ".yml"):
        return "yaml"
    start = text.lstrip()[:1]
    if suffix == ".json" or start == "[":
        return "json"
    if start == "{":
        first = text.strip().splitlines()[0]
        return "lines" if first.rstrip().endswith("}") and _is_json(first) else "json"
    return "yaml"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _lines(text: str, name: str) -> Iterator[RawEvent]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield RawEvent(f"{name}:{number}", _json(line, name, number - 1))


def _json(text: str, name: str, lines_before: int = 0) -> Any:
    """Return what JSON says; numbers with a point become decimals, exactly as written."""
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno + lines_before}:{error.colno}"
        raise Failure(f"{where}: not JSON: {error.msg}") from None
    except RecursionError:
        raise Failure(f"{name}: nested too deep") from None


def _yaml(text: str, name: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise Failure(f"{where}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise Failure(f"{name}: not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise Failure(f"{name}: nested too deep") from None
