"""Random logs of a made-up county that uses every rule kind and field at once.

`tests/laws/worlds.py` has the frame: late units, ties, withdrawals, closes, publishes, acts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from hypothesis import strategies as st
from tests.laws.county_rules import TEXTS, library
from tests.laws.worlds import DAY, EPOCH, INSTANTS, Setting

from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    ApprovalGiven,
    EventWithdrawn,
    Exemption,
    Finding,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    IssueMoved,
    Move,
    Payload,
    ReportFiled,
    ScoreSupplied,
    SlipServed,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
    UnitSplit,
)

VILLAGES = ("zhao", "qian", "sun")
TOWNS = ("zhen", "xiang")
ISSUES = st.sampled_from(("A", "B", "C"))
VISITS = st.sampled_from(("I1", "I2"))
VILLAGE = st.sampled_from(VILLAGES)
UNIT = st.sampled_from((*VILLAGES, *VILLAGES, *TOWNS, "xian"))
CATEGORY = st.sampled_from(("柴草", "柴草", "涂写", "棚", "别的"))
PERIODS = st.sampled_from(("2026-07", "2026-08", "2026-09", "2026Q3", "2026"))
LEDGER = st.sampled_from(({}, {}, {"方案": "甲"}, {"用途": "农用"}))
ATTRIBUTES = st.sampled_from(
    ({"区位": "中心"}, {"区位": "中心", "金额": "700"}, {"区位": "外围"}, {"金额": "若干"}, {})
)

_found = st.builds(
    IssueFound, issue=ISSUES, category=CATEGORY, place=st.sampled_from(("road", "road", "field", "")),
    source=st.sampled_from(("check", "check", "patrol")), inspection=st.sampled_from(("", "I1", "I2")),
    source_level=st.sampled_from(("", "市级")), reporter_unit=st.sampled_from(("", "zhao")),
    place_unit=VILLAGE, handling_unit=st.sampled_from(("", "", "qian", "zhen")),
    point=st.sampled_from(("", "P")), tags=st.sampled_from(((), ("乱象",))), ledger=LEDGER,
    longitude=st.just(Decimal("114.7")), latitude=st.sampled_from([Decimal("37.6"), Decimal("38.6")]),
    duplicate_of=st.sampled_from(("", "", "", "X")),
)  # fmt: skip
_coded = st.builds(
    IssueFound, issue=ISSUES, large_class=st.sampled_from(("01", "02", "03")), place_unit=VILLAGE,
    source=st.just("check"), inspection=VISITS,
)  # fmt: skip
_moved = st.builds(
    IssueMoved, issue=ISSUES, move=st.sampled_from(get_args(Move)), ledger=LEDGER,
    by_unit=st.sampled_from(("zhen", "zhao")), approver=st.sampled_from(("", "p1")),
    basis=st.sampled_from(("", "文件")), until=st.one_of(st.none(), INSTANTS),
    slip=st.sampled_from(("", "white", "red")),
)  # fmt: skip
_mended = st.builds(
    IssueMoved, issue=ISSUES, move=st.sampled_from(("handled", "check_passed", "closed"))
)
_FINDINGS = st.builds(
    Finding, id=st.just(""), category=CATEGORY, issue=st.one_of(st.just(""), ISSUES)
)
_seen = st.builds(
    lambda visit, unit, announced, findings: Inspection(
        visit, unit, "check", announced,
        findings=tuple(Finding(f"f{i}", f.category, issue=f.issue) for i, f in enumerate(findings)),
    ),
    VISITS, VILLAGE, st.booleans(), st.lists(_FINDINGS, max_size=3),
)  # fmt: skip
_examined = st.builds(
    Inspection, inspection=VISITS, unit=VILLAGE, kind=st.sampled_from(("exam", "exam", "check")),
    checklist=st.fixed_dictionaries({"路净": st.booleans()}, optional={"墙净": st.booleans()}),
)  # fmt: skip
_patrolled = st.builds(Inspection, inspection=VISITS, unit=VILLAGE, kind=st.just("patrol"))
_NUMBERS = st.sampled_from([Decimal(n) for n in (0, 1, 60, 100)])
_measured = st.builds(
    IndicatorMeasured, unit=UNIT, indicator=st.sampled_from(("water", "heads", "fixed")),
    period=PERIODS, organ=st.sampled_from(("环保局", "环保局", "")),
    numerator=_NUMBERS, denominator=_NUMBERS,
)  # fmt: skip
_progress = st.builds(
    IndicatorMeasured, unit=UNIT, indicator=st.just("进度"), period=st.just(""), value=_NUMBERS
)
_supplied = st.builds(
    ScoreSupplied, unit=VILLAGE, score=st.just("village"), item=st.sampled_from(("moved", "bonus")),
    period=PERIODS, points=_NUMBERS, organ=st.sampled_from(("县办", "县办", "")),
)  # fmt: skip
_report = st.builds(
    ReportFiled, unit=UNIT, duty=st.sampled_from(("月报", "月报", "年报", "承诺")),
    period=st.sampled_from(("", "", "2026-07")), about=st.sampled_from(("", "A", "B")),
    signed_by=st.sampled_from(("", "p1")), fields=st.sampled_from(({}, {"附表": "有"})),
)  # fmt: skip
_evidence = st.one_of(
    st.builds(ReportFiled, unit=UNIT, duty=st.just("合同")),
    st.builds(ReportFiled, unit=UNIT, duty=st.just("申请"), about=st.sampled_from(("first", "second"))),
    _progress,
)  # fmt: skip
_declared = st.builds(
    UnitDeclared, unit=UNIT, title=UNIT, type=st.sampled_from(("village", "village", "town")),
    parent=st.sampled_from((*TOWNS, "xian", "")), attributes=ATTRIBUTES,
    since=st.one_of(st.none(), st.just(EPOCH), st.just(EPOCH + 20 * DAY)),
)  # fmt: skip
_units = st.one_of(
    _declared,
    st.builds(UnitRenamed, unit=UNIT, title=st.just("新名")),
    st.builds(UnitMerged, units=st.tuples(UNIT), into=UNIT),
    st.builds(UnitSplit, unit=UNIT, into=st.tuples(UNIT, UNIT)),
)
_served = st.builds(
    SlipServed, unit=VILLAGE, slip=st.sampled_from(("note", "white")), issues=st.tuples(ISSUES)
)
_exempt = st.builds(
    Exemption, since=INSTANTS, until=INSTANTS, basis=st.just("防汛"), approver=st.just("p1"),
    units=st.one_of(st.just(()), st.tuples(UNIT)),
    categories=st.one_of(st.just(()), st.tuples(CATEGORY)),
    issues=st.one_of(st.just(()), st.tuples(ISSUES)),
)  # fmt: skip
_spared = st.builds(
    Exemption, since=st.just(EPOCH - 90 * DAY), until=st.just(EPOCH + 62 * DAY), basis=st.just("防汛"),
    approver=st.just("p1"), units=st.tuples(UNIT),
)  # fmt: skip


def _heap(issue: str, day: int, unit: str = "zhao", category: str = "柴草") -> tuple[int, Payload]:
    found = IssueFound(
        issue, category, "road", source="check", inspection="I1", place_unit=unit, point="P",
        tags=("乱象",), longitude=Decimal("114.7"), latitude=Decimal("37.6"), reporter_unit="zhao",
    )  # fmt: skip
    return EPOCH + day * DAY, found


def _step(issue: str, day: int, move: Move) -> tuple[int, Payload]:
    return EPOCH + day * DAY, IssueMoved(issue, move)


Story = tuple[tuple[int, Payload], ...]
_MENDED: Story = (
    _heap("C", 1),
    _step("C", 2, "handled"),
    _step("C", 2, "check_passed"),
    _step("C", 3, "closed"),
)
_PASSED: Story = tuple(
    (EPOCH + 4 * DAY, Inspection(f"I{unit}", unit, "exam", checklist={"路净": True, "墙净": True}))
    for unit in ("zhao", "qian")
)
_SCORED: Story = tuple(
    (EPOCH + 5 * DAY, ScoreSupplied(unit, "village", "moved", period, Decimal(10), "县办"))
    for unit in ("zhao", "qian")
    for period in ("2026-07", "2026-08")
)
_FUNDED: Story = (
    (EPOCH + DAY, ReportFiled("zhao", "合同")),
    (EPOCH + DAY, IndicatorMeasured("zhao", "进度", "", Decimal(60))),
    (EPOCH + 2 * DAY, ReportFiled("zhao", "申请", about="first")),
    (EPOCH + 3 * DAY, ApprovalGiven("s2", "镇")),
    (EPOCH + 4 * DAY, ApprovalGiven("s2", "县")),
)  # fmt: skip
_MERGED: Story = (
    _heap("C", 1), (EPOCH + 2 * DAY, UnitMerged(("zhao",), "qian")),
    (EPOCH + 3 * DAY, UnitMerged(("qian",), "sun")),
    (EPOCH + 3 * DAY, UnitRenamed("sun", "新名")),
)  # fmt: skip
_SERVED: Story = (
    _heap("C", 1), (EPOCH + 2 * DAY, SlipServed("zhao", "note", ("C",))), _heap("D", 3),
    (EPOCH, IssueFound("E", "棚", place_unit="qian", ledger={"用途": "农用"})),
    (EPOCH, Exemption(EPOCH, EPOCH + 9 * DAY, "防汛", "p1", issues=("D",))),
    (EPOCH + 9 * DAY, IndicatorMeasured("zhao", "water", "2026-07", None, Decimal(60), Decimal(100), "环保局")),
)  # fmt: skip
_STORIES: tuple[Story, ...] = (
    (), _SCORED, (*_SCORED, *_PASSED), (*_SCORED, *_PASSED), (*_SCORED, *_PASSED, *_MENDED, _heap("D", 6)),
    (*_MENDED, _heap("D", 32), *_SCORED), (_heap("D", 6), _heap("E", 7)), _FUNDED, _MERGED, _SERVED,
)  # fmt: skip


def _about(target: st.SearchStrategy[str]) -> st.SearchStrategy[Payload]:
    """Payloads about another event, which may come later or never."""
    disputed = st.builds(
        lambda t, part: f"{t}{part}", target, st.sampled_from(("", "", "#f0", "#路净"))
    )
    appeals = st.sampled_from(("A1", "A2"))
    return st.one_of(
        st.builds(EventWithdrawn, target=target),
        st.builds(ApprovalGiven, target=target, revoked=st.sampled_from((False, False, True)),
                  organ=st.sampled_from(("镇", "县", "督查组"))),
        st.builds(AppealFiled, appeal=appeals, unit=UNIT, target=disputed),
        st.builds(AppealDecided, appeal=appeals, unit=UNIT, target=disputed, upheld=st.booleans()),
    )  # fmt: skip


COUNTY = Setting(
    library, (("county",),), tuple(TEXTS), ("2026-07", "2026-07", "2026-08", "2026Q3", "2026"),
    (
        UnitDeclared("xian", "县", "county", since=EPOCH - 200 * DAY),
        UnitDeclared("zhen", "镇", "town", "xian", since=EPOCH - 200 * DAY),
        UnitDeclared("xiang", "乡", "town", "xian", since=EPOCH - 200 * DAY),
        UnitDeclared("zhao", "赵村", "village", "zhen", attributes={"区位": "中心"}),
        UnitDeclared("qian", "钱村", "village", "zhen", attributes={"区位": "外围", "金额": "700"}),
    ),
    st.one_of(
        _found, _found, _coded, _moved, _mended, _mended, _seen, _examined, _examined, _patrolled,
        _measured, _supplied, _report, _evidence, _evidence, _units, _served, _exempt, _spared,
    ),
    _about, _STORIES,
)  # fmt: skip
