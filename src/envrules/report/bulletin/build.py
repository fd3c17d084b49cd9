"""通报: what a locality's month says to those who read it, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from envrules.report.bulletin.document import Annex, Document, Letterhead, Section
from envrules.report.bulletin.issues import issue_sections
from envrules.report.bulletin.ranking import ranking_sections
from envrules.report.bulletin.said import period_words
from envrules.report.bulletin.trends import trend_section
from envrules.report.standings import reading_line
from envrules.v1 import decisions_pb2
from envrules.v1 import standings_pb2 as pb

PREVIEW = "本期尚未结账：名次、等次和榜单是此刻结账的结果，仅供核对，不作通报。"


@dataclass(frozen=True, slots=True)
class Month:
    """What is known of a period, as messages of the API."""

    report: pb.PeriodReport
    earlier: Sequence[pb.PeriodReport]
    """The reports of the periods before it, oldest first."""
    late: Sequence[decisions_pb2.Decision]
    """Decisions that limits have not been kept, whenever."""
    recurred: Sequence[decisions_pb2.Decision]
    """Decisions that something came again, in the period."""
    held: Sequence[decisions_pb2.Decision]
    """Decisions under appeal."""
    maps: Sequence[tuple[str, str]]
    """Score and its map as GeoJSON."""
    zone: tzinfo

    @property
    def before(self) -> pb.PeriodReport | None:
        """The period just before it, if that is known."""
        return self.earlier[-1] if self.earlier else None

    def titles(self) -> dict[str, str]:
        """Return the titles of units."""
        standings = (s for score in self.report.scores for s in score.standings)
        return {s.unit: s.unit_title for s in standings if s.unit_title}


def bulletin(month: Month, head: Letterhead, place: str = "") -> Document:
    """Return the bulletin; `place` is the locality's title."""
    report, annex = month.report, Annex()
    sections = tuple(_numbered(_sections(month, annex)))
    about = "情况通报" if report.reading.state != pb.PERIOD_STATE_OPEN else "情况通报（预览）"
    title = f"{place}{period_words(report.reading.period)}{report.title}{about}"
    return Document(
        title, reading_line(report.reading, month.zone), head, sections, tuple(annex.entries),
        PREVIEW if report.reading.state == pb.PERIOD_STATE_OPEN else "",
    )  # fmt: skip


def _sections(month: Month, annex: Annex) -> Iterator[Section]:
    titles = month.titles()
    yield from ranking_sections(month.report, month.before, month.maps, titles, annex)
    yield from issue_sections(
        month.report, month.late, month.recurred, month.held, titles, month.zone, annex
    )
    trend = trend_section([*month.earlier, month.report])
    if trend is not None:
        yield trend


_ORDINALS = "一二三四五六七八九十"


def _numbered(sections: Iterator[Section]) -> Iterator[Section]:
    """Yield the sections under the numbers that official documents use: 一、二、三."""
    for i, section in enumerate(sections):
        tens, ones = divmod(i, 10)
        ordinal = _ORDINALS[ones] if not tens else f"十{_ORDINALS[ones]}"
        yield Section(f"{ordinal}、{section.title}", section.blocks)
