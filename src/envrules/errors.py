"""Problems in files that people write: where, what, and how to put it right.

Every problem has a code of the catalogue below; `docs/errors/<code>.md` explains it. Codes are
stable: a code that is no longer needed is retired, never reused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning"]

CATALOGUE: Final[dict[str, str]] = {
    # 1xx: YAML, and what is refused for safety
    "ER101": "The file is not UTF-8 text",
    "ER102": "YAML cannot be read",
    "ER103": "Invisible character",
    "ER104": "Tab character",
    "ER105": "Anchor or alias",
    "ER106": "Tag",
    "ER107": "Duplicate key",
    "ER108": "Directive or second document",
    "ER109": "Too large or too deep",
    "ER110": "Ambiguous number",
    "ER111": "Key that is not text",
    # 2xx: shape and types
    "ER201": "Not a ruleset",
    "ER202": "Unknown field",
    "ER203": "Missing field",
    "ER204": "Wrong type",
    "ER205": "Nothing written",
    "ER206": "Word that is not allowed",
    "ER207": "Malformed text",
    "ER208": "Fields that do not go together",
    "ER209": "Empty list",
    # 3xx: references
    "ER301": "Unknown parameter",
    "ER302": "Clause that leads nowhere",
    "ER303": "Unknown word of the scheme",
    "ER304": "Unknown table, score or list",
    "ER305": "Unknown consequence",
    "ER306": "Neither clause nor reason",
    "ER307": "Both clause and reason",
    "ER308": "Parameter or table without effect",
    "ER309": "Consequence that nothing uses",
    # 4xx: dates, values, units
    "ER401": "Not a date",
    "ER402": "Value that does not fit its unit",
    "ER403": "Parameter of the wrong unit",
    "ER404": "Unknown time zone",
    "ER405": "Working hours that make no sense",
    "ER406": "Calendar that contradicts itself",
    "ER407": "No value in force",
    # 5xx: contradictions
    "ER501": "Duplicate id",
    "ER502": "Two rows claim the same finding",
    "ER503": "Points of a row that make no sense",
    "ER504": "Bands with a gap or an overlap",
    "ER505": "Bands out of order",
    "ER506": "Mean of periods that are not shorter",
    "ER507": "Rungs that cannot follow one another",
    "ER508": "Lists that exclude each other in a circle",
    "ER509": "Definition or field without effect",
    "ER510": "Parts that do not add up to one",
    "ER511": "Figures that do not go together",
    "ER512": "Figures in a circle",
    "ER513": "Lowest band that not everybody reaches",
    # 6xx: rules
    "ER601": "Unknown fact",
    "ER602": "Rules in a circle",
    "ER603": "Absence that depends on itself",
    "ER604": "Condition with too many or too few facts",
    "ER605": "Condition that can never hold",
    "ER606": "Rules that meet too many facts at once",
    # 7xx: code tables
    "ER701": "Code table without its scheme",
    "ER702": "Code that is mapped twice",
    # 8xx: clause lists, and what of them is judged
    "ER801": "Paragraphs not all numbered",
    "ER802": "Clauses of a scheme that does not exist",
    "ER803": "Clause that nothing judges",
    "ER804": "Clause that is not in the list",
    "ER805": "Clause that is not judgeable, and cited",
    "ER806": "Definition that no case touches",
    "ER807": "Coverage page out of date",
    # 9xx: files
    "ER901": "File that cannot be read",
    "ER902": "Ruleset and file have different names",
    "ER903": "Folder without rulesets",
    "ER904": "Two files for one ruleset",
}

WARNINGS: Final = frozenset({"ER309"})
"""Codes that are worth saying and stop nothing."""


MAX_PROBLEMS: Final = 500
"""Most problems that one look at a file reports: more than anybody reads, and soon found."""


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One problem at one place. Problems sort by place.

    `line` and `col` count from 1, in characters. `message` and `fix` are single lines of English;
    words of the ruleset appear in them as they are written.
    """

    file: str
    line: int
    col: int
    code: str
    message: str
    fix: str

    def __post_init__(self) -> None:
        """Refuse a code that nobody could look up."""
        if self.code not in CATALOGUE:
            raise ValueError(f"{self.code} is not in the catalogue of problems")

    @property
    def severity(self) -> Severity:
        """A warning stops nothing; an error keeps the ruleset from being used."""
        return "warning" if self.code in WARNINGS else "error"

    def __str__(self) -> str:
        """Return `file:line:col: CODE message` and, indented below, the fix."""
        return f"{self.file}:{self.line}:{self.col}: {self.code} {self.message}\n  fix: {self.fix}"

    def to_json(self) -> dict[str, str | int]:
        """Return the problem as plain data for machines, severity and title included."""
        return {
            "file": self.file, "line": self.line, "col": self.col, "code": self.code,
            "severity": self.severity, "title": CATALOGUE[self.code],
            "message": self.message, "fix": self.fix,
        }  # fmt: skip


class RulesetError(Exception):
    """A ruleset cannot be used; `problems` says all that is wrong, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def errors_in(problems: Iterable[Problem]) -> list[Problem]:
    """Return those problems that keep a ruleset from being used: all but the warnings."""
    return [problem for problem in problems if problem.severity == "error"]
