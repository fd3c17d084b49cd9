"""What may be set of a scheme as fields of a form: value in force, clause, range, and what may be typed.

Parameters are fields of their own; the cells of a deduction table stand row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from envrules.excel.layout import COLUMNS
from envrules.kinds.common import Cited, Titled
from envrules.kinds.compiled import print_value
from envrules.kinds.score_specs import RowSpec
from envrules.model.base import Frozen
from envrules.model.values import ALWAYS
from envrules.ruleset.check_values import misfit
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS, ParameterSpec, RulesetSpec
from envrules.workbench.edits import Value, is_cell

WORDS = "words"
"""Unit of a cell that holds words of the ruleset: places, categories."""

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
_SAYS: dict[str, str] = {
    "points": "请填分数，最多两位小数，如 70 或 0.5", "money": "请填金额（元），不小于 0，最多两位小数",
    "count": "请填不小于 0 的整数", "ratio": "请填 0 到 1 之间的小数，如 0.5",
    "percent": "请填 0 到 100 之间的数", "months": "请填不小于 1 的整月数", "metres": "请填不小于 1 的整米数",
    "flag": "请选是或否", "text": "请填文字，不能空着", "date": "请填日期，如 2026-04-10",
    "month_day": "请填月日，如 04-10", "same_day": "请填当日几点前，如 18:00，最晚 24:00",
    WORDS: "请至少填一项，几项之间用空格隔开",
}  # fmt: skip
_DURATION = "请填大于 0 的时限"
_WHOLE = frozenset({"count", "months", "metres"})
_BOUNDED = {"ratio": (Decimal(1), Decimal("0.05")), "percent": (Decimal(100), Decimal(1))}


class Field(Frozen):
    """One value in the panel: a parameter, or a cell of a table."""

    name: str
    """As in `edits`."""
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
    choices: tuple[tuple[str, str], ...] = ()
    """The words that a cell may hold, each with its title; none: it is typed."""


class Line(Frozen):
    """A row of a deduction table, with the cells that it has."""

    title: str
    clause: str
    from_source: bool
    cells: tuple[Field, ...]


class Grid(Frozen):
    """A deduction table as it is in force."""

    title: str
    since: str
    lines: tuple[Line, ...]


_POINTS = "请填大于 0 的分数，最多两位小数，如 30 或 0.5"
_OF_WORDS = {"at": "places", "find": "categories"}
"""Column of words → section of the ruleset that lists them."""


def grids(loaded: LoadedRuleset, day: date) -> list[Grid]:
    """Return the deduction tables with the rows in force on a day; none for what begins later."""
    found = []
    for name, table in loaded.spec.tables.items():
        since = _since(table.values, day)
        if since:
            lines = tuple(_line(loaded.spec, name, row, since) for row in table.values[since])
            found.append(Grid(table.title, since, lines))
    return found


def _line(spec: RulesetSpec, table: str, row: RowSpec, since: str) -> Line:
    """Return a row with the cells that the file gives; what it leaves to a default stays there."""
    units = {"number": "points", "words": WORDS, "text": "text"}
    cells = tuple(
        _cell(spec, f"{table}.{row.id}.{column.field}", column.heading, units[column.form], value, since)
        for column in COLUMNS
        if column.form is not None and column.field != "title"
        and (value := getattr(row, column.field))
    )  # fmt: skip
    return Line(row.title, _clause(spec, row), row.ref is not None, cells)


def _cell(
    spec: RulesetSpec, name: str, title: str, unit: str, value: Value, since: str
) -> Field:  # fmt: skip
    section: dict[str, Titled] = getattr(spec, _OF_WORDS.get(name.rpartition(".")[2], ""), {})
    return Field(
        name, title, unit, unit_words(unit), "", True, "", as_typed(value), since, False, "text",
        choices=tuple((word, of.title) for word, of in section.items()),
    )  # fmt: skip


def fields(loaded: LoadedRuleset, own: frozenset[str], day: date) -> list[Field]:
    """Return the fields, in the order of the file, with the values in force on a day.

    `loaded` has the locality's own values in place; `own` names the parameters that have one.
    """
    return [
        _field(name, spec, loaded.spec, name in own, day)
        for name, spec in loaded.spec.parameters.items()
    ]


def _since(values: Iterable[str], day: date) -> str:
    """Return which of these dates a value in force on a day is from; empty: there is none yet."""
    return max((k for k in values if k == ALWAYS or k <= day.isoformat()),
               key=lambda k: "" if k == ALWAYS else k, default="")  # fmt: skip


def _field(
    name: str, spec: ParameterSpec, ruleset: RulesetSpec, own: bool, day: date
) -> Field:  # fmt: skip
    since = _since(spec.values, day)
    value = spec.values[since] if since else ""
    low, high, step = _range(spec.unit, value)
    control: Literal["slider", "switch", "text"] = "text"
    if spec.unit == "flag":
        control = "switch"
    elif isinstance(value, Decimal):
        control = "slider"
    return Field(
        name, spec.title, spec.unit, unit_words(spec.unit), _clause(ruleset, spec),
        spec.ref is not None, spec.contradiction or "", as_typed(value), since, own, control,
        low, high, step,
    )  # fmt: skip


def _clause(spec: RulesetSpec, item: Cited) -> str:
    if item.ref is None:
        return item.not_from_source or ""
    source, _, label = item.ref.partition(" ")
    title = spec.sources[source].title if source in spec.sources else source
    return f"{title} {label}".strip()


def unit_words(unit: str) -> str:
    """Return the unit as it stands behind a field."""
    if unit in ("flag", "text", "date", "month_day", "same_day", "ratio", "count", WORDS):
        return {"ratio": "占比"}.get(unit, "")
    return print_value(Decimal(1), unit).removeprefix("1").strip()


def as_typed(value: Value) -> str:
    """Return a value as somebody would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " ".join(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def read(field: Field, typed: str) -> tuple[Value, str]:
    """Return the value that was typed, and in words what is wrong with it; empty: it fits."""
    text = typed.strip()
    if field.unit == WORDS:
        words = tuple(text.split())
        return words, "" if words else _SAYS[WORDS]
    value: bool | Decimal | str = text
    if field.unit == "flag":
        value = text == "true" if text in ("true", "false") else text
    elif field.unit not in ("text", "date", "month_day", "same_day") and _NUMBER.fullmatch(text):
        value = Decimal(text)
    if is_cell(field.name) and isinstance(value, Decimal) and value <= 0:
        return value, _POINTS
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
