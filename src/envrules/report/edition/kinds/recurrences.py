"""Recurrences: the same again within a window."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.recurrences import RecurrenceSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say

_SAME = {
    "unit": "同一单位", "place": "同一地点", "category": "同一类别", "point": "同一点位", "grid": "同一网格",
}  # fmt: skip
_SINCE = {"ended": "整改完毕", "found": "发现"}


def tell_recurrences(say: Say) -> Iterator[Entry]:
    """Tell what counts as the same, within which window, and whether it reopens."""
    for name, item in say.spec.recurrences.items():
        told = _recurrence(say, item)
        yield say.entry("反复", ("recurrences", name), item, *told)


def _recurrence(say: Say, item: RecurrenceSpec) -> Iterator[Phrase]:
    near = phrase("、相距不超过{}", say.value(item.near)) if item.near else ()
    yield phrase(
        "{}，自前一件{}起{}，{}{}又发现的，为“{}”。",
        say.where(item.where), say.chosen(item, "since", _SINCE), say.within(item.within),
        "、".join(_SAME[word] for word in item.same), near, item.title,
    )  # fmt: skip
    if item.reopens:
        yield phrase("前一件视为重新打开。")
