"""Reading the fields of requests, their events apart: all that is wrong is told at once."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from envrules import calendar as cal
from envrules.model.base import Instant
from envrules.service.status import bad_request
from envrules.wire.field_types import FieldType, Name, Text, Time
from envrules.wire.problems import (
    FieldProblem,
    Invalid,
    contradiction,
    field_problem,
    invalid,
    shown,
)

SLUG_LIMIT = 63
PAGE_SIZE = 100
PAGE_LIMIT = 1000

_NOT_IN_SLUGS = re.compile(r"^[^a-z]|[^a-z0-9_-]")


class Slug(Name):
    """A lower-case letter, then lower-case letters, digits, `_` or `-`."""

    forbidden = _NOT_IN_SLUGS

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(required=required, limit=SLUG_LIMIT)


SLUG = Slug()
OPTIONAL_SLUG = Slug(required=False)
ID = Name(required=True)
OPTIONAL_ID = Name()
TEXT = Text()
REQUIRED_TEXT = Text(required=True)
TIME = Time()


class Fields:
    """The fields of one request, and what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def done(self) -> None:
        """Raise a refusal if anything is wrong."""
        if self.problems:
            raise bad_request(self.problems)

    def refuse(self, path: str, code: str, **facts: object) -> None:
        """Note a problem of the field at `path`."""
        self.problems.append(field_problem(path, code, **facts))

    def contradict(self, path: str, why: str, why_zh: str) -> None:
        """Note that the field at `path` does not go together with something else."""
        self.problems += contradiction(path, why, why_zh).problems

    def take(self, path: str, kind: FieldType, raw: Any) -> Any:
        """Return the value of a field that has no presence of its own."""
        try:
            if raw:
                return kind.read(raw)
            if kind.required:
                raise invalid("REQUIRED")
        except Invalid as error:
            self.problems += error.under(path)
        return kind.nothing()

    def slug(self, path: str, raw: str) -> str:
        """Return a slug that is required."""
        return str(self.take(path, SLUG, raw))

    def time(self, request: Message, name: str, path: str = "") -> Instant | None:
        """Return the instant in the field `name` of a message; None if it is not given.

        `path` is the field's path from the request, where that is not its name.
        """
        if not request.HasField(name):
            return None
        try:
            instant: Instant = TIME.read(getattr(request, name))
        except Invalid as error:
            self.problems += error.under(path or name)
            return None
        return instant

    def seconds(
        self, request: Message, name: str, default: float, low: float, high: float
    ) -> float:
        """Return a duration in seconds; `default` if it is not given."""
        if not request.HasField(name):
            return default
        given: Duration = getattr(request, name)
        seconds = given.seconds + given.nanos / 1e9
        if not low <= seconds <= high:
            self.refuse(name, "OUT_OF_RANGE", value=f"{seconds:g} s", low=f"{low:g} s",
                        high=f"{high:g} s")  # fmt: skip
        return seconds

    def period(self, path: str, raw: str) -> str:
        """Return the name of a period, which is required."""
        name = str(self.take(path, ID, raw))
        if name:
            try:
                cal.period_kind(name)
            except cal.CalendarError:
                why = "write a period such as 2026-07, 2026Q3 or 2026"
                self.refuse(path, "BAD_TIME", value=shown(name), why=why)
        return name

    def page_size(self, raw: int) -> int:
        """Return how many items the caller wants on a page."""
        if not 0 <= raw <= PAGE_LIMIT:
            self.refuse("page_size", "OUT_OF_RANGE", value=raw, low=1, high=PAGE_LIMIT)
        return raw or PAGE_SIZE

    def count(self, path: str, raw: int) -> int:
        """Return a number that is not negative."""
        if raw < 0:
            self.refuse(path, "OUT_OF_RANGE", value=raw, low=0, high=2**63 - 1)
        return raw
