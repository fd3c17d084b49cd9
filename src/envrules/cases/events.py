"""Events of worked cases: as `wire.events_json` has them, with what makes cases short.

- `id` may be left out, and the `inspection` of an inspection, and the `id` of a finding.
- `repeat: 31` on a finding stands for 31 findings of that kind.
- `each: {unit: [甲村, 乙村], points: [98, 97]}` beside the event: one event for each row of these
  columns, which are fields of its payload.
- `甲1..3` in a column, or in a list of units, stands for 甲1, 甲2 and 甲3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from envrules.cases.reading import Reader
from envrules.model.events import Event, Finding, Inspection
from envrules.ruleset.source import Data, Path
from envrules.wire.events_json import parse_event
from envrules.wire.payloads import PAYLOADS
from envrules.wire.problems import FieldProblem, Invalid

_RANGE = re.compile(r"(?P<stem>.*?)(?P<first>\d{1,4})\.\.(?P<last>\d{1,4})")
_CODES = {
    "REQUIRED": "ER203", "UNKNOWN_FIELD": "ER202", "WRONG_TYPE": "ER204", "UNKNOWN_VALUE": "ER206",
    "REPEATED": "ER501", "CONTRADICTION": "ER208",
}  # fmt: skip
_STEP = re.compile(r"\[(\d+)\]|\['([^']*)'\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """The events of one step, but for the zone of their local times."""

    rows: tuple[dict[str, Any], ...]
    repeats: dict[int, int]
    """Index of a finding → how often it is repeated."""

    def events(self, zone: tzinfo) -> list[Event]:
        """Return the events; raises `wire.Invalid` for a local time that `zone` does not have."""
        return [_repeated(parse_event(row, zone), self.repeats) for row in self.rows]


def event_template(reader: Reader, step: Path, number: int) -> EventTemplate:
    """Return the template of the step at `step`, the case's `number`th; problems are noted."""
    path: Path = (*step, "event")
    raw = _plain(reader.mapping(path, "an event"))
    repeats: dict[int, int] = {}
    name = next((name for name in PAYLOADS if isinstance(raw.get(name), dict)), "")
    if name == "inspection":
        repeats = _name_findings(reader, (*path, name), raw[name])
    rows = []
    for i, columns in enumerate(_rows(reader, (*step, "each"), raw.get(name)), start=1):
        own_id = f"step{number}.{i}" if columns else f"step{number}"
        row: dict[str, Any] = {"id": own_id, **raw}
        if name:
            row[name] = {**raw[name], **columns}
        if name == "inspection":
            row[name].setdefault("inspection", row["id"])
        if columns and "id" in raw:
            row["id"] = f"{raw['id']}.{i}"
        rows.append(row)
        if not _parses(reader, path, row):
            break
    return EventTemplate(tuple(rows), repeats)


def _parses(reader: Reader, path: Path, row: dict[str, Any]) -> bool:
    try:
        parse_event(row, UTC)
    except Invalid as error:
        for problem in error.problems:
            _note(reader, path, problem)
        return False
    return True


def expand(text: str) -> list[str]:
    """Return what `甲1..3` stands for, and `9..7`; any other text stands for itself.

    A range that begins with a zero keeps its width: 08..12 has 08 and 09.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        return [text]
    first, last = int(match["first"]), int(match["last"])
    width = len(match["first"]) if match["first"][0] == "0" else 0
    step = 1 if first <= last else -1
    return [f"{match['stem']}{n:0{width}d}" for n in range(first, last + step, step)]


def _rows(reader: Reader, path: Path, payload: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a step's `each`, or one row that adds nothing."""
    given = reader.at(path[:-1])
    if "each" not in given:
        yield {}
        return
    columns: dict[str, list[Any]] = {}
    for name in reader.mapping(path, "`each`"):
        values = [_plain(reader.at(item)) for item in reader.items((*path, name), "a column")]
        columns[name] = [v for value in values for v in _expanded(value)]
        if isinstance(payload, dict) and name in payload:
            reader.refuse((*path, name), "ER208", f"{name} is in the event too", "keep one of them")
    if len({len(column) for column in columns.values()}) != 1 or not all(columns.values()):
        sizes = ", ".join(f"{name} {len(column)}" for name, column in columns.items()) or "none"
        reader.refuse(
            path, "ER208", f"the columns of `each` are not equally long: {sizes}",
            "write one value for each event in every column",
        )  # fmt: skip
        return
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def _expanded(value: Any) -> list[Any]:
    return list(expand(value)) if isinstance(value, str) else [value]


def _name_findings(reader: Reader, path: Path, inspection: dict[str, Any]) -> dict[int, int]:
    """Give each finding an id if it has none; return which are repeated, and how often."""
    findings = inspection.get("findings")
    repeats: dict[int, int] = {}
    for i, finding in enumerate(findings if isinstance(findings, list) else ()):
        if not isinstance(finding, dict):
            continue
        finding.setdefault("id", f"f{i + 1}")
        if "repeat" in finding:
            del finding["repeat"]
            repeats[i] = reader.count((*path, "findings", i, "repeat"), "repeat")
    return repeats


def _repeated(event: Event, repeats: dict[int, int]) -> Event:
    if not repeats:
        return event
    inspection = event.payload
    assert isinstance(inspection, Inspection)
    findings: list[Finding] = []
    for i, finding in enumerate(inspection.findings):
        if i not in repeats:
            findings.append(finding)
            continue
        findings += [replace(finding, id=f"{finding.id}.{n + 1}") for n in range(repeats[i])]
    return replace(event, payload=replace(inspection, findings=tuple(findings)))


def _plain(value: Data) -> Any:
    """Return the data as a JSON parser would: lists, and whole numbers as int."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case Decimal() if value == value.to_integral_value() and value.as_tuple().exponent == 0:
            return int(value)
    return value


def _note(reader: Reader, event: Path, problem: FieldProblem) -> None:
    """Note a problem of the wire format as near to its place as the file goes."""
    path = event
    node: Any = reader.at(event)
    for index, quoted_key, name in _STEP.findall(problem.path):
        step: str | int = int(index) if index else quoted_key or name
        inside = step in node if isinstance(node, dict) else isinstance(node, tuple)
        if not inside or (isinstance(node, tuple) and not isinstance(step, int)):
            columns = reader.at(event[:-1]).get("each", ())
            path = (*event[:-1], "each", step) if step in columns else path
            break
        path, node = (*path, step), node[step]
    code = _CODES.get(problem.code, "ER207")
    reader.refuse(
        path, code, f"{problem.path} {problem.message}",
        "correct the event; docs/api.md has the fields of each", key=code in ("ER202", "ER203"),
    )  # fmt: skip
