"""Checks of deduction tables and bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from envrules.errors import Problem
from envrules.kinds.bands import BandSpec
from envrules.kinds.score_specs import RowSpec
from envrules.model.values import ALWAYS
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Path
from envrules.ruleset.walk import repeated, texts, timeline

MAX_CLAIMS = 10_000
"""Combinations of place and category that one row may list; the engine looks each of them up."""

_ANY = ""
_ZERO = Decimal(0)
_BOUNDS = ("at_least", "above", "at_most", "below")


def check_scores(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of tables and bands."""
    for name, table in loaded.spec.tables.items():
        for key, rows in table.values.items():
            yield from _table(loaded, ("tables", name, "values", key), rows)
    for name, bands in loaded.spec.bands.items():
        yield from _bands(loaded, ("bands", name), bands)


def table_totals(loaded: LoadedRuleset) -> dict[str, dict[str, Decimal]]:
    """Return, for people to compare with the document, the full points of each table and date."""
    return {
        name: {key: sum((row.full for row in rows), _ZERO) for key, rows in table.values.items()}
        for name, table in loaded.spec.tables.items()
    }


def _table(loaded: LoadedRuleset, path: Path, rows: tuple[RowSpec, ...]) -> Iterator[Problem]:
    if not rows:
        yield loaded.problem_of(
            "ER209", path, f"{loaded.name(path)} has no rows", "write at least one row"
        )
    yield from repeated(
        loaded, "the rows", [((*path, i, "id"), row.id) for i, row in enumerate(rows)]
    )
    claimed: dict[tuple[str, str], RowSpec] = {}
    for i, row in enumerate(rows):
        yield from _points(loaded, (*path, i), row)
        for field in ("at", "find"):
            words = [
                *texts(getattr(row, field), (*path, i, field)),
                *texts(getattr(row, f"{field}_if"), (*path, i, f"{field}_if")),
            ]
            yield from repeated(loaded, f"the words of row {row.id}", words)
        if row.each is None:
            yield from _supplied(loaded, (*path, i), row)
            continue
        places, categories = _claimed(row, "at"), _claimed(row, "find")
        if len(places) * len(categories) > MAX_CLAIMS:
            yield loaded.problem_of(
                "ER109", (*path, i),
                f"row {row.id} claims {len(places)} places times {len(categories)} categories",
                f"at most {MAX_CLAIMS} combinations: leave `at` or `find` out, or split the row",
            )  # fmt: skip
            continue
        # A flag may be switched on by an operator at any time, so its words count as claimed. A
        # row without places or categories takes what no other row names: no conflict.
        claims = {(at, find) for at in places for find in categories}
        for claim in sorted(claims & claimed.keys()):
            at, find = (word or "any" for word in claim)
            yield loaded.problem_of(
                "ER502", (*path, i),
                f"the rows {claimed[claim].id} and {row.id} both claim {find} at {at}",
                "leave it to one of them: a finding deducts in one row",
            )  # fmt: skip
            break
        claimed.update(dict.fromkeys(claims - claimed.keys(), row))


def _claimed(row: RowSpec, field: str) -> set[str]:
    flagged: Mapping[str, tuple[str, ...]] = getattr(row, f"{field}_if")
    return set(getattr(row, field) or {_ANY}).union(*flagged.values())


def _points(loaded: LoadedRuleset, path: Path, row: RowSpec) -> Iterator[Problem]:
    for field, points in (("full", row.full), ("each", row.each)):
        if points is not None and (points <= 0 or points != round(points, 2)):
            yield loaded.problem(
                "ER503", (*path, field), f"row {row.id}: {field} is {points}",
                "write points above 0 with at most two places after the point",
            )  # fmt: skip
    if row.each is not None and row.full < row.each:
        yield loaded.problem(
            "ER503", (*path, "each"),
            f"row {row.id}: one finding deducts {row.each}, more than the row's {row.full}",
            "lower each, or raise full",
        )  # fmt: skip


def _supplied(loaded: LoadedRuleset, path: Path, row: RowSpec) -> Iterator[Problem]:
    for field in ("at", "at_if", "find", "find_if"):
        if getattr(row, field):
            yield loaded.problem_of(
                "ER509", (*path, field),
                f"row {row.id} is awarded by an organ: its {field} has no effect",
                "remove it, or give `each` instead of `supplied_by`",
            )  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class _Edge:
    """A cut between figures: just below `figure` (side 0) or just above it (side 1)."""

    figure: Decimal
    side: int

    def describe_from(self) -> str:
        return f"{'above' if self.side else 'from'} {self.figure}"

    def describe_to(self) -> str:
        return f"{'up to' if self.side else 'to below'} {self.figure}"


_BOTTOM, _TOP = _Edge(Decimal("-Infinity"), 0), _Edge(Decimal("Infinity"), 1)


def _bands(loaded: LoadedRuleset, path: Path, bands: tuple[BandSpec, ...]) -> Iterator[Problem]:
    """Bands cover every figure once, on every date on which a threshold changes."""
    yield from repeated(
        loaded, "the bands", [((*path, i, "id"), b.id) for i, b in enumerate(bands)]
    )
    if not bands:
        yield loaded.problem_of("ER209", path, f"{loaded.name(path)} has no bands", "remove it")
        return
    bounds = [(i, bound) for i, band in enumerate(bands) for bound in _given(band)]
    values = [_thresholds(loaded, bands[i], bound) for i, bound in bounds]
    if not all(values):  # an unknown or unfit parameter: reported elsewhere
        return
    for start, held in timeline(*values):
        known = dict(zip(bounds, held, strict=True))
        found = list(_bands_at(loaded, path, bands, known, start))
        if found:  # once is enough: later dates mostly repeat it
            yield from found
            return


def _given(band: BandSpec) -> list[str]:
    return [bound for bound in _BOUNDS if getattr(band, bound) is not None]


def _thresholds(loaded: LoadedRuleset, band: BandSpec, bound: str) -> dict[str, Decimal]:
    """Return the dated values of a bound; empty where the parameter is of no use."""
    parameter = loaded.spec.parameters.get(getattr(band, bound).removeprefix("$"))
    values = parameter.values if parameter is not None else {}
    numbers = {key: value for key, value in values.items() if type(value) is Decimal}
    return numbers if len(numbers) == len(values) else {}


def _bands_at(
    loaded: LoadedRuleset, path: Path, bands: tuple[BandSpec, ...],
    held: Mapping[tuple[int, str], Decimal | None], start: str,
) -> Iterator[Problem]:  # fmt: skip
    """Yield what is wrong with the bands by the values in force at `start`."""
    when = "" if start == ALWAYS else f" (from {start} on)"
    ranges: list[tuple[_Edge, _Edge, int]] = []
    for i, band in enumerate(bands):
        known: dict[str, Decimal] = {}
        for bound in _given(band):
            if (value := held[i, bound]) is None:
                yield loaded.problem(
                    "ER407", (*path, i, bound),
                    f"{loaded.name((*path, i))}: {getattr(band, bound)} has no value{when}, "
                    "when other bounds have one",
                    "give it a value from `always` or from the same date on",
                )  # fmt: skip
                return
            known[bound] = value
        low, high = _range(known)
        if low >= high:
            yield loaded.problem_of(
                "ER504", (*path, i), f"no figure falls in {loaded.name((*path, i))}{when}",
                f"it runs {low.describe_from()} {high.describe_to()}: correct one of its bounds",
            )  # fmt: skip
            return
        ranges.append((low, high, i))
    yield from _cover(loaded, path, sorted(ranges), when)


def _range(known: Mapping[str, Decimal]) -> tuple[_Edge, _Edge]:
    low, high = _BOTTOM, _TOP
    for bound, value in known.items():
        match bound:
            case "at_least":
                low = _Edge(value, 0)
            case "above":
                low = _Edge(value, 1)
            case "at_most":
                high = _Edge(value, 1)
            case "below":
                high = _Edge(value, 0)
    return low, high


def _cover(
    loaded: LoadedRuleset, path: Path, ranges: list[tuple[_Edge, _Edge, int]], when: str
) -> Iterator[Problem]:
    """Yield the gaps and overlaps of ranges that are sorted from low to high."""
    covered = _BOTTOM
    sound = True
    for low, high, i in [*ranges, (_TOP, _TOP, ranges[-1][2])]:
        if low != covered:
            sound = False
            gap = low > covered
            between = _between(covered, low) if gap else _between(low, min(covered, high))
            yield loaded.problem_of(
                "ER504", (*path, i),
                f"{loaded.name(path)}: {'no band' if gap else 'more than one band'} holds "
                f"{between}{when}",
                "let the bands meet: `at_least: $x` in one, `below: $x` in the next",
            )  # fmt: skip
        covered = max(covered, high)
    order = [i for _, _, i in ranges]
    steps = {later > earlier for earlier, later in pairwise(order)}
    if sound and len(steps) > 1:
        yield loaded.problem_of(
            "ER505", path, f"{loaded.name(path)} are neither from low to high nor from high to low",
            "write them in the order of their bounds",
        )  # fmt: skip


def _between(low: _Edge, high: _Edge) -> str:
    if low == _BOTTOM or high == _TOP:
        only = high.describe_to().removeprefix("to ") if low == _BOTTOM else low.describe_from()
        return f"figures {only}"
    if low.figure == high.figure:
        return f"exactly {low.figure}"
    return f"figures {low.describe_from()} {high.describe_to()}"
