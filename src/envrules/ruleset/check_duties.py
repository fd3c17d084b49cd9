"""Checks of what has days or steps of its own: duties, campaigns, gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from envrules.errors import Problem
from envrules.kinds.campaigns import CampaignSpec
from envrules.kinds.duties import DutySpec
from envrules.kinds.gates import GateSpec
from envrules.model.values import ALWAYS
from envrules.ruleset.check_values import misfit
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated, timeline

T = TypeVar("T")


def check_duties(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of duties, campaigns and gates."""
    for name, duty in loaded.spec.duties.items():
        yield from _never_owed(loaded, ("duties", name), duty)
    for name, campaign in loaded.spec.campaigns.items():
        yield from _without_days(loaded, ("campaigns", name), campaign)
    for name, gate in loaded.spec.gates.items():
        path: Path = ("gates", name, "steps")
        steps = [((*path, i, "id"), step.id) for i, step in enumerate(gate.steps)]
        yield from repeated(loaded, "the steps", steps)
        yield from _more_than_all(loaded, path, gate)


def _never_owed(loaded: LoadedRuleset, path: Path, duty: DutySpec) -> Iterator[Problem]:
    """The first day of a yearly duty is not after the last, on every date on which one changes."""
    first = _days(loaded, duty.not_before, "month_day")
    last = _days(loaded, duty.by, "month_day")
    for start, (opens, closes) in timeline(first, last):
        if opens is not None and closes is not None and opens > closes:
            yield loaded.problem(
                "ER509", (*path, "not_before"),
                f"{loaded.name(path)} is never owed{_from(start)}: it cannot be done before "
                f"{opens}, and must be by {closes}",
                "correct one of the two days",
            )  # fmt: skip
            return


def _without_days(loaded: LoadedRuleset, path: Path, campaign: CampaignSpec) -> Iterator[Problem]:
    """A window between two dates begins no later than it ends, by the values that it goes by."""
    ends = _days(loaded, campaign.until, "date")
    starts = _days(loaded, campaign.starts, "date")
    for start in starts.values():
        new_year = f"{start[:4]}-12-31"  # a window goes by the values of the year that it begins in
        if _on(starts, new_year) == start and (_on(ends, new_year) or start) < start:
            yield loaded.problem(
                "ER509", (*path, "until"),
                f"{loaded.name(path)} has no day: it starts on {start} and lasts until "
                f"{_on(ends, new_year)}",
                "correct one of the two days",
            )  # fmt: skip


def _more_than_all(loaded: LoadedRuleset, path: Path, gate: GateSpec) -> Iterator[Problem]:
    """The steps release no more than the sum, on every date on which a share changes."""
    parameters = loaded.spec.parameters
    named = (parameters.get(step.share.removeprefix("$")) for step in gate.steps)
    shares = [p for p in named if p is not None and p.unit in ("percent", "ratio")]
    for start, held in timeline(*(share.values for share in shares)):
        total = sum(
            value / (100 if share.unit == "percent" else 1)
            for share, value in zip(shares, held, strict=True) if isinstance(value, Decimal)
        )  # fmt: skip
        if total > 1:
            yield loaded.problem_of(
                "ER510", path,
                f"{loaded.name(path)}: the shares add up to {total}{_from(start)}, more than the "
                "whole",
                "correct the values so that together they are 1 at most",
            )  # fmt: skip
            return


def _days(loaded: LoadedRuleset, ref: str | None, unit: str) -> dict[str, str]:
    """Return the dated values of a parameter of this unit; nothing for another or unfit ones."""
    parameter = loaded.spec.parameters.get((ref or "").removeprefix("$"))
    if parameter is None or parameter.unit != unit:
        return {}
    values = parameter.values
    days = {key: value for key, value in values.items() if isinstance(value, str)}
    return {} if any(misfit(unit, value) for value in values.values()) else days


def _on(values: Mapping[str, T], day: str) -> T | None:
    """Return the value in force on a day."""
    held: T | None = None
    for start, (value,) in timeline(values):
        if start == ALWAYS or start <= day:
            held = value
    return held


def _from(start: str) -> str:
    return "" if start == ALWAYS else f" (from {start} on)"
