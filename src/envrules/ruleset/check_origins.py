"""Checks of what scores are made of, of fields that have no effect there, of what bands need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from envrules.errors import Problem
from envrules.kinds.bands import BandSpec
from envrules.kinds.score_specs import ScoreSpec
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path

_LENGTH: Final = {"week": 0, "month": 1, "quarter": 3, "year": 12}

_ONLY_FOR: Final[dict[str, tuple[frozenset[str], str]]] = {
    "counts": (frozenset({"table", "checklist"}), "only what inspections say is counted"),
    "several": (frozenset({"table", "checklist"}), "only inspections assess several times"),
    "not_assessed": (frozenset({"table", "checklist"}), "only what is inspected can go unassessed"),
    "full": (frozenset({"supplied_by"}), "only a total that an organ reports is bounded by it"),
    "min_share": (frozenset({"mean_of", "weighted"}), "only a mean has parts"),
    "finder": (frozenset({"table"}), "only findings that deduct are weighed"),
    "own_found": (frozenset({"table"}), "only findings that deduct are weighed"),
    "repeat": (frozenset({"table"}), "only findings deduct again"),
    "restore": (frozenset({"table"}), "only what findings deduct is given back"),
    "restore_by": (frozenset({"table"}), "only what findings deduct is given back"),
}
"""Field → the origins of a score for which it means something, and why not for others."""

_ORIGINS: Final = ("table", "supplied_by", "mean_of", "weighted", "checklist", "indicator")


def check_origins(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of the origins of scores, and of what their bands need."""
    for name, score in loaded.spec.scores.items():
        path: Path = ("scores", name)
        yield from _idle(loaded, path, score)
        yield from _nothing_counts(loaded, path, score)
        yield from _mean(loaded, path, score)
        yield from _weighted(loaded, path, score)
        yield from _checklist(loaded, path, score)
    for name, bands in loaded.spec.bands.items():
        yield from _needs(loaded, ("bands", name), bands)
    for name, item in loaded.spec.lists.items():
        path = ("lists", name, "rounding")
        if "rounding" in item.model_fields_set and not (item.top_share or item.bottom_share):
            yield loaded.problem_of(
                "ER509", path, f"{loaded.name(path)} has no effect: only a share is rounded",
                "remove it",
            )  # fmt: skip


def _idle(loaded: LoadedRuleset, path: Path, score: ScoreSpec) -> Iterator[Problem]:
    origin = next(name for name in _ORIGINS if getattr(score, name))
    for field, (origins, why) in _ONLY_FOR.items():
        if field in score.model_fields_set and origin not in origins:
            yield loaded.problem_of(
                "ER509", (*path, field), f"{loaded.name(path)}.{field} has no effect: {why}",
                "remove it",
            )  # fmt: skip


def _nothing_counts(loaded: LoadedRuleset, path: Path, score: ScoreSpec) -> Iterator[Problem]:
    """A table or checklist without inspections never scores anything."""
    tables = loaded.spec.tables
    rows = tables[score.table].values.values() if score.table in tables else ()
    deducts = any(row.each is not None for group in rows for row in group)
    if score.counts or not (deducts or score.checklist):
        return
    what = "finding ever deducts" if deducts else "answer ever counts"
    yield loaded.problem_of(
        "ER509", path, f"{path[1]} counts no inspection, so no {what}",
        "add `counts:` with the kinds of inspection whose findings deduct" if deducts
        else "add `counts:` with the kinds of inspection whose answers count",
    )  # fmt: skip


def _mean(loaded: LoadedRuleset, path: Path, score: ScoreSpec) -> Iterator[Problem]:
    """A mean is of a shorter period, and about the same units."""
    parts = loaded.spec.scores.get(score.mean_of or "")
    if parts is None:
        return  # reported as a reference
    for i, unit in enumerate(score.unit):
        if unit not in parts.unit:
            yield loaded.problem(
                "ER511", (*path, "unit", i),
                f"{path[1]} is about {unit}, for which {score.mean_of} has no figure to take the "
                "mean of",
                f"remove it, or add it to the units of scores.{score.mean_of}",
            )  # fmt: skip
    if _LENGTH[parts.period] >= _LENGTH[score.period]:
        yield loaded.problem(
            "ER506", (*path, "mean_of"),
            f"{path[1]} is for a {score.period} and cannot be the mean of {score.mean_of}, which "
            f"is for a {parts.period}",
            "name a score of a shorter period",
        )  # fmt: skip


def _weighted(loaded: LoadedRuleset, path: Path, score: ScoreSpec) -> Iterator[Problem]:
    """What is weighed is for the same or a shorter period, and about the same units."""
    for name in score.weighted:
        part = loaded.spec.scores.get(name)
        if part is None:
            continue  # reported as a reference
        place = (*path, "weighted", name)
        if _LENGTH[part.period] > _LENGTH[score.period]:
            yield loaded.problem_of(
                "ER511", place,
                f"{path[1]} is for a {score.period} and weighs {name}, which is for a {part.period}",
                "weigh a score of the same or a shorter period",
            )  # fmt: skip
        for unit in score.unit:
            if unit not in part.unit:
                yield loaded.problem_of(
                    "ER511", place,
                    f"{path[1]} is about {unit}, for which its part {name} has no figure",
                    f"remove the unit, or add it to the units of scores.{name}",
                )  # fmt: skip


def _checklist(loaded: LoadedRuleset, path: Path, score: ScoreSpec) -> Iterator[Problem]:
    checklist = loaded.spec.checklists.get(score.checklist or "")
    if checklist is not None and any(item.points is None for item in checklist.items):
        yield loaded.problem(
            "ER511", (*path, "checklist"),
            f"{path[1]} adds up the points of {score.checklist}, whose items have none",
            "give points to every item of the checklist",
        )  # fmt: skip


def _needs(loaded: LoadedRuleset, path: Path, bands: tuple[BandSpec, ...]) -> Iterator[Problem]:
    """Who has not passed goes to a lower band, so that the lowest must be open to all."""
    if not bands:
        return
    high_first = bands[0].at_least is not None or bands[0].above is not None
    lowest = len(bands) - 1 if high_first else 0
    if bands[lowest].needs:
        name = loaded.name((*path, lowest))
        yield loaded.problem_of(
            "ER513", (*path, lowest, "needs"),
            f"{name} is the lowest band and needs {', '.join(bands[lowest].needs)}: who has not "
            "passed falls in no band",
            "remove its needs, or add a band below it without any",
        )  # fmt: skip
