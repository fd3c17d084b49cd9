"""Ways through a specification that several checks share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from envrules.errors import Problem
from envrules.kinds.common import Require
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.source import Path

T = TypeVar("T")


def sections(value: Any, path: Path = ()) -> Iterator[tuple[Path, BaseModel]]:
    """Yield every section (model) that the file gives, with its path; defaults are left out."""
    match value:
        case BaseModel():
            yield path, value
            for name in type(value).model_fields:
                if name in value.model_fields_set:
                    yield from sections(getattr(value, name), (*path, name))
        case dict():
            for key, item in value.items():
                yield from sections(item, (*path, key))
        case tuple():
            for index, item in enumerate(value):
                yield from sections(item, (*path, index))


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the texts in a text, a list of them, or a mapping to such lists, with their paths."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from texts(item, (*path, key))
        case tuple():
            for index, item in enumerate(value):
                yield from texts(item, (*path, index))


def consequences_of(section: BaseModel, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the consequences that a section's `then` names, required reports included."""
    for index, item in enumerate(getattr(section, "then", ())):
        if isinstance(item, Require):
            yield (*path, "then", index, "require"), item.require
        else:
            yield (*path, "then", index), item


def required_reports(spec: RulesetSpec) -> list[str]:
    """Return the words of every report that some rule requires; nothing else can."""
    return [item.require for rule in spec.rules for item in rule.then if isinstance(item, Require)]


def repeated(
    loaded: LoadedRuleset, group: str, named: Iterable[tuple[Path, str]]
) -> Iterator[Problem]:
    """Yield a problem for each name that stands there a second time."""
    seen: Counter[str] = Counter()
    for path, name in named:
        seen[name] += 1
        if seen[name] == 2:
            yield loaded.problem(
                "ER501",
                path,
                f"{name} is named twice among {group}",
                "rename or remove one of them",
            )


def timeline(*dated: Mapping[str, T]) -> Iterator[tuple[str, tuple[T | None, ...]]]:
    """Yield each key (`always` or a date) at which a value changes, with all values in force then.

    A value that does not hold yet is None.
    """
    held: tuple[T | None, ...] = (None,) * len(dated)
    keys = {key for values in dated for key in values}
    for start in sorted(keys, key=lambda key: "" if key == ALWAYS else key):
        held = tuple(v.get(start, h) for v, h in zip(dated, held, strict=True))
        yield start, held
