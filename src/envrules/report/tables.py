"""What all reports share: how tables look, and how times and codes are put into words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta, tzinfo
from typing import IO

from google.protobuf.timestamp_pb2 import Timestamp
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from envrules.v1 import decisions_pb2 as pb

PIPE_WIDTH = 120
"""Cells a line where no terminal says how many it has."""

PUBLICATION: Mapping[int, str] = {
    pb.PUBLICATION_PROPOSED: "待批准",
    pb.PUBLICATION_APPROVED: "已批准",
    pb.PUBLICATION_PUBLISHED: "已公布",
    pb.PUBLICATION_HELD: "申诉中",
    pb.PUBLICATION_REVOKED: "已撤销",
}
_STYLE: Mapping[int, str] = {
    pb.PUBLICATION_PROPOSED: "yellow",
    pb.PUBLICATION_HELD: "yellow",
    pb.PUBLICATION_REVOKED: "dim",
}


def console(file: IO[str] | None = None, *, width: int | None = None) -> Console:
    """Return a console for reports: the terminal's width, or `PIPE_WIDTH` where there is none."""
    made = Console(file=file, width=width, highlight=False)
    if width is None and not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE_WIDTH
    return made


def table() -> Table:
    """Return an empty table in the one style of all reports."""
    return Table(
        box=SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )


def titled(title: str, body: RenderableType) -> RenderableType:
    """Return something under its title; a table's own title would be folded to its width."""
    return Group(Text(title, style="bold"), body) if title else body


def facts(pairs: Iterable[tuple[str, str | Text]]) -> Table:
    """Return names with their values, one a line; pairs without a value are left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            grid.add_row(name, value)
    return grid


def section(title: str, body: RenderableType) -> Group:
    """Return a part of a report under its heading."""
    return Group(Text(), Text(title, style="bold cyan"), body)


def local(moment: Timestamp, zone: tzinfo) -> str:
    """Return a time as the people there read it, to the minute: 2026-07-03 17:30."""
    return f"{moment.ToDatetime(tzinfo=zone):%Y-%m-%d %H:%M}"


def local_end(moment: Timestamp, zone: tzinfo) -> str:
    """Return when a limit ends, as the people there read it: at 24:00, if with the end of a day."""
    shown = moment.ToDatetime(tzinfo=UTC)
    last, at = [t.astimezone(zone) for t in (shown - timedelta(microseconds=1), shown)]
    return local(moment, zone) if last.date() == at.date() else f"{last:%Y-%m-%d} 24:00"


def since(text: str) -> str:
    """Return since when a value has been in force."""
    return {"always": "一直", "": ""}.get(text, f"{text} 起")


def publication(value: int) -> Text:
    """Return how far a decision is on its way to the public."""
    return Text(PUBLICATION.get(value, ""), style=_STYLE.get(value, ""))


def joined(*parts: str) -> str:
    """Return the parts that say something, with blanks between."""
    return " ".join(part for part in parts if part)
