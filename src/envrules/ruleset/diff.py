"""What changed between two rulesets, in the words of the people who decide about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.revision import same_content
from envrules.ruleset.source import Data
from envrules.ruleset.walk import timeline

NOTHING = "无"
_DATED = ("parameters", "tables")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs. `str()` gives the line that people read."""

    path: str
    """Dotted path, list items by their id: `ladders.slips.rungs.white.after`."""
    title: str
    """Title of the definition it belongs to, empty where there is none."""
    before: str
    after: str
    since: str = ""
    """For a dated value: the date from which the two differ, or `always`; else empty."""
    until: str = ""
    """First date on which a dated value is the same again; empty: they differ for good."""

    def __str__(self) -> str:
        """Return e.g. `parameters.warning_line 警告线（低于）: 70 → 65 自 2026-12-01`."""
        line = f"{self.path} {self.title}".rstrip() + f": {self.before} → {self.after}"
        if self.since:
            line += " 自始" if self.since == ALWAYS else f" 自 {self.since}"
        return line + (f" 至 {self.until} 前" if self.until else "")


def diff_rulesets(old: LoadedRuleset, new: LoadedRuleset) -> list[Change]:
    """Return every difference in content, in the order of the file.

    Dated values are compared as they hold in time: a new date that repeats the value in force is
    no change, and a value moved to another date is a change between the two dates.
    """
    return list(_sections(_mapping(old.document.data), _mapping(new.document.data)))


def _sections(old: Mapping[str, Data], new: Mapping[str, Data]) -> Iterator[Change]:
    for section in dict.fromkeys([*old, *new]):
        if section in _DATED:
            before, after = _mapping(old.get(section)), _mapping(new.get(section))
            for name in dict.fromkeys([*before, *after]):
                yield from _definition(before.get(name), after.get(name), f"{section}.{name}")
        else:
            yield from _node(old.get(section), new.get(section), section, "")


def _definition(old: Data, new: Data, path: str) -> Iterator[Change]:
    """Yield the changes of a parameter or table: its values in time, the rest as it is."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield from _node(old, new, path, "")
        return
    title = _title(new)
    for field in dict.fromkeys([*old, *new]):
        if field == "values":
            yield from _dated(_mapping(old[field]), _mapping(new[field]), path, title)
        else:
            yield from _node(old.get(field), new.get(field), f"{path}.{field}", title)


def _node(
    old: Data, new: Data, path: str, title: str, since: str = "", until: str = ""
) -> Iterator[Change]:
    """Yield the changes below one node; of lists whose items have ids, item by item."""
    if same_content(old, new):
        return
    title = _title(new) or _title(old) or title
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _node(old.get(key), new.get(key), f"{path}.{key}", title, since, until)
    elif (before := _by_id(old)) and (after := _by_id(new)):
        for key in dict.fromkeys([*before, *after]):
            yield from _node(before.get(key), after.get(key), f"{path}.{key}", title, since, until)
        common = [key for key in before if key in after]
        if common != (moved := [key for key in after if key in before]):
            yield Change(path, title, "、".join(common), "、".join(moved), since, until)
    else:
        yield Change(path, title, _shown(old), _shown(new), since, until)


def _dated(
    before: Mapping[str, Data], after: Mapping[str, Data], path: str, title: str
) -> Iterator[Change]:
    """Yield the changes of a dated value: one for each stretch of time with its own difference."""
    stretches: list[tuple[str, Data, Data]] = []
    for start, pair in timeline(before, after):
        if not stretches or not all(map(same_content, stretches[-1][1:], pair)):
            stretches.append((start, pair[0], pair[1]))
    ends = [start for start, *_ in stretches[1:]] + [""]
    for (since, was, becomes), end in zip(stretches, ends, strict=True):
        yield from _node(was, becomes, path, title, since, end)


def _mapping(data: Data) -> Mapping[str, Data]:
    return data if isinstance(data, dict) else {}


def _by_id(data: Data) -> dict[str, Data]:
    """Return the items of a list by their id; nothing unless every item has one of its own."""
    items: dict[str, Data] = {}
    for item in data if isinstance(data, tuple) else ():
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str) or name in items:
            return {}
        items[name] = item
    return items


def _title(data: Data) -> str:
    title = data.get("title") if isinstance(data, dict) else None
    return title if isinstance(title, str) else ""


def _shown(data: Any) -> str:
    match data:
        case None:
            return NOTHING
        case bool():
            return "是" if data else "否"
        case Decimal():
            return f"{data:f}"
        case dict():
            return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in data.items()) + "}"
        case tuple():
            return "[" + ", ".join(map(_shown, data)) + "]"
        case _:
            return str(data)
