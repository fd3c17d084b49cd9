"""Indicators of every origin: what they read, what they come to at the close, who is told."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from tests.engine.made_up import COUNTY, SCHEME, TEXT, County, at, town, village

from envrules.engine.judging import BandFeed, CountFeed
from envrules.engine.nodes import indicator_node
from envrules.kinds.indicators import Counted
from envrules.model.entries import Arrived
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    Exemption,
    Finding,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    IssueMoved,
    UnitDeclared,
)
from envrules.runtime.closing import check_closable
from envrules.runtime.errors import NotNow

# ── measured ──


@pytest.mark.parametrize(
    ("of", "outcome", "figure"),
    [
        (("60", "100"), "met", "60.00"),
        (("59994", "100000"), "missed", "59.99"),
        (("59995", "100000"), "met", "60.00"),
        (("1", "3"), "missed", "33.33"),
        (("0", "7"), "missed", "0.00"),
        (("0", "0"), "not_applicable", None),
    ],
)
def test_a_share_is_rounded_once_and_its_bound_is_inclusive(
    of: tuple[str, str], outcome: str, figure: str | None
) -> None:
    """The printed figure is what is held against the target; nothing is divided by zero."""
    county = County()
    county.measure("m", "sewage", of=of, organ="环保局")
    county.close()
    assert county.figure("sewage") == (outcome, None if figure is None else Decimal(figure))


def test_a_verdict_explains_itself() -> None:
    """It cites the indicator, the value in force on the last day, and the event it rests on."""
    county = County()
    county.measure("m", "sewage", of=("59", "100"), organ="环保局")
    county.close()
    content = county.verdict("sewage")
    assert content.reason == "zhao村 2026-07 污水处理率 59%（59/100），要求不低于 60%，未达标"
    assert [(s.rule, s.value, s.since, s.note) for s in content.steps] == [
        ("indicators.sewage", "59%", "", content.reason),
        ("parameters.treated", "60%", "2026-07-31", "59 < 60%"),
    ]
    assert content.events == ("m",)
    assert (content.at, content.period) == (at("08-01 09:00"), "2026-07")
    assert [s.ref for s in content.steps] == ["m 一", "m 一"]


def test_nothing_is_judged_before_the_close() -> None:
    """An open period has no verdict; an earlier value is in force in an earlier period."""
    county = County()
    for period in ("2026-06", "2026-07"):
        county.measure(f"m{period}", "sewage", "55", period=period, organ="环保局")
    assert county.holds("indicator") == []
    county.close("2026-06", "07-21 09:00")
    assert county.figure("sewage") == ("met", Decimal(55))
    county.close("2026-07")
    outcomes = {c.period: c.outcome for c in county.holds("indicator", "indicators.sewage")}
    assert outcomes == {"2026-06": "met", "2026-07": "missed"}


def test_the_last_acceptable_figure_stands() -> None:
    """Figures are in Order, whenever they arrived; what is not acceptable is rejected and said."""
    county = County()
    county.measure("late", "sewage", "70", organ="环保局", when="07-20 10:00")
    county.measure("early", "sewage", "40", organ="环保局", when="07-10 10:00")
    county.measure("other", "sewage", "10", organ="城管局", when="07-25 10:00")
    county.measure("week", "sewage", "10", organ="环保局", period="2026W29", when="07-25 11:00")
    county.measure("minus", "sewage", of=("-1", "5"), organ="环保局", when="07-25 12:00")
    reasons = {c.events[0]: (c.outcome, c.reason) for c in county.holds("finding")}
    assert reasons == {
        "other": ("rejected", "污水处理率由环保局报数，城管局报的不算"),
        "week": ("rejected", "污水处理率按 2026-07 这样的考核期报数，不能只报 2026W29"),
        "minus": ("rejected", "分子、分母不能是负数"),
    }
    county.close()
    assert county.figure("sewage") == ("met", Decimal(70))
    assert county.verdict("sewage").events == ("late",)


def test_a_figure_of_a_longer_period_is_parked() -> None:
    """A year's figure does not say which month is meant: the organ is told to report anew."""
    county = County()
    county.measure("year", "sewage", "70", organ="环保局", period="2026")
    county.measure("counted", "fixed", "70")
    parked = {c.events[0]: c.reason for c in county.holds("lifecycle")}
    assert parked == {
        "year": "“2026”不是该项指标的考核期（应如 2026-10），未计，请更正后以新编号重报",
        "counted": "该项指标由系统统计，不接受报数",
    }


def test_figures_of_units_without_the_indicator_do_not_count() -> None:
    """An unknown unit's figure is parked until it is declared; another type's is rejected."""
    county = County(COUNTY)
    county.measure("m1", "sewage", "70", unit="zhao", organ="环保局")
    county.measure("m2", "sewage", "70", unit="xian", organ="环保局")
    said = {c.events[0]: (c.outcome, c.reason) for c in county.holds("finding")}
    assert said == {
        "m1": ("parked", "单位 zhao 未登记"),
        "m2": ("rejected", "xian 在 2026-07 不是污水处理率的对象"),
    }
    county.tell("u", "07-21 09:00", village("zhao"))
    assert [c.events[0] for c in county.holds("finding")] == ["m2"]
    county.close()
    assert {c.unit for c in county.holds("indicator", "indicators.sewage")} == {"zhao"}
    assert county.figure("sewage") == ("met", Decimal(70))


@pytest.mark.parametrize(
    ("rounding", "population", "heads", "outcome", "figure", "said"),
    [
        ("up", "1000", "5", "met", "0", "应配 5，实配 5，达标"),
        ("up", "1001", "5", "missed", "-1", "应配 6，实配 5，缺 1，未达标"),
        ("up", "1001", "0", "missed", "-6", "应配 6，实配 0，缺 6，未达标"),
        ("down", "1199", "5", "met", "0", "应配 5，实配 5，达标"),
        ("half_up", "1099", "5", "met", "0", "应配 5，实配 5，达标"),
        ("half_up", "1100", "5", "missed", "-1", "应配 6，实配 5，缺 1，未达标"),
        ("up", "0", "0", "met", "0", "应配 0，实配 0，达标"),
    ],
)
def test_a_headcount_is_one_for_so_many(
    rounding: str, population: str, heads: str, outcome: str, figure: str, said: str
) -> None:
    """A started number counts as the rounding says, and the reason says how many are short."""
    county = County(text=TEXT.replace("{always: up}", f"{{always: {rounding}}}"))
    county.measure("m", "cleaners", of=(heads, population))
    county.close()
    content = county.verdict("cleaners")
    assert (content.outcome, content.points) == (outcome, Decimal(figure))
    assert content.reason == f"zhao村 2026-07 保洁员配备：{said}"
    assert [s.rule for s in content.steps] == [
        "indicators.cleaners", "parameters.per", "parameters.started",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "value", "of", "reason"),
    [
        ("cleaners", "5", None, "保洁员配备须报实有人数和服务人数，不能只报一个数"),
        ("spending", "", ("5", "7"), "人均投入须报数值，不报分子、分母"),
    ],
)
def test_a_figure_must_have_the_form_asked_for(
    indicator: str, value: str, of: tuple[str, str] | None, reason: str
) -> None:
    """A headcount needs both numbers and a value one; what has another form is rejected."""
    county = County()
    county.measure("m", indicator, value, of=of)
    county.close()
    assert [c.reason for c in county.holds("finding")] == [reason]
    assert county.figure(indicator) == ("not_measured", None)


@pytest.mark.parametrize(
    ("value", "outcome"), [("100", "missed"), ("100.01", "met"), ("300", "met"), ("300.01", "missed")]
)  # fmt: skip
def test_every_bound_must_hold(value: str, outcome: str) -> None:
    """A range has an exclusive and an inclusive end, each by its name."""
    county = County()
    county.measure("m", "spending", value)
    county.close()
    assert county.verdict("spending").outcome == outcome
    assert {s.rule for s in county.verdict("spending").steps} == {
        "indicators.spending", "parameters.least", "parameters.most",
    }  # fmt: skip


def test_nothing_measured_by_the_close_is_a_verdict() -> None:
    """Silence is judged, told to the rules, and what comes later does not undo it."""
    county = County()
    county.close()
    county.measure("m", "sewage", "70", organ="环保局", when="07-20 10:00")
    assert county.figure("sewage") == ("not_measured", None)
    assert [c.slot.rule for c in county.holds("consequence")] == ["rules.silent"]
    assert [(c.events[0], c.outcome) for c in county.holds("finding")] == [("m", "too_late")]


def test_a_withdrawal_changes_an_open_period_only() -> None:
    """The close keeps what was known then, whatever is withdrawn later."""
    county = County()
    county.measure("m1", "sewage", "70", organ="环保局")
    county.measure("m2", "sewage", "50", organ="环保局", when="07-21 10:00")
    county.tell("w2", "07-22 10:00", EventWithdrawn("m2"))
    county.close()
    county.tell("w1", "08-02 10:00", EventWithdrawn("m1"))
    assert county.figure("sewage") == ("met", Decimal(70))


def test_an_upheld_appeal_corrects_the_closed_period() -> None:
    """Filed, it holds publication; upheld, it strikes the figure out, and a new one may follow."""
    county = County()
    county.measure("m1", "sewage", "50", organ="环保局")
    county.close()
    assert [c.slot.rule for c in county.holds("consequence")] == ["rules.dirty"]
    county.tell("x", "08-02 09:00", EventWithdrawn("nothing"))
    county.appeal("m1", "08-02 10:00", upheld=None)
    assert county.verdict("sewage").publication == "held"
    county.appeal("m1", "08-02 10:00", upheld=True)
    assert county.figure("sewage") == ("not_measured", None)
    county.measure("m2", "sewage", "65", organ="环保局", when="08-03 10:00")
    assert county.figure("sewage") == ("met", Decimal(65))
    assert county.verdict("sewage").publication == "published"
    assert set(county.verdict("sewage").events) == {"d-m1", "m2"}
    assert county.holds("consequence") == []


def test_only_the_unit_may_appeal() -> None:
    """What somebody else files has no effect, and a decision says so."""
    county = County(village("zhao"), village("qian"))
    county.measure("m", "sewage", "50", organ="环保局")
    county.appeal("m", "07-21 10:00", unit="qian", upheld=True)
    county.close()
    assert county.figure("sewage") == ("missed", Decimal(50))
    assert {c.outcome for c in county.holds("finding")} == {"rejected"}


@pytest.mark.parametrize(("until", "outcome"), [("08-01 00:00", "not_applicable"),
                                                ("07-31 23:59", "missed")])  # fmt: skip
def test_who_is_exempt_all_through_has_no_figure(until: str, outcome: str) -> None:
    """An exemption of the whole period takes the unit out, and says on what basis."""
    county = County()
    county.tell("x", "06-30 09:00", Exemption(at("07-01 00:00"), at(until), "防汛", "p", ("zhao",)))
    county.measure("m", "sewage", "50", organ="环保局")
    county.close()
    content = county.verdict("sewage")
    assert content.outcome == outcome
    if outcome == "not_applicable":
        assert content.reason == "zhao村 2026-07 污水处理率：全期免于考核（防汛），不适用"
        assert content.events == ("x",)


def test_units_are_those_that_exist_in_the_period_as_the_close_knew_them() -> None:
    """One that is not there yet has no verdict, nor has one that is declared after the close."""
    august = UnitDeclared("sun", "孙村", "village", since=at("08-01 00:00"))
    county = County(village("zhao"), august)
    county.close()
    county.tell("u-qian", "07-01 09:00", village("qian"))
    assert {c.unit for c in county.holds("indicator", "indicators.sewage")} == {"zhao"}


def test_a_score_may_be_an_indicator() -> None:
    """The figure goes to the scores that are made of it, as a part of the same period."""
    county = County()
    county.measure("m", "sewage", "70", organ="环保局")
    county.close()
    fed = county.memory.state.feeds(f"{SCHEME}\nscore\nwater\n2026-07\nzhao")
    ((feed,),) = fed.values()
    standing = feed.standing  # type: ignore[union-attr]
    assert (standing.status, standing.figure, standing.held) == ("scored", Decimal(70), False)
    assert (standing.unit, standing.unit_type, standing.events) == ("zhao", "village", ("m",))


def test_an_upheld_appeal_against_the_verdict_takes_the_figure_from_the_score() -> None:
    """What no longer counts does not count in what is made of it either."""
    county = County()
    county.measure("m", "sewage", "70", organ="环保局")
    county.close()
    (slot,) = [key for key, d in county.memory.effective().items()
               if d.content.slot.rule == "indicators.sewage"]  # fmt: skip
    node = indicator_node(SCHEME, "sewage", "2026-07", "zhao").key()
    filed, decided = AppealFiled("A", "zhao", slot), AppealDecided("A", "zhao", slot, upheld=True)
    county.memory.append(Arrived(Event("f", at("08-02 09:00"), filed), node=node))
    county.memory.append(Arrived(Event("d", at("08-02 10:00"), decided), node=node))
    assert county.verdict("sewage").publication == "revoked"
    fed = county.memory.state.feeds(f"{SCHEME}\nscore\nwater\n2026-07\nzhao")
    ((feed,),) = fed.values()
    assert feed.standing.status == "not_assessed"  # type: ignore[union-attr]


# ── counted ──


def counted(county: County, indicator: str, unit: str, **states: str) -> None:
    """Let things be told to a unit's indicator: id → its states, with blanks between."""
    node = indicator_node(SCHEME, indicator, "2026-07", unit)
    for name, given in states.items():
        county.feed(
            node, f"source-{name}", CountFeed(Counted(name, tuple(given.split()), (f"e-{name}",)))
        )


def test_issues_are_counted_once_each() -> None:
    """A share is of those in any state of `of`; a number needs no denominator."""
    county = County()
    for indicator in ("fixed", "unaccounted"):
        counted(county, indicator, "zhao", a="found verified closed", b="found unaccounted",
                c="found registered", d="verified")  # fmt: skip
    county.close()
    assert county.figure("fixed") == ("reported", Decimal("33.33"))
    assert county.verdict("fixed").reason == "zhao村 2026-07 整改率 33.33%（1/3）"
    assert set(county.verdict("fixed").events) == {"e-a", "e-b", "e-c"}
    assert county.figure("unaccounted") == ("missed", Decimal(1))
    assert county.verdict("unaccounted").steps[1].note == "1 > 0"


def test_no_issue_at_all_is_nothing_to_divide_but_a_number() -> None:
    """A share of nothing does not apply; the number of nothing is zero."""
    county = County()
    county.close()
    assert county.figure("fixed") == ("not_applicable", None)
    assert county.verdict("fixed").reason == "zhao村 2026-07 整改率：分母为 0，不适用"
    assert county.figure("unaccounted") == ("met", Decimal(0))


def test_what_issues_tell_after_the_close_changes_nothing() -> None:
    """The close keeps what was known then."""
    county = County()
    counted(county, "unaccounted", "zhao", a="found")
    county.close()
    counted(county, "unaccounted", "zhao", b="found unaccounted")
    county.tell("r", "08-02 09:00", village("zhao"))
    assert county.figure("unaccounted") == ("met", Decimal(0))


def test_issues_tell_what_they_count_as() -> None:
    """An issue counts by its state at the close, for its unit and those above; a window limits it."""
    county = County(town("zhen"), village("zhao", "zhen"))
    for day in ("09", "10", "19", "20"):
        county.tell(f"f{day}", f"07-{day} 10:00", IssueFound(f"G{day}", "垃圾", place_unit="zhao"))
    county.tell("c", "07-21 10:00", IssueMoved("G19", "closed"))
    county.tell("r", "07-21 10:00", IssueMoved("G20", "registered"))
    county.close()
    county.tell("late", "07-22 10:00", IssueMoved("G10", "closed"))
    assert county.figure("fixed") == ("reported", Decimal(25))
    assert county.figure("unaccounted") == ("missed", Decimal(2))
    assert set(county.verdict("fixed").events) == {"f09", "f10", "f19", "c", "f20"}
    for unit in ("zhao", "zhen"):
        assert county.figure("driven", unit) == ("reported", Decimal(2))
        assert [(s.rule, s.value) for s in county.verdict("driven", unit).steps] == [
            ("indicators.driven", "2"), ("campaigns.drive", ""),
            ("parameters.opens", "每年 7 月 10 日"), ("parameters.lasts", "10 天"),
        ]  # fmt: skip


def starry(*areas: str, exempt: str = "") -> County:
    """Return a county with a town and a village in each of these areas, eight with three stars."""
    villages = [village(f"v{i}", "zhen", area=area) for i, area in enumerate(areas)]
    county = County(COUNTY, town("zhen", "xian"), *villages, village("lone", area="沿线"))
    if exempt:
        county.tell(
            "x",
            "06-30 09:00",
            Exemption(at("07-01 00:00"), at("08-01 00:00"), "防汛", "p", (exempt,)),
        )
    for name in ("starred", "plaques"):
        node = indicator_node(SCHEME, name, "2026-07", "xian")
        for i in range(8):
            county.feed(node, f"score-{i}", BandFeed(f"v{i}", "three", (f"e{i}",)))
        county.feed(node, "score-8", BandFeed("v8", "two", ("e8",)))
        county.feed(node, "score-lone", BandFeed("lone", "three"))
    county.close()
    return county


def test_the_denominator_is_every_unit_below() -> None:
    """Units of other areas or of no parent are not asked about; one without a band counts."""
    county = starry(*["重点区"] * 6, *["沿线"] * 4, "其他")
    assert county.figure("starred", "xian") == ("met", Decimal(80))
    assert county.verdict("starred", "xian").reason == (
        "示例县 2026-07 三星以上比例 80%（8/10），要求不低于 80%，达标"
    )
    assert set(county.verdict("starred", "xian").events) == {f"e{i}" for i in range(9)}
    assert county.figure("plaques", "xian") == ("met", Decimal(8))


def test_one_more_unit_below_the_line_misses_the_share() -> None:
    """8 of 11 is not 80 percent; a unit that is exempt all through is not one of the 11."""
    assert starry(*["沿线"] * 11).figure("starred", "xian") == ("missed", Decimal("72.73"))
    assert starry(*["沿线"] * 11, exempt="v9").figure("starred", "xian") == ("met", Decimal(80))


def test_no_unit_below_is_nothing_to_divide() -> None:
    """A county without such villages has no share, and none with three stars."""
    county = County(COUNTY)
    county.close()
    assert county.figure("starred", "xian") == ("not_applicable", None)
    assert county.figure("plaques", "xian") == ("missed", Decimal(0))


def test_duties_met_are_a_share_of_those_owed() -> None:
    """Late is not met; without a bound the figure is reported."""
    county = County(town("zhen"))
    counted(county, "toured", "zhen", **{"v0/2026W27": "met", "v0/2026W28": "late", "v1/2026W27": "met",
                                         "v1/2026W28": "missed"})  # fmt: skip
    county.close()
    assert county.figure("toured", "zhen") == ("reported", Decimal(50))


def test_duties_tell_the_unit_above_how_they_were_done() -> None:
    """Four weeks of July ended by the close, for two villages: one visit in eight owed."""
    county = County(town("zhen"), village("zhao", "zhen"), village("qian", "zhen"))
    county.tell("i", "07-08 10:00", visited("I", 0))
    county.close()
    assert county.figure("toured", "zhen") == ("reported", Decimal("12.50"))
    assert county.verdict("toured", "zhen").reason == "zhen镇 2026-07 周检查率 12.5%（1/8）"


def test_a_week_is_counted_in_the_month_of_its_thursday() -> None:
    """July has the weeks from 29 June to 2 August, and is not over before the last of them."""
    county = County(town("zhen"), village("zhao", "zhen"))
    county.tell("i", "07-29 10:00", visited("I", 0))
    state = county.memory.state.locality
    with pytest.raises(NotNow, match="2026-07 is not over yet"):
        check_closable(state, county.rules, "2026-07", at("08-02 23:59"))
    check_closable(state, county.rules, "2026-07", at("08-03 00:00"))
    county.close(when="08-03 00:00")
    assert county.verdict("toured", "zhen").reason == "zhen镇 2026-07 周检查率 20%（1/5）"


# ── visits ──


def visited(name: str, findings: int, *, announced: bool = False) -> Inspection:
    """Return a visit to zhao with some findings."""
    found = tuple(Finding(f"f{i}", "垃圾") for i in range(findings))
    return Inspection(name, "zhao", "visit", announced, findings=found)


def test_unannounced_visits_are_held_against_announced_ones() -> None:
    """The figure is the difference of the means: above zero it is good only when announced."""
    county = County()
    for i, (announced, findings) in enumerate(
        [(True, 1), (True, 2), (False, 3), (False, 2), (False, 2)]
    ):
        county.tell(f"i{i}", f"07-1{i} 10:00", visited(f"I{i}", findings, announced=announced))
    county.close()
    assert county.figure("surprise") == ("missed", Decimal("0.83"))
    assert set(county.verdict("surprise").events) == {f"i{i}" for i in range(5)}


def test_visits_of_one_sort_cannot_be_compared() -> None:
    """Without both sorts the indicator does not apply, however much was found."""
    county = County()
    county.tell("i", "07-10 10:00", visited("I", 3))
    county.close()
    assert county.figure("surprise") == ("not_applicable", None)
    assert county.verdict("surprise").reason == (
        "zhao村 2026-07 暗访与明查之差：明查、暗访缺其一，无从比较，不适用"
    )


def test_a_finding_counts_once_however_it_was_reported() -> None:
    """An issue found in a visit is a finding of it, unless it is taken out, or a duplicate."""
    county = County()
    county.tell("i1", "07-10 10:00", visited("I1", 0, announced=True))
    findings = (Finding("f1", "垃圾", issue="G1"), Finding("f2", "垃圾", duplicate_of="f1"))
    county.tell("i2", "07-11 10:00", Inspection("I2", "zhao", "visit", findings=findings))
    for issue in ("G1", "G2", "G3"):
        county.tell(issue, "07-11 11:00", IssueFound(
            issue, "垃圾", source="visit", inspection="I2", place_unit="zhao"))  # fmt: skip
    county.tell("out", "07-12 10:00", IssueMoved("G3", "voided"))
    county.close()
    assert county.figure("surprise") == ("missed", Decimal(2))


def test_a_visit_to_an_exempt_unit_does_not_count() -> None:
    """It is set aside, as is a finding that an upheld appeal struck out."""
    county = County()
    county.tell(
        "x", "07-01 09:00", Exemption(at("07-20 00:00"), at("07-21 00:00"), "防汛", "p", ("zhao",))
    )
    county.tell("i1", "07-10 10:00", visited("I1", 1, announced=True))
    county.tell("i2", "07-11 10:00", visited("I2", 2))
    county.tell("i3", "07-20 10:00", visited("I3", 9))
    assert [(c.events, c.outcome) for c in county.holds("finding", "indicators.surprise")] == [
        (("i3", "x"), "exempt")
    ]
    county.close()
    assert county.figure("surprise") == ("missed", Decimal(1))
    county.appeal("i2#f0", "08-02 10:00", upheld=True)
    assert county.figure("surprise") == ("met", Decimal(0))


# ── laws ──


def test_the_order_of_arrival_does_not_matter() -> None:
    """Between the same closes, verdicts are a function of the events, not of their order."""
    events = [
        Event("m1", at("07-10 10:00"), IndicatorMeasured("zhao", "sewage", "2026-07", Decimal(50), organ="环保局")),
        Event("m2", at("07-11 10:00"), IndicatorMeasured("zhao", "sewage", "2026-07", Decimal(70), organ="环保局")),
        Event("w", at("07-12 10:00"), EventWithdrawn("m2")),
        Event("i1", at("07-13 10:00"), visited("I1", 2)),
        Event("i2", at("07-14 10:00"), visited("I2", 1, announced=True)),
    ]  # fmt: skip
    seen = set()
    for order in permutations(events):
        county = County()
        for event in (*order, order[0]):
            county.memory.append(Arrived(event))
        county.close()
        seen.add(tuple(c.essence() for c in county.holds("indicator")))
    assert len(seen) == 1
