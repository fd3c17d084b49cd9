"""The declared type at any path of a ruleset or code table, and what it is called in messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from envrules.kinds.common import Code, ParamRef, Slug, Text, Word
from envrules.kinds.consequences import FactName
from envrules.ruleset.schema import DateKey, RulesetSpec, Spans
from envrules.ruleset.source import Path


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of text: what it is, and how to write it."""

    is_a: str
    write: str


TEXT = Form("text", "write some text of at most 400 characters")
FORMS: dict[Any, Form] = {
    Slug: Form("a key (small English letters, digits and _)", "write it like warning_line"),
    Word: Form("a word without blanks and without $ . : # ,", "leave out the blanks and signs"),
    Text: TEXT,
    ParamRef: Form("the $name of a parameter", "put the value under `parameters`, its $name here"),
    DateKey: Form("`always` or a date", "write always, or a date like 2027-01-01"),
    Spans: Form("a span of hours", 'write it like "08:30-12:00"'),
    FactName: Form("the name of a fact", "write a name without blanks, or any"),
    Code: Form("a code of the host (text)", "write it just as the host sends it"),
}
"""The kinds of text by their type."""
_PLAIN = {str: "text", Decimal: "a number", bool: "true or false", int: "a whole number"}


@cache
def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's fields, as files call them, and their types, constraints included."""
    hints = get_type_hints(model, include_extras=True)
    return {field.alias or name: hints[name] for name, field in model.model_fields.items()}


def options(declared: Any) -> Iterator[Any]:
    """Yield the alternatives of a declared type; None is not one of them."""
    origin = get_origin(declared)
    if origin in (Union, UnionType):
        for alternative in get_args(declared):
            yield from options(alternative)
    elif origin is Annotated and get_origin(get_args(declared)[0]) is not None:
        yield from options(get_args(declared)[0])
    elif declared is not NoneType:
        yield declared


def is_model(declared: Any) -> bool:
    """Tell whether a type is a section of the ruleset."""
    return isinstance(declared, type) and issubclass(declared, BaseModel)


def models_in(declared: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that a type holds: itself, in a list, or as values of a mapping."""
    for option in options(declared):
        origin = get_origin(option)
        if is_model(option):
            yield option
        elif origin in (dict, tuple):
            yield from models_in(get_args(option)[origin is dict])


def step_into(declared: Any, step: str | int) -> Any:
    """Return the type of a field, value or item of `declared`; None where there is none."""
    for option in options(declared):
        if is_model(option):
            if step in fields_of(option):
                return fields_of(option)[str(step)]
        elif get_origin(option) is dict and isinstance(step, str):
            return get_args(option)[1]
        elif get_origin(option) is tuple and isinstance(step, int):
            return get_args(option)[0]
    return None


def type_at(path: Path, whole: type[BaseModel] = RulesetSpec) -> Any:
    """Return the declared type at a path of a file; None where its schema has no place."""
    declared: Any = whole
    for step in path:
        declared = step_into(declared, step)
    return declared


def key_type_at(path: Path, whole: type[BaseModel] = RulesetSpec) -> Any:
    """Return the declared type of the last key of `path`, which a mapping of any keys holds."""
    for option in options(type_at(path[:-1], whole)):
        if get_origin(option) is dict:
            return get_args(option)[0]
    return None


def allowed_words(declared: Any) -> list[str]:
    """Return the words of every Literal among the alternatives."""
    literals = (option for option in options(declared) if get_origin(option) is Literal)
    return [word for option in literals for word in get_args(option)]


def known_fields(declared: Any) -> list[str]:
    """Return the fields of every section among the alternatives."""
    models = (option for option in options(declared) if is_model(option))
    return [name for model in models for name in fields_of(model)]


def form_of(declared: Any) -> Form:
    """Return the first kind of text among the alternatives."""
    return next((FORMS[option] for option in options(declared) if _known(option)), TEXT)


def describe(declared: Any) -> str:
    """Return what may stand where this type is declared: `a list`, `a number or text`."""
    return " or ".join(dict.fromkeys(_describe_one(option) for option in options(declared)))


def _describe_one(option: Any) -> str:
    if _known(option):
        return FORMS[option].is_a
    origin = get_origin(option)
    if origin is Annotated:
        return _describe_one(get_args(option)[0])
    if origin is Literal:
        return "one of " + ", ".join(get_args(option))
    if origin is tuple:
        return "a list"
    return "a mapping" if origin is dict or is_model(option) else _PLAIN.get(option, "text")


def _known(option: Any) -> bool:
    return get_origin(option) is Annotated and option in FORMS
