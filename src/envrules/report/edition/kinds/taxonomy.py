"""Classes of issues, and what is excluded from judgement."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import phrase
from envrules.report.edition.say import Say


def tell_classes(say: Say) -> Iterator[Entry]:
    """Tell what each class holds: what its `where` describes and no class before it has taken."""
    for i, item in enumerate(say.spec.classes):
        which = say.where(item.where, "其余问题" if i else "问题")
        told = phrase("{}，归入“{}”。", which, item.title)
        yield say.entry("分类", ("classes", i), item, told, id=f"classes.{item.id}")


def tell_exclusions(say: Say) -> Iterator[Entry]:
    """Tell what counts as no issue."""
    for i, item in enumerate(say.spec.exclusions):
        told = phrase(
            "{}，台账{}的，不作为问题：不计期限，不扣分，不追究。",
            say.where(item.where), say.ledger(item.fields),
        )  # fmt: skip
        yield say.entry("除外", ("exclusions", i), item, told, id=f"exclusions.{item.id}")
