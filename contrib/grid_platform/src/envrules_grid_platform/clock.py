"""Instants: in UTC as datetimes, and as microseconds where a database keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime.fromtimestamp(0, UTC)


def now() -> datetime:
    """Return the time by the system's clock."""
    return datetime.now(UTC)


def micros(at: datetime) -> int:
    """Return microseconds since the Unix epoch."""
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """Return the time that is so many microseconds after the Unix epoch."""
    return EPOCH + timedelta(microseconds=at)
