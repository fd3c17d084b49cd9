"""Duties: what must be done in every cycle."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.duties import DutySpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import PERIODS, Say

_DAYS = {"all": "节假日也不例外", "working": "非工作日除外"}


def tell_duties(say: Say) -> Iterator[Entry]:
    """Tell each duty."""
    for name, duty in say.spec.duties.items():
        yield say.entry("职责", ("duties", name), duty, *_duty(say, duty))


def _duty(say: Say, duty: DutySpec) -> Iterator[Phrase]:
    inspections = say.names("inspections", duty.met_by.inspection, "”或“")
    ways = [f"有“{inspections}”" if inspections else "", "报送" * bool(duty.met_by.report)]
    ways[1] += "或".join(f"“{report}”" for report in duty.met_by.report)
    during = f"在“{say.names('campaigns', [duty.during])}”期间，" if duty.during else ""
    yield phrase(
        "{}每{}，每个{}须{}至少一次，否则为未履行。",
        during,
        PERIODS[duty.every], say.names("unit_types", duty.unit), "，或".join(filter(None, ways)),
    )  # fmt: skip
    if duty.every == "day" or "days" in duty.model_fields_set:
        yield phrase("{}。", say.chosen(duty, "days", _DAYS))
    if duty.not_before is not None:
        yield phrase("{}之前做的不算。", say.value(duty.not_before))
    if duty.by is not None:
        yield phrase("{}之后做的为逾期，当日不算逾期。", say.value(duty.by))
    if duty.signed:
        yield phrase("报告没有签字的，不予认可。")
    if duty.fields:
        yield phrase("报告须填{}，缺项的不予认可。", "、".join(duty.fields))
