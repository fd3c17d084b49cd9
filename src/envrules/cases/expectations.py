"""Reading what a case expects."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from envrules.cases.model import (
    Expectations,
    Pattern,
    Wanted,
    WantedList,
    WantedStanding,
    WantedStandings,
)
from envrules.cases.reading import Reader
from envrules.ruleset.source import Path

_TEXTS = ("rule", "unit", "issue", "period", "anchor", "outcome", "title", "publication", "kind",
          "change")  # fmt: skip
_NUMBERS = ("points", "counted")
_COUNTS = ("rank", "version")
_TIMES = ("due", "at")
_LISTS = ("consequences", "actions", "issues", "events", "reason_contains", "warning_contains")
_MAPPINGS = ("value", "since")
FIELDS = (*_TEXTS, *_NUMBERS, *_COUNTS, *_TIMES, *_LISTS, *_MAPPINGS)
"""Fields of a decision that an expectation may name."""

NOTHING = Expectations("", None, None, (), (), ())

_STANDING_TEXTS = ("status", "band", "colour")
_STANDING_NUMBERS = ("figure", "adjustments")


def read_expectations(reader: Reader, path: Path, *, final: bool) -> Expectations:
    """Return the expectations at `path`; those at the end of a case name all decisions."""
    known = ("decisions", "emitted", "never", "standings", "lists")
    given = reader.fields(path, "expect", known, ("decisions",) if final else ())
    if not final and isinstance(reader.at(path), dict) and not given:
        reader.refuse(path, "ER209", "nothing is expected", f"write one of {', '.join(known)}")

    def patterns(name: str, *own: str) -> tuple[Pattern, ...] | None:
        if name not in given:
            return None
        paths = reader.items((*path, name), name)
        return tuple(read_pattern(reader, item, f"an item of `{name}`", own) for item in paths)

    emitted = patterns("emitted")
    for i, item in enumerate(emitted or ()):
        if not item.rule:
            reader.refuse(
                (*path, "emitted", i), "ER203", "an item of `emitted` lacks rule",
                "name the rule: everything it emitted is compared, in order",
            )  # fmt: skip
    return Expectations(
        reader.location(path), patterns("decisions", "count", "total_counted"), emitted,
        patterns("never") or (), _standings(reader, (*path, "standings"), given),
        _lists(reader, (*path, "lists"), given),
    )  # fmt: skip


def read_pattern(reader: Reader, path: Path, what: str, own: tuple[str, ...] = ()) -> Pattern:
    """Return the pattern at `path`. `own` names the other fields that the mapping may have."""
    given = reader.fields(path, what, (*FIELDS, *own))
    fields = {
        name: _wanted(reader, (*path, name), name)
        for name in given
        if name in FIELDS and name not in own
    }
    if not fields and isinstance(reader.at(path), dict):
        reader.refuse(path, "ER209", f"{what} names nothing", "write at least `rule:`")
    count = reader.count((*path, "count"), "count") if "count" in given else 1
    total = None
    if "total_counted" in given:
        total = reader.number((*path, "total_counted"), "total_counted")
    return Pattern(reader.location(path), fields, count, total)


def _wanted(reader: Reader, path: Path, name: str) -> Wanted:
    if name in _NUMBERS:
        return reader.number(path, name)
    if name in _COUNTS:
        return reader.count(path, name)
    if name in _TIMES:
        return reader.time(path, name)
    if name in _LISTS:
        return reader.texts(path, name)
    if name in _MAPPINGS:
        return {key: reader.text((*path, key), key) for key in reader.mapping(path, name)}
    return reader.text(path, name)


# ── standings and lists ──


def _standings(
    reader: Reader, path: Path, given: Mapping[str, object]
) -> tuple[WantedStandings, ...]:
    if "standings" not in given:
        return ()
    return tuple(_standing_block(reader, item) for item in reader.items(path, "standings"))


def _standing_block(reader: Reader, path: Path) -> WantedStandings:
    known = ("score", "period", "as_of", "after_step", "units")
    given = reader.fields(path, "an item of `standings`", known, ("score", "period", "units"))

    def text(name: str) -> str:
        return reader.text((*path, name), name) if name in given else ""

    units: tuple[WantedStanding, ...] = ()
    if "units" in given:
        names = reader.mapping((*path, "units"), "units")
        units = tuple(_unit(reader, (*path, "units", name), name) for name in names)
    return WantedStandings(
        reader.location(path), text("score"), text("period"),
        reader.time((*path, "as_of"), "as_of") if "as_of" in given else "",
        reader.count((*path, "after_step"), "after_step") if "after_step" in given else None, units,
    )  # fmt: skip


def _unit(reader: Reader, path: Path, unit: str) -> WantedStanding:
    """A number alone is the figure, a word alone the status."""
    value = reader.at(path)
    location = reader.location(path)
    if isinstance(value, Decimal):
        return WantedStanding(location, unit, {"figure": value})
    if isinstance(value, str):
        return WantedStanding(location, unit, {"status": value})
    known = (*_STANDING_TEXTS, *_STANDING_NUMBERS, "rank")
    given = reader.fields(path, "a standing", known)
    fields: dict[str, Decimal | str | int] = {}
    for name in given:
        here = (*path, name)
        if name in _STANDING_NUMBERS:
            fields[name] = reader.number(here, name)
        elif name == "rank":
            fields[name] = reader.count(here, name)
        else:
            fields[name] = reader.text(here, name)
    if not fields:
        reader.refuse(path, "ER209", "a standing names nothing", f"write one of {', '.join(known)}")
    return WantedStanding(location, unit, fields)


def _lists(reader: Reader, path: Path, given: Mapping[str, object]) -> tuple[WantedList, ...]:
    """Lists stand under their period: `2026-07: {red: [甲村], black: []}`."""
    if "lists" not in given:
        return ()
    found = []
    for period in reader.mapping(path, "lists"):
        for name in reader.mapping((*path, period), "the lists of a period"):
            here = (*path, period, name)
            units = tuple(reader.text(item, "a unit") for item in reader.items(here, name))
            found.append(WantedList(reader.location(here), period, name, units))
    return tuple(found)
