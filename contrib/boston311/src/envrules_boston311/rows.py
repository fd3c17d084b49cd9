"""The city's CSV files, row by row. A row is either a request or listed as bad: none gets lost.

Times in the files are local times of Boston without an offset. One that clocks going back show
twice is the first of the two; one that clocks going forward skip is an hour later than it reads.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
JITTER = timedelta(minutes=5)
"""How far the clocks of the city's own systems lie apart."""

CATEGORIES = {
    "Construction Debris": "construction_debris",
    "Empty Litter Basket": "empty_litter_basket",
    "Graffiti Removal": "graffiti_removal",
    "Ground Maintenance": "ground_maintenance",
    "Illegal Dumping": "illegal_dumping",
    "Illegal Posting of Signs": "illegal_posting_of_signs",
    "Improper Storage of Trash (Barrels)": "improper_storage",
    "Litter Basket Maintenance": "litter_basket_maintenance",
    "Overflowing or Un-kept Dumpster": "overflowing_dumpster",
}
"""The city's TYPE → the ruleset's category."""

_COLUMNS = ("CASE_ENQUIRY_ID", "OPEN_DT", "TARGET_DT", "CLOSED_DT", "TYPE", "Department")


@dataclass(frozen=True, slots=True)
class Request:
    """One service request, its times in UTC. Addresses and free text are not even read."""

    place: str
    """`file:line` of its row."""
    case: str
    category: str
    department: str
    opened: datetime
    target: datetime | None
    """The deadline that the city gave; None: it gave none."""
    closed: datetime | None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a row that a person should know."""

    place: str
    """`file:line`."""
    text: str


class _Bad(Exception):
    """A row cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What the files of a folder hold."""

    requests: list[Request]
    bad: list[Remark]
    """Rows that are not sent, and why."""
    corrected: list[Remark]
    """Rows that are sent otherwise than they read, and how."""


def read_folder(folder: Path) -> Folder:
    """Return the requests in the CSV files directly in a folder, file by file.

    Raises:
        FileNotFoundError: there is no such folder, or no CSV file in it.
    """
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise FileNotFoundError(f"no CSV file in {folder}")
    read = Folder([], [], [])
    seen: dict[str, str] = {}
    for path in paths:
        for place, row in _rows(path, read.bad):
            try:
                request = _request(place, row)
                if request.case in seen:
                    raise _Bad(f"case {request.case} is at {seen[request.case]} already")
            except _Bad as why:
                read.bad.append(Remark(place, str(why)))
                continue
            seen[request.case] = place
            read.requests.append(_in_order(request, read.corrected))
    return read


def _rows(path: Path, bad: list[Remark]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the rows of a file with their places; what is no row of it is noted in `bad`."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [name for name in _COLUMNS if name not in header]
            if missing:
                bad.append(Remark(f"{path.name}:1", f"the file lacks {', '.join(missing)}"))
                return
            line = reader.line_num + 1
            for fields in reader:
                place = f"{path.name}:{line}"
                line = reader.line_num + 1
                if not fields:
                    continue
                if len(fields) != len(header):
                    bad.append(Remark(place, f"{len(fields)} fields instead of {len(header)}"))
                    continue
                yield place, dict(zip(header, fields, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        bad.append(Remark(f"{path.name}:{line}", f"cannot be read from here on: {error}"))


def _request(place: str, row: Mapping[str, str]) -> Request:
    case, kind = row["CASE_ENQUIRY_ID"].strip(), row["TYPE"].strip()
    if not case:
        raise _Bad("it has no CASE_ENQUIRY_ID")
    if kind not in CATEGORIES:
        raise _Bad(f"TYPE {kind!r} is not one of the {len(CATEGORIES)} that the ruleset knows")
    opened = _time(row, "OPEN_DT")
    if opened is None:
        raise _Bad("it has no OPEN_DT")
    request = Request(
        place, case, CATEGORIES[kind], row["Department"].strip(), opened,
        _time(row, "TARGET_DT"), _time(row, "CLOSED_DT"),
    )  # fmt: skip
    if request.closed is not None and request.closed < opened - JITTER:
        raise _Bad(f"it was closed {opened - request.closed} before it was opened")
    return request


def _time(row: Mapping[str, str], column: str) -> datetime | None:
    text = row[column].strip()
    if not text:
        return None
    try:
        read = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")  # noqa: DTZ007 - see the next line
        return read.replace(tzinfo=ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Bad(f"{column} {text!r} is no time like 07/31/2015 05:06:17 PM") from None


def _in_order(request: Request, corrected: list[Remark]) -> Request:
    """Return the request, closed as it was opened if it reads as closed a moment before that."""
    closed = request.closed
    if closed is None or closed >= request.opened:
        return request
    early = request.opened - closed
    corrected.append(
        Remark(
            request.place, f"closed {early} before it was opened: sent as closed when it was opened"
        )
    )
    return replace(request, closed=request.opened)
