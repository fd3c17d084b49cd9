"""Priority and order: weights by tags for issues, lexicographic keys for units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field

from envrules.kinds.common import ParamRef, Slug, Sourced, Text, Where, Word
from envrules.kinds.compiled import Filter, Parameter
from envrules.model.values import Citation


class PrioritySpec(Sourced):
    """Tags that raise an issue's priority: their weights add up."""

    id: Slug = Field(description="key, as in `priorities.id`")
    where: Where = Where()
    tags: dict[Word, ParamRef] = Field(min_length=1, description="tag to the weight it adds")


class KeySpec(Sourced):
    """One key of an order: units are told apart by an attribute, the first value comes first."""

    attribute: Text = Field(description="attribute of the unit's declaration")
    values: tuple[Text, ...] = Field(
        min_length=2, description="its values, the first comes first; any other comes last"
    )


class SequenceSpec(Sourced):
    """In which order units are taken up: by the first key, equals by the next, and so on."""

    unit: tuple[Slug, ...] = Field(min_length=1, description="types of unit that are ordered")
    by: tuple[KeySpec, ...] = Field(min_length=1, description="the keys, the weightiest first")


@dataclass(frozen=True, slots=True)
class Priority:
    """Compiled `priorities` entry."""

    id: str
    citation: Citation
    where: Filter
    weights: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Key:
    """Compiled key of an order."""

    citation: Citation
    attribute: str
    values: tuple[str, ...]

    def place(self, attributes: Mapping[str, str]) -> int:
        """Return where a unit stands by this key; one without a known value comes last."""
        value = attributes.get(self.attribute, "")
        return self.values.index(value) if value in self.values else len(self.values)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Compiled `sequences` entry."""

    id: str
    citation: Citation
    units: frozenset[str]
    by: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A unit's place in an order; equals share it (1, 2, 2, 4)."""

    unit: str
    rank: int
    key: tuple[int, ...]


def weigh(values: Iterable[Decimal]) -> Decimal:
    """Return the priority that tags of these weights give together."""
    return sum(values, Decimal(0))


def in_sequence(sequence: Sequence, units: Mapping[str, Mapping[str, str]]) -> list[Placed]:
    """Return the units (id → attributes) in their order; equals by id, with equal ranks."""
    keyed = sorted(
        (tuple(key.place(attributes) for key in sequence.by), unit)
        for unit, attributes in units.items()
    )
    placed: list[Placed] = []
    for position, (key, unit) in enumerate(keyed, start=1):
        same = placed and placed[-1].key == key
        placed.append(Placed(unit, placed[-1].rank if same else position, key))
    return placed
