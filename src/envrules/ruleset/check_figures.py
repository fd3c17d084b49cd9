"""Checks of checklists and indicators, and of the figures that scores and indicators share."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from typing import Final, get_args

from envrules.errors import Problem
from envrules.kinds.checklists import ChecklistSpec
from envrules.kinds.compiled import Rounding
from envrules.kinds.indicator_specs import IndicatorSpec
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated
from envrules.ruleset.words import choose, shown

_LENGTHS: Final = ("day", "week", "month", "quarter", "year")
_BOUNDS: Final = ("at_least", "above", "at_most", "below")
_NUMBERS: Final = frozenset({"points", "count", "percent", "ratio", "money"})


def check_figures(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of checklists and indicators."""
    spec = loaded.spec
    for name, checklist in spec.checklists.items():
        path: Path = ("checklists", name, "items")
        items = [((*path, i, "id"), item.id) for i, item in enumerate(checklist.items)]
        yield from repeated(loaded, "the items", items)
        yield from _never_passed(loaded, name, checklist)
    for name, indicator in spec.indicators.items():
        path = ("indicators", name)
        yield from _bounds(loaded, path, indicator)
        yield from _headcount(loaded, indicator)
        yield from _counted_bands(loaded, path, indicator)
        yield from _counted_duties(loaded, path, indicator)
    for name in spec.scores:
        yield from _scored(loaded, name)
    yield from _circles(loaded)


def _never_passed(loaded: LoadedRuleset, name: str, checklist: ChecklistSpec) -> Iterator[Problem]:
    """The points that pass are not more than the items add up to."""
    total = sum(item.points or 0 for item in checklist.items)
    for _, value in _values(loaded, checklist.at_least or ""):
        if isinstance(value, Decimal) and value > total:
            yield loaded.problem(
                "ER511", ("checklists", name, "at_least"),
                f"checklists.{name} is passed from {value} points on, but its items add up to "
                f"{total}",
                "correct the points of the items, or the values of at_least",
            )  # fmt: skip


def _bounds(loaded: LoadedRuleset, path: Path, indicator: IndicatorSpec) -> Iterator[Problem]:
    """Bounds are in the unit of the figure; that of a measured value is the first bound's."""
    fitting = _units(indicator)
    for bound in _BOUNDS:
        name = (getattr(indicator, bound) or "").removeprefix("$")
        parameter = loaded.spec.parameters.get(name)
        if parameter is None or parameter.unit not in _NUMBERS:
            continue  # reported as a reference
        if parameter.unit not in fitting:
            yield loaded.problem(
                "ER403", (*path, bound),
                f"{loaded.name(path)}.{bound} needs the unit {' or '.join(sorted(fitting))}, as its "
                f"figure has, but {name} has the unit {parameter.unit}",
                "name another parameter, or correct its unit and values",
            )  # fmt: skip
        if fitting == _NUMBERS:
            fitting = frozenset({parameter.unit})


def _units(indicator: IndicatorSpec) -> frozenset[str]:
    """Return the units that an indicator's figure may be held against."""
    counted = indicator.bands or indicator.duties
    if indicator.measured is not None:
        return frozenset({"percent"}) if indicator.measured.form == "percent" else _NUMBERS
    if indicator.visits is not None:
        return frozenset({"count", "ratio"})
    if indicator.issues is not None:
        return frozenset({"percent" if indicator.issues.of else "count"})
    return frozenset({"count" if counted is not None and counted.form == "count" else "percent"})


def _headcount(loaded: LoadedRuleset, indicator: IndicatorSpec) -> Iterator[Problem]:
    """One head is for at least one person, and a started number is rounded in a known way."""
    measured = indicator.measured
    if measured is None or measured.per is None or measured.rounding is None:
        return
    ways = get_args(Rounding)
    for path, value in _values(loaded, measured.per):
        if isinstance(value, Decimal) and value < 1:
            yield _misfit(loaded, path, "a number from 1 on")
    for path, value in _values(loaded, measured.rounding):
        if isinstance(value, str) and value not in ways:
            yield _misfit(loaded, path, f"one of {', '.join(ways)}")


def _values(loaded: LoadedRuleset, ref: str) -> Iterator[tuple[Path, bool | Decimal | str]]:
    name = ref.removeprefix("$")
    parameter = loaded.spec.parameters.get(name)
    for key, value in parameter.values.items() if parameter is not None else ():
        yield ("parameters", name, "values", key), value


def _misfit(loaded: LoadedRuleset, path: Path, meaning: str) -> Problem:
    parameter = loaded.spec.parameters[str(path[1])]
    value = shown(parameter.values[str(path[3])])
    return loaded.problem(
        "ER402", path, f"{loaded.name(path)} is {value}, not {meaning}", f"write {meaning}"
    )


def _counted_bands(
    loaded: LoadedRuleset, path: Path, indicator: IndicatorSpec
) -> Iterator[Problem]:
    """The bands exist, and are given for periods of the indicator's length."""
    spec, counted = loaded.spec, indicator.bands
    score = spec.scores.get(counted.score) if counted is not None else None
    if counted is None or score is None:
        return
    known = [band.id for band in spec.bands.get(counted.score, ())]
    for i, band in enumerate(counted.bands):
        if band not in known:
            yield loaded.problem(
                "ER304", (*path, "bands", "bands", i),
                f"{loaded.name(path)}: the score {counted.score} has no band {band!r}",
                choose(band, known, f"declare its bands under `bands.{counted.score}`"),
            )  # fmt: skip
    if score.period != indicator.period:
        yield loaded.problem(
            "ER511", (*path, "bands", "score"),
            f"{loaded.name(path)} is for a {indicator.period} and counts bands of "
            f"{counted.score}, which is for a {score.period}",
            "give both the same period",
        )  # fmt: skip


def _counted_duties(
    loaded: LoadedRuleset, path: Path, indicator: IndicatorSpec
) -> Iterator[Problem]:
    """A cycle of the duty is not longer than the indicator's period."""
    counted = indicator.duties
    duty = loaded.spec.duties.get(counted.duty) if counted is not None else None
    if counted is None or duty is None:
        return
    if _LENGTHS.index(duty.every) > _LENGTHS.index(indicator.period):
        yield loaded.problem(
            "ER511", (*path, "duties", "duty"),
            f"{loaded.name(path)} is for a {indicator.period} and counts {counted.duty}, which is "
            f"owed once a {duty.every}",
            "give the indicator a period at least as long as the duty's cycle",
        )  # fmt: skip


def _scored(loaded: LoadedRuleset, name: str) -> Iterator[Problem]:
    """A score that is an indicator has its period, and is about units that have the indicator."""
    score, path = loaded.spec.scores[name], ("scores", name)
    indicator = loaded.spec.indicators.get(score.indicator or "")
    if indicator is None:
        return
    if score.period != indicator.period:
        yield loaded.problem(
            "ER511", (*path, "indicator"),
            f"{name} is for a {score.period} and its indicator {score.indicator} for a "
            f"{indicator.period}",
            "give both the same period",
        )  # fmt: skip
    for i, unit in enumerate(score.unit):
        if unit not in indicator.unit:
            yield loaded.problem(
                "ER511", (*path, "unit", i),
                f"{name} is about {unit}, for which the indicator {score.indicator} has no figure",
                f"remove it, or add it to the units of indicators.{score.indicator}",
            )  # fmt: skip


# ── circles ──

_Node = tuple[str, str]
"""Section and name."""


def _circles(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield a problem for each circle: a figure is judged after those that it is made of."""
    made_of = _made_of(loaded)
    while True:
        try:
            TopologicalSorter(made_of).prepare()
            return
        except CycleError as error:
            # Each node comes before the one that is made of it; the first is repeated at the end.
            circle: list[_Node] = error.args[1][::-1]
        yield loaded.problem(
            "ER512", (*circle[0], *made_of[circle[0]][circle[1]]),
            f"these figures are made of one another: {' → '.join('.'.join(n) for n in circle)}",
            "remove one of the links, here or in the others",
        )  # fmt: skip
        for node in circle[1:]:
            del made_of[node]


def _made_of(loaded: LoadedRuleset) -> dict[_Node, dict[_Node, Path]]:
    """Return what each figure is made of, and the field that says so.

    A mean of periods that are not shorter is another problem, and left out.
    """
    spec = loaded.spec
    links: dict[_Node, dict[_Node, Path]] = {}
    for name, score in spec.scores.items():
        mine: dict[_Node, Path] = links.setdefault(("scores", name), {})
        for part in score.weighted:
            mine["scores", part] = ("weighted", part)
        parts = spec.scores.get(score.mean_of or "")
        if parts is not None and _LENGTHS.index(parts.period) < _LENGTHS.index(score.period):
            mine["scores", score.mean_of or ""] = ("mean_of",)
        if score.indicator is not None:
            mine["indicators", score.indicator] = ("indicator",)
    for name, indicator in spec.indicators.items():
        counted = indicator.bands
        links["indicators", name] = (
            {("scores", counted.score): ("bands", "score")} if counted is not None else {}
        )
    return links
