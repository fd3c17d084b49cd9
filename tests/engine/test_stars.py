"""Scores made of checklists, indicators and other scores; bands with needs; demotions; lists."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from tests.engine.made_up import at, village
from tests.engine.office import Office, office

from envrules.engine.statement import statement
from envrules.model.decisions import Content
from envrules.model.entries import Arrived
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    Exemption,
    Inspection,
    ScoreSupplied,
    UnitDeclared,
)

CHECKLISTS = """\
checklists:
  clean:
    title: 七净
    inspections: [exam]
    ref: m 七
    items:
    - {id: 路净, title: 路面干净, points: 5, ref: m 七}
    - {id: 墙净, title: 墙面干净, points: 3, ref: m 七}
    - {id: 水净, title: 水面干净, points: 2, ref: m 七}
    <pass>
"""
SCORED = office(more="""\
  neat:
    {title: 七净得分, unit: [village], period: month, checklist: clean, counts: [exam],
     several: <several>, not_assessed: <absent>, ref: m 七}
""" + CHECKLISTS.replace("    <pass>\n", ""))  # fmt: skip


def scored(several: str = "mean", absent: str = "no_score") -> str:
    """Return a ruleset with a score that adds up a checklist."""
    return SCORED.replace("<several>", several).replace("<absent>", absent)


def examine(
    town: Office, visit: str, when: str, met: str, unmet: str = "", unit: str = "zhao"
) -> None:
    """Let an examination answer the checklist: initials of the items met and of those not met."""
    answers = {f"{c}净": True for c in met} | {f"{c}净": False for c in unmet}
    town.tell(visit, when, Inspection(visit, unit, "exam", checklist=answers))


# ── a checklist as a score ──


@pytest.mark.parametrize(
    ("several", "figure"),
    [("mean", "7.50"), ("latest", "8.00"), ("worst", "7.00"), ("sum", "5.00")],
)
def test_a_checklist_adds_up(several: str, figure: str) -> None:
    """Items that are met give their points; several visits combine as those of a table do."""
    town = Office(scored(several))
    examine(town, "E1", "07-10 10:00", "路水", "墙")
    examine(town, "E2", "07-20 10:00", "路墙", "水")
    town.close()
    assert str(town.points("neat")) == figure
    assert str(town.standing(score="neat").figure) == figure
    (content,) = town.holds("score", "scores.neat", "zhao")
    values = {"mean": ["5/5 分", "1.5/3 分", "1/2 分"], "latest": ["5/5 分", "3/3 分", "0/2 分"],
              "worst": ["5/5 分", "0/3 分", "2/2 分"], "sum": ["5/5 分", "0/3 分", "0/2 分"]}  # fmt: skip
    assert [(s.rule, s.value) for s in content.steps[1:]] == [
        (f"checklists.clean.{item}", value)
        for item, value in zip(("路净", "墙净", "水净"), values[several], strict=True)
    ]
    assert content.events == ("E1", "E2")


def test_unfinished_answers_do_not_count() -> None:
    """A visit that left an item open is not one of the assessments, and says which item."""
    town = Office(scored())
    examine(town, "E1", "07-10 10:00", "路墙水")
    examine(town, "E2", "07-20 10:00", "路", "水")
    assert str(town.standing(score="neat").figure) == "10.00"
    (free,) = (c for c in town.holds("finding") if c.slot.rule == "scores.neat")
    assert (free.slot.anchor, free.outcome) == ("E2", "incomplete")
    assert free.reason == "七净缺墙面干净的结论，不计分，待补报"


@pytest.mark.parametrize(("absent", "figure"), [("no_score", None), ("full", "10.00")])
def test_a_unit_without_answers(absent: str, figure: str | None) -> None:
    """Without complete answers a unit is not assessed, or has full marks, as the scheme says."""
    town = Office(scored(absent=absent))
    examine(town, "E1", "07-10 10:00", "路")
    town.close()
    points = town.points("neat")
    assert (points if points is None else str(points)) == figure
    assert town.standing(score="neat").status == ("scored" if figure else "not_assessed")


def test_a_statement_lists_what_was_not_met() -> None:
    """对账单 shows each item that cost points; findings of the same visit cost nothing here."""
    town = Office(scored("latest"))
    examine(town, "E1", "07-10 10:00", "路水", "墙")
    examine(town, "E2", "07-11 10:00", "路墙", "水")
    made = statement(town.memory.projection, "made_up", "neat", "zhao", "2026-07")
    assert made is not None
    assert [(x.row, str(x.points), str(x.counted), x.reason) for x in made.lines] == [
        ("墙净", "-3", "0", "墙面干净未达到，扣 3 分；2 次考核取最近一次，本次不计，计 0 分"),
        ("水净", "-2", "-2.00", "水面干净未达到，扣 2 分"),
    ]
    assert town.holds("deduction") == []


def test_an_upheld_appeal_meets_an_item() -> None:
    """An item that an upheld appeal is about counts as met, after the close as well."""
    town = Office(scored())
    examine(town, "E1", "07-10 10:00", "路水", "墙")
    town.close()
    assert str(town.points("neat")) == "7.00"
    town.appeal("E1#墙净", "08-02 10:00", upheld=True)
    assert str(town.points("neat")) == "10.00"


def test_late_answers_adjust_the_next_period() -> None:
    """Answers that arrive after the close are charged to the next month, as findings are."""
    town = Office(scored())
    examine(town, "E1", "07-10 10:00", "路墙水")
    town.close()
    examine(town, "E2", "07-12 10:00", "路", "墙水")
    assert str(town.points("neat")) == "10.00"
    (news,) = (c for c in town.holds("adjustment") if c.slot.rule == "scores.neat.adjustment")
    assert (str(news.points), news.period) == ("-2.50", "2026-08")
    examine(town, "E3", "08-10 10:00", "路墙水")
    town.close("2026-08", "09-01 09:00")
    assert str(town.points("neat", period="2026-08")) == "7.50"


# ── weighted scores ──

WEIGHTED = office(more="""\
  neat: {title: 七净得分, unit: [village], period: month, checklist: clean, counts: [exam], ref: m 七}
  month: {title: 月总评, unit: [village], period: month, weighted: {villages: $most, neat: $third}, ref: m 六}
  quarter:
    {title: 季总评, unit: [village], period: quarter, weighted: {villages: $most, neat: $third},
     min_share: $half, ref: m 六}
""" + CHECKLISTS.replace("    <pass>\n", ""))  # fmt: skip


def test_parts_of_the_same_month_are_weighed() -> None:
    """Weights of one month: percent and ratio alike; the open month already shows what it gives."""
    town = Office(WEIGHTED)
    town.see("I1", "07-10 10:00", "A")
    examine(town, "E1", "07-10 10:00", "路墙", "水")
    assert str(town.standing(score="month").figure) == "71.70"
    town.close()
    assert str(town.points("month")) == "71.70"
    assert str(town.standing(score="month").figure) == "71.70"
    (content,) = town.holds("score", "scores.month", "zhao")
    assert [(s.rule, s.value, s.note) for s in content.steps] == [
        ("scores.month", "", ""),
        ("scores.villages", "99.00 分", "2026-07"), ("parameters.most", "0.7", "村考核 99 分"),
        ("scores.neat", "8.00 分", "2026-07"), ("parameters.third", "30%", "七净得分 8 分"),
    ]  # fmt: skip


def test_without_a_part_there_is_no_sum() -> None:
    """A part that was not assessed leaves the whole without a figure, and is named."""
    town = Office(WEIGHTED)
    town.see("I1", "07-10 10:00", "A")
    town.close()
    (content,) = town.holds("score", "scores.month", "zhao")
    assert (content.outcome, content.points) == ("not_assessed", None)
    assert content.reason == "zhao村 2026-07 未考核：七净得分没有得分，或有考核的期数不足"


def test_shorter_parts_count_by_their_means() -> None:
    """A quarter weighs the means of the months assessed, if enough of those closed were."""
    town = Office(WEIGHTED)
    for month, findings in ((7, 1), (8, 2), (9, 4)):
        town.see(f"I{month}", f"0{month}-10 10:00", *(f"A{i}" for i in range(findings)))
        if month != 8:
            examine(town, f"E{month}", f"0{month}-10 10:00", "路墙" if month == 7 else "路墙水",
                    "水" if month == 7 else "")  # fmt: skip
        town.close(f"2026-0{month}", f"{month + 1:02}-01 09:00")
        if month == 7:
            assert str(town.standing(score="quarter", period="2026Q3").figure) == "71.70"
    town.close("2026Q3", "10-01 10:00")
    # 0.7 × (99 + 98 + 96) / 3 + 30% × (8 + 10) / 2
    assert str(town.points("quarter", period="2026Q3")) == "71.07"


@pytest.mark.parametrize(("months", "figure"), [(("07",), None), (("07", "08"), "72.30")])
def test_too_few_assessed_months(months: tuple[str, ...], figure: str | None) -> None:
    """A part assessed in less than half of the closed months has no mean; in half it has."""
    town = Office(WEIGHTED, village("zhao"))
    for month in ("07", "08", "09"):
        town.see(f"I{month}", f"{month}-10 10:00", "A")
        if month in months:
            examine(town, f"E{month}", f"{month}-10 10:00", "路墙水")
        town.close(f"2026-{month}", f"{int(month) + 1:02}-01 09:00")
    town.close("2026Q3", "10-01 10:00")
    points = town.points("quarter", period="2026Q3")
    assert (points if points is None else str(points)) == figure
    if figure is None:
        (content,) = town.holds("score", "scores.quarter", "zhao")
        assert "七净得分" in content.reason
        assert "村考核" not in content.reason


def test_an_appealed_part_corrects_the_whole() -> None:
    """An upheld appeal against a part corrects its period, and what is made of it there."""
    town = Office(WEIGHTED)
    town.see("I1", "07-10 10:00", "A")
    examine(town, "E1", "07-10 10:00", "路墙", "水")
    town.close()
    town.appeal("I1#f0", "08-02 10:00", upheld=True)
    assert str(town.points("month")) == "72.40"


def test_a_pending_appeal_holds_the_whole() -> None:
    """While an appeal against a part is pending, what is made of it is held as well."""
    town = Office(WEIGHTED)
    town.see("I1", "07-10 10:00", "A")
    examine(town, "E1", "07-10 10:00", "路墙水")
    town.appeal("I1#f0", "07-12 10:00", upheld=None)
    assert town.standing(score="month").held
    town.close()
    (content,) = town.holds("score", "scores.month", "zhao")
    assert content.publication == "held"


# ── indicators as scores, bands counted above ──

COUNTED = office(more="""\
  water: {title: 治水得分, unit: [village], period: month, indicator: clear, ref: m 七}
  county: {title: 县得分, unit: [county], period: month, indicator: starred, ref: m 七}
bands:
  water:
  - {id: four, title: 四星, at_least: $line, ref: m 七}
  - {id: none, title: 无星, below: $line, ref: m 七}
indicators:
  clear: {title: 清水率, unit: [village], period: month, at_least: $clear, ref: m 七, measured: {form: percent}}
  starred:
    {title: 四星村比例, unit: [county], period: month, at_least: $clear, ref: m 七,
     bands: {score: water, bands: [four]}}
""")  # fmt: skip
COUNTY = (UnitDeclared("xian", "示例县", "county"), village("zhao", "xian"), village("qian", "xian"),
          village("sun", "xian"))  # fmt: skip


def measured_county() -> Office:
    """Return a county whose three villages have 80%, 79.99% and nothing measured."""
    town = Office(COUNTED, *COUNTY)
    town.measure("m1", "clear", of=("80", "100"))
    town.measure("m2", "clear", of=("7999", "10000"), unit="qian")
    return town


def test_an_indicator_is_a_score_at_the_close() -> None:
    """The score is the indicator's figure of its period; without one it is not assessed."""
    town = measured_county()
    assert str(town.standing("zhao", "water").figure) == "80.00"
    assert str(town.standing("zhao", "water").band) == "four"
    assert town.standing("sun", "water").status == "not_assessed"
    town.close()
    assert str(town.points("water")) == "80.00"
    assert str(town.points("water", "qian")) == "79.99"
    assert town.points("water", "sun") is None
    (content,) = town.holds("score", "scores.water", "zhao")
    assert content.events == ("m1",)
    assert (content.steps[1].rule, content.steps[1].value) == ("indicators.clear", "80")


def test_bands_below_are_counted_above() -> None:
    """A band at the close tells the indicators of all units above it, and so what is made of them."""
    town = measured_county()
    before = str(town.standing("xian", "county").figure)
    town.close()
    assert town.figure("starred", "xian")[0] == "missed"
    assert before == str(town.points("county", "xian")) == str(town.figure("starred", "xian")[1])
    assert set(town.verdict("starred", "xian").events) == {"m1", "m2"}


def test_a_unit_counts_where_it_belonged_at_the_close() -> None:
    """Who was above a unit is asked as of the close: a later change moves no band."""
    town = measured_county()
    town.close()
    share = town.figure("starred", "xian")
    town.tell(
        "u-other", "08-02 10:00", UnitDeclared("other", "邻县", "county", since=at("01-01 00:00"))
    )
    town.tell("u-moved", "08-02 10:00", village("zhao", "other"))
    assert town.figure("starred", "xian") == share


def test_an_upheld_appeal_against_a_band_counts_above() -> None:
    """A band that an appeal has struck out is no longer counted, in its own period."""
    town = measured_county()
    town.close()
    before = town.figure("starred", "xian")[1]
    (band,) = town.holds("band", "bands.water", "zhao")
    target = band.slot.key()
    for payload in (AppealFiled("A1", "zhao", target), AppealDecided("A1", "zhao", target, True)):
        event = Event(type(payload).__name__, at("08-02 10:00"), payload)
        town.memory.append(Arrived(event, node=town.frozen("water", "2026-07")))
    assert town.holds("band", "bands.water", "zhao")[0].publication == "revoked"
    after = town.figure("starred", "xian")[1]
    assert before is not None
    assert after is not None
    assert after < before


def test_the_past_of_a_score_made_of_others() -> None:
    """Standings of an earlier log entry judge indicators and parts as they were known then."""
    town = measured_county()
    seq = len(town.memory.log.rows)
    town.measure("m3", "clear", of=("90", "100"), unit="sun", when="07-21 10:00")
    assert str(town.standing("sun", "water").figure) == "90.00"
    open_now = str(town.standing("xian", "county").figure)
    assert town.standing("sun", "water", known_at=seq).status == "not_assessed"
    then = str(town.standing("xian", "county", known_at=seq).figure)
    town.close()
    assert str(town.standing("xian", "county", known_at=seq).figure) == then
    assert str(town.standing("xian", "county").figure) == open_now != then
    early = town.standing("xian", "county", known_at=seq, as_of=at("07-01 10:00"))
    assert early.figure is None or str(early.figure) == "0.00"


# ── what a band needs ──

STARS = """\
bands:
  villages:
  - {id: five, title: 五星, at_least: $top, needs: [clean, quick], ref: m 七}
  - {id: four, title: 四星, at_least: $line, below: $top, needs: [clean], ref: m 七}
  - {id: none, title: 无星, below: $line, ref: m 七}
"""
QUICK = """\
  quick: {title: 快检, inspections: [exam, check], ref: m 七, items: [{id: 无垃圾山, title: 无垃圾山, ref: m 七}]}
"""


def stars(bands: str = STARS, more: str = "") -> str:
    """Return a ruleset whose villages have stars that need checklists."""
    clean = CHECKLISTS.replace("<pass>", "at_least: $pass").replace("    at_least", "    at_least")
    return office(more=bands + clean + QUICK + more)


UPWARDS = "bands:\n  villages:\n" + "".join(f"{x}\n" for x in reversed(STARS.splitlines()[2:]))


def visit(town: Office, name: str, when: str, findings: int = 0, quick: bool | None = None) -> None:
    """Let zhao be assessed: so many findings, and perhaps an answer to the quick checklist."""
    town.see(name, when, *(f"{name}-{i}" for i in range(findings)))
    if quick is not None:
        answers = {"无垃圾山": quick}
        town.tell(f"{name}q", when, Inspection(f"{name}q", "zhao", "exam", checklist=answers))


def band_of(town: Office) -> Content:
    """Return zhao's band of July, which its standing showed before the close."""
    before = town.standing()
    town.close()
    (content,) = town.holds("band", "bands.villages", "zhao")
    assert content.outcome == before.band
    assert before.account.placed is not None
    assert content.steps == before.account.placed.steps
    return content


@pytest.mark.parametrize("text", [stars(), stars(UPWARDS)])
@pytest.mark.parametrize(
    ("findings", "met", "quick", "band"),
    [(0, "路墙水", True, "five"), (0, "路墙水", False, "four"), (0, "路墙水", None, "four"),
     (0, "路水", True, "none"), (0, "", True, "none"), (0, "路墙", True, "five"),
     (10, "路墙水", True, "five"), (11, "路墙水", True, "four"), (11, "路水", True, "none"),
     (20, "路墙水", None, "four"), (21, "路墙水", True, "none")],
)  # fmt: skip
def test_a_band_needs_its_checklists(
    text: str, findings: int, met: str, quick: bool | None, band: str
) -> None:
    """Who has not passed what a band needs goes to the next lower one whose needs are met."""
    town = Office(text)
    visit(town, "I1", "07-10 10:00", findings, quick)
    if met:
        examine(town, "E1", "07-12 10:00", met, "".join(set("路墙水") - set(met)))
    assert band_of(town).outcome == band


def test_the_steps_say_what_was_not_passed() -> None:
    """The band says which checklist failed, when and why, and what it came down to."""
    town = Office(stars())
    visit(town, "I1", "07-10 10:00", 0, quick=True)
    examine(town, "E1", "07-12 10:00", "路水", "墙")
    content = band_of(town)
    assert content.reason == (
        "zhao村 2026-07 村考核 100.00 分，无星（七净未通过，不评五星；七净未通过，不评四星）"
    )
    assert [(s.rule, s.note) for s in content.steps] == [
        ("bands.villages.five", ""),
        ("parameters.top", "100.00 ≥ 90 分"),
        ("checklists.clean", "2026-07-12 检查未通过，得 7 分，墙面干净未达到"),
        ("checklists.quick", "2026-07-10 检查通过"),
        ("bands.villages.none", "七净未通过，不评五星；七净未通过，不评四星"),
    ]
    assert content.events == ("I1", "E1", "I1q")


def test_the_latest_complete_answers_decide() -> None:
    """A later failure undoes an earlier pass; an unfinished or withdrawn visit does not count."""
    town = Office(stars())
    visit(town, "I1", "07-10 10:00", 0, quick=True)
    examine(town, "E2", "07-20 10:00", "路墙水")
    examine(town, "E1", "07-12 10:00", "", "路墙水")
    assert town.standing().band == "five"
    examine(town, "E3", "07-21 10:00", "路", "墙")
    assert town.standing().band == "five"
    examine(town, "E4", "07-22 10:00", "墙", "路水")
    assert town.standing().band == "none"
    assert town.standing(as_of=at("07-21 10:00")).band == "five"
    town.tell("w", "07-23 10:00", EventWithdrawn("E4"))
    assert town.standing().band == "five"
    examine(town, "E0", "06-30 23:59", "路墙水")
    examine(town, "E9", "08-01 00:00", "墙", "路水")
    assert band_of(town).outcome == "five"


def test_answers_after_the_close_change_no_band() -> None:
    """A band rests on what was known at the close; only an appeal meets an item afterwards."""
    town = Office(stars())
    visit(town, "I1", "07-10 10:00", 0, quick=True)
    examine(town, "E1", "07-12 10:00", "路水", "墙")
    assert band_of(town).outcome == "none"
    examine(town, "E2", "07-20 10:00", "路墙水")
    (content,) = town.holds("band", "bands.villages", "zhao")
    assert content.outcome == "none"
    town.appeal("E1#墙净", "08-02 10:00", upheld=True)
    (content,) = town.holds("band", "bands.villages", "zhao")
    assert content.outcome == "five"


def test_exempt_visits_neither_pass_nor_fail() -> None:
    """What was answered while the unit was exempt does not decide a band."""
    town = Office(stars())
    visit(town, "I1", "07-10 10:00", 0, quick=True)
    examine(town, "E1", "07-12 10:00", "路墙水")
    examine(town, "E2", "07-20 10:00", "", "路墙水")
    assert town.standing().band == "none"
    town.tell("x", "07-25 10:00", Exemption(
        at("07-19 00:00"), at("07-22 00:00"), "防汛", "p1", units=("zhao",)
    ))  # fmt: skip
    assert town.standing().band == "five"


def test_a_visit_that_a_band_needs_assesses_nothing() -> None:
    """An examination that only a band asks about is no assessment, and complains of nothing."""
    town = Office(stars())
    examine(town, "E1", "07-12 10:00", "路墙水")
    assert town.standing().status == "not_assessed"
    assert town.holds("finding") == []


# ── demotions ──

DEMOTED = stars(more="""\
recurrences: {again: {title: 反弹, same: [unit, category], within: $window, ref: m 八}}
demotions: {villages: {title: 反弹降级, recurred: again, levels: $down, ref: m 八}}
""")  # fmt: skip


def passing(text: str, findings: int = 0) -> Office:
    """Return a town that has passed every checklist in July."""
    town = Office(text)
    visit(town, "I1", "07-10 10:00", findings, quick=True)
    examine(town, "E1", "07-12 10:00", "路墙水")
    return town


def recur(town: Office, issue: str, mended: str, again: str) -> None:
    """Let an issue be put right and come again, outside of any assessment."""
    town.find(issue, "06-01 10:00", source="patrol", visit="", category="垃圾")
    town.mend(issue, mended)
    town.find(f"{issue}2", again, source="patrol", visit="", category="垃圾")


@pytest.mark.parametrize(
    ("findings", "down", "band"),
    [(0, 1, "four"), (0, 2, "none"), (0, 3, "none"), (15, 1, "none"), (30, 1, "none"),
     (0, 0, "five")],
)  # fmt: skip
def test_a_recurrence_lowers_the_band(findings: int, down: int, band: str) -> None:
    """One recurrence or several lower the band by so many, never below the lowest."""
    town = passing(DEMOTED.replace("降级, unit: count, ref: m 八, values: {always: 1",
                                   f"降级, unit: count, ref: m 八, values: {{always: {down}"), findings)  # fmt: skip
    recur(town, "A", "07-01 10:00", "07-20 10:00")
    recur(town, "B", "07-02 10:00", "07-21 10:00")
    assert band_of(town).outcome == band


def test_the_band_says_why_it_was_lowered() -> None:
    """Reason, steps and events name the recurrence, the number of bands and the causes."""
    town = passing(DEMOTED)
    recur(town, "A", "07-01 10:00", "07-31 10:00")
    content = band_of(town)
    assert content.reason.endswith("四星（反弹降级，由五星降为四星）")
    rules = [s.rule for s in content.steps]
    assert rules[-4:] == ["recurrences.again", "demotions.villages", "parameters.down",
                          "bands.villages.four"]  # fmt: skip
    assert content.steps[-2].note == "由五星降为四星"
    assert {"f-A-", "f-A2-"} <= set(content.events)
    assert town.holds("recurrence")[0].slot.anchor == "f-A2-"


@pytest.mark.parametrize(("again", "band"), [("07-31 10:00", "four"), ("07-31 10:01", "five")])
def test_only_a_recurrence_lowers(again: str, band: str) -> None:
    """What comes again within the window lowers the band, what comes later does not."""
    town = passing(DEMOTED)
    recur(town, "A", "07-01 10:00", again)
    assert band_of(town).outcome == band


def test_a_lowered_band_needs_its_own_checklists() -> None:
    """A recurrence lowers the band that the unit would have had, and on to one that it may have."""
    bands = STARS.replace("needs: [clean, quick]", "needs: [quick]")
    town = Office(stars(bands, DEMOTED[DEMOTED.index("recurrences:") :]))
    visit(town, "I1", "07-10 10:00", 0, quick=True)
    assert town.standing().band == "five"
    recur(town, "A", "07-01 10:00", "07-20 10:00")
    content = band_of(town)
    assert content.outcome == "none"
    assert content.reason.endswith("无星（反弹降级，由五星降为四星；七净未通过，不评四星）")


def test_a_recurrence_in_another_month_or_after_the_close() -> None:
    """The band of a month is lowered by what came again in it, as known at its close."""
    town = passing(DEMOTED)
    recur(town, "A", "07-05 10:00", "08-01 00:00")
    assert band_of(town).outcome == "five"
    recur(town, "B", "07-01 10:00", "07-20 10:00")
    (content,) = town.holds("band", "bands.villages", "zhao")
    assert content.outcome == "five"


def test_a_withdrawn_recurrence_lowers_nothing() -> None:
    """A recurrence that is withdrawn before the close leaves the band alone."""
    town = passing(DEMOTED)
    recur(town, "A", "07-01 10:00", "07-20 10:00")
    assert town.standing().band == "four"
    assert town.standing(as_of=at("07-19 10:00")).band == "five"
    assert town.standing(known_at=len(town.memory.log.rows) - 1).band == "five"
    town.tell("w", "07-22 10:00", EventWithdrawn("f-A2-"))
    assert band_of(town).outcome == "five"


def test_stars_do_not_depend_on_the_order_of_arrival() -> None:
    """Answers, findings and recurrences may arrive in any order before the close."""

    def held(order: tuple[int, ...]) -> dict[str, str]:
        town, facts = Office(DEMOTED), passing(DEMOTED, 3)
        recur(facts, "A", "07-01 10:00", "07-20 10:00")
        events = [e for e in facts.memory.log.rows if isinstance(e, Arrived)][4:]
        assert len(events) == 7
        for i in order:
            town.memory.append(events[i])
        town.close()
        return {slot: d.content.essence() for slot, d in town.memory.effective().items()}

    orders = list(permutations(range(7)))
    first = held(orders[0])
    assert all(held(order) == first for order in orders[1::211])


# ── shares of lists ──


def listed(rule: str) -> str:
    """Return a ruleset with one list of the village score."""
    return office(more=f"lists: {{best: {{title: 红榜, of: villages, {rule}, ref: m 九}}}}\n")


def ranked(text: str, *findings: int) -> Office:
    """Return a town of villages with so many findings each in July, closed."""
    units = [f"v{i:02}" for i in range(len(findings))]
    town = Office(text, *(village(unit) for unit in units))
    for unit, n in zip(units, findings, strict=True):
        town.see(f"I-{unit}", "07-10 10:00", *(f"{unit}-{i}" for i in range(n)), unit=unit)
    town.close()
    return town


@pytest.mark.parametrize(
    ("rounding", "ranked_units", "places"),
    [("up", 4, 2), ("down", 4, 1), ("half_up", 4, 1), ("half_up", 5, 2), ("up", 10, 3),
     ("down", 10, 3), ("half_up", 1, 0), ("up", 1, 1), ("down", 3, 0)],
)  # fmt: skip
def test_a_share_of_the_ranked_units_is_listed(
    rounding: str, ranked_units: int, places: int
) -> None:
    """A share gives a number of places by the rounding of the list: 30% of 4 is 1 or 2."""
    for end, share in (
        ("top", range(places)),
        ("bottom", range(ranked_units - places, ranked_units)),
    ):
        town = ranked(listed(f"{end}_share: $share, rounding: {rounding}"), *range(ranked_units))
        assert [c.unit for c in town.holds("list")] == [f"v{i:02}" for i in share]


def test_the_steps_say_how_many_places_a_share_gives() -> None:
    """The place cites the share, the units ranked and how it was rounded."""
    town = ranked(listed("top_share: $share, rounding: up"), *range(4))
    step = town.holds("list")[0].steps[1]
    assert (step.rule, step.value) == ("parameters.share", "30%")
    assert step.note == "4 个单位中排第 1 名，取前列，4 个单位按比例取 2 个（进一）"


def test_a_share_counts_the_units_that_are_ranked() -> None:
    """Units without a figure take no part: they are neither listed nor counted."""
    town = Office(
        listed("top_share: $share, rounding: down"), *(village(f"v{i}") for i in range(10))
    )
    for i in range(3):
        town.see(f"I{i}", "07-10 10:00", unit=f"v{i}")
    town.close()
    assert town.holds("list") == []


def test_a_list_may_ask_for_a_figure() -> None:
    """A place asks for at least so many points: exactly so many are enough."""
    town = ranked(listed("top_share: $share, rounding: up, only_if_at_least: $floor"), 40, 41, 42)
    (content,) = town.holds("list")
    assert content.unit == "v00"
    assert (content.steps[-1].rule, content.steps[-1].note) == ("parameters.floor", "60.00 ≥ 60")
    assert ranked(listed("top_share: $share, only_if_at_least: $floor"), 41, 42).holds("list") == []


# ── a table that organs alone fill in ──

AWARDED = office(more="""\
  stars: {title: 星级考评, unit: [village], period: month, table: awards, ref: m 四}
""").replace("calendar:", """\
  awards:
    title: 考评表
    values:
      always:
      - {id: tools, title: 设施, full: 50, supplied_by: 考评组, ref: m 四}
      - {id: looks, title: 容貌, full: 50, supplied_by: 考评组, ref: m 四}
calendar:""")  # fmt: skip


@pytest.mark.parametrize(
    ("items", "status", "figure"),
    [((), "not_assessed", None), (("tools",), "incomplete", None),
     (("tools", "looks"), "scored", "90.00")],
)  # fmt: skip
def test_awards_alone_assess(items: tuple[str, ...], status: str, figure: str | None) -> None:
    """A table without a row that deducts needs no inspection: who has been awarded is assessed."""
    town = Office(AWARDED)
    for item in items:
        given = ScoreSupplied("zhao", "stars", item, "2026-07", Decimal(45), "考评组")
        town.tell(item, "07-10 10:00", given)
    town.close()
    standing = town.standing(score="stars")
    assert (standing.status, standing.figure) == (status, figure and Decimal(figure))
