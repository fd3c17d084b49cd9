"""What the edition says, word by word."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.report.edition.told import EVERY_FIELD, EXPECTED, every_field, told

from envrules.report.edition import as_text
from envrules.report.edition.clauses import clause_order
from envrules.report.edition.outline import ranges
from envrules.report.edition.phrases import Span, in_text, joined, phrase
from envrules.report.edition.say import shown
from envrules.ruleset.check import check_file


def test_every_kind_is_told_in_these_words() -> None:
    """The ruleset that uses every field reads exactly as the file beside it says."""
    assert as_text(every_field()) == EXPECTED.read_text(encoding="utf-8")


SMALL = """\
ruleset: small
title: 小
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "1"}}
parameters: {limit: {title: 期限, unit: UNIT, ref: m 一, values: {always: 3}}}
unit_types: {village: {title: 村, ref: m 一}}
deadlines: {fix: {title: 整改, within: $limit, ref: m 一}}
"""


@pytest.mark.parametrize(("unit", "is_told"), [("working_days", True), ("calendar_days", False)])
def test_working_time_is_told_where_something_rests_on_it(unit: str, is_told: bool) -> None:
    """A ruleset that says nothing of it and counts nothing in it has none."""
    edition = told(SMALL.replace("UNIT", unit))
    assert ("calendar" in [entry.id for entry in edition.rules]) is is_told


def test_the_ruleset_that_is_told_is_a_good_one() -> None:
    """What the words are shown on would be accepted as a scheme."""
    assert check_file(EVERY_FIELD) == []


@pytest.mark.parametrize(("label", "order"), [
    ("一(二)", (1, 2)), ("一（二）", (1, 2)), ("三2", (3, 2)), ("四二红榜", (4, 2)),
    ("第十二条", (12,)), ("二十", (20,)), ("二十三", (23,)), ("三十一(十)", (31, 10)),
    ("二6七净", (2, 6)), ("一(六)四督", (1, 6)), ("二3一", (2, 3, 1)), ("任务(三)五星", (3,)),
])  # fmt: skip
def test_clauses_are_ordered_by_their_numbers(label: str, order: tuple[int, ...]) -> None:
    """Numerals side by side are levels, 十 joins its neighbours, a word's numeral is none."""
    assert clause_order(label)[1] == order


def test_clauses_without_a_number_stand_outside() -> None:
    """Openings come first, other names last, and the bare clause before its named parts."""
    labels = ["结", "三2奖分", "三10", "题", "三2", "一(二)"]
    assert sorted(labels, key=clause_order) == ["题", "一(二)", "三2", "三2奖分", "三10", "结"]


def test_a_definition_of_two_clauses_is_told_under_the_first() -> None:
    """The other clause says where; the definition names both."""
    clauses = {clause.label: clause for clause in every_field().clauses}
    assert [entry.id for entry in clauses["五"].also] == ["recurrences.back"]
    assert "recurrences.back" in [entry.id for entry in clauses["三"].rules]
    assert "依据 《示例办法》三、五" in as_text(every_field())


def test_clauses_come_in_the_order_of_the_document() -> None:
    """Documents as they are declared, clauses by number, each clause once."""
    clauses = [(clause.source.key, clause.label) for clause in every_field().clauses]
    assert clauses[0] == ("m", "一")
    assert clauses == list(dict.fromkeys(clauses))
    assert clauses == sorted(clauses, key=lambda one: (one[0], clause_order(one[1])))


def test_chinese_and_figures_stand_apart() -> None:
    """A blank goes between a Chinese character and a digit, and nowhere else."""
    assert in_text(phrase("取前{}名，满分{}。", "5", "100")) == "取前 5 名，满分 100。"
    local = (Span("3", "local", "limit"),)
    assert in_text(phrase("降{}级", local)) == "降 3〔本地默认〕级"


def test_a_phrase_takes_as_many_parts_as_it_has_places() -> None:
    """A part too many or too few is a mistake of the renderer, and found at once."""
    with pytest.raises(ValueError, match="takes 1 parts, not 2"):
        phrase("满分{}分", "1", "2")


def test_empty_parts_are_not_joined() -> None:
    """No sign is left over where a part says nothing."""
    assert in_text(joined(["甲", "", (), "乙"])) == "甲、乙"


@pytest.mark.parametrize(("value", "unit", "counter", "expected"), [
    (Decimal("70.0"), "points", "", "70 分"),
    (Decimal("0.125"), "ratio", "", "12.5%"),
    (Decimal(60), "percent", "", "60%"),
    (Decimal(700000), "money", "", "70 万元"),
    (Decimal(700050), "money", "", "700050 元"),
    (Decimal(1234500), "money", "", "123.45 万元"),
    (Decimal(9000), "money", "", "9000 元"),
    (True, "flag", "", "是"),
    ("24:00", "same_day", "", "当日 24:00 前"),
    ("2026-04-01", "date", "", "2026年4月1日"),
    ("11-30", "month_day", "", "每年11月30日"),
    ("half_up", "text", "", "四舍五入取整"),
    (Decimal(5), "count", "名", "5 名"),
    (Decimal("1.50"), "points", "倍", "1.5 倍"),
])  # fmt: skip
def test_values_as_officials_read_them(
    value: bool | Decimal | str, unit: str, counter: str, expected: str
) -> None:
    """Shares are in per cent, money in 万元 where that is exact, days as they are written."""
    assert shown(value, unit, counter) == expected


def test_numbers_of_cases_are_drawn_together() -> None:
    """Neighbours become a range."""
    assert ranges([1, 2, 3, 5, 7, 8]) == "1—3、5、7—8"
    assert ranges([]) == ""
