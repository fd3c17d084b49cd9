"""A ruleset as one locality has it: with its own values of some parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import ParameterSpec

Overrides: TypeAlias = Mapping[str, Mapping[str, str]]
"""Parameter → (ISO date or `always`) → value as text: what a locality sets differently."""

_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)


def with_overrides(loaded: LoadedRuleset, overrides: Overrides) -> LoadedRuleset:
    """Return the ruleset with a locality's values in place: to be checked, or compared.

    A locality's value holds from its date until the locality says otherwise, whatever dates the
    file has after it. Parameters that the ruleset does not have are left out.
    """
    known = {
        name: _merged(loaded.spec.parameters[name], own)
        for name, own in overrides.items()
        if own and name in loaded.spec.parameters
    }
    if not known:
        return loaded
    specs = {
        name: spec.model_copy(update={"values": known[name]}) if name in known else spec
        for name, spec in loaded.spec.parameters.items()
    }
    given: dict[str, Any] = loaded.data["parameters"]
    parameters = {
        name: {**item, "values": known[name]} if name in known else item
        for name, item in given.items()
    }
    return replace(
        loaded,
        spec=loaded.spec.model_copy(update={"parameters": specs}),
        document=replace(loaded.document, data={**loaded.data, "parameters": parameters}),
    )


def _merged(spec: ParameterSpec, own: Mapping[str, str]) -> dict[str, bool | Decimal | str]:
    first = min(own, key=_order)
    kept = {day: value for day, value in spec.values.items() if _order(day) < _order(first)}
    return {**kept, **{day: _value(text, spec.unit) for day, text in own.items()}}


def _order(day: str) -> str:
    return "" if day == ALWAYS else day


def _value(text: str, unit: str) -> bool | Decimal | str:
    """Return the value that YAML would read; what does not fit the unit is for `check` to say."""
    if unit == "flag" and text in ("true", "false"):
        return text == "true"
    if unit not in ("flag", "text", "same_day") and _NUMBER.fullmatch(text):
        return Decimal(text)
    return text
