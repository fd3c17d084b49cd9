"""The JSON Schema of a ruleset file, made from the schema itself, for completion in editors.

It says what an editor can tell of one value alone: fields, types, forms, what each is for. That
things fit together is for `envrules check`, which knows all that is here as well. Draft 7 is what
editors read best; under it a description beside a `$ref` is for people only.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from envrules.kinds.common import Spec
from envrules.model.values import ALWAYS
from envrules.ruleset.check_values import misfit
from envrules.ruleset.reference_fields import PARAMETER_UNITS, VOCABULARY
from envrules.ruleset.schema import DateKey, ParameterSpec, RulesetSpec, Unit
from envrules.ruleset.schema_types import FORMS, TEXT, fields_of, models_in

FILE_NAME: Final = "ruleset.schema.json"
"""What the schema's file is called, wherever one lies."""


def ruleset_schema() -> dict[str, Any]:
    """Return the JSON Schema of a ruleset file."""
    made = RulesetSpec.model_json_schema(
        schema_generator=_Generator, ref_template="#/definitions/{model}"
    )
    definitions = made.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Printed by `envrules schema`; never edited.",
        "title": "envrules ruleset",
        **made,
        "definitions": definitions,
    }


class _Generator(GenerateJsonSchema):
    """pydantic's generator, with YAML as envrules reads it: exact numbers, and no null."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """A title that repeats the field's name is in the way."""
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number; pydantic's other way, text that looks like one, is refused here."""
        number: JsonSchemaValue = super().decimal_schema(schema)["anyOf"][0]
        return number

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What is left out is not written at all."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Only a default that one could as well write down is worth showing."""
        made = super().default_schema(schema)
        if made.get("default") in (None, [], {}) or isinstance(made["default"], dict):
            made.pop("default", None)
        return made

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Text; an editor says how to write it in our words instead of by the pattern."""
        made = super().str_schema(schema)
        if form := _BY_PATTERN.get(made.get("pattern", "")):
            made["patternErrorMessage"] = f"not {form.is_a}: {form.write}"
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping: keys that are known words are offered, others must have the form of a key."""
        made = super().dict_schema(schema)
        keys = self.generate_inner(schema["keys_schema"])
        values = self.generate_inner(schema["values_schema"])
        for name in ("patternProperties", "additionalProperties", "propertyNames"):
            made.pop(name, None)
        if words := list(_words(keys)):
            known = dict.fromkeys(words, values)
            return made | {"properties": known, "additionalProperties": False}
        if keys.get("pattern") == _pattern(DateKey):
            date = keys["pattern"].replace(f"{ALWAYS}|", "")
            return made | {
                "properties": {ALWAYS: values},
                "patternProperties": {date: values},
                "additionalProperties": False,
            }
        return made | {"propertyNames": keys, "additionalProperties": values}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A section: each field says what it is for, and what it may name."""
        made = super().model_schema(schema)
        made.pop("title", None)
        model = schema["cls"]
        for name, field in made["properties"].items():
            if text := describe_field(model, name):
                field["description"] = text
        if {"ref", "not_from_source"} <= made["properties"].keys():
            made["anyOf"] = [{"required": ["ref"]}, {"required": ["not_from_source"]}]
        if model.exactly_one:
            made["oneOf"] = [{"required": [name]} for name in model.exactly_one]
        if model is ParameterSpec:
            made["allOf"] = list(_values_by_unit())
        return made


def describe_field(model: type[Spec], name: str) -> str:
    """Return what a field is for, and what it may name."""
    units = PARAMETER_UNITS.get((model, name))
    words = VOCABULARY.get((model, name))
    more = [
        f"unit: {' or '.join(u for u in get_args(Unit) if u in units)}" if units else "",
        f"declared under `{words.section}`" if words else "",
    ]
    return "; ".join(part for part in (said_of(model, name), *more) if part)


def said_of(model: type[BaseModel], name: str) -> str:
    """Return what a field is for, as it says itself, or else as the section in it says."""
    said = model.model_fields[name].description
    sections = () if said else models_in(fields_of(model)[name])
    return said or next((inspect.getdoc(section) or "" for section in sections), "")


def _values_by_unit() -> Iterator[JsonSchemaValue]:
    """Yield what the values of a parameter are, by its unit: as far as a type tells."""
    for unit in get_args(Unit):
        yield {
            "if": {"properties": {"unit": {"const": unit}}, "required": ["unit"]},
            "then": {"properties": {"values": {"additionalProperties": _value_type(unit)}}},
        }


def _value_type(unit: str) -> JsonSchemaValue:
    """Return the type of a unit's values, found out by asking the check that judges them."""

    def fits(value: bool | Decimal) -> bool:
        return misfit(unit, value) is None

    if not fits(Decimal(1)):
        return {"type": "boolean" if fits(True) else "string"}
    made: JsonSchemaValue = {"type": "number" if fits(Decimal("0.5")) else "integer"}
    if not fits(Decimal(0)):
        made["exclusiveMinimum"] = 0
    elif not fits(Decimal(-1)):
        made["minimum"] = 0
    return made


def _words(keys: JsonSchemaValue) -> Iterator[str]:
    """Yield the words that keys may be, if they are known."""
    for option in keys.get("anyOf", [keys]):
        yield from option.get("enum", ())
        if "const" in option:
            yield option["const"]


def _pattern(text: Any) -> str:
    return str(get_args(text)[1].pattern)


_BY_PATTERN: Final = {_pattern(text): form for text, form in FORMS.items() if form is not TEXT}
