"""As much of JSON Schema, draft 7, as the schema of rulesets uses; any other keyword is an error.

Written from the specification, so that the schema is judged by something else than what made it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

Schema = dict[str, Any] | bool
_NOTES = {
    "$schema", "$comment", "title", "description", "default", "definitions", "patternErrorMessage",
}  # fmt: skip
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, Decimal),
    "integer": lambda value: isinstance(value, Decimal) and value == int(value),
    "array": lambda value: isinstance(value, tuple),
    "object": lambda value: isinstance(value, dict),
}


class Validator:
    """Judges values by the parts of one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.root = schema

    def faults(self, value: Any, schema: Schema | None = None, at: str = "") -> Iterator[str]:
        """Yield `path keyword` of everything that is wrong with a value."""
        schema = self.root if schema is None else schema
        if isinstance(schema, bool):
            yield from () if schema else (f"{at} nothing may stand here",)
            return
        if "$ref" in schema:  # draft 7: what stands beside it does not count
            yield from self.faults(value, self.resolved(schema["$ref"]), at)
            return
        for keyword, wanted in schema.items():
            if keyword in _NOTES or keyword in ("then", "patternProperties", "properties"):
                continue
            judge = getattr(self, f"_{keyword.replace('$', '')}")
            if not judge(value, wanted):
                yield f"{at} {keyword}"
        yield from self._parts(value, schema, at)
        if "if" in schema and self._holds(value, schema["if"]):
            yield from self.faults(value, schema["then"], at)

    def resolved(self, ref: str) -> Schema:
        """Return the part of the schema that a reference names."""
        found: Any = self.root
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict)
        return found

    def _holds(self, value: Any, schema: Schema) -> bool:
        return not any(True for _ in self.faults(value, schema))

    def _parts(self, value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
        """Yield the faults of the values of a mapping and of the items of a list."""
        if isinstance(value, tuple) and "items" in schema:
            for i, item in enumerate(value):
                yield from self.faults(item, schema["items"], f"{at}/{i}")
        for key, inner in value.items() if isinstance(value, dict) else ():
            named = [schema["properties"][key]] if key in schema.get("properties", {}) else []
            patterns = schema.get("patternProperties", {})
            named += [part for pattern, part in patterns.items() if re.search(pattern, key)]
            for part in named or [schema.get("additionalProperties", True)]:
                yield from self.faults(inner, part, f"{at}/{key}")

    # ── keywords; each says nothing about values of other types ──

    def _type(self, value: Any, wanted: str) -> bool:
        return _TYPES[wanted](value)

    def _enum(self, value: Any, wanted: list[Any]) -> bool:
        return value in wanted

    def _const(self, value: Any, wanted: Any) -> bool:
        return bool(value == wanted)

    def _pattern(self, value: Any, wanted: str) -> bool:
        return not isinstance(value, str) or bool(re.search(wanted, value))

    def _minLength(self, value: Any, wanted: int) -> bool:  # noqa: N802 - named like the keyword
        return not isinstance(value, str) or len(value) >= wanted

    def _maxLength(self, value: Any, wanted: int) -> bool:  # noqa: N802
        return not isinstance(value, str) or len(value) <= wanted

    def _minimum(self, value: Any, wanted: float) -> bool:
        return not isinstance(value, Decimal) or value >= Decimal(str(wanted))

    def _maximum(self, value: Any, wanted: float) -> bool:
        return not isinstance(value, Decimal) or value <= Decimal(str(wanted))

    def _exclusiveMinimum(self, value: Any, wanted: float) -> bool:  # noqa: N802
        return not isinstance(value, Decimal) or value > Decimal(str(wanted))

    def _minItems(self, value: Any, wanted: int) -> bool:  # noqa: N802
        return not isinstance(value, tuple) or len(value) >= wanted

    def _maxItems(self, value: Any, wanted: int) -> bool:  # noqa: N802
        return not isinstance(value, tuple) or len(value) <= wanted

    def _minProperties(self, value: Any, wanted: int) -> bool:  # noqa: N802
        return not isinstance(value, dict) or len(value) >= wanted

    def _required(self, value: Any, wanted: list[str]) -> bool:
        return not isinstance(value, dict) or all(name in value for name in wanted)

    def _propertyNames(self, value: Any, wanted: Schema) -> bool:  # noqa: N802
        return not isinstance(value, dict) or all(self._holds(key, wanted) for key in value)

    def _anyOf(self, value: Any, wanted: list[Schema]) -> bool:  # noqa: N802
        return any(self._holds(value, one) for one in wanted)

    def _oneOf(self, value: Any, wanted: list[Schema]) -> bool:  # noqa: N802
        return sum(self._holds(value, one) for one in wanted) == 1

    def _allOf(self, value: Any, wanted: list[Schema]) -> bool:  # noqa: N802
        return all(self._holds(value, one) for one in wanted)

    def _if(self, value: Any, wanted: Schema) -> bool:  # noqa: ARG002 - judged with its `then`
        return True

    def _items(self, value: Any, wanted: Schema) -> bool:  # noqa: ARG002 - judged item by item
        return True

    def _additionalProperties(self, value: Any, wanted: Schema) -> bool:  # noqa: N802, ARG002
        return True  # judged key by key
