"""What compilation gives to every kind: resolved parameters, citations and the words around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal, Protocol

from envrules.calendar import Duration
from envrules.model.decisions import Step
from envrules.model.values import Citation, Dated, InForce

Value = Decimal | bool | str | Duration

Comparison = Literal["at_least", "above", "at_most", "below"]
"""How a figure is held against a bound; each states its inclusivity by name."""


def compare(figure: Decimal, comparison: Comparison, bound: Any) -> bool:
    """Return whether the bound holds; each comparison states its inclusivity by name."""
    match comparison:
        case "at_least":
            return bool(figure >= bound)
        case "above":
            return bool(figure > bound)
        case "at_most":
            return bool(figure <= bound)
        case "below":
            return bool(figure < bound)


Rounding = Literal["up", "down", "half_up"]
"""How a share or a head for so many becomes a whole number."""


def whole(value: Fraction, rounding: Rounding) -> int:
    """Return `value`, which is not negative, as a whole number."""
    match rounding:
        case "up":
            return ceil(value)
        case "down":
            return floor(value)
        case "half_up":
            return floor(value + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated parameter with its unit; `text` prints a value as an official reads it."""

    name: str
    unit: str
    dated: Dated[Value]

    def at(self, day: date) -> InForce[Value]:
        """Return the value in force on `day`; raises NoValueInForce."""
        return self.dated.at(day)

    def text(self, value: Value) -> str:
        """Return the value with its unit in Chinese, e.g. `3 个工作日`."""
        return print_value(value, self.unit)

    def share(self, value: Value) -> Fraction:
        """Return a ratio, or a number of percent, as the share that it is."""
        return Fraction(str(value)) / (100 if self.unit == "percent" else 1)


_UNIT_WORDS = {
    "points": " 分", "count": "", "ratio": "", "percent": "%", "money": " 元",
    "working_hours": " 工作时", "working_days": " 个工作日", "emergency_hours": " 紧急工作时",
    "emergency_days": " 紧急工作日", "hours": " 小时", "minutes": " 分钟",
    "calendar_days": " 天", "months": " 个月", "metres": " 米",
}  # fmt: skip


def print_value(value: Value, unit: str) -> str:
    """Return `value` as text for people: `70 分`, `是`, `当日 24:00 前`."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Duration):
        if unit == "same_day":
            return f"当日 {value.cut_off or '24:00'} 前"
        return f"{plain(value.amount)}{_UNIT_WORDS.get(unit, '')}"
    if isinstance(value, Decimal):
        return f"{plain(value)}{_UNIT_WORDS.get(unit, '')}"
    if unit == "month_day":
        month, day = value.split("-")
        return f"每年 {int(month)} 月 {int(day)} 日"
    return value


def plain(number: Decimal) -> str:
    """Return a decimal without exponent or trailing zeros: 70, 0.5, 12.25."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def cite(citation: Citation, *, value: str = "", since: str = "", note: str = "") -> Step:
    """Return the step that names a definition and what it contributed."""
    return Step(
        rule=citation.id, title=citation.title, location=citation.location, value=value,
        since=since, ref=citation.ref, not_from_source=citation.not_from_source, note=note,
    )  # fmt: skip


def cite_value(parameter: Parameter, held: InForce[Any], note: str = "") -> Step:
    """Return the step that names a parameter's value and since when it has been in force."""
    return cite(held.citation, value=parameter.text(held.value), since=held.since, note=note)


_HOLDS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}
_FAILS = {"at_least": "<", "above": "≤", "at_most": ">", "below": "≥"}


def hold_against(
    figure: Decimal, comparison: Comparison, bound: Parameter, day: date
) -> tuple[bool, Step]:
    """Return whether a figure keeps a bound by its value on `day`, and the step that says so."""
    held = bound.at(day)
    holds = compare(figure, comparison, held.value)
    sign = (_HOLDS if holds else _FAILS)[comparison]
    return holds, cite_value(bound, held, f"{plain(figure)} {sign} {bound.text(held.value)}")


class ClassTest(Protocol):
    """A class of the scheme's taxonomy, as a filter reads it."""

    @property
    def id(self) -> str:
        """Key of the class."""

    @property
    def where(self) -> Filter:
        """Which issues it describes."""


class Window(Protocol):
    """A campaign, as a filter reads it."""

    def covers(self, day: date) -> bool:
        """Return whether the local date lies inside it."""

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return the window around the local date, and the values that it rests on."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Compiled `where`: empty sets mean no restriction."""

    category: frozenset[str] = frozenset()
    condition: frozenset[str] = frozenset()
    place: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()
    object_class: frozenset[str] = frozenset()
    area_class: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    taxonomy: tuple[ClassTest, ...] = ()
    """The scheme's classes, in order: an issue belongs to the first that describes it."""
    campaigns: tuple[Window, ...] = ()
    conditions_of: frozenset[tuple[str, str]] = frozenset()
    """Category and filing condition; with the condition "": whichever it is."""

    def holds(self, found: Any, day: date) -> bool:
        """Return whether an IssueFound is one of those described; `day`: local date it was found."""
        return (
            (not self.category or found.category in self.category)
            and (not self.condition or found.condition in self.condition)
            and (not self.conditions_of or self._has_condition(found))
            and (not self.place or found.place in self.place)
            and (not self.source or found.source in self.source)
            and (not self.object_class or found.object_class in self.object_class)
            and (not self.area_class or found.area_class in self.area_class)
            and (not self.tags or not self.tags.isdisjoint(found.tags))
            and (not self.classes or self._class_of(found, day) in self.classes)
            and (not self.campaigns or any(c.covers(day) for c in self.campaigns))
        )

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return the campaigns by which an issue found on `day` is one of those described."""
        return tuple(step for window in self.campaigns for step in window.steps(day))

    def _has_condition(self, found: Any) -> bool:
        pairs = (found.category, found.condition), (found.category, "")
        return not self.conditions_of.isdisjoint(pairs)

    def _class_of(self, found: Any, day: date) -> str:
        return next((c.id for c in self.taxonomy if c.where.holds(found, day)), "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A consequence word of the scheme, ready to be attached to a decision."""

    words: str
    action: str
    needs_approval: bool
    citation: Citation
    by: str = ""
    within: Parameter | None = None
    """For a required report: the limit, counted from the decision."""
