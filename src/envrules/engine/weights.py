"""What multiplies the points of a finding: whose share, who found it, whether it was put right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from envrules.engine.judging import Bench, RectifiedFeed
from envrules.engine.readers import sharing_units
from envrules.kinds.charges import Factor, exact
from envrules.kinds.compiled import Parameter, cite, cite_value, plain
from envrules.kinds.scores import Score
from envrules.model.events import IssueFound


def factors_of(
    bench: Bench, score: Score, unit: str, found: IssueFound, day: date
) -> tuple[Factor, ...]:
    """Return what the points of an issue are multiplied by in a unit's score, by values of `day`."""
    return (
        *_share(bench, unit, found, day),
        *_finder(score, found, day),
        *_own(score, unit, found, day),
    )


_ROLES = {"place": "属地单位", "handler": "处置单位", "supervisor": "主管部门"}


def _share(bench: Bench, unit: str, found: IssueFound, day: date) -> Iterator[Factor]:
    """Yield the share that the unit bears, of all roles that it answers for."""
    shares = bench.scheme.lifecycle.shares
    roles = sharing_units(bench.scheme, found).get(unit, ())
    if not roles:
        return
    held = {role: shares[role].at(day) for role in roles}
    share = sum((Fraction(str(value.value)) for value in held.values()), Fraction(0))
    steps = tuple(cite_value(shares[r], value, f"作为{_ROLES[r]}") for r, value in held.items())
    yield Factor(share, f"分担 {plain(exact(100 * share))}%", steps)


def _finder(score: Score, found: IssueFound, day: date) -> Iterator[Factor]:
    multiplier = score.finder.get(found.source_level)
    if multiplier is not None:
        yield _times(multiplier, day, f"{found.source_level}发现")


def _own(score: Score, unit: str, found: IssueFound, day: date) -> Iterator[Factor]:
    if score.own_found is not None and unit and found.reporter_unit == unit:
        yield _times(score.own_found, day, "自查自报")


def _times(multiplier: Parameter, day: date, why: str) -> Factor:
    held = multiplier.at(day)
    value = Fraction(str(held.value))
    times = f"×{plain(exact(value))}"
    step = cite(held.citation, value=times, since=held.since, note=why)
    return Factor(value, f"{why}{times}", (step,))


def restored(score: Score, stands: RectifiedFeed | None, day: date) -> Factor | None:
    """Return the share given back for an issue that was put right by the deadline, or None."""
    if score.restore is None or stands is None or not stands.in_time:
        return None
    held = score.restore.at(day)
    share = score.restore.share(held.value)
    return Factor(share, "已按期整改", (cite_value(score.restore, held),)) if share else None
