"""The two tallies are equal: columns grouped, and events taken one by one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envrules import calendar as cal
from envrules.cases import factory_for, load_cases
from envrules.cases.model import Overrides
from envrules.cases.runner import run_case
from envrules.engine.account import account_for
from envrules.engine.chaining import Chainer
from envrules.engine.memory import MemoryLocality
from envrules.engine.nodes import score_node
from envrules.engine.registry import FOREVER
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Finding,
    Inspection,
    IssueFound,
    ScoreSupplied,
    UnitDeclared,
)
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.whatif.columnar import Facts, Tallied, is_columnar, tally
from envrules.whatif.parquet import frame_of

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))
TOWN = next(path for path in CASES if path.stem == "town_deduction")
PLUGINS, CHAINER = load_plugins(), Chainer()


def compare(entries: list[Entry], scheme: Scheme) -> tuple[int, int]:
    """Compare every plain unit's tally with the engine's; return how many were and were not."""
    locality = MemoryLocality("town", lambda _slug, _revision: scheme, CHAINER)
    locality.replay(entries)
    log = list(locality.log.rows)
    frame = frame_of(log).lazy()
    plain = other = 0
    for score in (s for s in scheme.scores if is_columnar(scheme, s)):
        periods = sorted({
            cal.period_of(scheme.timezone, e.event.occurred_at, score.period)
            for e in log
            if isinstance(e, Arrived) and isinstance(e.event.payload, Inspection | IssueFound)
        })  # fmt: skip
        if not periods:
            continue
        tallied = tally(frame, facts_of(log, locality, scheme), scheme, score, periods)
        plain += _same(tallied, locality, scheme, score.id)
        other += len(tallied.others)
    return plain, other


def facts_of(log: list[Entry], locality: MemoryLocality, scheme: Scheme) -> Facts:
    """What is read whole: events other than sightings, and closes."""
    closes = locality.state.locality.closes.get(scheme.slug, {})
    seqs = [
        seq for seq, e in enumerate(log, start=1)
        if isinstance(e, Arrived) and not isinstance(e.event.payload, Inspection | IssueFound)
    ]  # fmt: skip
    events = [e.event for _, e in locality.state.entries(seqs) if isinstance(e, Arrived)]
    return Facts(events, {period: (close[0], close[2]) for period, close in closes.items()})


def _same(tallied: Tallied, locality: MemoryLocality, scheme: Scheme, score_id: str) -> int:
    for (period, unit), mine in tallied.tallies.items():
        bench, inputs = locality.projection.view(score_node(scheme.slug, score_id, period, unit))
        close = bench.context.closes.get(period)
        cut = close.seq if close is not None else FOREVER
        exact = account_for(bench, scheme.score(score_id), period, unit, inputs, cut)
        theirs = exact.evidence.tally()
        assert mine == theirs, (period, unit)
        assert list(mine.assessments) == list(theirs.assessments)
        assert not exact.not_in
        assert not exact.adjustments
    return len(tallied.tallies)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_worked_case(path: Path) -> None:
    """On the log of every case of every scheme, each plain unit's tally is the engine's."""
    file = load_cases(path.read_text(encoding="utf-8"), str(path))
    factory = factory_for(file, PLUGINS)
    last: list[Scheme] = []

    def make(overrides: Overrides, codes: str = "") -> Scheme:
        last.append(factory(overrides, codes=codes))
        return last[-1]

    for case in file.cases:
        result = run_case(case, make, CHAINER)
        compare(list(result.log), last[-1])


# ── random histories ──

DAY = 86_400_000_000
JULY = cal.period_bounds("Asia/Shanghai", "2026-07")[0]
WORDS = st.sampled_from(["三大堆", "白色垃圾", "污水横流", "没有的类别", ""])
PLACES = st.sampled_from(["main_road", "village", "river", "nowhere", ""])
FINDINGS = st.lists(st.tuples(WORDS, PLACES, st.sampled_from(["", "", "", "GD-1"]),
                              st.sampled_from(["", "", "", "other"])), max_size=5)  # fmt: skip


@st.composite
def histories(draw: Any) -> list[Entry]:
    """Villages, their checks over two months, awards, a withdrawal, a close amid all."""
    entries: list[Entry] = []
    for name in ("zhao", "qian", "sun"):
        since = JULY + draw(st.sampled_from([-60, -60, -60, 10])) * DAY
        entries.append(Arrived(Event(f"u-{name}", since, UnitDeclared(name, name, "village"))))
    for i in range(draw(st.integers(0, 12))):
        unit = draw(st.sampled_from(["zhao", "qian", "sun"]))
        at = JULY + draw(st.integers(0, 60)) * DAY + draw(st.integers(0, 1)) * 3_600_000_000
        what = draw(
            st.sampled_from(["check", "check", "check", "patrol", "issue", "award", "gone"])
        )
        kind = "patrol" if what == "patrol" else "monthly_check"
        if what in ("check", "patrol"):
            found = tuple(
                Finding(f"f{n}", c, p, issue, duplicate_of=d)
                for n, (c, p, issue, d) in enumerate(draw(FINDINGS))
            )
            payload: Any = Inspection(f"i{i}", unit, kind, findings=found)
        elif what == "issue":
            payload = IssueFound(f"GD-{i}", draw(WORDS), draw(PLACES), source="monthly_check",
                                 inspection=f"i{draw(st.integers(0, 3))}", place_unit=unit)  # fmt: skip
        elif what == "award":
            organ = draw(st.sampled_from(["村建办", "村建办", "别的办"]))
            payload = ScoreSupplied(unit, "monthly", "transfer", "2026-07",
                                    Decimal(draw(st.sampled_from([5, 10, 11]))), organ)  # fmt: skip
        else:
            payload = EventWithdrawn(f"e{draw(st.integers(0, 12))}")
            if draw(st.integers(0, 3)):
                continue
        entries.append(Arrived(Event(f"e{i}", at, payload)))
    closed = draw(st.integers(len(entries) // 2, len(entries)))
    middle: list[Entry] = [Tick(JULY + 70 * DAY), Closed("town_deduction", "2026-07", at=1)]
    return [*entries[:closed], *middle, *entries[closed:]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.sampled_from(["true", "false"]))
def test_random_histories(entries: list[Entry], flag: str) -> None:
    """Whatever arrives in whatever order, each plain unit's tally is the engine's."""
    scheme = _town({"sewage_counts": {"2026-07-20": flag}})
    first: list[Entry] = [Tick(JULY), Published(scheme.slug, scheme.revision, at=JULY)]
    compare([*first, *entries], scheme)


def _town(overrides: Overrides) -> Scheme:
    file = load_cases(TOWN.read_text(encoding="utf-8"), str(TOWN))
    return factory_for(file, PLUGINS)(overrides, codes="")


def test_what_came_late_for_an_earlier_month_is_told_apart() -> None:
    """Asked for August alone, a village with a late finding of July is left to the engine."""
    scheme = _town({})
    late = Inspection("late", "a", "monthly_check", findings=(Finding("f", "三大堆", "main_road"),))
    entries: list[Entry] = [
        Tick(JULY), Published(scheme.slug, scheme.revision, at=JULY),
        Arrived(Event("u", JULY - 60 * DAY, UnitDeclared("a", "a", "village"))),
        Arrived(Event("c", JULY + DAY, Inspection("c", "a", "monthly_check"))),
        Tick(JULY + 40 * DAY), Closed(scheme.slug, "2026-07", at=JULY + 40 * DAY),
        Arrived(Event("l", JULY + 2 * DAY, late)),
    ]  # fmt: skip
    locality = MemoryLocality("town", lambda _slug, _revision: scheme, CHAINER)
    locality.replay(entries)
    facts = facts_of(entries, locality, scheme)
    found = tally(frame_of(entries).lazy(), facts, scheme, scheme.score("monthly"), ["2026-08"])
    assert found.others == {"a"}


def test_plain_units_go_by_column() -> None:
    """A month of checks in three villages is tallied by column, and nobody is told apart."""
    scheme = _town({})
    units: list[Entry] = [
        Arrived(Event(f"u{n}", JULY - 60 * DAY, UnitDeclared(n, n, "village"))) for n in "abc"
    ]
    found = tuple(Finding(f"f{i}", "三大堆", "main_road") for i in range(3))
    checks: list[Entry] = [
        Arrived(Event(f"c{n}", JULY + DAY, Inspection(f"c{n}", n, "monthly_check", findings=found)))
        for n in "abc"
    ]
    first: list[Entry] = [Tick(JULY), Published(scheme.slug, scheme.revision, at=JULY)]
    plain, other = compare([*first, *units, *checks], scheme)
    assert (plain >= 3, other) == (True, 0)


def test_the_columns_are_those_of_the_file() -> None:
    """A frame made in memory has the columns and types of an exported log."""
    from envrules.whatif.parquet import schema

    assert dict(frame_of([]).schema) == dict(pl.Schema(schema()))
