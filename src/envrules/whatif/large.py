"""A log file as columns: for a log that is too large to be taken event by event."""

from __future__ import annotations

from pathlib import Path

from envrules.whatif.bycolumn import Columns, Spread, at_once
from envrules.whatif.parquet import polars, read_header


def columns_of(file: Path, scheme: str, spread: Spread = at_once) -> Columns:
    """Return a log file as columns.

    Args:
        file: a log file of `parquet.export_log`.
        scheme: the scheme that is asked about.
        spread: how the sightings are grouped.

    Raises:
        BadLog: it is no log file.
    """
    header = read_header(file)
    revisions = {(r.scheme, r.revision): r.source for r in header.revisions}
    return Columns(polars().scan_parquet(file), header.locality, revisions, scheme, spread)
