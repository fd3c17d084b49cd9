"""Changing one value in the text of a ruleset, and nothing else: comments, order and blanks stay."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from envrules.kinds.compiled import plain
from envrules.model.values import ALWAYS
from envrules.ruleset.load import load_ruleset


def with_value(text: str, parameter: str, since: str, value: bool | Decimal | str) -> str:
    """Return the text with a parameter's value from `since` on (`always` or an ISO date).

    A date that is there gets the new value; one that is not is put in, in order of time. Later
    dates keep theirs.

    Raises:
        KeyError: the ruleset has no such parameter.
    """
    values = _values(text, parameter)
    at = {key.value: item for key, item in values.value}
    if since in at:
        item = at[since]
        changed = _spliced(text, item.start_mark.index, item.end_mark.index, _scalar(value))
    else:
        changed = _inserted(text, values, f"{since}: {_scalar(value)}", since)
    _check_alone(text, changed, parameter, since, value)
    return changed


def _values(text: str, parameter: str) -> MappingNode:
    """Return the node of a parameter's dated values."""
    node: Any = YAML(pure=True).compose(text)
    for key in ("parameters", parameter, "values"):
        node = _child(node, key)
    assert isinstance(node, MappingNode)
    return node


def _child(node: Node | None, name: str) -> Node:
    for key, item in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == name:
            found: Node = item
            return found
    raise KeyError(name)


def _inserted(text: str, values: MappingNode, entry: str, since: str) -> str:
    """Return the text with an entry before the first later one, or at the end."""
    later = next((key for key, _ in values.value if _order(key.value) > _order(since)), None)
    if values.flow_style:
        if later is not None:
            return _spliced(text, later.start_mark.index, later.start_mark.index, f"{entry}, ")
        end = values.value[-1][1].end_mark.index
        return _spliced(text, end, end, f", {entry}")
    indent = " " * values.value[0][0].start_mark.column
    if later is not None:
        start = later.start_mark.index
        return _spliced(text, start, start, f"{entry}\n{indent}")
    # Behind the line of the last value, so that a comment on it stays with it.
    end = text.find("\n", values.value[-1][1].end_mark.index)
    end = len(text) if end < 0 else end
    return _spliced(text, end, end, f"\n{indent}{entry}")


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _order(day: str) -> str:
    return "" if day == ALWAYS else day


def _scalar(value: bool | Decimal | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _check_alone(
    text: str, changed: str, parameter: str, since: str, value: bool | Decimal | str
) -> None:
    """Make sure that the text reads as before but for the one value: a file is at stake."""
    before, after = load_ruleset(text, "").spec, load_ruleset(changed, "").spec
    own = before.parameters[parameter]
    wanted = own.model_copy(update={"values": {**own.values, since: value}})
    expected = before.model_copy(update={"parameters": {**before.parameters, parameter: wanted}})
    if after != expected:
        raise AssertionError(f"editing {parameter} would change more than its value")
