"""Deduction tables and scores: what loses points, and how a figure comes about."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from envrules.kinds.compiled import plain
from envrules.kinds.score_specs import RowSpec, ScoreSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, joined, phrase
from envrules.report.edition.say import PERIODS, Say, since
from envrules.ruleset.schema import TableSpec

_NOT_SUPPLIED = {"no_score": "当期不出得分", "full": "按满分计", "zero": "按零分计"}
_SEVERAL = {
    "mean": "得分取各次的平均", "sum": "各次扣分累加", "latest": "只计最近一次",
    "worst": "只计得分最低的一次",
}  # fmt: skip
_NOT_ASSESSED = {"no_score": "不出得分", "full": "按满分计"}


def tell_tables(say: Say) -> Iterator[Entry]:
    """Tell each row of each table; from which date on, where the table changes."""
    for name, table in say.spec.tables.items():
        for day, rows in table.values.items():
            for i, row in enumerate(rows):
                told = _supplied(say, row) if row.supplied_by else _deducts(say, row)
                start = since(day) and f"{since(day)}，"
                yield say.entry(
                    "评分项", ("tables", name, "values", day, i), row,
                    phrase("{}{}", start, told[0]), *told[1:], id=f"tables.{name}.{row.id}",
                )  # fmt: skip


def _deducts(say: Say, row: RowSpec) -> list[Phrase]:
    assert row.each is not None
    places = say.names("places", row.at)
    found = phrase(
        "满分{}分。{}发现{}的，每处扣{}分，扣完为止。",
        plain(row.full), f"在{places}" if places else "不论地点，",
        say.names("categories", row.find) or "问题", plain(row.each),
    )  # fmt: skip
    also = [
        phrase("{}，在{}发现的也扣。", say.if_on(flag), say.names("places", words))
        for flag, words in row.at_if.items()
    ]
    also += [
        phrase("{}，发现{}的也扣。", say.if_on(flag), say.names("categories", words))
        for flag, words in row.find_if.items()
    ]
    return [found, *also]


def _supplied(say: Say, row: RowSpec) -> list[Phrase]:
    missing = say.chosen(row, "not_supplied", _NOT_SUPPLIED)
    return [
        phrase("满分{}分，由{}给分。", plain(row.full), row.supplied_by or ""),
        phrase("结账时仍未给分的，{}。", missing),
    ]


def tell_scores(say: Say) -> Iterator[Entry]:
    """Tell each score, and its bonus."""
    for name, score in say.spec.scores.items():
        yield say.entry("评分", ("scores", name), score, *_score(say, score))
        if score.bonus is not None:
            account = f"，记入{score.bonus.account}" if score.bonus.account else ""
            told = (
                f"经{score.bonus.approved_by}审核同意的，加入“{score.title}”得分{account}；"
                "未经审核同意的不计。"
            )
            yield say.entry("评分", ("scores", name, "bonus"), score.bonus, told, of=score.title)


def _score(say: Say, score: ScoreSpec) -> Iterator[Phrase]:
    period = PERIODS[score.period]
    units = say.names("unit_types", score.unit)
    yield phrase("每{}对每个{}评分。{}", period, units, _origin(say, score))
    if score.counts:
        yield phrase("只计{}中发现的问题。", say.names("inspections", score.counts))
    if score.table is not None or score.checklist is not None:
        yield phrase("同一{}内考核多次的，{}。", period, say.chosen(score, "several", _SEVERAL))
    if not (score.mean_of or score.weighted or score.indicator):
        missing = say.chosen(score, "not_assessed", _NOT_ASSESSED)
        yield phrase("当{}未考核的，{}。", period, missing)
    if score.min_presence is not None:
        share = say.value(score.min_presence)
        yield phrase("单位在册时间不足全{}{}的，不参评。", period, share)
    if score.min_share is not None:
        yield phrase("已结账的各期中，有得分的不足{}的，不出得分。", say.value(score.min_share))
    yield from _multipliers(say, score)


def _multipliers(say: Say, score: ScoreSpec) -> Iterator[Phrase]:
    """Tell by how much findings count more or less, and when not again, or not any more."""
    for level, times in score.finder.items():
        yield phrase("由“{}”发现的，扣分按{}计。", level, say.value(times, "倍"))
    if score.own_found is not None:
        yield phrase("单位自查上报的，扣分按{}计。", say.value(score.own_found, "倍"))
    if score.repeat is not None:
        title = say.spec.deadlines[score.repeat].title
        yield phrase("同一问题在“{}”到期之前再次查到的，不重复扣分。", title)
    if score.restore is not None and score.restore_by is not None:
        title = say.spec.deadlines[score.restore_by].title
        yield phrase("按“{}”如期整改的，返还所扣分的{}。", title, say.value(score.restore))


def _origin(say: Say, score: ScoreSpec) -> Phrase:
    """Return where the figure comes from."""
    if score.table is not None:
        table = say.spec.tables[score.table]
        return phrase("得分按“{}”各项相加，{}。", table.title, _total(table))
    if score.mean_of is not None:
        part = say.spec.scores[score.mean_of]
        return phrase("得分取“{}”各{}得分的平均。", part.title, PERIODS[part.period])
    if score.weighted:
        parts = (
            phrase("“{}”占{}", say.spec.scores[part].title, say.value(weight))
            for part, weight in score.weighted.items()
        )
        return phrase("得分由{}加权得出，各取当期有得分各期的平均。", joined(parts))
    if score.checklist is not None:
        title = say.spec.checklists[score.checklist].title
        return phrase("得分是“{}”核对中达到各项的分值之和。", title)
    if score.indicator is not None:
        title = say.spec.indicators[score.indicator].title
        return phrase("得分取指标“{}”的数值。", title)
    full = phrase("满分{}，超出的不予认可。", say.value(score.full)) if score.full else ()
    return phrase("得分由{}报送{}{}", score.supplied_by or "", "，" if full else "。", full)


def _total(table: TableSpec) -> Phrase:
    """Return what the full marks of a table add up to, which readers check first."""
    totals = [
        f"{since(day)}满分合计 {plain(sum((row.full for row in rows), Decimal(0)))} 分"
        for day, rows in table.values.items()
    ]
    return joined(totals, "，")
