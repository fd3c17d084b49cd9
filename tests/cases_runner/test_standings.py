"""Standings: what is read of the past is what was there to be read then."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from envrules import calendar as cal
from envrules.cases import Case, SchemeFactory, factory_for, load_cases, run_case
from envrules.cases.model import PublishStep
from envrules.engine.memory import MemoryLocality
from envrules.engine.standings import Row, standings
from envrules.model.entries import Arrived, Closed, Entry
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme

CASES = Path(__file__).resolve().parent.parent / "cases"


def told(rows: list[Row]) -> list[tuple[object, ...]]:
    """Return what rows say, as values that compare."""
    return [
        (r.unit.id, r.title, r.status, r.figure, r.band, r.adjusted, r.partition, r.rank, r.ranked,
         r.held)
        for r in rows
    ]  # fmt: skip


def closing_cases() -> Iterator[tuple[str, Case]]:
    """Yield the built-in cases that close a period and keep their ruleset, small ones only."""
    for path in sorted(CASES.glob("*.yaml")):
        file = load_cases(path.read_text(encoding="utf-8"), str(path))
        for case in file.cases:
            expects = case.expect.standings
            if expects and len(case.units) < 8 and not any(
                isinstance(step, PublishStep) for step in case.steps
            ):  # fmt: skip
                yield file.scheme, case


@pytest.fixture(scope="module")
def schemes() -> dict[str, SchemeFactory]:
    """The factories of the built-in schemes."""
    plugins = load_plugins()
    found = {}
    for path in CASES.glob("*.yaml"):
        file = load_cases(path.read_text(encoding="utf-8"), str(path))
        found[file.scheme] = factory_for(file, plugins)
    return found


def locality_of(scheme: Scheme, log: tuple[Entry, ...]) -> MemoryLocality:
    """Return a locality that has applied these log entries."""
    locality = MemoryLocality("t", lambda _slug, _revision: scheme)
    locality.replay(log)
    return locality


def periods_of(scheme: Scheme, log: tuple[Entry, ...]) -> set[tuple[str, str]]:
    """Return the scores and periods that events fall into or that are closed."""
    times = [entry.event.occurred_at for entry in log if isinstance(entry, Arrived)]
    found = {
        (s.id, cal.period_of(scheme.timezone, at, s.period)) for s in scheme.scores for at in times
    }
    closed = {entry.period for entry in log if isinstance(entry, Closed)}
    return found | {
        (s.id, p) for s in scheme.scores for p in closed if cal.period_kind(p) == s.period
    }


@pytest.mark.parametrize(
    ("slug", "case"),
    [pytest.param(slug, case, id=f"{slug}: {case.name}") for slug, case in closing_cases()],
)
def test_known_at_shows_what_was_known_then(
    slug: str, case: Case, schemes: dict[str, SchemeFactory]
) -> None:
    """Read with `known_at`, a locality says what it said when the log ended there."""
    scheme = schemes[slug](case.overrides)
    log = run_case(case, schemes[slug]).log
    now = locality_of(scheme, log).projection
    for end in range(3, len(log)):
        then = locality_of(scheme, log[:end]).projection
        for score, period in sorted(periods_of(scheme, log[:end])):
            assert told(standings(now, slug, score, period, known_at=end)) == told(
                standings(then, slug, score, period)
            ), (score, period, end)


def test_there_are_cases_to_read() -> None:
    """The law above has something to hold for: adjustments, appeals and longer periods included."""
    names = {case.name for _, case in closing_cases()}
    assert len(names) > 25
    assert {
        "更正之后又更正，各记入当时未结的月份",
        "申诉成立，更正本月，警告和承诺随之撤销",
        "一半月份有考核即有年度得分，取考核月份的平均",
        "没有报分的单位未考核：不排名、不上榜，但列出",
    } <= names


def test_as_of_leaves_a_closed_period_as_it_is(schemes: dict[str, SchemeFactory]) -> None:
    """A closed month is read as frozen; the open year counts only months that were over."""
    slug, case = next((s, c) for s, c in closing_cases() if c.name.startswith("一半月份有考核"))
    scheme = schemes[slug](case.overrides)
    log = [e for e in run_case(case, schemes[slug]).log if getattr(e, "period", "") != "2026"]
    projection = locality_of(scheme, tuple(log)).projection
    start, over = cal.period_bounds(scheme.timezone, "2026-09")

    def figure(score: str, period: str, as_of: int | None) -> Decimal | None:
        return standings(projection, slug, score, period, as_of=as_of)[0].figure

    year = [figure("annual", "2026", as_of) for as_of in (over - 1, over, None)]
    assert year == [None, Decimal("90.00"), Decimal("92.50")]
    assert figure("monthly", "2026-09", start) == Decimal("90.00")


def test_a_scheme_or_score_that_is_not_there_is_an_error(
    schemes: dict[str, SchemeFactory],
) -> None:
    """Nothing is read of a scheme that the locality does not use."""
    slug, case = next(closing_cases())
    scheme = schemes[slug](case.overrides)
    projection = locality_of(scheme, run_case(case, schemes[slug]).log).projection
    with pytest.raises(KeyError):
        standings(projection, "nowhere", "monthly", "2026-07")
    with pytest.raises(StopIteration):
        standings(projection, slug, "weekly", "2026-07")
