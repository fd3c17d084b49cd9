"""The edition says all that the ruleset says: nothing can change without its text changing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from tests.report.edition.changes import IDS, changes, places
from tests.report.edition.told import REVISION, RULESETS, loaded

from envrules.report.edition import as_text, edition_of
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.schema_types import fields_of, is_model, options


def text_of(ruleset: LoadedRuleset, spec: RulesetSpec) -> str:
    """Return the edition of a ruleset's file with another specification."""
    return as_text(edition_of(replace(ruleset, spec=spec), REVISION))


@pytest.mark.parametrize("slug", RULESETS)
def test_there_is_much_to_change(slug: str) -> None:
    """The walk below does not pass for want of values."""
    ruleset = loaded(RULESETS[slug])
    reached = {change.place.path[0] for change in changes(ruleset.spec)}
    assert reached >= ruleset.spec.model_fields_set - {"ruleset"}


@pytest.mark.parametrize("slug", RULESETS)
def test_no_value_goes_untold(slug: str) -> None:
    """Whatever value, word, name, choice or date of a ruleset is replaced, the edition shows it."""
    ruleset = loaded(RULESETS[slug])
    own = text_of(ruleset, ruleset.spec)
    untold = []
    for change in changes(ruleset.spec):
        before = own if change.before is ruleset.spec else text_of(ruleset, change.before)
        if text_of(ruleset, change.after) == before:
            untold.append(".".join(map(str, change.place.path)))
    assert not untold


def test_the_walk_reaches_every_field_of_every_section() -> None:
    """Some ruleset uses it, so that it is seen to be told: add a new field to `every_field.yaml`."""
    used = {
        (_home(place.model, place.field), place.field)
        for path in RULESETS.values()
        for place in places(loaded(path).spec)
    }
    missing = [
        f"{model.__name__}.{field}"
        for model in _sections(RulesetSpec, set())
        for field, declared in fields_of(model).items()
        if field not in IDS and not _models(declared) and (_home(model, field), field) not in used
    ]
    assert not missing


def _sections(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Return a section and all that may stand in it."""
    if model not in seen:
        seen.add(model)
        for declared in fields_of(model).values():
            for inner in _models(declared):
                _sections(inner, seen)
    return seen


def _home(model: type[BaseModel], field: str) -> type[Any]:
    """Return the class that declares a field, of which all that inherit it tell it alike."""
    return next(
        one for one in reversed(model.__mro__) if field in vars(one).get("__annotations__", ())
    )


def _models(declared: Any) -> list[type[BaseModel]]:
    """Return the sections among the alternatives, items and values of a type."""
    if is_model(declared):
        return [declared]
    parts = [part for option in options(declared) for part in (get_args(option) or (option,))]
    return [m for part in parts if part is not declared for m in _models(part)]
