"""Code tables at work: an event in the host's codes becomes one in the scheme's words.

Of the entries that fit a finding the most specific one counts: one that names the category code
before one that does not, then the filing condition, the small class, the large class, the object
class. A category or place that is a word of the scheme already stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from msgspec.structs import replace

from envrules.model.base import Frozen
from envrules.model.decisions import Step
from envrules.model.events import Event, Finding, Inspection, IssueFound

F = TypeVar("F", IssueFound, Finding)

_CLASSES = {"component": "部件", "event": "事件"}


class HostCode(Frozen, order=True):
    """What a host calls a finding, in the order of what tells most about it."""

    category: str = ""
    condition: str = ""
    small_class: str = ""
    large_class: str = ""
    object_class: str = ""

    def __str__(self) -> str:
        """Return the code as people say it: 事件 大类01 小类0103 立案条件1 “暴露垃圾”."""
        parts = (
            _CLASSES.get(self.object_class, ""), self.large_class and f"大类{self.large_class}",
            self.small_class and f"小类{self.small_class}",
            self.condition and f"立案条件{self.condition}",
            self.category and f"“{self.category}”",
        )  # fmt: skip
        return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Entry:
    """What one code means in the scheme."""

    category: str
    place: str
    tags: tuple[str, ...]
    title: str
    location: str
    """`file:line` of the entry."""


@dataclass(frozen=True)
class CodeTable:
    """A compiled code table. Immutable."""

    citation: str
    """Its id in the steps of decisions."""
    title: str
    entries: Mapping[HostCode, Entry]
    places: Mapping[str, tuple[str, str]]
    """The host's kind of place → the scheme's, and `file:line`."""
    own_categories: Mapping[str, str]
    """The scheme's own words, with their titles."""
    own_places: Mapping[str, str]

    @cached_property
    def _index(self) -> list[tuple[Callable[[HostCode], Any], dict[Any, Entry]]]:
        """The entries by what they name, most specific first, each group by its codes."""
        forms: dict[tuple[bool, ...], dict[HostCode, Entry]] = {}
        for code, entry in self.entries.items():
            form = tuple(bool(getattr(code, name)) for name in HostCode.__struct_fields__)
            forms.setdefault(form, {})[code] = entry
        index: list[tuple[Callable[[HostCode], Any], dict[Any, Entry]]] = []
        for form, entries in sorted(forms.items(), reverse=True, key=lambda item: item[0]):
            names = (
                n for n, is_named in zip(HostCode.__struct_fields__, form, strict=True) if is_named
            )
            codes = attrgetter(*names)
            index.append((codes, {codes(code): entry for code, entry in entries.items()}))
        return index

    @cached_property
    def words(self) -> tuple[object, ...]:
        """What it reads as what: where two tables have the same, `read` gives the same."""
        return (
            {code: (e.category, e.place, e.tags) for code, e in self.entries.items()},
            {place: word for place, (word, _) in self.places.items()},
            self.own_categories.keys(), self.own_places.keys(),
        )  # fmt: skip

    def find(self, code: HostCode) -> Entry | None:
        """Return the most specific entry for a code."""
        found = (entries.get(codes(code)) for codes, entries in self._index)
        return next((entry for entry in found if entry is not None), None)

    def read(self, event: Event) -> Event:
        """Return the event in the scheme's words, as far as the table knows them."""
        match event.payload:
            case IssueFound() as issue:
                return replace(event, payload=self._read(issue))
            case Inspection() as inspection:
                findings = tuple(map(self._read, inspection.findings))
                return replace(event, payload=replace(inspection, findings=findings))
            case _:
                return event

    def _read(self, finding: F) -> F:
        entry, mapped = self._entry(finding), self._place(finding)
        words: dict[str, Any] = {}
        if entry is not None:
            place = finding.place or entry.place
            words = {"category": entry.category, "place": place, **_tags(finding, entry)}
        if mapped is not None:
            words["place"] = mapped[0]
        return replace(finding, **words) if words else finding

    def _entry(self, finding: IssueFound | Finding) -> Entry | None:
        """Return what the finding's code means; None if its category needs no reading."""
        return None if finding.category in self.own_categories else self.find(code_of(finding))

    def _place(self, finding: IssueFound | Finding) -> tuple[str, str] | None:
        return None if finding.place in self.own_places else self.places.get(finding.place)

    # ── how it was read ──

    def how(self, events: Iterable[Event]) -> dict[str, tuple[Step, ...]]:
        """Return how codes were read: event id, or `event#finding` in an inspection → steps."""
        return {
            name: steps for event in events for name, finding in _named(event)
            if (steps := self._steps(finding))
        }  # fmt: skip

    def _steps(self, finding: IssueFound | Finding) -> tuple[Step, ...]:
        steps = []
        entry, place = self._entry(finding), self._place(finding)
        if entry is not None:
            title = self.own_categories.get(entry.category, entry.category)
            note = f"按“{title}”判"
            if entry.place and not finding.place:
                note += f"，地点按“{self.own_places.get(entry.place, entry.place)}”"
            value = str(code_of(finding))
            steps.append(self._step(entry.title or self.title, entry.location, value, note))
        if place is not None:
            word, location = place
            note = f"地点按“{self.own_places.get(word, word)}”判"
            steps.append(self._step(self.title, location, f"地点 {finding.place}", note))
        return tuple(steps)

    def _step(self, title: str, location: str, value: str, note: str) -> Step:
        return Step(self.citation, title, location, value, note=note)


def _tags(finding: IssueFound | Finding, entry: Entry) -> dict[str, tuple[str, ...]]:
    """Return the tags with those of the entry: only an issue bears any."""
    if not (entry.tags and isinstance(finding, IssueFound)):
        return {}
    return {"tags": tuple(dict.fromkeys((*finding.tags, *entry.tags)))}


def _named(event: Event) -> Iterator[tuple[str, IssueFound | Finding]]:
    match event.payload:
        case IssueFound() as issue:
            yield event.id, issue
        case Inspection() as inspection:
            yield from ((f"{event.id}#{found.id}", found) for found in inspection.findings)


def code_of(finding: IssueFound | Finding) -> HostCode:
    """Return the codes that a finding bears."""
    if isinstance(finding, Finding):
        return HostCode(finding.category)
    return HostCode(
        finding.category, finding.condition, finding.small_class, finding.large_class,
        finding.object_class,
    )  # fmt: skip
