"""The tables of docs/ruleset.md, made from the schema of rulesets.

A table stands between `<!-- fields of SPEC -->` and `<!-- end -->`; what is around it is written
by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from envrules.kinds.common import (
    Cited,
    ParamRef,
    Require,
    Slug,
    Sourced,
    Spec,
    Text,
    Then,
    Titled,
    Where,
    Word,
)
from envrules.kinds.consequences import Action, FactName, PatternSpec
from envrules.kinds.indicator_specs import IssueStateWord
from envrules.kinds.lifecycle import MoveWord
from envrules.ruleset.json_schema import said_of
from envrules.ruleset.reference_fields import PARAMETER_UNITS, VOCABULARY
from envrules.ruleset.schema import DURATION_UNITS, DateKey, RulesetSpec, Spans, Unit
from envrules.ruleset.schema_types import fields_of, is_model, models_in, options

Model = type[Spec]

MARKED: Final = re.compile(r"(<!-- fields of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FORMS: Final[dict[Any, str]] = {
    Slug: "key", Word: "word", Text: "text", str: "text", ParamRef: "`$parameter`",
    DateKey: "date", Spans: "span", FactName: "name or `any`", Decimal: "number", int: "year",
    bool: "`true` or `false`",
    MoveWord: "[step](#steps)", IssueStateWord: "[state](#states-of-issues)",
    Unit: "[unit](#units)", Action: "[action](#actions)", Where: "[`where`](#where)",
    Require: "[`require`](#then)",
}  # fmt: skip
"""What a type is called in a table; the long ones have a place of their own on the page."""
_ITEM: Final = re.compile(r"^(\[?\w+)(\]\(.*)?$")
_PLURAL: Final = r"\1s\2"


def specs() -> dict[str, Model]:
    """Return what has a table: the ruleset and all sections in it that have fields of their own."""
    found: dict[str, Model] = {}
    waiting: list[Model] = [RulesetSpec]
    while waiting:
        model = waiting.pop(0)
        if model.__name__ not in found:
            found[model.__name__] = model
            inner = (m for declared in fields_of(model).values() for m in models_in(declared))
            waiting += [m for m in inner if issubclass(m, Spec)]
    return {name: model for name, model in found.items() if _own_fields(model)}


def with_tables(text: str) -> str:
    """Return the page with its tables as the schema has them."""
    known = specs() | {Sourced.__name__: Sourced}
    return MARKED.sub(lambda mark: f"{mark[1]}{_table(known[mark[2]])}{mark[3]}", text)


def _table(model: Model) -> str:
    """Return the fields of a section, and which of them exclude one another."""
    own = _own_fields(model)
    lines = [
        "| field | written as | meaning |", "|---|---|---|", *_common_fields(model),
        *(f"| {' | '.join(_row(model, name))} |" for name in own),
    ]  # fmt: skip
    exclusive: tuple[str, ...] = getattr(model, "exactly_one", ())
    if exclusive and set(exclusive) < set(own):
        lines += ["", f"Exactly one of {', '.join(f'`{name}`' for name in exclusive)}."]
    return "".join(f"{line}\n" for line in lines)


def _own_fields(model: Model) -> list[str]:
    """Return the fields that no table tells but this one."""
    elsewhere: set[str] = set()
    for base in (Titled, Cited, PatternSpec):
        if issubclass(model, base) and model not in (base, Sourced):
            elsewhere |= fields_of(base).keys()
    return [name for name in fields_of(model) if name not in elsewhere]


def _common_fields(model: Model) -> Iterator[str]:
    source = "`ref` or `not_from_source`"
    if model is Sourced:
        return
    if issubclass(model, Sourced):
        yield f"| **`title`**, {source} | text | [What it is called, and where it stands](#clauses) |"
    elif issubclass(model, Cited):
        yield f"| {source} | text | [Where it stands](#clauses) |"
    elif issubclass(model, Titled):
        yield f"| **`title`** | text | {said_of(model, 'title')} |"


def _row(model: Model, name: str) -> tuple[str, str, str]:
    """Return a field, how it is written, and what it is for."""
    declared = fields_of(model)[name]
    linked = model is RulesetSpec and any(models_in(declared))
    shown = f"[`{name}`](#{name})" if linked else f"`{name}`"
    if model.model_fields[name].is_required():
        shown = f"**{shown}**"
    said = said_of(model, name)
    if model.model_fields[name].description is None:  # what is below says the rest
        said = said.partition(". ")[0].removesuffix(".")
    return shown, _written(model, name), said[0].upper() + said[1:]


def _written(model: Model, name: str) -> str:
    """Return how a field is written: its form, what it may name, its default."""
    written = _form(fields_of(model)[name])
    units = PARAMETER_UNITS.get((model, name), frozenset())
    words = VOCABULARY.get((model, name))
    if units == DURATION_UNITS:
        written += " ([time limit](#time-limits))"
    elif units:
        written += f" ({', '.join(f'`{unit}`' for unit in get_args(Unit) if unit in units)})"
    if words is not None:
        written += f" of [`{words.section}`](#{words.section})"
    default = model.model_fields[name].default
    if default in (PydanticUndefined, None, ()) or isinstance(default, BaseModel):
        return written
    return f"{written}; default {_default(default)}"


def _default(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_default(item) for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _form(declared: Any) -> str:
    """Return the form of a type: `key to list of words`."""
    if declared == Then:
        return "[list of words](#then)"
    return " or ".join(dict.fromkeys(_form_of_one(option) for option in options(declared)))


def _form_of_one(option: Any) -> str:
    if option in _FORMS:
        return _FORMS[option]
    if is_model(option):
        return "fields below"
    origin, parts = get_origin(option), get_args(option)
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in parts)
    if origin is dict:
        return f"by {_form(parts[0])}: {_form(parts[1])}"
    if origin is tuple:
        return f"list of {re.sub(_ITEM, _PLURAL, _form(parts[0]))}"
    return _form(parts[0])  # with a constraint of its own
