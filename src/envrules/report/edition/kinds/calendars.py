"""The office's working time, and how limits are counted on it."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say, day_of_year, full_date
from envrules.ruleset.schema import CalendarSpec, CountingSpec, RulesetSpec

_DAYS = {
    "china": "国务院放假调休安排中的上班日", "weekdays": "周一至周五", "every_day": "每一天",
}  # fmt: skip
_COUNTING = {
    "elapsed": "自起算之时连续计", "whole_days": "按整日计，起算当日不算",
}  # fmt: skip
_BOUNDARY = {
    "close": "恰在下班时用完的，当日下班到期",
    "next_open": "恰在下班时用完的，下次上班到期",
}
_DUE = {"inclusive": "恰在到期之时完成的算按期", "exclusive": "恰在到期之时完成的算逾期"}
_WORKING = frozenset({"working_hours", "working_days", "emergency_hours", "emergency_days"})
_UNITS = {"working_days": "以工作日计的期限", "working_hours": "以工作时计的期限"}


def tell_calendar(say: Say) -> Iterator[Entry]:
    """Tell the calendar, in one entry; not where the ruleset has none and nothing rests on it."""
    calendar = say.spec.calendar
    if "calendar" not in say.spec.model_fields_set and not _rests_on_work(say.spec):
        return
    yield say.entry(
        "工作时间", ("calendar",), calendar, *_calendar(say, calendar), title="工作时间"
    )


def _rests_on_work(spec: RulesetSpec) -> bool:
    """Return whether anything is counted in working time, or owed on working days."""
    limits = any(parameter.unit in _WORKING for parameter in spec.parameters.values())
    return limits or any(duty.days == "working" for duty in spec.duties.values())


def _calendar(say: Say, calendar: CalendarSpec) -> Iterator[Phrase]:
    yield phrase("工作日是{}。", say.chosen(calendar, "days", _DAYS))
    if calendar.seasons:
        seasons = [f"{day_of_year(s.start)}起 {_hours(s.hours)}" for s in calendar.seasons]
        yield phrase("作息：{}。", "；".join(seasons))
    else:
        hours = {calendar.hours: _hours(calendar.hours)}
        yield phrase("作息：{}。", say.chosen(calendar, "hours", hours))
    if calendar.years:
        years = "、".join(f"{year}年" for year in calendar.years)
        yield phrase("{}的放假安排已全部列在本条。", years)
    for given, words in ((calendar.holidays, "放假"), (calendar.workdays, "调休上班")):
        if given:
            days = "、".join(f"{full_date(day)}（{title}）" for day, title in given.items())
            yield phrase("另行{}：{}。", words, days)
    units = {parameter.unit for parameter in say.spec.parameters.values()}
    for unit, title in _UNITS.items():
        counting: CountingSpec = getattr(calendar, unit)
        if unit in units or unit in calendar.model_fields_set:
            yield phrase(
                "{}{}；{}；{}。", title, say.chosen(counting, "counting", _COUNTING),
                say.chosen(counting, "boundary", _BOUNDARY), say.chosen(counting, "due", _DUE),
            )  # fmt: skip


def _hours(spans: tuple[str, ...]) -> str:
    return "、".join(span.replace("-", "—") for span in spans)
