"""Bands: what a figure amounts to."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.bands import BandSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, joined, phrase
from envrules.report.edition.say import Say


def tell_bands(say: Say) -> Iterator[Entry]:
    """Tell the bounds of each band."""
    for score, items in say.spec.bands.items():
        title = say.spec.scores[score].title
        for i, band in enumerate(items):
            yield say.entry(
                "等级", ("bands", score, i), band,
                phrase("“{}”得分{}的，为“{}”。", title, _bounds(say, band), band.title),
                id=f"bands.{score}.{band.id}",
            )  # fmt: skip


def _bounds(say: Say, band: BandSpec) -> Phrase:
    bounds = (
        ("不低于{}", band.at_least), ("高于{}", band.above),
        ("不高于{}", band.at_most), ("低于{}", band.below),
    )  # fmt: skip
    return joined((phrase(words, say.value(bound)) for words, bound in bounds if bound), "且")
