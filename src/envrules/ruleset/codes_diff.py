"""What another code table changes, in the words of the people who decide about it."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.model.values import ALWAYS
from envrules.ruleset.code_table import CodeTable, Entry
from envrules.ruleset.diff import NOTHING, Change


def diff_codes(old: CodeTable | None, new: CodeTable | None) -> list[Change]:
    """Return every code that means something else from now on, in the order of the tables.

    A code that meant nothing before reaches no judgement of the past. Any other change does, for
    a table has no dates: it holds `always`.
    """
    return [*_codes(old, new), *_places(old, new)]


def _codes(old: CodeTable | None, new: CodeTable | None) -> Iterator[Change]:
    tables = [table for table in (old, new) if table is not None]
    for code in dict.fromkeys(code for table in tables for code in table.entries):
        before, after = (table.find(code) if table is not None else None for table in (old, new))
        entry = after or before
        title = entry.title if entry is not None else ""
        yield from _change(f"codes.{code}", title, _shown(before), _shown(after))


def _places(old: CodeTable | None, new: CodeTable | None) -> Iterator[Change]:
    before = {} if old is None else {code: word for code, (word, _) in old.places.items()}
    after = {} if new is None else {code: word for code, (word, _) in new.places.items()}
    for code in dict.fromkeys((*before, *after)):
        was, becomes = before.get(code, NOTHING), after.get(code, NOTHING)
        yield from _change(f"codes.地点 {code}", "", was, becomes)


def _change(path: str, title: str, before: str, after: str) -> Iterator[Change]:
    if before != after:
        yield Change(path, title, before, after, "" if before == NOTHING else ALWAYS)


def _shown(entry: Entry | None) -> str:
    """Return what a code means: 三大堆（地点 village；标签 农房）."""
    if entry is None:
        return NOTHING
    more = [f"地点 {entry.place}"] if entry.place else []
    more += [f"标签 {'、'.join(entry.tags)}"] if entry.tags else []
    return entry.category + (f"（{'；'.join(more)}）" if more else "")
