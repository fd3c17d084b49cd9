"""Checklists, and their items."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.checklists import ChecklistSpec
from envrules.kinds.compiled import plain
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say


def tell_checklists(say: Say) -> Iterator[Entry]:
    """Tell what passes each checklist, and each item."""
    for name, checklist in say.spec.checklists.items():
        yield say.entry("核对", ("checklists", name), checklist, _passes(say, checklist))
        for i, item in enumerate(checklist.items):
            points = f"达到的计 {plain(item.points)} 分。" if item.points is not None else ""
            yield say.entry(
                "核对项", ("checklists", name, "items", i), item, points,
                id=f"checklists.{name}.{item.id}",
            )  # fmt: skip


def _passes(say: Say, checklist: ChecklistSpec) -> Phrase:
    inspections = say.names("inspections", checklist.inspections, "、")
    number = str(len(checklist.items))
    if checklist.at_least is not None:
        passes = phrase("达到各项的分值合计不低于{}的", say.value(checklist.at_least))
    else:
        passes = phrase("各项全部达到的")
    return phrase(
        "{}时逐项核对下列{}项，{}为通过；有未填的项，不作结论。", inspections, number, passes
    )
