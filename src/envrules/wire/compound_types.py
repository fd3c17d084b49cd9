"""How lists and maps are read and written; see `field_types`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import Any

from envrules.wire.field_types import FieldType, Name, Text, expect, surely_names, surely_texts
from envrules.wire.limits import LIST_LIMIT, MAP_LIMIT, PROBLEM_LIMIT
from envrules.wire.problems import FieldProblem, Invalid, invalid, shown


def take_all(
    parts: Iterable[Any], take: Callable[[Any], Any], where: Callable[[int, Any], str]
) -> list[Any]:
    """Return `take` of every part; raise all (or enough) problems, each under its `where`."""
    taken: list[Any] = []
    problems: list[FieldProblem] = []
    for i, part in enumerate(parts):
        try:
            taken.append(take(part))
        except Invalid as error:
            problems += error.under(where(i, part))
            if len(problems) >= PROBLEM_LIMIT:
                break
    if problems:
        raise Invalid(problems)
    return taken


class Many(FieldType):
    """A list of items of one type, none of them empty."""

    nothing = tuple

    def __init__(self, item: FieldType, *, required: bool = False, distinct: bool = False) -> None:
        self.item = item
        self.required = required
        self.distinct = distinct
        self._name_limit = item.limit if type(item) is Name and not distinct else 0
        self._are_messages = item.has_presence and not distinct

    def read(self, raw: Any) -> tuple[Any, ...]:
        items = tuple(raw)
        simple = self._name_limit and len(items) <= LIST_LIMIT and "" not in items
        if simple and surely_names(items, self._name_limit):
            return items
        if self._are_messages and len(items) <= LIST_LIMIT:
            with suppress(Invalid):  # which one is wrong is found below
                return tuple(map(self.item.read, items))
        return self._all(items, self.item.read)

    def write(self, value: tuple[Any, ...]) -> list[Any]:
        return [self.item.write(item) for item in value]

    def parse(self, raw: Any, zone: tzinfo | None) -> tuple[Any, ...]:
        expect(list, raw, "a list")
        return self._all(raw, lambda item: self.item.parse(item, zone))

    def show(self, value: tuple[Any, ...], zone: tzinfo) -> list[Any]:
        return [self.item.show(item, zone) for item in value]

    def _all(self, raw: Any, take: Callable[[Any], Any]) -> tuple[Any, ...]:
        if len(raw) > LIST_LIMIT:
            raise invalid("TOO_MANY", length=len(raw), limit=LIST_LIMIT)
        items = tuple(take_all(raw, lambda item: take(given(item)), lambda i, _: f"[{i}]"))
        if self.distinct and len(set(items)) < len(items):
            twice = next(item for i, item in enumerate(items) if item in items[:i])
            raise invalid("REPEATED", value=shown(twice))
        return items


def given(item: Any) -> Any:
    """Return an item of a list unless it is empty."""
    if item is None or item == "":
        raise invalid("REQUIRED")
    return item


def _all_the_same(values: Sequence[Any]) -> bool:  # noqa: ARG001 - protobuf has checked flags
    return True


class Table(FieldType):
    """A map from ids to values of one type, in one order: that of the ids."""

    nothing = dict

    def __init__(self, value: FieldType) -> None:
        self.value = value
        self.key = Name()
        self._surely = surely_texts if type(value) is Text else _all_the_same

    def write(self, value: dict[str, Any]) -> dict[str, Any]:
        return dict(value)

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        keys = sorted(raw)
        if len(keys) <= MAP_LIMIT and "" not in keys and surely_names(keys):
            values = [raw[key] for key in keys]
            if self._surely(values):
                return dict(zip(keys, values, strict=True))
        return self._all(raw, self.key.read, self.value.read)

    def parse(self, raw: Any, zone: tzinfo | None) -> dict[str, Any]:
        expect(Mapping, raw, "a mapping")
        present = {key: value for key, value in raw.items() if value is not None}
        return self._all(
            present,
            lambda key: self.key.parse(key, zone),
            lambda value: self.value.parse(value, zone),
        )

    def _all(
        self,
        raw: Mapping[Any, Any],
        take_key: Callable[[Any], str],
        take_value: Callable[[Any], Any],
    ) -> dict[str, Any]:
        if len(raw) > MAP_LIMIT:
            raise invalid("TOO_MANY", length=len(raw), limit=MAP_LIMIT)
        pairs = take_all(
            raw.items(),
            lambda pair: (take_key(given(pair[0])), take_value(pair[1])),
            lambda _, pair: f"[{shown(pair[0])}]",
        )
        return dict(sorted(pairs))
