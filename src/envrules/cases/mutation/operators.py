"""All the ways in which a ruleset could be wrong by one thing.

What may be changed follows from the schema, not from a list of sections, so a new section is
mutated as soon as it has one:

- **deleted**: each entry of a mapping, each item of a list, each field that a definition can be
  without;
- **moved**: each value by its smallest step (`steps`), and each date from which a value holds;
- **turned**: a bound to the other side of its threshold, the first places to the last, `any`
  to `all`, a limit from the start to one from the last service.

Left alone are words and texts: definitions that consist of nothing else (sources, unit types,
places), titles, clauses, reasons and names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from envrules.cases.mutation.edits import at, holds, names, renamed, replaced, text, without
from envrules.cases.mutation.steps import is_date, moved
from envrules.kinds.common import Text
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS
from envrules.ruleset.schema_types import allowed_words, fields_of, options, step_into
from envrules.ruleset.source import Data, Path

BOUNDS: Final = {
    "at_least": "above", "above": "at_least", "at_most": "below", "below": "at_most",
}  # fmt: skip
"""A bound, and the same one with its threshold on the other side."""

TURNS: Final = {
    **BOUNDS, "top": "bottom", "bottom": "top", "any": "all", "all": "any",
    "after": "after_service", "after_service": "after",
}  # fmt: skip
"""A field, and the one that says the opposite or the next thing; where a definition has both."""

_JOINED: Final = frozenset({"any", "all"})
"""They differ only over two things and more."""

_EXCHANGEABLE: Final = DURATION_UNITS - {"same_day"}
"""3 working days may have been 3 days; 70 points are no 70 metres, nor is 18:00 a number."""


class Attempt(NamedTuple):
    """Changed data, and the place and the change as people write it."""

    name: str
    data: Data


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing changed, in the ruleset's data; whether `check` accepts it is not known yet."""

    path: Path
    """Where the change is, in the unchanged data."""
    attempts: tuple[Attempt, ...]
    """The change; and the next larger ones, for where `check` refuses it."""
    deletes: bool
    """What names the thing may go with it."""

    @property
    def name(self) -> str:
        """Return the change as people write it; no other change of a ruleset has this name."""
        return self.attempts[0].name


def candidates(loaded: LoadedRuleset) -> Iterator[Candidate]:
    """Yield every change, in the order of the file, the deletion of dated values last.

    A limit gone with its deadline is the deadline's deletion, and not the other way round.
    """
    late: list[Candidate] = []
    walk = _Walk(loaded.data)
    for name in loaded.data:
        declared = fields_of(type(loaded.spec))[name]
        if _is_prose(declared):
            continue
        for change in walk.node((name,), getattr(loaded.spec, name), declared, ""):
            if change.deletes and _is_dated(at(loaded.data, change.path)):
                late.append(change)
            else:
                yield change
    yield from late


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through specification and data side by side."""

    data: Data

    def node(self, path: Path, value: Any, declared: Any, unit: str) -> Iterator[Candidate]:
        """Yield the changes within a value. `unit` is that of the definition it belongs to."""
        match value:
            case BaseModel():
                yield from self._section(path, value)
            case dict():
                yield from self._mapping(path, value, declared, unit)
            case tuple():
                yield from self._list(path, value, declared, unit)
            case int() if not isinstance(value, bool):
                yield from self._moves(path, Decimal(value), "count", ())
            case _:
                in_list = isinstance(path[-1], int)  # its words are deleted, not exchanged
                words = () if in_list else tuple(allowed_words(declared))
                yield from self._moves(path, value, unit, words)

    def _section(self, path: Path, section: BaseModel) -> Iterator[Candidate]:
        unit = _unit_of(section)
        for name in at(self.data, path):
            declared, value = fields_of(type(section))[name], getattr(section, name)
            if _is_prose(declared):
                continue
            here: Path = (*path, name)
            if unit and value == unit:
                words = tuple(word for word in allowed_words(declared) if word in _EXCHANGEABLE)
                yield from self._moves(here, value, "text", words)
                continue
            in_parts = isinstance(value, dict | tuple) or (
                name in BOUNDS and isinstance(path[-1], int)  # of bands, which go as such
            )
            if not in_parts and _can_be_without(section, name):
                yield Candidate(here, (self._deleted(here),), True)
            yield from self._turns(here, section, name)
            yield from self.node(here, value, declared, unit)

    def _mapping(
        self, path: Path, entries: dict[str, Any], declared: Any, unit: str
    ) -> Iterator[Candidate]:
        for key, value in entries.items():
            here: Path = (*path, key)
            if _is_term(value):
                continue
            if entries.keys() != {ALWAYS}:  # a definition's only value goes with it
                yield Candidate(here, (self._deleted(here),), True)
            for day in moved(key) if is_date(key) else ():
                name = f"{self._name(path)} {key} → {day}"
                yield Candidate(here, (Attempt(name, renamed(self.data, here, str(day))),), False)
            item = step_into(declared, key)
            if not _is_prose(item):
                yield from self.node(here, value, item, unit)

    def _list(
        self, path: Path, items: tuple[Any, ...], declared: Any, unit: str
    ) -> Iterator[Candidate]:
        for place, value in enumerate(items):
            here: Path = (*path, place)
            alone = self._deleted(here)
            rest = (*self._without_band(here), *self._without_rung(here))
            joined = (Attempt(alone.name, data) for data in rest)
            yield Candidate(here, (alone, *joined, self._deleted(path)), True)
            yield from self.node(here, value, step_into(declared, place), unit)

    # ── changes ──

    def _name(self, path: Path) -> str:
        return ".".join(names(self.data, path))

    def _deleted(self, path: Path) -> Attempt:
        return Attempt(f"{self._name(path)} deleted", without(self.data, path))

    def _moves(
        self, path: Path, value: Data, unit: str, words: tuple[str, ...]
    ) -> Iterator[Candidate]:
        for step in moved(value, unit, words):
            place = path[:-1] if isinstance(path[-1], int) else path  # an item is its own name
            name = f"{self._name(place)} {text(value)} → {text(step)}"
            yield Candidate(path, (Attempt(name, replaced(self.data, path, step)),), False)

    def _turns(self, path: Path, section: BaseModel, name: str) -> Iterator[Candidate]:
        """Yield a field's opposite. Where bands meet, the other bound turns with it."""
        other = TURNS.get(name, "")
        value = getattr(section, name)
        if other not in type(section).model_fields or getattr(section, other):
            return
        if name in _JOINED and len(value) < 2:
            return
        turned = [renamed(self.data, path, other)]
        if name in BOUNDS and isinstance(path[-2], int):
            turned.append(self._all_turned(path[:-2], value))
        change = f"{self._name(path)} → {other}"
        yield Candidate(path, tuple(Attempt(change, data) for data in turned), False)

    def _all_turned(self, path: Path, threshold: str) -> Data:
        """Return the data with each bound of a list that names this threshold turned."""
        items = tuple(
            {
                BOUNDS[name] if name in BOUNDS and value == threshold else name: value
                for name, value in item.items()
            }
            for item in at(self.data, path)
        )
        return replaced(self.data, path, items)

    def _without_band(self, path: Path) -> Iterator[Data]:
        """Yield forms of a list without an item of it that has bounds, for the rest must meet.

        A neighbour takes the figures over. (Of two bands none is left, and the list goes.)
        """
        items, place = at(self.data, path[:-1]), int(path[-1])
        band = items[place]
        if not isinstance(band, dict) or not BOUNDS.keys() & band.keys():
            return
        for near in (place - 1, place + 1):
            if 0 <= near < len(items) and (wider := _widened(items[near], band)) is not None:
                rest = replaced(self.data, (*path[:-1], near), wider)
                yield without(rest, path)

    def _without_rung(self, path: Path) -> Iterator[Data]:
        """Yield the list whose second item counts from the start, now that it is the first."""
        following: Path = (*path[:-1], 1, "after_service")
        if path[-1] == 0 and holds(self.data, following):
            yield without(renamed(self.data, following, TURNS["after_service"]), path)


def _widened(band: dict[str, Data], over: dict[str, Data]) -> dict[str, Data] | None:
    """Return a band that reaches over its neighbour as well; None if they share no threshold."""
    meets = {value for name, value in over.items() if name in BOUNDS}
    kept = {name: value for name, value in band.items() if name not in BOUNDS or value not in meets}
    far = {
        name: value for name, value in over.items() if name in BOUNDS and value not in band.values()
    }
    return {**kept, **far} if len(kept) < len(band) else None


def _is_dated(definition: Data) -> bool:
    """Tell whether this is a value that changes on dates."""
    fields = definition.values() if isinstance(definition, dict) else ()
    return any(
        isinstance(field, dict) and all(key == ALWAYS or is_date(key) for key in field)
        for field in fields
    )


# ── what the schema says ──


def _is_prose(declared: Any) -> bool:
    """Tell whether free text stands here: a title, a clause, a reason, a name."""
    return any(option == Text for option in options(declared))


def _is_term(value: Any) -> bool:
    """Tell whether a definition gives texts alone: a word of the scheme, and no rule."""
    if not isinstance(value, BaseModel):
        return False
    fields = fields_of(type(value))
    return all(_is_prose(fields[name]) for name in value.model_fields_set)


def _unit_of(section: BaseModel) -> str:
    """Return the unit of a definition's numbers; empty where it has none of its own."""
    unit = getattr(section, "unit", "")
    words = allowed_words(fields_of(type(section)).get("unit"))
    return unit if unit in words else ""


def _can_be_without(section: BaseModel, name: str) -> bool:
    """Tell whether the definition would still be one, by its own fields, without this one."""
    rest = {field: getattr(section, field) for field in section.model_fields_set - {name}}
    try:
        type(section).model_validate(rest, strict=True)
    except ValidationError:
        return False
    return True
