"""Comparing standings and lists, and noting which decisions say the same and need no other line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from envrules.cases.compare import Failure
from envrules.cases.model import WantedList, WantedStanding, WantedStandings
from envrules.engine.standings import Row
from envrules.kinds.compiled import plain
from envrules.model.decisions import Content, Decision

_GETTERS: dict[str, Callable[[Row], Any]] = {
    "figure": lambda row: row.figure,
    "status": lambda row: row.status,
    "band": lambda row: row.band,
    "rank": lambda row: row.rank,
    "adjustments": lambda row: row.adjusted,
}


def compare_standings(
    wanted: WantedStandings, rows: Sequence[Row], colours: Mapping[str, str],
    effective: Sequence[Decision], accounted: set[str],
) -> list[Failure]:  # fmt: skip
    """Compare the standings both ways: every unit stands there, and no other.

    `colours` are those of the score's bands. A decision of a closed period that says what was
    compared (figure, band, rank) is `accounted`.
    """
    by_unit = {row.unit.id: row for row in rows}
    failures = []
    for unit in wanted.units:
        row = by_unit.pop(unit.unit, None)
        if row is None:
            failures.append(Failure(unit.location, f"{unit.unit} has no standing"))
            continue
        failures += _compare(unit, row, colours.get(row.band, ""))
        accounted.update(
            d.id for d in effective if _says(d.content, wanted.score, wanted.period, unit)
        )
    failures += [
        Failure(wanted.location, f"not expected: a standing of {unit} ({_said(row)})")
        for unit, row in by_unit.items()
    ]
    return failures


def _compare(wanted: WantedStanding, row: Row, colour: str) -> list[Failure]:
    got = {name: get(row) for name, get in _GETTERS.items()} | {"colour": colour}
    differing = [
        f"{name} is {_text(got[name])}, not {_text(value)}"
        for name, value in wanted.fields.items() if got[name] != value
    ]  # fmt: skip
    return [Failure(wanted.location, f"{wanted.unit}: {'; '.join(differing)}")] if differing else []


def _says(content: Content, score: str, period: str, wanted: WantedStanding) -> bool:
    """Return whether a decision says of the unit what the expectation names."""
    if (content.unit, content.period) != (wanted.unit, period):
        return False
    said = {
        f"scores.{score}": ("figure", content.points) if content.points is not None
        else ("status", content.outcome),
        f"bands.{score}": ("band", content.outcome),
        f"ranks.{score}": ("rank", content.rank),
    }.get(content.slot.rule)  # fmt: skip
    if said is None or content.slot.anchor != period:
        return False
    return said[0] in wanted.fields and wanted.fields[said[0]] == said[1]


def compare_list(
    wanted: WantedList, effective: Sequence[Decision], accounted: set[str]
) -> list[Failure]:
    """Compare who is on a list, best first; its decisions are `accounted`."""
    on_it = [
        d for d in effective
        if (d.content.slot.rule, d.content.outcome, d.content.period)
        == (f"lists.{wanted.list}", wanted.list, wanted.period)
    ]  # fmt: skip
    units = tuple(
        d.content.unit for d in sorted(on_it, key=lambda d: (d.content.rank or 0, d.content.unit))
    )
    accounted.update(d.id for d in on_it if d.content.unit in wanted.units)
    if units == wanted.units:
        return []
    got, said = ", ".join(units), ", ".join(wanted.units)
    return [Failure(wanted.location, f"{wanted.list} {wanted.period} is [{got}], not [{said}]")]


def _said(row: Row) -> str:
    return f"{_text(row.figure)}, {row.status}"


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return "none" if value is None or value == "" else str(value)
