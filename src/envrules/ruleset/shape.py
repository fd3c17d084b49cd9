"""From plain data to a specification: fields, types and forms, in our own words.

pydantic does the validating, strictly, so that neither "yes" nor 1 becomes true. Its errors are
translated into problems at the key or value that is at fault.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from pydantic import ValidationError

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError
from envrules.kinds.common import Spec
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.schema_types import (
    allowed_words,
    describe,
    form_of,
    key_type_at,
    known_fields,
    step_into,
    type_at,
)
from envrules.ruleset.source import Data, Document, Path
from envrules.ruleset.syntax_errors import full_width_hint
from envrules.ruleset.words import listed, nearest, quoted, shown

S = TypeVar("S", bound=Spec)

_WRONG_TYPES = frozenset(
    {"string_type", "bool_type", "int_type", "is_instance_of", "tuple_type", "dict_type",
     "model_type"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fault:
    """One error of pydantic, at a path of the data."""

    path: Path
    type: str
    field: str = ""  # of a missing field
    in_key: bool = False
    said: str = ""
    limit: int = 0


def validate(document: Document, file: str) -> RulesetSpec:
    """Return the specification in `document`; raises RulesetError with all that is wrong."""
    if not isinstance(document.data, dict):
        found = shown(document.data) if document.data is not None else "an empty file"
        problem = Problem(
            file, *document.value(()), "ER201", f"a ruleset is a mapping, not {found}",
            "begin with `ruleset: <name>`, `title: ...`, `timezone: Asia/Shanghai`",
        )  # fmt: skip
        raise RulesetError([problem])
    return fit(document, file, RulesetSpec, "the ruleset")


def fit(document: Document, file: str, kind: type[S], whole: str) -> S:
    """Return the specification of this kind in a document that is a mapping, called `whole`.

    Raises RulesetError with all that is wrong.
    """
    translate = _Translator(document, file, kind, whole)
    empty = {path for path in document.values if _at(document.data, path) is None}
    problems = [translate.empty(path) for path in islice(sorted(empty, key=str), MAX_PROBLEMS)]
    try:
        spec = kind.model_validate(_fitted(document.data, kind), strict=True)
    except ValidationError as error:
        faults = [fault for fault in _faults(error, document.data) if fault.path not in empty]
        worded = map(translate.problem, _without_alternatives(faults))
        problems += islice(worded, MAX_PROBLEMS)
    else:
        if not problems:
            return spec
    raise RulesetError(problems)


def _fitted(data: Data, declared: Any) -> Any:
    """Return the data with whole numbers as int where the schema declares one."""
    match data:
        case dict():
            return {key: _fitted(value, step_into(declared, key)) for key, value in data.items()}
        case tuple():
            return tuple(_fitted(item, step_into(declared, i)) for i, item in enumerate(data))
        case Decimal() if declared is int and data == int(data):
            return int(data)
    return data


def _faults(error: ValidationError, data: Data) -> Iterator[_Fault]:
    """Yield pydantic's errors, each at the path of the data that it is about."""
    for found in error.errors(include_url=False, include_input=False):
        path: Path = ()
        node: Any = data
        location: tuple[Any, ...] = found["loc"]
        in_key = "[key]" in location
        missing = found["type"] == "missing"
        # A location also names the branch of a union that was tried: no step in the data.
        for step in location[:-1] if missing else location:
            if step == "[key]":
                break
            if (isinstance(node, dict) and step in node) or (
                isinstance(node, tuple) and isinstance(step, int) and step < len(node)
            ):
                node = node[step]
                path = (*path, step)
        context = found.get("ctx", {})
        # A list whose items are wrong counts as too short as well: only the items are reported.
        if found["type"] == "too_short" and context["actual_length"] != len(node):
            continue
        yield _Fault(
            path, found["type"], str(location[-1]) if missing else "", in_key,
            str(context.get("error", "")),
            int(context.get("max_length") or context.get("min_length") or 0),
        )  # fmt: skip


def _without_alternatives(faults: list[_Fault]) -> Iterator[_Fault]:
    """Yield one fault where pydantic reports every alternative of a union.

    A mapping that was meant as one is told what is wrong within it, and not that text would also
    do; of alternatives that all have the wrong type one is enough, since the type says them all.
    """
    at: defaultdict[tuple[Path, bool], list[_Fault]] = defaultdict(list)
    above: set[Path] = set()
    for fault in faults:
        at[fault.path, fault.in_key].append(fault)
        above.update(fault.path[:n] for n in range(len(fault.path)))
    for (path, in_key), group in at.items():
        wrong_type = [fault for fault in group if fault.type in _WRONG_TYPES]
        others = [fault for fault in group if fault.type not in _WRONG_TYPES]
        if others:
            yield from dict.fromkeys(others)
        elif in_key or path not in above:
            yield wrong_type[0]


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


@dataclass(frozen=True, slots=True)
class _Translator:
    """Puts faults into words."""

    document: Document
    file: str
    kind: type[Spec]
    whole: str
    """What the document is called."""

    def _name(self, path: Path) -> str:
        return self.document.name(path, self.whole)

    def _type(self, path: Path, *, in_key: bool = False) -> Any:
        return (key_type_at if in_key else type_at)(path, self.kind)

    def empty(self, path: Path) -> Problem:
        """Return the problem of a key or item that has no value."""
        declared = self._type(path)
        what = describe(declared) if declared is not None else "a value"
        return self._at_key(
            path, "ER205", f"{self._name(path)} has no value",
            f"write {what}, or remove it",
        )  # fmt: skip

    def problem(self, fault: _Fault) -> Problem:
        """Return the problem for a fault."""
        match fault.type:
            case "extra_forbidden":
                return self._unknown(fault)
            case "missing":
                return self._missing(fault)
            case "literal_error":
                return self._not_allowed(fault)
            case "value_error":
                return self._contradiction(fault)
            case "too_short":
                few = "one entry" if fault.limit == 1 else f"{fault.limit} entries"
                return self._at_key(
                    fault.path, "ER209",
                    f"{self._name(fault.path)} needs at least {few}",
                    "write what is missing, or remove what needs it",
                )  # fmt: skip
            case kind if kind in _WRONG_TYPES and not fault.in_key:
                return self._wrong_type(fault)
            case _:
                return self._malformed(fault)

    def _unknown(self, fault: _Fault) -> Problem:
        *above, name = fault.path
        known = known_fields(self._type(tuple(above)))
        near = nearest(str(name), known)
        return self._at_key(
            fault.path, "ER202",
            f"{self._name(tuple(above))} has no field {quoted(str(name))}",
            (f"did you mean {near}?" if near else f"remove it; there is {listed(known)}")
            + full_width_hint(str(name)),
        )  # fmt: skip

    def _missing(self, fault: _Fault) -> Problem:
        declared = step_into(self._type(fault.path), fault.field)
        return self._at_key(
            fault.path, "ER203", f"{self._name(fault.path)} lacks {fault.field}",
            f"add `{fault.field}:` with {describe(declared)}",
        )  # fmt: skip

    def _wrong_type(self, fault: _Fault) -> Problem:
        value = _at(self.document.data, fault.path)
        declared = self._type(fault.path)
        expected = describe(declared)
        return self._at_value(
            fault.path, "ER204",
            f"{self._name(fault.path)} must be {expected}, not {shown(value)}",
            _fix_type(value, declared, expected),
        )  # fmt: skip

    def _not_allowed(self, fault: _Fault) -> Problem:
        declared = self._type(fault.path, in_key=fault.in_key)
        allowed = allowed_words(declared)
        value = fault.path[-1] if fault.in_key else _at(self.document.data, fault.path)
        near = nearest(value, allowed) if isinstance(value, str) else None
        name = self._name(fault.path[:-1] if fault.in_key else fault.path)
        return (self._at_key if fault.in_key else self._at_value)(
            fault.path, "ER206", f"{name}: {shown(value)} is not allowed here",
            f"did you mean {near}?" if near else f"use one of {', '.join(allowed)}",
        )  # fmt: skip

    def _contradiction(self, fault: _Fault) -> Problem:
        given = _at(self.document.data, fault.path)
        return self._at_key(
            fault.path, "ER208",
            f"{self._name(fault.path)} gives {', '.join(given) or 'no field'}",
            fault.said,
        )  # fmt: skip

    def _malformed(self, fault: _Fault) -> Problem:
        declared = self._type(fault.path, in_key=fault.in_key)
        form = form_of(declared)
        value = str(fault.path[-1]) if fault.in_key else _at(self.document.data, fault.path)
        name = self._name(fault.path[:-1] if fault.in_key else fault.path)
        if fault.type == "string_too_long":
            message = f"{name}: {shown(value)} is longer than {fault.limit} characters"
            fix = "shorten it"
        else:
            message, fix = f"{name}: {shown(value)} is not {form.is_a}", form.write
        return (self._at_key if fault.in_key else self._at_value)(fault.path, "ER207", message, fix)

    def _at_key(self, path: Path, code: str, message: str, fix: str) -> Problem:
        return Problem(self.file, *self.document.definition(path), code, message, fix)

    def _at_value(self, path: Path, code: str, message: str, fix: str) -> Problem:
        return Problem(self.file, *self.document.value(path), code, message, fix)


def _fix_type(value: Data, declared: Any, expected: str) -> str:
    """Return how to turn a value of the wrong type into one of the right type."""
    form = form_of(declared)
    match value:
        case Decimal() | bool() if "$name" in expected:
            return form.write
        case Decimal() | bool() if "text" in expected or "word" in expected:
            return f'put it in quotes: "{str(value).lower()}"'
        case str() if "number" in expected:
            # NFKC turns full-width digits into plain ones.
            plain = unicodedata.normalize("NFKC", value).strip()
            number = plain.replace(".", "", 1).isdecimal()
            return f"write {plain} without quotes" if number else "write digits, such as 70 or 0.5"
        case str() if "true or false" in expected:
            return "write true or false, without quotes"
        case str() if "a mapping" in expected:
            return "write its fields as {key: value, ...}" + full_width_hint(value)
        case str() if expected == "a list":
            return f"write [{value}]" if value.isprintable() else "write [...]"
        case (str() as only,) if only.isprintable():
            return f"write {only} without brackets"
        case _:
            return f"write {expected}"
