"""What-if by column is what-if by the exact engine: on worked cases, random histories and rulesets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.whatif.adding import GROUNDS, Ground, compiled, histories, rulesets
from tests.whatif.logs import (
    CASES,
    CHAINER,
    PLUGINS,
    by_column,
    cases_of,
    exactly,
    same,
    text_of,
    tried,
)
from tests.whatif.town import SCHEME, entries

from envrules.errors import RulesetError
from envrules.kinds.compiled import Parameter
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Library, Revision
from envrules.whatif import History, Question
from envrules.whatif.columnar import Sighted, periods_seen, sight, together
from envrules.whatif.locality import ReplayedLocality
from envrules.whatif.parquet import frame_of, schema
from envrules.whatif.readers import columnar_scores, columnar_visits
from envrules.whatif.reading import Reading, compares, reading, starts

LAW = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


def moved(parameters: Mapping[str, Parameter], random: Random) -> Overrides:
    """One value or two, moved a little."""
    found: dict[str, dict[str, str]] = {}
    for name in random.sample(sorted(parameters), min(2, len(parameters))):
        value = parameters[name].dated.all()[-1].value
        if isinstance(value, bool):
            found[name] = {"always": str(not value).lower()}
        elif isinstance(value, Decimal):
            found[name] = {"always": str(value + random.choice([-1, 1, 2]))}
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_worked_case(path: Path) -> None:
    """On the log of every case both ways give one answer: as it is, and with other values."""
    random, library, text = Random(path.stem), Library(PLUGINS), text_of(path.stem)
    asked = 0
    for history, question in cases_of(path):
        exact, columnar = exactly(history, question), by_column(history, question)
        trials: list[Overrides] = [{}, moved(exact.in_force.scheme.parameters, random)]
        for trial in trials:
            try:
                after = tried(path.stem, text, trial, library)
            except RulesetError:  # bands may no longer meet, a share may exceed the whole
                continue
            same(exact, columnar, after)
            asked += 1
    assert asked


@pytest.mark.parametrize("ground", GROUNDS, ids=lambda g: f"{g.scheme}-{GROUNDS.index(g)}")
@LAW
@given(st.data())
def test_random_histories_under_random_rulesets(ground: Ground, data: Any) -> None:
    """Whatever happened and whatever is changed, both ways give one answer in every field."""
    history, question = data.draw(histories(ground))
    after = data.draw(rulesets(ground))
    same(exactly(history, question), by_column(history, question), after)


def test_a_plain_year_goes_by_column() -> None:
    """Of a year in which nothing odd happens no sighting is read but what meets the duty."""
    own = Revision(f"{SCHEME}.yaml", text_of(SCHEME))
    revision = Library(PLUGINS).add(own.text, own.file, {}, 0).revision
    history = History("town", entries(revision), {(SCHEME, revision): own})
    question = Question(SCHEME, "2026-01", "2026-12")
    columnar = by_column(history, question)
    for values in ({"warning_line": {"always": "98"}}, {"sewage_counts": {"always": "true"}}):
        after = tried(SCHEME, own.text, values, Library(PLUGINS))
        _, answer = same(exactly(history, question), columnar, after)
        assert answer.differences
        parts = {(part.name, part.how): part.keys for part in answer.parts}
        assert parts["scores.monthly", "columnar"] > parts.get(("scores.monthly", "exact"), 0)
        assert parts["duties", "exact"] == 144
        assert ("inspections", "exact") not in parts


# ── parts of a log ──


def readings(ground: Ground) -> list[tuple[Reading, frozenset[int]]]:
    """How the figures of a ground that add up take sightings."""
    scheme = compiled(ground)
    found = [(reading(scheme, s), frozenset(starts(scheme, s))) for s in columnar_scores(scheme)]
    return found + [(compares(scheme, item), frozenset[int]()) for item in columnar_visits(scheme)]


def sorted_groups(sighted: Sighted) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was grouped, in an order of its own."""
    groups, issues = sighted.groups, sighted.issues
    return groups.sort(groups.columns), issues.sort(issues.columns)


@pytest.mark.parametrize("ground", GROUNDS[:2], ids=lambda g: g.scheme)
@LAW
@given(st.data())
def test_parts_of_a_log_add_up(ground: Ground, data: Any) -> None:
    """However a log is split, its parts' groups put together are those of the whole."""
    history, _ = data.draw(histories(ground))
    frame = frame_of(history.entries)
    parts = data.draw(st.lists(st.integers(0, 2), min_size=len(frame), max_size=len(frame)))
    split = frame.with_columns(part=pl.Series(parts, dtype=pl.Int64))
    for how, changes in readings(ground):
        periods = periods_seen(frame.lazy(), how)
        whole = sight(frame.lazy(), how, periods, changes)
        pieces = [
            sight(split.filter(pl.col("part") == n).drop("part").lazy(), how, periods, changes)
            for n in range(3)
        ]
        by_period = [
            sight(frame.lazy(), how, periods, changes, range(n, n + 1)) for n in range(len(periods))
        ]
        for some in filter(None, (pieces, by_period)):
            for one, other in zip(sorted_groups(together(some)), sorted_groups(whole), strict=True):
                assert one.equals(other)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_judging_seldom_is_judging_always(path: Path) -> None:
    """What holds in the end is the same whether every entry is judged at once or only before closes."""
    for history, question in cases_of(path):
        scheme = exactly(history, question).in_force.scheme
        ends = []
        for at_once in (True, False):
            locality = ReplayedLocality("case", scheme, CHAINER)
            for seq, entry, applied in history.under(scheme.slug, scheme.revision):
                locality.take(seq, entry, apply=applied)
                if at_once:
                    locality.settle()
            locality.settle()
            ends.append({slot: c.essence() for slot, c in locality.effective().items()})
        assert ends[0] == ends[1]


def test_the_columns_are_those_of_the_file() -> None:
    """A frame made in memory has the columns and types of an exported log."""
    assert dict(frame_of([]).schema) == dict(pl.Schema(schema()))
