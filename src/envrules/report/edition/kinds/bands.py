"""Bands: what a figure amounts to."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.bands import BandSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say


def tell_bands(say: Say) -> Iterator[Entry]:
    """Tell the bounds of each band."""
    for score, items in say.spec.bands.items():
        title = say.spec.scores[score].title
        for i, band in enumerate(items):
            yield say.entry(
                "等级", ("bands", score, i), band,
                phrase("“{}”得分{}的，为“{}”。", title, say.bounds(band), band.title),
                *_more(say, band), id=f"bands.{score}.{band.id}", of=title,
            )  # fmt: skip


def _more(say: Say, band: BandSpec) -> Iterator[Phrase]:
    if band.needs:
        lists = "".join(f"“{say.spec.checklists[name].title}”" for name in band.needs)
        yield phrase("当期最近一次填全的核对须通过{}；未通过或没有核对的，改评其下一级。", lists)
    yield say.colour(band)


def tell_demotions(say: Say) -> Iterator[Entry]:
    """Tell which recurrence lowers whose band."""
    for score, demotion in say.spec.demotions.items():
        told = phrase(
            "单位当期发生“{}”的，不论几次，“{}”的等级降{}，降到最低一级为止。",
            say.spec.recurrences[demotion.recurred].title, say.spec.scores[score].title,
            say.value(demotion.levels, "级"),
        )  # fmt: skip
        yield say.entry("等级", ("demotions", score), demotion, told)
