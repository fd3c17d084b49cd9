"""What is set on the page, as a change to the text of the ruleset: nothing else moves.

What may be set has a name: a parameter its own, a cell of a deduction table `table.row.column`.
"""

from __future__ import annotations

from collections.abc import Mapping

from envrules.kinds.score_specs import RowSpec
from envrules.ruleset.edit import Simple, begun, edited
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.source import Path

Value = Simple


def is_cell(name: str) -> bool:
    """Return whether this names a cell of a table, not a parameter."""
    return "." in name


def with_value(text: str, name: str, since: str, value: Value) -> str:
    """Return the text with a value from `since` on (`always` or an ISO date).

    A date that is there gets the new value; one that is not is put in, in order of time: of a
    table all rows are begun anew on it. Later dates keep theirs.

    Raises:
        KeyError: the ruleset has no such parameter or row.
        CannotEdit: the file writes it in a way that is left alone.
    """
    if not is_cell(name):
        load_ruleset(text, "").spec.parameters[name]
        return edited(text, {("parameters", name, "values", since): value})
    table = name.partition(".")[0]
    if since not in _versions(text, table):
        text = begun(text, ("tables", table), since)
    return edited(text, {_places(text, name)[since]: value})


def throughout(text: str, cells: Mapping[str, Value]) -> str:
    """Return the text with cells set on every date on which the table has their row."""
    if not cells:
        return text
    return edited(text, {
        path: value for name, value in cells.items() for path in _places(text, name).values()
    })  # fmt: skip


def _versions(text: str, table: str) -> Mapping[str, tuple[RowSpec, ...]]:
    return load_ruleset(text, "").spec.tables[table].values


def _places(text: str, name: str) -> dict[str, Path]:
    """Return where a cell stands, by the date of its table."""
    table, row, column = name.split(".")
    found: dict[str, Path] = {
        day: ("tables", table, "values", day, index, column)
        for day, rows in _versions(text, table).items()
        for index, one in enumerate(rows) if one.id == row
    }  # fmt: skip
    if not found:
        raise KeyError(name)
    return found
