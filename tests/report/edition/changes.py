"""Every single change of a ruleset that an official would have to know of.

A ruleset is taken apart: each value that the file gives (a number, a word, a name, a choice, a
date) is replaced by another one that the schema allows, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from envrules.kinds.common import Require, Where
from envrules.kinds.consequences import FactName
from envrules.kinds.indicator_specs import CountedBandsSpec
from envrules.kinds.lists import ListSpec
from envrules.kinds.score_specs import RowSpec
from envrules.ruleset.check_rules import known_facts
from envrules.ruleset.check_values import misfit
from envrules.ruleset.reference_fields import PARAMETER_UNITS, VOCABULARY
from envrules.ruleset.schema import DateKey, ParameterSpec, RulesetSpec
from envrules.ruleset.schema_types import allowed_words, key_type_at, options, type_at
from envrules.ruleset.source import Path

TWIN, TITLE = "twin", "另一个"
IDS = frozenset({"id"})
"""Names of definitions within their list: shown as ids, whatever they are."""


class Place(NamedTuple):
    """Where a value or a key stands."""

    path: Path
    model: type[BaseModel]
    field: str
    key: bool


class Change(NamedTuple):
    """A specification before and after one value is replaced.

    `before` is the ruleset's own, apart from a definition that only `after` makes use of.
    """

    place: Place
    before: RulesetSpec
    after: RulesetSpec


def places(
    value: Any, path: Path = (), model: type[BaseModel] = RulesetSpec, field: str = ""
) -> Iterator[Place]:
    """Yield every plain value that a specification gives, and every key that is not a mere name."""
    match value:
        case BaseModel():
            for name in type(value).model_fields:
                if name in value.model_fields_set:
                    yield from places(getattr(value, name), (*path, name), type(value), name)
        case dict():
            for key, item in value.items():
                if model is not RulesetSpec:  # a section's keys are names of definitions
                    yield Place((*path, key), model, field, key=True)
                yield from places(item, (*path, key), model, field)
        case tuple():
            for i, item in enumerate(value):
                yield from places(item, (*path, i), model, field)
        case None:
            pass
        case _:
            yield Place(path, model, field, key=False)


def changes(spec: RulesetSpec) -> Iterator[Change]:
    """Yield every change of every value; those that the schema would refuse are left out."""
    for place in places(spec):
        if place.field in IDS:
            continue
        found = _of_key(spec, place) if place.key else _of_value(spec, place)
        for before, after in found:
            if _allowed(after, place.path):
                yield Change(place, before, after)


Pair = tuple[RulesetSpec, RulesetSpec]


def _of_value(spec: RulesetSpec, place: Place) -> Iterator[Pair]:
    path, field = place.path, (place.model, place.field)
    value = at(spec, path)
    if field in PARAMETER_UNITS:
        twinned = _with_twin(spec, "parameters", value.removeprefix("$"))
        yield twinned, put(twinned, path, f"${TWIN}")
    elif field in VOCABULARY:
        twinned = _with_twin(spec, VOCABULARY[field].section, value)
        yield twinned, put(twinned, path, TWIN)
    elif place.field == "then" or field == (Require, "require"):
        twinned = _with_twin(spec, "consequences", value)
        yield twinned, put(twinned, path, TWIN)
    elif field == (Where, "classes"):
        one = next(item for item in spec.classes if item.id == value)
        twin = one.model_copy(update={"id": TWIN, "title": TITLE})
        twinned = spec.model_copy(update={"classes": (*spec.classes, twin)})
        yield twinned, put(twinned, path, TWIN)
    elif words := _other_words(spec, place, value):
        for word in words:
            yield spec, put(spec, path, word)
    else:
        yield spec, put(spec, path, _another(value))


def _other_words(spec: RulesetSpec, place: Place, value: Any) -> list[Any]:
    """Return what else may stand where only certain words may; nothing where any may."""
    declared = type_at(place.path)
    if place.model is CountedBandsSpec and place.field == "bands":
        score = at(spec, place.path[:-2]).score
        return [band.id for band in spec.bands[score] if band.id != value]
    if place.model is ListSpec and place.field == "unless":
        known = known_facts(spec)
        return [fact for fact in (*known["slip"], *known["band"]) if fact != value]
    if FactName in options(declared):
        return ["any"] if value != "any" else [TITLE]
    others = [word for word in allowed_words(declared) if word != value]
    if place.model is ParameterSpec and place.field == "unit":
        values = at(spec, place.path[:-1]).values.values()
        return [unit for unit in others if not any(misfit(unit, one) for one in values)]
    return others


def _of_key(spec: RulesetSpec, place: Place) -> Iterator[Pair]:
    path, field = place.path, (place.model, place.field)
    key = str(path[-1])
    if field in ((RowSpec, "at_if"), (RowSpec, "find_if")):
        twinned = _with_twin(spec, "parameters", key)
        yield twinned, _renamed(twinned, path, TWIN)
    elif place.field == "weighted":
        twinned = _with_twin(spec, "scores", key)
        yield twinned, _renamed(twinned, path, TWIN)
    elif DateKey in options(key_type_at(path)) or place.field in ("holidays", "workdays"):
        yield spec, _renamed(spec, path, "2031-05-06")
    elif words := allowed_words(key_type_at(path)):
        for word in words:
            if word not in at(spec, path[:-1]):
                yield spec, _renamed(spec, path, word)
    else:
        yield spec, _renamed(spec, path, _another(key))


def _with_twin(spec: RulesetSpec, section: str, name: str) -> RulesetSpec:
    """Return the specification with a second definition that differs in title and values only."""
    known: dict[str, Any] = getattr(spec, section)
    if name not in known:  # a word that an open vocabulary does not declare
        return spec
    update: dict[str, Any] = {"title": TITLE} if hasattr(known[name], "title") else {}
    if isinstance(known[name], ParameterSpec):
        values = known[name].values
        update["values"] = {day: _another(value) for day, value in values.items()}
    more = {section: {**known, TWIN: known[name].model_copy(update=update)}}
    if section == "scores" and name in spec.bands:
        more["bands"] = {**spec.bands, TWIN: spec.bands[name]}
    return spec.model_copy(update=more)


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | Decimal():
            return value + 1
        case "up" | "half_up":
            return "down"
        case "down":
            return "up"
        case str() if value[0].isdigit() and value[-1].isdigit() and not value.isdigit():
            return value[:-1] + ("1" if value[-1] != "1" else "2")
        case _:
            return f"{value}改"


def _allowed(spec: RulesetSpec, path: Path) -> bool:
    """Return whether the sections above a path are still ones that the schema accepts."""
    above: Any = spec
    for step in path:
        above = (
            getattr(above, str(step), None) if isinstance(above, BaseModel) else _item(above, step)
        )
        if isinstance(above, BaseModel):
            try:
                type(above).model_validate(above.model_dump(exclude_unset=True))
            except ValidationError:
                return False
    return True


def _item(value: Any, step: str | int) -> Any:
    """Return an item; None for the key that has been renamed."""
    return value.get(step) if isinstance(value, dict) else value[step]


def at(value: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for step in path:
        value = getattr(value, str(step)) if isinstance(value, BaseModel) else value[step]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """Return the value with `new` at the path."""
    if not path:
        return new
    step, *rest = path
    match value:
        case BaseModel():
            inner = put(getattr(value, str(step)), tuple(rest), new)
            return value.model_copy(update={str(step): inner})
        case dict():
            return {k: put(v, tuple(rest), new) if k == step else v for k, v in value.items()}
        case _:
            return tuple(put(v, tuple(rest), new) if i == step else v for i, v in enumerate(value))


def _renamed(spec: RulesetSpec, path: Path, key: str) -> RulesetSpec:
    """Return the specification with the last key of a path replaced, in its place."""
    *above, old = path
    held = {key if k == old else k: v for k, v in at(spec, tuple(above)).items()}
    changed: RulesetSpec = put(spec, tuple(above), held)
    return changed
