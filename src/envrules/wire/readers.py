"""Readers of protobuf messages that are good: a function is written for each shape.

What a loop over the fields spends on the loop is as much again as what it spends on the fields. A
written reader takes what it sees at a glance to be good; else it leaves the message to a reader
that looks closer, and says what is wrong or finds that all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from envrules.wire.field_types import FieldType, Flag, Text, Word, surely_names
from envrules.wire.problems import Invalid

Read = Callable[[Any], Any]


def written_reader(
    model: Callable[..., Any], fields: Mapping[str, FieldType], names: Sequence[str],
    check: Callable[[Any], None] | None, closer: Read,
) -> Read:  # fmt: skip
    """Return a function that reads a message, all of whose `names` can be looked at in one glance."""
    known: dict[str, Any] = {
        "model": model, "check": check, "closer": closer, "Invalid": Invalid,
        "surely_names": surely_names,
        # With a single name attrgetter returns no tuple; asked for it twice it does.
        "get_names": attrgetter(*names, names[0]),
    }  # fmt: skip
    needed = [f"not {name}_" for name in names if fields[name].required]
    lines = [
        "texts = get_names(raw)",
        f"{', '.join(f'{name}_' for name in names)}, _ = texts",
        f"if {' or '.join([*needed, 'not surely_names(texts)'])}: return closer(raw)",
    ]
    for name, kind in fields.items():
        if name not in names:
            lines += _lines_for(name, kind, known)
    lines.append(f"value = model({', '.join(f'{name}_' for name in fields)})")
    if check is not None:
        lines.append("check(value)")
    body = "".join(f"        {line}\n" for line in [*lines, "return value"])
    source = f"def read(raw):\n    try:\n{body}    except Invalid:\n        return closer(raw)\n"
    exec(compile(source, f"<reader of {closer!r}>", "exec"), known)
    read: Read = known["read"]
    return read


def _lines_for(name: str, kind: FieldType, known: dict[str, Any]) -> list[str]:
    """Return the lines that read one field into `<name>_`."""
    known[f"read_{name}"], known[f"nothing_{name}"] = kind.read, kind.nothing
    missing = "return closer(raw)" if kind.required else f"{name}_ = nothing_{name}()"
    if kind.has_presence:
        return [f"if raw.HasField('{name}'): {name}_ = read_{name}(raw.{name})", f"else: {missing}"]
    if isinstance(kind, Flag):
        return [f"{name}_ = raw.{name}"]
    if isinstance(kind, Word):
        known[f"read_{name}"] = kind.words.__getitem__
        known["Invalid"] = (Invalid, KeyError)
    if isinstance(kind, Text) and not kind.required:
        return [f"{name}_ = raw.{name}", f"if {name}_: {name}_ = read_{name}({name}_)"]
    return [
        f"{name}_ = raw.{name}", f"if {name}_: {name}_ = read_{name}({name}_)", f"else: {missing}",
    ]  # fmt: skip
