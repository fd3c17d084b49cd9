"""Checklists, and their items."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.checklists import ChecklistSpec, ItemSpec
from envrules.kinds.compiled import plain
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say


def tell_checklists(say: Say) -> Iterator[Entry]:
    """Tell what each checklist asks and what passes it; then each item, for its clause."""
    for name, checklist in say.spec.checklists.items():
        yield say.entry("核对", ("checklists", name), checklist, *_checklist(say, checklist))
        for i, item in enumerate(checklist.items):
            yield say.entry(
                "核对项", ("checklists", name, "items", i), item,
                id=f"checklists.{name}.{item.id}", of=checklist.title,
            )  # fmt: skip


def _checklist(say: Say, checklist: ChecklistSpec) -> Iterator[Phrase]:
    inspections = say.names("inspections", checklist.inspections)
    yield phrase("{}时逐项核对：{}。", inspections, "；".join(map(_item, checklist.items)))
    if checklist.at_least is not None:
        passes = phrase("达到各项的分值合计不低于{}的", say.value(checklist.at_least))
    else:
        passes = phrase("各项全部达到的")
    yield phrase("{}，为通过；有未填的项，不作结论。", passes)


def _item(item: ItemSpec) -> str:
    points = f"（{plain(item.points)} 分）" if item.points is not None else ""
    return f"{item.title}{points}"
