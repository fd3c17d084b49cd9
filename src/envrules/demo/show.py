"""What the demo prints: the month as an office, a platform and an author would look at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from envrules.client import Client
from envrules.demo.player import Played
from envrules.demo.story import Place, Story
from envrules.report import decision_table, explanation, list_tables, standing_table
from envrules.report.tables import facts, local
from envrules.v1 import decisions_pb2 as pb

SHOWN = 6
"""Rows of tables that would be too long whole."""


def heading(text: str) -> Rule:
    """Return the beginning of a part of the demo."""
    return Rule(Text(text, style="bold cyan"), align="left", style="dim")


def told(client: Client, story: Story, every: list[Played]) -> Iterator[RenderableType]:
    """Yield all that is shown of a month that has been played."""
    for played in every:
        yield from _locality(client, story, played)
    yield heading("One decision, explained")
    yield explained(client, story, every)


def _locality(client: Client, story: Story, played: Played) -> Iterator[RenderableType]:
    place = played.scenario.place
    zone = ZoneInfo(place.timezone)
    assert played.report is not None
    report = played.report
    yield heading(f"{place.title}  {place.id}, judged by {place.scheme}")
    yield _slips(played, zone)
    for score in report.scores:
        if score.score == place.report.score:
            yield Padding(standing_table(report.reading, score.standings, zone, score.title), (1, 0))
    if report.lists:
        yield Text("Red and black lists, proposed at the close: they wait for approval", "bold")
        yield Padding(list_tables(report.lists), (0, 0, 1, 0))
    yield _afterwards(client, story, place, zone)
