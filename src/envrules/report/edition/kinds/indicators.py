"""Indicators: a figure per unit and period, and its target."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.indicator_specs import (
    ComparedVisitsSpec,
    CountedBandsSpec,
    CountedDutiesSpec,
    CountedIssuesSpec,
    IndicatorSpec,
    MeasuredSpec,
)
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import PERIODS, Say

_STATES = {
    "found": "发现", "filed": "立案", "registered": "登记", "handled": "处置", "verified": "核查通过",
    "closed": "结案", "open": "未办结", "unaccounted": "既未整改又未登记", "on_time": "按期",
    "overdue": "逾期", "deferred": "缓办", "suspended": "挂账", "force_closed": "强制结案",
    "due": "应按期办理（缓办、挂账的除外）", "failed_check": "核查不通过",
}  # fmt: skip


def tell_indicators(say: Say) -> Iterator[Entry]:
    """Tell each indicator: its figure, then its target."""
    for name, indicator in say.spec.indicators.items():
        yield say.entry("指标", ("indicators", name), indicator, *_indicator(say, indicator))


def _indicator(say: Say, indicator: IndicatorSpec) -> Iterator[Phrase]:
    units = say.names("unit_types", indicator.unit)
    yield phrase(
        "每{}对每个{}计算：{}。", PERIODS[indicator.period], units, _origin(say, indicator)
    )
    bounds = say.bounds(indicator)
    if bounds:
        yield phrase("{}的，为达标。", bounds)
    elif indicator.measured is None or indicator.measured.form != "headcount":
        yield phrase("只报数，不设目标。")


def _origin(say: Say, indicator: IndicatorSpec) -> Phrase:
    if indicator.measured is not None:
        return _measured(say, indicator.measured)
    if indicator.issues is not None:
        return _issues(say, indicator.issues)
    if indicator.bands is not None:
        return _bands(say, indicator.bands)
    if indicator.duties is not None:
        return _duties(say, indicator.duties)
    assert indicator.visits is not None
    return _visits(say, indicator.visits)


def _measured(say: Say, measured: MeasuredSpec) -> Phrase:
    organ = measured.organ or "有关单位"
    if measured.form == "headcount":
        assert measured.per is not None
        assert measured.rounding is not None
        return phrase(
            "由{}报送人数与基数，基数每{}应配一人，除不尽的{}，配足的为达标", organ,
            say.value(measured.per), say.value(measured.rounding),
        )  # fmt: skip
    forms = {"value": "由{}报送的数值", "percent": "由{}报送的两数之比，以百分数计"}
    form = say.chosen(measured, "form", {key: words.format(organ) for key, words in forms.items()})
    return phrase("{}", form)


def _issues(say: Say, counted: CountedIssuesSpec) -> Phrase:
    def states(words: tuple[str, ...]) -> str:
        return "、".join(_STATES[word] for word in words)

    where = say.where(counted.where, "当期案件")
    by = f"（按“{say.spec.deadlines[counted.deadline].title}”）" if counted.deadline else ""
    if counted.of:
        shares = (where, states(counted.count), states(counted.of), by)
        return phrase("{}中，{}的件数占{}的件数的百分数{}", *shares)
    return phrase("{}中，{}的件数{}", where, states(counted.count), by)


def _bands(say: Say, counted: CountedBandsSpec) -> Phrase:
    titles = {band.id: band.title for band in say.spec.bands[counted.score]}
    bands = "或".join(f"“{titles[band]}”" for band in counted.bands)
    among = "、".join(
        f"“{attribute}”为{'或'.join(f'“{value}”' for value in values)}"
        for attribute, values in counted.among.items()
    )
    forms = {"count": "个数", "percent": "所占百分数"}
    return phrase(
        "下辖单位{}中，“{}”评为{}的{}", f"（只计{among}的）" if among else "",
        say.spec.scores[counted.score].title, bands, say.chosen(counted, "form", forms),
    )  # fmt: skip


def _duties(say: Say, counted: CountedDutiesSpec) -> Phrase:
    forms = {"count": "次数", "percent": "所占百分数"}
    title = say.spec.duties[counted.duty].title
    return phrase("下辖单位应履行的“{}”中，按期履行的{}", title, say.chosen(counted, "form", forms))


def _visits(say: Say, compared: ComparedVisitsSpec) -> Phrase:
    inspections = say.names("inspections", compared.inspections)
    return phrase(
        "{}中，事先未告知的平均每次发现问题数，减去事先告知的平均每次发现问题数", inspections
    )
