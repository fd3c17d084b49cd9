"""Which decisions a caller asks for: in terms of the store, and what only their content tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from envrules.model.base import canonical_json
from envrules.model.decisions import Decision, decode_decision
from envrules.service.fields import ID, PAGE_LIMIT, Fields
from envrules.store import DecisionFilter, DecisionRow
from envrules.v1 import decision_service_pb2 as pb
from envrules.wire.decisions_out import PUBLICATIONS

_WORDS = {number: word for word, number in PUBLICATIONS.items()}


@dataclass(frozen=True)
class Wanted:
    """The decisions asked for."""

    stored: DecisionFilter
    """What the store can tell."""
    events: frozenset[str]

    @property
    def looks_inside(self) -> bool:
        """Whether a decision must be read to know if it is wanted."""
        return bool(self.events)

    def among(self, rows: Sequence[DecisionRow]) -> Iterator[Decision]:
        """Yield those that are wanted of rows that the store has found, in order."""
        marks = [canonical_json(event) for event in self.events]
        for row in rows:
            if marks and not any(mark in row.payload for mark in marks):
                continue  # most are about other events: they are not read for that
            decision = decode_decision(row.payload)
            if not self.events or not self.events.isdisjoint(decision.content.events):
                yield decision


def wanted(given: pb.DecisionFilter, fields: Fields, *, current_only: bool) -> Wanted:
    """Return the filter of a request's field `filter`."""

    def names(name: str) -> list[str] | None:
        raw: Sequence[str] = getattr(given, name)
        path = f"filter.{name}"
        if len(raw) > PAGE_LIMIT:
            fields.refuse(path, "TOO_MANY", length=len(raw), limit=PAGE_LIMIT)
            return None
        return [fields.take(f"{path}[{i}]", ID, item) for i, item in enumerate(raw)] or None

    for i, number in enumerate(given.publications):
        if number not in _WORDS:
            hint = "; is your copy of the proto newer?"
            fields.refuse(f"filter.publications[{i}]", "UNKNOWN_VALUE", value=number, hint=hint)
    publications = [_WORDS[number] for number in given.publications if number in _WORDS]
    stored = DecisionFilter(
        unit=names("units"), rule=names("rules"), kind=names("kinds"), scheme=names("schemes"),
        period=names("periods"), outcome=names("outcomes"), publication=publications or None,
        issue=names("issues"), current_only=current_only,
    )  # fmt: skip
    return Wanted(stored, frozenset(names("event_ids") or ()))
