"""Instants from and to text: RFC 3339, or local time in a stated zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from envrules.model.base import Instant
from envrules.wire.limits import EARLIEST, LATEST
from envrules.wire.problems import invalid, shown

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - differences of wall times only
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
FORMS = "write 2026-07-03T10:00:00+08:00, or local time as 2026-07-03 10:00"


def parse_instant(text: str, zone: tzinfo | None) -> Instant:
    """Return the instant that `text` names.

    `text` is RFC 3339, or a local time of `zone` such as `2026-07-03 10:00`, or a date alone,
    which means its first moment. A `zone` of None admits no local times.

    Raises:
        Invalid: no such form or no such time; a local time that `zone` skips or has twice.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise invalid("BAD_TIME", value=shown(text), why=FORMS)
    fraction = (match["fraction"] or "").ljust(9, "0")
    if fraction[6:] != "000":
        raise invalid("SUB_MICROSECOND")
    try:
        wall = datetime.fromisoformat(f"{match['day']}T{match['clock'] or '00:00'}")
        offset = _offset(match["offset"])
    except ValueError as error:
        raise invalid("BAD_TIME", value=shown(text), why=error) from None
    wall += timedelta(microseconds=int(fraction[:6]))
    if offset is None:
        return from_local(wall, zone)
    return within_range((wall - _EPOCH - offset) // _MICROSECOND)


def _offset(text: str | None) -> timedelta | None:
    """Return the offset as written; None when the time is a local one."""
    if text is None:
        return None
    if text == "Z":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("an offset is at most 23:59")
    size = timedelta(hours=hours, minutes=minutes)
    return -size if text[0] == "-" else size


def from_local(wall: datetime, zone: tzinfo | None) -> Instant:
    """Return the instant at which the clocks of `zone` show `wall` (a naive datetime).

    Raises:
        Invalid: no zone is known; the zone skips this time or has it twice.
    """
    text = wall.isoformat(sep=" ")
    if zone is None:
        raise invalid("BAD_TIME", value=text, why="a zone is missing; " + FORMS)
    if not 1900 <= wall.year <= 2200:
        raise invalid("OUT_OF_RANGE", value=text, low="1900", high="2200")
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    if first < second:
        raise invalid("NO_SUCH_LOCAL_TIME", value=text, zone=zone)
    if first > second:
        example = wall.replace(tzinfo=timezone(first)).isoformat()
        raise invalid("AMBIGUOUS_LOCAL_TIME", value=text, zone=zone, example=example)
    return within_range((wall - _EPOCH - first) // _MICROSECOND)


def from_plain(value: object, zone: tzinfo | None) -> Instant:
    """Return the instant of a value as JSON or YAML gives it: text, or a date or datetime.

    Raises:
        Invalid: as for `parse_instant`.
    """
    if isinstance(value, str):
        return parse_instant(value, zone)
    # Subclasses are refused: some YAML loaders keep the offset of theirs beside the value.
    if type(value) is datetime:
        offset = value.utcoffset()
        wall = value.replace(tzinfo=None)
        if offset is None:
            return from_local(wall, zone)
        return within_range((wall - _EPOCH - offset) // _MICROSECOND)
    if type(value) is date:
        return from_local(datetime(value.year, value.month, value.day), zone)  # noqa: DTZ001
    raise invalid("WRONG_TYPE", wanted="a time", found=type(value).__name__, hint="; " + FORMS)


def within_range(instant: Instant) -> Instant:
    """Return `instant` unless it is absurd.

    Raises:
        Invalid: before 1900 or from 2200 on.
    """
    if not EARLIEST <= instant < LATEST:
        raise invalid("OUT_OF_RANGE", value=f"{instant} µs", low="1900", high="2200")
    return instant


def format_instant(instant: Instant, zone: tzinfo = UTC) -> str:
    """Return `instant` as RFC 3339 with the offset of `zone`; UTC is written as `Z`."""
    moment = (_EPOCH + timedelta(microseconds=instant)).replace(tzinfo=UTC)
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    # RFC 3339 knows whole minutes only, and zones before 1901 had seconds.
    if not offset or offset % timedelta(minutes=1):
        return moment.isoformat().replace("+00:00", "Z")
    return local.isoformat()
