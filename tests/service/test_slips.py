"""The slips that reports tell of, over two months of a town's events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults import town_load
from tests.faults.soak import BEGIN, SCHEME, TOWN
from tests.faults.town_load import SOURCE, midnight

from envrules import calendar as cal
from envrules.plugin_manager import load_plugins
from envrules.ruleset.codes import CodeTableText
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.service.slips import Slips
from envrules.store import Store

DAYS = 70


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """A town after some weeks, one month of it closed; all is judged."""
    with Store.open(f"sqlite:///{tmp_path / 'town.db'}") as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        runtime.create_locality(TOWN, "云溪镇", "Asia/Shanghai")
        last = runtime.advance(TOWN, SOURCE, midnight(BEGIN))
        assert runtime.wait_decided(TOWN, last, 60)
        codes = CodeTableText("codes.yaml", town_load.CODES)
        runtime.publish(TOWN, SCHEME, "office", codes=codes)
        for day in itertools.islice(town_load.days(3, BEGIN, units=4, issues=2), DAYS):
            runtime.submit(TOWN, day.events, "grid")
            last = runtime.advance(TOWN, SOURCE, day.until)
            for period in day.closes[:1]:
                assert runtime.wait_decided(TOWN, last, 60)
                last = runtime.close_period(TOWN, SCHEME, period, "office")
        assert runtime.wait_decided(TOWN, last, 60)
        yield runtime
        runtime.stop()


def test_the_quick_way_finds_what_the_whole_history_gives(runtime: Runtime) -> None:
    """Slips found by their time and by the issues that wait are those found among all there are."""
    projection, position = runtime.projection(TOWN), runtime.store.projection(TOWN).position

    def slips(*, is_past: bool) -> Slips:
        return Slips(runtime.store, TOWN, SCHEME, projection, position, is_past)

    every = [f"GD-{n:07d}" for n in range(2 * DAYS)]
    told = 0
    for period in ("2010-01", "2010-02", "2010-03", "2010W06", "2010"):
        span = cal.period_bounds("Asia/Shanghai", period)
        for waiting in (set(), set(every[::3]), set(every)):
            quick = list(slips(is_past=False).told(span, waiting))
            assert quick == list(slips(is_past=True).told(span, waiting))
            told += len(quick)
            assert all(set(on_it) <= waiting for _, on_it in quick)
            assert all(slip.content.at < span[1] for slip, _ in quick)
    assert told > 50


def test_a_reading_of_the_past_knows_what_was_known_then(runtime: Runtime) -> None:
    """As known at a log entry there are no slips that came after it."""
    projection, position = runtime.projection(TOWN), runtime.store.projection(TOWN).position
    span = cal.period_bounds("Asia/Shanghai", "2010")
    counts = []
    for known_at in (0, position // 3, position // 2, position):
        asked = Slips(runtime.store, TOWN, SCHEME, projection, known_at, True)
        told = list(asked.told(span, ()))
        assert all(slip.log_seq <= known_at for slip, _ in told)
        counts.append(len(told))
    assert counts == sorted(counts)
    assert counts[0] == 0 < counts[1] < counts[-1]
