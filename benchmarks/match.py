"""One event against a deduction table of thirty rows: a dict, envrules and zen-engine.

All contestants are asked the same thousand findings and must give the same answers, which is
checked before anything is timed. zen gets its table as it is in force, with flags resolved, and its contexts ready
made; ours looks up dates and flags each time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benchmarks.findings import NOTHING, PARTS, Answer, Found, zen_answers
from benchmarks.timing import Rounds, interleave, per_call
from envrules.engine.chaining import Chainer
from envrules.engine.context import Context, Records
from envrules.engine.evaluate import judge
from envrules.engine.judging import Bench, Inputs
from envrules.engine.nodes import score_node
from envrules.kinds.compiled import Parameter, cite, cite_value, plain
from envrules.kinds.scores import Row, Score, Table
from envrules.model.base import HOUR, Instant
from envrules.model.decisions import Step
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.model.values import InForce
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library

FINDINGS = 1000
ROWS, PLACES = 30, 6
_FIRST: Instant = 1_782_835_200_000_000  # 2026-07-01 00:00 in Shanghai
_INSPECTIONS, _EACH = 20, 5

Answer = tuple[str, str, str, str, str]
"""Rule, value, since, clause, file:line."""
NOTHING: Answer = ("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is asked about."""

    place: str
    category: str
    day: date


# ── the table ──


def ruleset() -> str:
    """Return a ruleset with thirty deducting rows, two dates and a flag on every tenth row."""
    rows = list(_rows())
    words = [f"c{i:02d}" for i in range(ROWS)] + [
        f"also{i:02d}" for i in range(ROWS) if _flagged(i)
    ]
    categories = [f"  {word}: {{title: 类{word}, ref: m 一}}" for word in words]
    places = [f"  p{i}: {{title: 地点{i}, ref: m 一}}" for i in range(PLACES)]
    return "\n".join([
        "ruleset: bench", "title: 基准扣分表", "timezone: Asia/Shanghai",
        'sources: {m: {title: 基准, document: "000", part: 篇1}}',
        "parameters:",
        "  also: {title: 另计, unit: flag, ref: m 一, values: {always: true}}",
        "tables:", "  rows:", "    title: 扣分表", "    values:",
        "      2025-01-01:", *rows, "      2026-01-01:", *rows,
        "unit_types: {village: {title: 村, ref: m 一}}",
        "inspections: {check: {title: 检查, ref: m 一}}",
        "places:", *places, "categories:", *categories,
        "scores:",
        "  monthly: {title: 月度, unit: [village], period: month, table: rows, counts: [check], ref: m 三}",
        "",
    ])  # fmt: skip


def _rows() -> Iterator[str]:
    for i in range(ROWS):
        find_if = f", find_if: {{also: [also{i:02d}]}}" if _flagged(i) else ""
        yield (
            f"      - {{id: r{i:02d}, title: 第{i}项, full: {10 + i % 3 * 10}, each: {1 + i % 2},"
            f" at: [p{i % PLACES}], find: [c{i:02d}]{find_if}, ref: m 二({i})}}"
        )


def _flagged(row: int) -> bool:
    return row % 10 == 3


def compiled() -> Scheme:
    """Return the scheme, checked and compiled as any other."""
    return Library(load_plugins()).add(ruleset(), "rulesets/bench.yaml", {}, 0)


def findings() -> list[Found]:
    """Return what is asked: every row from both its sides, and one in twenty that no row has."""
    asked = []
    for i in range(FINDINGS):
        row = i * 7 % ROWS
        place = row if i % 20 else row + 1
        word = "also" if _flagged(row) and i % 2 else "c"
        day = date(2026, 7, 1) + timedelta(i % 28)
        asked.append(Found(f"p{place % PLACES}", f"{word}{row:02d}", day))
    return asked


# ── the contestants: each takes all findings and returns an answer for each ──


class Floor:
    """Plain Python: a dict from place and category to the row."""

    def __init__(self, table: Table) -> None:
        self._index = {
            (place, category): row.id
            for row in table.rows.values()
            for place in row.at
            for category in (*row.find, *row.find_if)
        }

    def __call__(self, asked: Sequence[Found]) -> list[str]:
        index = self._index
        return [index.get((found.place, found.category), "") for found in asked]


class Ours:
    """The compiled table, matched as `engine.assessment` does it."""

    def __init__(self, score: Score) -> None:
        assert score.table is not None
        self._dated = score.table
        self._table = score.table.at(date(2026, 7, 1)).value

    def match(self, asked: Sequence[Found]) -> list[str]:
        """Return only the row's id."""
        table = self._table
        answers = []
        for found in asked:
            hit = _matched(table, found)
            answers.append(hit[0].id if hit is not None else "")
        return answers

    def explain(self, asked: Sequence[Found]) -> list[Sequence[Step]]:
        """Return the steps of the deduction: rule, value, since, clause, file:line, flags too."""
        answers: list[Sequence[Step]] = []
        for found in asked:
            held = self._dated.at(found.day)
            hit = _matched(held.value, found)
            answers.append(_steps(held, *hit, found.day) if hit is not None else ())
        return answers


def _matched(table: Table, found: Found) -> tuple[Row, tuple[Parameter, ...]] | None:
    for row, flags in table.match(found.place, found.category):
        if not flags or all(flag.at(found.day).value is True for flag in flags):
            return row, flags
    return None


def _steps(
    held: InForce[Table], row: Row, flags: tuple[Parameter, ...], day: date
) -> tuple[Step, ...]:
    """Return what `engine.score` puts into a deduction."""
    assert row.each is not None
    value = f"每处 {plain(row.each)} 分，满分 {plain(row.full)} 分"
    step = cite(row.citation, value=value, since=held.since)
    return (step, *(cite_value(flag, flag.at(day)) for flag in flags)) if flags else (step,)


# ── a whole decision, as a caller of the service gets it ──


class UnitMonth:
    """Twenty inspections of one unit with five findings each, judged by the engine."""

    def __init__(self, scheme: Scheme, asked: Sequence[Found]) -> None:
        declared = Event("u", _FIRST - HOUR, UnitDeclared("zhao", "赵村", "village"), seq=1)
        self._bench = Bench(scheme, Context(_FIRST, Records([declared])), Chainer())
        self._node = score_node(scheme.slug, "monthly", "2026-07", "zhao")
        self._inputs = Inputs([self._inspection(i, asked) for i in range(_INSPECTIONS)])

    @staticmethod
    def _inspection(number: int, asked: Sequence[Found]) -> Event:
        some = asked[number * _EACH + 1 : number * _EACH + 1 + _EACH]
        found = tuple(Finding(f"f{i}", f.category, f.place) for i, f in enumerate(some))
        payload = Inspection(f"i{number}", "zhao", "check", findings=found)
        return Event(f"e{number}", _FIRST + number * HOUR, payload, seq=number + 2)

    def __call__(self) -> int:
        """Judge it all and return the number of decisions."""
        return len(judge(self._bench, self._node, self._inputs).contents)


# ── the run ──


@dataclass(frozen=True)
class Result:
    """Microseconds per event by contestant, and which modes of zen were the best."""

    rounds: Rounds
    mode: str
    modes: Mapping[str, float]
    """Each mode's median in the trial, in microseconds: what `mode` was chosen by."""


def run(rounds: int) -> Result:
    """Time all contestants in turns."""
    scheme = compiled()
    asked = findings()
    ours = Ours(scheme.score("monthly"))
    floor = Floor(scheme.score("monthly").table.at(date(2026, 7, 1)).value)  # type: ignore[union-attr]
    explained = [_answer(steps) for steps in ours.explain(asked)]
    answers = {(f.place, f.category): a for f, a in zip(asked, explained, strict=True) if a[0]}
    full, short = Zen(answers, _PARTS), Zen(answers, ("rule",))
    _check(floor, ours, full, short, asked, explained)
    modes = _trial(full, asked)
    mode = min(modes, key=lambda name: modes[name])
    unit_month = UnitMonth(scheme, asked)
    decisions = unit_month()

    def slice_of(function: Callable[[Sequence[Found]], object], repeat: int) -> Callable[[], float]:
        def once() -> None:
            for _ in range(repeat):
                function(asked)

        return lambda: per_call(once, repeat * len(asked))

    measured = interleave(
        {
            "dict": slice_of(floor, 20),
            "match": slice_of(ours.match, 10),
            "explained": slice_of(ours.explain, 3),
            "decision": lambda: per_call(unit_month, decisions),
            "zen table": slice_of(full.tables()[mode], 1),
            "zen table, rule only": slice_of(short.tables()[mode], 1),
            "zen expression": slice_of(full.expression, 3),
        },
        rounds,
    )
    return Result(measured, mode, modes)


def _trial(peer: Zen, asked: Sequence[Found]) -> dict[str, float]:
    """Return each mode's microseconds per event, from a few slices in turns."""
    slices = {
        name: (lambda f=function: per_call(lambda: f(asked), len(asked)))
        for name, function in peer.tables().items()
    }
    figures = interleave(slices, 5).figures
    return {name: statistics.median(values) for name, values in figures.items()}


def _answer(steps: Sequence[Step]) -> Answer:
    if not steps:
        return NOTHING
    first = steps[0]
    return first.rule, first.value, first.since, first.ref, first.location


def _check(
    floor: Floor, ours: Ours, full: Zen, short: Zen, asked: Sequence[Found],
    explained: Sequence[Answer],
) -> None:  # fmt: skip
    """Refuse to time contestants that do not agree."""
    rows = [answer[0].rpartition(".")[2] for answer in explained]
    if floor(asked) != rows or ours.match(asked) != rows:
        raise AssertionError("the dict and the table do not agree")
    if NOTHING not in explained or len(set(explained)) != 31:
        raise AssertionError("the findings must meet every row, and some no row")
    for peer, wanted in ((full, explained), (short, [answer[:1] for answer in explained])):
        for name, mode in {**peer.tables(), "expression": peer.expression}.items():
            if [peer.answer(result) for result in mode(asked)] != wanted:
                raise AssertionError(f"zen's {name} gives other answers")
