"""The parameters of a scheme as fields of a form: value in force, clause, range, and what may be typed."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Literal

from envrules.kinds.compiled import print_value
from envrules.model.base import Frozen
from envrules.model.values import ALWAYS
from envrules.ruleset.check_values import misfit
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS, ParameterSpec

Value = bool | Decimal | str

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
_SAYS: dict[str, str] = {
    "points": "请填分数，最多两位小数，如 70 或 0.5", "money": "请填金额（元），不小于 0，最多两位小数",
    "count": "请填不小于 0 的整数", "ratio": "请填 0 到 1 之间的小数，如 0.5",
    "percent": "请填 0 到 100 之间的数", "months": "请填不小于 1 的整月数", "metres": "请填不小于 1 的整米数",
    "flag": "请选是或否", "text": "请填文字，不能空着", "date": "请填日期，如 2026-04-10",
    "month_day": "请填月日，如 04-10", "same_day": "请填当日几点前，如 18:00，最晚 24:00",
}  # fmt: skip
_DURATION = "请填大于 0 的时限"
_WHOLE = frozenset({"count", "months", "metres"})
_BOUNDED = {"ratio": (Decimal(1), Decimal("0.05")), "percent": (Decimal(100), Decimal(1))}


class Field(Frozen):
    """One parameter in the panel."""

    name: str
    title: str
    unit: str
    words: str
    """The unit in Chinese: `分`, `个工作日`."""
    clause: str
    """Where the document says so, or why it does not."""
    from_source: bool
    contradiction: str
    value: str
    """In force on the last day asked about, as it is typed."""
    since: str
    own: bool
    """The locality has a value of its own."""
    control: Literal["slider", "switch", "text"]
    low: float = 0
    high: float = 0
    step: float = 1


def fields(loaded: LoadedRuleset, own: frozenset[str], day: date) -> list[Field]:
    """Return the fields, in the order of the file, with the values in force on a day.

    `loaded` has the locality's own values in place; `own` names the parameters that have one.
    """
    titles = {key: source.title for key, source in loaded.spec.sources.items()}
    return [
        _field(name, spec, titles, name in own, day)
        for name, spec in loaded.spec.parameters.items()
    ]


def _field(
    name: str, spec: ParameterSpec, titles: dict[str, str], own: bool, day: date
) -> Field:  # fmt: skip
    since = max((k for k in spec.values if k == ALWAYS or k <= day.isoformat()),
                key=lambda k: "" if k == ALWAYS else k, default="")  # fmt: skip
    value = spec.values[since] if since else ""
    low, high, step = _range(spec.unit, value)
    control: Literal["slider", "switch", "text"] = "text"
    if spec.unit == "flag":
        control = "switch"
    elif isinstance(value, Decimal):
        control = "slider"
    return Field(
        name, spec.title, spec.unit, unit_words(spec.unit), _clause(spec, titles),
        spec.ref is not None, spec.contradiction or "", as_typed(value), since, own, control,
        low, high, step,
    )  # fmt: skip


def _clause(spec: ParameterSpec, titles: dict[str, str]) -> str:
    if spec.ref is None:
        return spec.not_from_source or ""
    source, _, label = spec.ref.partition(" ")
    return f"{titles.get(source, source)} {label}".strip()


def unit_words(unit: str) -> str:
    """Return the unit as it stands behind a field."""
    if unit in ("flag", "text", "date", "month_day", "same_day", "ratio", "count"):
        return {"ratio": "占比"}.get(unit, "")
    return print_value(Decimal(1), unit).removeprefix("1").strip()


def as_typed(value: Value) -> str:
    """Return a value as somebody would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def read(field: Field, typed: str) -> tuple[Value, str]:
    """Return the value that was typed, and in words what is wrong with it; empty: it fits."""
    text = typed.strip()
    value: Value = text
    if field.unit == "flag":
        value = text == "true" if text in ("true", "false") else text
    elif field.unit not in ("text", "date", "month_day", "same_day") and _NUMBER.fullmatch(text):
        value = Decimal(text)
    if misfit(field.unit, value) is None:
        return value, ""
    return value, _DURATION if field.unit in DURATION_UNITS - {"same_day"} else _SAYS[field.unit]


def _range(unit: str, value: Value) -> tuple[float, float, float]:
    """Return from where to where, and by what step, a slider goes: round numbers about the value."""
    if isinstance(value, bool) or not isinstance(value, Decimal):
        return 0, 0, 1
    if unit in _BOUNDED:
        most, step = _BOUNDED[unit]
        return 0, float(most), float(min(step, _grain(value, unit)))
    grain = _grain(value, unit)
    least = Decimal(0) if unit in ("points", "money", "count") else grain
    most = Decimal(100) if unit == "points" and 20 <= value <= 100 else max(value * 2, grain * 10)
    return float(min(least, value)), float(most), float(grain)


def _grain(value: Decimal, unit: str) -> Decimal:
    """Return the smallest step worth taking: in the last place that the value uses."""
    if unit in _WHOLE:
        return Decimal(1)
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(0, int(exponent)))


def since_words(since: str) -> str:
    """Return since when a value holds."""
    return {ALWAYS: "自始有效", "": "当日没有生效的值"}.get(since, f"{since} 起")
