"""Lists: who is among the first or the last."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.lists import ListSpec
from envrules.report.edition.kinds.facts import ranked_fact
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, joined, phrase
from envrules.report.edition.say import PERIODS, ROUNDINGS, Say

_TIES = {"include": "一并上榜", "exclude": "都不上榜"}


def tell_lists(say: Say) -> Iterator[Entry]:
    """Tell each list: how many, who is kept off, and what follows."""
    for name, item in say.spec.lists.items():
        yield say.entry("榜单", ("lists", name), item, *_list(say, item))


def _list(say: Say, item: ListSpec) -> Iterator[Phrase]:
    score = say.spec.scores[item.of]
    yield phrase(
        "每{}结账时按“{}”得分由高到低排名，取{}；末位并列的{}。",
        PERIODS[score.period], score.title, _places(say, item), say.chosen(item, "ties", _TIES),
    )  # fmt: skip
    if item.split is not None:
        yield phrase("{}，每类单位各列一榜；否则同列一榜。", say.if_on(item.split))
    if item.only_if_below is not None:
        yield phrase("得分不低于{}的不上榜。", say.value(item.only_if_below))
    if item.only_if_at_least is not None:
        yield phrase("得分低于{}的不上榜。", say.value(item.only_if_at_least))
    if item.never_with is not None:
        yield phrase("已上“{}”的不上此榜。", say.spec.lists[item.never_with].title)
    if item.unless:
        facts = joined((ranked_fact(say, fact) for fact in item.unless), "或")
        yield phrase("当期{}的，不上此榜，也不递补。", facts)
    if item.then:
        yield phrase("上榜的：{}。", say.then(item.then, item.approve, always=True))


def _places(say: Say, item: ListSpec) -> Phrase:
    """Return how many are listed, and from which end."""
    number, share = item.top or item.bottom, item.top_share or item.bottom_share
    end = "前" if item.top or item.top_share else "后"
    if number is not None:
        return phrase("{}{}", end, say.value(number, "名"))
    assert share is not None
    rounding = say.chosen(item, "rounding", ROUNDINGS)
    return phrase("{}{}（名额不是整数的，{}）", end, say.value(share), rounding)
