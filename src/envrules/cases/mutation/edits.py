"""Plain data with one thing changed, and what people call the place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from envrules.kinds.compiled import plain
from envrules.ruleset.source import Data, Path


def at(data: Data, path: Path) -> Any:
    """Return the data at a path that exists."""
    node: Any = data
    for step in path:
        node = node[step]
    return node


def holds(data: Data, path: Path) -> bool:
    """Tell whether there is anything at the path."""
    node: Any = data
    for step in path:
        within = step in node if isinstance(node, dict) else (
            isinstance(node, tuple) and isinstance(step, int) and step < len(node)
        )  # fmt: skip
        if not within:
            return False
        node = node[step]
    return True


def without(data: Data, path: Path) -> Data:
    """Return the data without what is at `path`, and without lists and mappings emptied by that."""
    node: Any = data
    if len(path) > 1 and (rest := without(node[path[0]], path[1:])):
        return _with(node, path[0], rest)
    if isinstance(node, dict):
        return {key: value for key, value in node.items() if key != path[0]}
    return tuple(value for place, value in enumerate(node) if place != path[0])


def replaced(data: Data, path: Path, value: Data) -> Data:
    """Return the data with another value at `path`."""
    return _changed(data, path, lambda node, step: _with(node, step, value))


def renamed(data: Data, path: Path, name: str) -> Data:
    """Return the data with another key for what is at `path`, at the same place."""

    def change(node: Any, step: str | int) -> Data:
        return {name if key == step else key: value for key, value in node.items()}

    return _changed(data, path, change)


def _changed(data: Data, path: Path, change: Callable[[Any, str | int], Data]) -> Data:
    node: Any = data
    if len(path) == 1:
        return change(node, path[0])
    return _with(node, path[0], _changed(node[path[0]], path[1:], change))


def _with(node: Any, step: str | int, value: Data) -> Data:
    if isinstance(node, dict):
        return {key: value if key == step else old for key, old in node.items()}
    return tuple(value if place == step else old for place, old in enumerate(node))


# ── names ──


def names(data: Data, path: Path) -> list[str]:
    """Return what people call each step of the path: keys, and list items by their id or text."""
    node: Any = data
    found = []
    for step in path:
        found.append(step if isinstance(step, str) else _item(node, step))
        node = node[step]
    return found


def text(value: Data) -> str:
    """Return a value on one line, short."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case dict():
            return f"{next(iter(value))}={text(next(iter(value.values())))}" if value else "{}"
        case tuple():
            return f"[{', '.join(map(text, value))}]"
    return str(value)


def _item(items: Any, place: int) -> str:
    """Return a name that no other item of the list has."""
    called = [_called(item) for item in items]
    name = called[place]
    return name if called.count(name) == 1 else f"{name}#{place + 1}"


def _called(item: Data) -> str:
    given = cast(Mapping[str, Data], item).get("id") if isinstance(item, dict) else None
    return given if isinstance(given, str) else text(item)
