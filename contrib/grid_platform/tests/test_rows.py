"""Rows as they really come: padded, half empty, in several spellings, and wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from envrules_grid_platform.config import Config
from envrules_grid_platform.fields import Fields
from envrules_grid_platform.host_tables import CASE, FLOW
from envrules_grid_platform.rows import read_case, read_flow

TEN = datetime(2026, 7, 3, 2, tzinfo=UTC)


def case(**fields: Any) -> dict[str, Any]:
    """A row of a case that is good."""
    row = dict.fromkeys(CASE.columns.keys()) | {"case_no": "1101172026070300001"}
    return row | {"reported_at": "2026-07-03 10:00:00"} | fields


def flow(**fields: Any) -> dict[str, Any]:
    """A row of a flow record that is good."""
    row = dict.fromkeys(FLOW.columns.keys()) | {"flow_id": 7, "case_no": "1101172026070300001"}
    return row | {"action": "结案", "occurred_at": "2026-07-03 10:00"} | fields


@pytest.mark.parametrize(
    "written",
    [
        "2026-07-03 10:00:00", "2026-07-03 10:00", "2026/07/03 10:00", " 2026-07-03T10:00:00 ",
        "2026-07-03T02:00:00Z", "20260703100000", datetime(2026, 7, 3, 10), TEN,  # noqa: DTZ001
        datetime(2026, 7, 3, 11, tzinfo=timezone(timedelta(hours=9))),
    ],
)  # fmt: skip
def test_a_time_is_the_hosts_own_unless_it_has_an_offset(config: Config, written: object) -> None:
    """However a driver gives it, a time is the same instant."""
    found, faults = read_case(case(reported_at=written), config)
    assert not faults
    assert found is not None
    assert found.reported_at == TEN


def test_a_day_is_its_first_moment(config: Config) -> None:
    """A date without a time begins the day."""
    fields = Fields("case", "1", {"reported_at": date(2026, 7, 3)}, config)
    assert fields.time("reported_at") == datetime(2026, 7, 2, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("case_no", "110117202607030001", "is not made as"),
        ("case_no", "1101172026023000001", "there is no day 20260230"),
        ("case_no", "4408222026070300001", "does not begin with 110117"),
        ("object_class", "物件", "is neither 部件 nor 事件"),
        ("longitude", "117。1", "is not a number"),
        ("longitude", "NaN", "is not a number"),
        ("latitude", "91", "is not between -90 and 90"),
        ("longitude", "117.1", "only one coordinate"),
        ("limit_amount", "两", "is not a number"),
        ("limit_amount", "2", "the limit has no unit"),
        ("reported_at", "7月3日", "is no time"),
        ("reported_at", "1999-12-31 10:00", "is before the year 2000"),
        ("closed_at", "2026-13-01", "is no time"),
        ("is_urgent", "也许", "is neither yes nor no"),
    ],
)
def test_what_cannot_be_read_is_a_fault(
    config: Config, column: str, value: object, reason: str
) -> None:
    """A field that does not say what its column is for is named, and the case is not made up."""
    found, faults = read_case(case(**{column: value}), config)
    assert found is None
    assert reason in " ".join(fault.reason for fault in faults)
    assert all(fault.reason_zh for fault in faults)


def test_a_local_time_that_clocks_skip_is_a_fault(config: Config) -> None:
    """Of one that they show twice, it is the first."""
    there = config.model_copy(update={"timezone": ZoneInfo("America/New_York")})
    fields = Fields("flow", "1", {"a": "2026-03-08 02:30", "b": "2026-11-01 01:30"}, there)
    assert fields.time("a") is None
    assert [fault.reason for fault in fields.faults] == ["is a local time that clocks skip"]
    assert fields.time("b") == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_numbers_are_exact_and_codes_keep_their_zeros(config: Config) -> None:
    """Decimals come out as they are written, padded codes without their blanks."""
    row = case(
        longitude=Decimal("117.10000"), latitude="40.140", large_class="01 ", small_class=103.0,
        limit_amount=Decimal("2.50"), limit_unit="工作时", is_urgent="是", assisting_units="D1、D2，D1",
    )  # fmt: skip
    found, faults = read_case(row, config)
    assert not faults
    assert found is not None
    assert (found.longitude, found.latitude) == ("117.1", "40.14")
    assert (found.codes["large_class"], found.codes["small_class"]) == ("01", "103")
    assert found.limit == ("2.5", "工作时")
    assert found.flags == {"is_urgent"}
    assert found.assisting_units == ("D1", "D2")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("action", "盖章", "nobody has said what it means"),
        ("action", None, "is empty"),
        ("case_no", " ", "is empty"),
        ("corrects", "上一行", "is not a whole number"),
        ("until", "明天", "is no time"),
        ("action", "撤销", "does not say which record it takes back"),
    ],
)
def test_a_flow_record_that_cannot_be_read_is_a_fault(
    config: Config, column: str, value: object, reason: str
) -> None:
    """An unknown step is never guessed."""
    found, faults = read_flow(flow(**{column: value}), config)
    assert found is None
    assert [fault.reason for fault in faults if reason in fault.reason]
