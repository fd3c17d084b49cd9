"""The event log as a Parquet file: every entry whole, and beside it the columns that tallies read.

The file stands for itself: the sources of the revisions that the log published are in its metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec

from envrules.model.base import Frozen, canonical_json
from envrules.model.entries import Arrived, Entry, decode_entry, encode_entry
from envrules.model.events import Event, Finding, Inspection, IssueFound, payload_kind
from envrules.runtime.library import Revision
from envrules.store import Batch, LogRow, NewEntry, Store
from envrules.whatif.history import History, revisions_of

FORMAT = 2
_KEY = "envrules"
_GROUP = 50_000


class StoredRevision(Frozen):
    """A revision's sources under its names."""

    scheme: str
    revision: str
    source: Revision


class Header(Frozen):
    """What the file says about itself."""

    format: int
    locality: str
    title: str
    timezone: str
    revisions: tuple[StoredRevision, ...] = ()


_header = msgspec.json.Decoder(Header).decode


class BadLog(Exception):
    """The file is no event log."""


def polars() -> Any:
    """Return Polars, which comes with the extra `whatif`.

    Raises:
        ImportError: it is not installed.
    """
    import polars as pl

    return pl


def schema() -> dict[str, Any]:
    """Return the columns of the file."""
    pl = polars()
    finding = pl.Struct({
        "category": pl.String, "place": pl.String, "issue": pl.String, "duplicate": pl.Boolean,
    })  # fmt: skip
    return {
        "seq": pl.Int64, "kind": pl.String, "event_id": pl.String, "recorded_at": pl.Int64,
        "submitted_by": pl.String, "digest": pl.Binary, "payload": pl.Binary, "type": pl.String,
        "occurred_at": pl.Int64, "unit": pl.String, "inspection": pl.String,
        "assessed_by": pl.String, "findings": pl.List(finding), "place_unit": pl.String,
        "handling_unit": pl.String, "department": pl.String, "reporter_unit": pl.String,
        "source_level": pl.String, "condition": pl.String, "small_class": pl.String,
        "large_class": pl.String, "object_class": pl.String, "organ": pl.String,
        "announced": pl.Boolean, "met": pl.List(pl.String), "unmet": pl.List(pl.String),
    }  # fmt: skip


def write_log(path: Path, header: Header, rows: Iterable[LogRow]) -> None:
    """Write a log, group by group: it never lies in memory as a whole."""
    pl = polars()
    columns = schema()
    left = iter(rows)

    def groups(*_hints: object) -> Iterator[Any]:
        while group := list(islice(left, _GROUP)):
            yield pl.DataFrame([_record(row) for row in group], schema=columns, orient="row")

    source = pl.io.plugins.register_io_source(groups, schema=columns)
    source.sink_parquet(path, metadata={_KEY: canonical_json(header).decode()})


def _record(row: LogRow) -> tuple[Any, ...]:
    entry = decode_entry(row.payload)
    stored = (row.seq, row.kind, row.event_id, row.recorded_at, row.submitted_by, row.digest,
              row.payload)  # fmt: skip
    said = _tallied(entry.event) if isinstance(entry, Arrived) else {}
    return (*stored, *(said.get(name, empty) for name, empty in _SAID.items()))


_SAID: dict[str, Any] = {
    "type": "", "occurred_at": None, "unit": "", "inspection": "", "assessed_by": "",
    "findings": [], "place_unit": "", "handling_unit": "", "department": "", "reporter_unit": "",
    "source_level": "", "condition": "", "small_class": "", "large_class": "", "object_class": "",
    "organ": "", "announced": False, "met": [], "unmet": [],
}  # fmt: skip
"""Columns that tallies read, and what they hold where an entry has nothing to say."""


def _tallied(event: Event) -> dict[str, Any]:
    """Return what tallies read of an event, by column."""
    payload = event.payload
    said = {"type": payload_kind(payload), "occurred_at": event.occurred_at}
    if isinstance(payload, Inspection):
        return said | {
            "unit": payload.unit, "inspection": payload.inspection, "assessed_by": payload.kind,
            "findings": [_finding(finding) for finding in payload.findings],
            "organ": payload.organ, "announced": payload.announced,
            "met": sorted(item for item, met in payload.checklist.items() if met),
            "unmet": sorted(item for item, met in payload.checklist.items() if not met),
        }  # fmt: skip
    if isinstance(payload, IssueFound):
        names = ("inspection", "place_unit", "handling_unit", "department", "reporter_unit",
                 "source_level", "condition", "small_class", "large_class", "object_class")  # fmt: skip
        own = {name: getattr(payload, name) for name in names}
        return said | own | {"assessed_by": payload.source, "findings": [_finding(payload)]}
    return said | {"unit": getattr(payload, "unit", "")}


def _finding(found: Finding | IssueFound) -> dict[str, Any]:
    return {
        "category": found.category, "place": found.place, "issue": found.issue,
        "duplicate": bool(found.duplicate_of),
    }  # fmt: skip


def frame_of(entries: Iterable[Entry]) -> Any:
    """Return the columns of entries that are in memory, those of the store left empty."""
    records = []
    for seq, entry in enumerate(entries, start=1):
        kind = str(type(entry).__struct_config__.tag)
        event = entry.event.id if isinstance(entry, Arrived) else None
        row = LogRow(seq, kind, event, b"", 0, "", encode_entry(entry))
        records.append(_record(row))
    return polars().DataFrame(records, schema=schema(), orient="row")


def read_header(path: Path) -> Header:
    """Return what a log file says about itself.

    Raises:
        BadLog: it is none.
    """
    pl = polars()
    try:
        said = pl.read_parquet_metadata(path).get(_KEY)
    except pl.exceptions.PolarsError as error:
        raise BadLog(f"{path} is no Parquet file: {str(error).splitlines()[0]}") from None
    if said is None:
        raise BadLog(f"{path} is no event log: envrules export-log writes them")
    try:
        header = _header(said)
    except msgspec.MsgspecError as error:
        raise BadLog(f"{path} cannot be read: {error}") from None
    if header.format != FORMAT:
        raise BadLog(f"{path} has format {header.format}, this release reads {FORMAT}")
    return header


def read_log(path: Path) -> Iterator[LogRow]:
    """Yield the entries of a log file, in order."""
    pl = polars()
    names = list(LogRow.__struct_fields__)
    for batch in pl.scan_parquet(path).select(names).collect_batches(maintain_order=True):
        yield from (LogRow(*row) for row in batch.iter_rows())


def from_parquet(path: Path) -> History:
    """Return the history that a log file holds.

    Raises:
        BadLog: it is no log, or not a whole one.
    """
    header = read_header(path)
    entries = []
    for place, row in enumerate(read_log(path), start=1):
        if row.seq != place:
            raise BadLog(f"{path} holds entry {row.seq} where {place} should be")
        entries.append(decode_entry(row.payload))
    revisions = {(r.scheme, r.revision): r.source for r in header.revisions}
    return History(header.locality, entries, revisions)


def export_log(store: Store, locality: str, path: Path) -> int:
    """Write a locality's log up to its last entry; return how many entries that is.

    Raises:
        UnknownLocality: there is none.
    """
    row = store.locality(locality)
    revisions = revisions_of(store, _entries(store, locality, row.head_seq))
    header = Header(FORMAT, locality, row.title, row.timezone, tuple(
        StoredRevision(*names, source) for names, source in revisions.items()
    ))  # fmt: skip
    write_log(path, header, _rows(store, locality, row.head_seq))
    return row.head_seq


def _rows(store: Store, locality: str, head: int) -> Iterator[LogRow]:
    after = 0
    while after < head:
        rows = store.read_log(locality, after, min(_GROUP, head - after))
        yield from rows
        after = rows[-1].seq


def _entries(store: Store, locality: str, head: int) -> Iterator[Any]:
    return (
        decode_entry(row.payload) for row in _rows(store, locality, head) if row.kind == "published"
    )


def import_log(store: Store, path: Path, locality: str = "") -> tuple[str, int]:
    """Put a log file into a store as a new locality; return its name and how many entries it has.

    What derives from the log is not imported: whoever projects the locality derives it again.

    Raises:
        BadLog: the file is no log, or the locality has a log already.
    """
    header = read_header(path)
    name = locality or header.locality
    if any(row.id == name and row.head_seq for row in store.localities()):
        raise BadLog(f"locality {name} has a log already: import it under another name")
    for r in header.revisions:
        store.put_revision(r.scheme, r.revision, canonical_json(r.source), 0)
    store.create_locality(name, header.title, header.timezone, 0)
    count = 0
    rows = read_log(path)
    while group := list(islice(rows, _GROUP)):
        store.append([
            Batch(name, [_new(row) for row in same], at)
            for at, same in groupby(group, key=lambda row: row.recorded_at)
        ])  # fmt: skip
        count += len(group)
    return name, count


def _new(row: LogRow) -> NewEntry:
    return NewEntry(row.kind, row.payload, row.event_id, row.digest, row.submitted_by)
