"""A small town's log in a file: twelve months of checks, awards and closes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.whatif.logs import PLUGINS, text_of

from envrules import calendar as cal
from envrules.model.base import canonical_json
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import Event, Finding, Inspection, ScoreSupplied, UnitDeclared
from envrules.runtime.library import Library, Revision
from envrules.whatif.parquet import FORMAT, Header, StoredRevision, frame_of

SCHEME, ZONE = "town_deduction", "Asia/Shanghai"
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
VILLAGES = [f"v{n}" for n in range(12)]
WORDS = ("三大堆", "白色垃圾", "不在表内", "污水横流")


def entries(revision: str) -> list[Entry]:
    """The log: every village checked twice a month, what it was awarded, a close at each end."""
    begin = cal.period_bounds(ZONE, MONTHS[0])[0]
    found: list[Entry] = [Published(SCHEME, revision, at=begin)]
    found += [Arrived(Event(f"u{v}", begin, UnitDeclared(v, v, "village"))) for v in VILLAGES]
    for m, month in enumerate(MONTHS):
        start, end = cal.period_bounds(ZONE, month)
        for n, village in enumerate(VILLAGES):
            for visit in (1, 2):
                findings = tuple(
                    Finding(str(i), WORDS[(i + n) % 4], ("main_road", "village")[i % 2])
                    for i in range((n * visit + m) % 7)
                )
                name = f"{month}-{village}-{visit}"
                check = Inspection(name, village, "monthly_check", findings=findings)
                found.append(Arrived(Event(f"c-{name}", start + visit * 86_400_000_000, check)))
            award = ScoreSupplied(village, "monthly", "transfer", month, Decimal(n % 11), "村建办")
            found.append(Arrived(Event(f"a-{month}-{village}", end - 1, award)))
        found += [Tick(end), Closed(SCHEME, month, at=end)]
    return found


def write_town(path: Path) -> None:
    """Write the log as `envrules export-log` would."""
    own = Revision(f"{SCHEME}.yaml", text_of(SCHEME))
    revision = Library(PLUGINS).add(own.text, own.file, {}, 0).revision
    header = Header(FORMAT, "town", "town", ZONE, (StoredRevision(SCHEME, revision, own),))
    frame_of(entries(revision)).write_parquet(
        path, metadata={"envrules": canonical_json(header).decode()}
    )
