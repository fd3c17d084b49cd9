"""A city's standard (立案、处置和结案标准) read from sheets: classes, filing conditions, limits.

Nothing is dropped and nothing guessed: each data row is either read or reported, and where a cell
was read otherwise than it stands (a number as a code, a line break, a blank that continues the row
above) a note says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from envrules.excel.limits import Limit, Reading, read_limit
from envrules.excel.problems import CellProblem, Place
from envrules.excel.sheets import Formula, Sheet, tidy

ObjectClass = Literal["component", "event"]
CLASS_WORDS: dict[ObjectClass, str] = {"component": "部件", "event": "事件"}

LARGE, LARGE_TITLE, SMALL, TITLE = "大类代码", "大类名称", "小类代码", "小类名称"
CONDITION, LIMIT = "立案条件", "处置时限"
COLUMNS = (LARGE, LARGE_TITLE, SMALL, TITLE, CONDITION, LIMIT)

MAX_TEXT = 400
_CODE = re.compile(r"[0-9]{1,4}")
_IN_BRACKETS = re.compile(r"[(（]\s*(部件|事件)类?\s*[)）]")


@dataclass(frozen=True, slots=True)
class Condition:
    """A filing condition: its number within the class, what it says, and its limit if readable."""

    number: str
    text: str
    limit: Limit | None


@dataclass(slots=True)
class StandardClass:
    """A small class with its filing conditions."""

    object_class: ObjectClass
    large: str
    large_title: str
    small: str
    title: str
    place: Place
    conditions: list[Condition] = field(default_factory=list)
    rows: int = 0
    """Data rows under it, those that could not be read among them."""

    @property
    def key(self) -> str:
        """What the class is called as a category: 部件0101."""
        return f"{CLASS_WORDS[self.object_class]}{self.large}{self.small}"

    @property
    def only_limit(self) -> Limit | None:
        """The limit of all its rows; None if they differ or one could not be read."""
        limits = [condition.limit for condition in self.conditions]
        same = {limit and (limit.amount, limit.unit) for limit in limits}
        return limits[0] if len(limits) == self.rows and len(same) == 1 else None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the rows of one sheet."""

    sheet: str
    rows: int
    """Data rows."""
    imported: int
    reported: int
    unused: tuple[str, ...]
    """Columns that a ruleset has no place for."""


@dataclass(slots=True)
class Standard:
    """All that was read from one or several sheets."""

    classes: dict[str, StandardClass] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[tuple[Place, str]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)

    def limits(self) -> Iterator[tuple[StandardClass, Condition, Limit]]:
        """Yield every limit that was read, with its class and filing condition."""
        for one in self.classes.values():
            for condition in one.conditions:
                if condition.limit is not None:
                    yield one, condition, condition.limit


def read_standard(
    sheets: Iterable[Sheet], reading: Reading, only: ObjectClass | None = None
) -> Standard:
    """Return the standard in some sheets; `only` says what they list where they do not say so."""
    standard = Standard()
    for sheet in sheets:
        _SheetReader(sheet, reading, standard, only).read()
    standard.problems.sort()
    return standard


@dataclass(slots=True)
class _SheetReader:
    """Reads one sheet from the top; `large` and `current` are the classes that hold for a row."""

    sheet: Sheet
    reading: Reading
    standard: Standard
    only: ObjectClass | None
    column: dict[str, int] = field(default_factory=dict)
    object_class: ObjectClass = "component"
    large: tuple[str, str] | None = None
    current: StandardClass | None = None
    bad: set[int] = field(default_factory=set)
    """Rows with a problem."""

    def read(self) -> None:
        """Read all rows below the headings and account for them."""
        rows = [row for row in range(1, self.sheet.rows + 1) if not self.sheet.is_blank(row)]
        header = next((row for row in rows if set(COLUMNS) <= set(self._texts(row))), None)
        if header is None:
            if rows:
                self._problem(
                    rows[0], 1, f"the sheet has no row of headings with {'、'.join(COLUMNS)}",
                    "name the columns so, or take the sheet out",
                )  # fmt: skip
            self._account(rows, set(rows), ())
            return
        above = [text for row in rows if row < header for text in self._texts(row) if text]
        self.standard.headings += above[:1]
        headings = self._texts(header)
        self.column = {name: headings.index(name) + 1 for name in COLUMNS}
        unused = tuple(
            text for i, text in enumerate(headings, 1) if text and i not in self.column.values()
        )
        data = [row for row in rows if row > header]
        kind = self._kind(above)
        if kind is None:
            self._problem(
                header, 1, "neither the sheet's name nor its heading says 部件 or 事件",
                "call the sheet 部件 or 事件, or give --class component or --class event",
            )  # fmt: skip
            self._account(data, set(data), unused)
            return
        self.object_class = kind
        for row in data:
            self._row(row)
        self._account(data, self.bad, unused)

    def _account(self, data: list[int], bad: set[int], unused: tuple[str, ...]) -> None:
        reported = sum(row in bad for row in data)
        self.standard.accounts.append(
            Account(self.sheet.name, len(data), len(data) - reported, reported, unused)
        )

    def _kind(self, headings: Iterable[str]) -> ObjectClass | None:
        """Return what the sheet lists: by its name, else by what its heading has in brackets."""
        if self.only is not None:
            return self.only
        for said in (self.sheet.name, *(m[1] for h in headings for m in _IN_BRACKETS.finditer(h))):
            found = [kind for kind, word in CLASS_WORDS.items() if word in said]
            if len(found) == 1:
                return found[0]
        return None

    # ── one row ──

    def _row(self, row: int) -> None:
        if self._starts(row, LARGE, LARGE_TITLE):
            self.large, self.current = self._large(row), None
        if self._starts(row, SMALL, TITLE):
            self.current = self._small(row)
        elif self.current is None and self.large is not None and row not in self.bad:
            self._wrong(row, SMALL, "the row stands under no small class", "write its code")
        if self.current is None:
            self._under_nothing(row)
            return
        self.current.rows += 1
        text = self._condition(row)
        limit = self._limit(row)
        if text is not None:
            number = str(self.current.rows)
            self.current.conditions.append(Condition(number, text, limit))

    def _starts(self, row: int, code: str, title: str) -> bool:
        """Return whether a row begins a class; one that does not continues the row above."""
        for name in (code, title):
            value = self.sheet.at(row, self.column[name])
            if isinstance(value, Formula) or tidy(value):
                return True
        cell = (row, self.column[code])
        if self.sheet.merged and cell not in self.sheet.merged:
            self._note(row, code, "空白而未合并，视同上一行")
        return False

    def _large(self, row: int) -> tuple[str, str] | None:
        code, title = self._code(row, LARGE), self._text(row, LARGE_TITLE)
        return (code, title) if code and title else None

    def _small(self, row: int) -> StandardClass | None:
        code, title = self._code(row, SMALL), self._text(row, TITLE)
        if not (code and title and self.large):
            return None
        place = self.sheet.place(row, self.column[SMALL])
        new = StandardClass(self.object_class, *self.large, code, title, place)
        before = self.standard.classes.setdefault(new.key, new)
        if before is new or (before is self.current and before.title == title):
            return before
        self._wrong(
            row, SMALL, f"the code {self.large[0]} {code} is {before.title} at {before.place.cell} "
            "already", "correct the code; editions of one standard are imported one by one",
        )  # fmt: skip
        return None

    def _under_nothing(self, row: int) -> None:
        if row not in self.bad:
            self._wrong(
                row, CONDITION, "the row stands under a class that could not be read",
                "correct the class above it",
            )  # fmt: skip

    def _condition(self, row: int) -> str | None:
        text = self._text(row, CONDITION)
        assert self.current is not None
        twin = next((c for c in self.current.conditions if c.text == text), None)
        if text and twin is not None:
            self._wrong(
                row, CONDITION, f"{self.current.title} has this filing condition already, as its "
                f"{twin.number}.", "tell the two apart, or keep one",
            )  # fmt: skip
            return None
        return text

    def _limit(self, row: int) -> Limit | None:
        column = self.column[LIMIT]
        anchor = self.sheet.merged.get((row, column), (row, column))
        value = self.sheet.at(*anchor)
        if isinstance(value, Formula):
            self._formula(row, LIMIT, value)
            return None
        text = tidy(value)
        limit = read_limit(text, self.reading)
        if limit is None:
            said = f"the limit “{text}” is not a number and a unit" if text else "there is no limit"
            self._wrong(row, LIMIT, said, f"write only a number and one of {self.reading.known}")
        elif text != value:
            self._note(row, LIMIT, f"去除空白后为“{text}”")
        return limit

    # ── cells ──

    def _code(self, row: int, name: str) -> str | None:
        value = self.sheet.at(row, self.column[name])
        if isinstance(value, Formula):
            self._formula(row, name, value)
            return None
        text = unicodedata.normalize("NFKC", tidy(value))
        if not _CODE.fullmatch(text):
            said = f"“{tidy(value)}” is no code" if text else f"there is no {name}"
            self._wrong(row, name, said, "write digits, such as 01")
            return None
        code = text.zfill(2)
        if code != value:
            how = "数字" if isinstance(value, int | float) else "文字"
            self._note(row, name, f"{how} {value!r} 读作代码“{code}”")
        return code

    def _text(self, row: int, name: str) -> str | None:
        value = self.sheet.at(row, self.column[name])
        if isinstance(value, Formula):
            self._formula(row, name, value)
            return None
        text = tidy(value)
        if not text:
            self._wrong(row, name, f"there is no {name}", "fill it in")
            return None
        if len(text) > MAX_TEXT:
            self._wrong(row, name, f"more than {MAX_TEXT} characters", "shorten it")
            return None
        if text != value:
            self._note(row, name, f"去除空白或换行后为“{text}”")
        return text

    def _formula(self, row: int, name: str, value: Formula) -> None:
        self._wrong(
            row, name, f"a formula ({value.text[:40]}) is not calculated",
            "put the value itself there: copy, then paste as values",
        )  # fmt: skip

    def _texts(self, row: int) -> list[str]:
        return [tidy(self.sheet.at(row, c)) for c in range(1, self.sheet.columns + 1)]

    def _wrong(self, row: int, name: str, message: str, fix: str) -> None:
        self._problem(row, self.column[name], message, fix)

    def _problem(self, row: int, column: int, message: str, fix: str) -> None:
        self.bad.add(row)
        self.standard.problems.append(CellProblem(self.sheet.place(row, column), message, fix))

    def _note(self, row: int, name: str, text: str) -> None:
        self.standard.notes.append((self.sheet.place(row, self.column[name]), text))
