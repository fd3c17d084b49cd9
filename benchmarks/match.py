"""One event against a deduction table of thirty rows: a dict, envrules and zen-engine.

All contestants are asked the same thousand findings and must give the same answers, which is
checked before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import match_table
from benchmarks.match_table import NOTHING, PARTS, ROWS, Answer, Found
from benchmarks.timing import Rounds, interleave, per_call
from benchmarks.zen_peer import Zen
from envrules.engine.chaining import Chainer
from envrules.engine.context import Context, Records
from envrules.engine.evaluate import judge
from envrules.engine.judging import Bench, Inputs
from envrules.engine.nodes import score_node
from envrules.kinds.compiled import Parameter, cite, cite_value
from envrules.kinds.tables import Row, Table
from envrules.model.base import HOUR, Instant
from envrules.model.decisions import Step
from envrules.model.events import Event, Finding, Inspection, UnitDeclared
from envrules.model.values import Dated, InForce
from envrules.ruleset.compile import Scheme

_FIRST: Instant = 1_782_835_200_000_000  # 2026-07-01 00:00 in Shanghai
_INSPECTIONS, _EACH = 20, 5
FINALISTS = 4
"""Modes of zen that are timed with the others; the one with the best median is the peer."""
EXPLAINED, SHORT = "zen table", "zen table, rule only"


@dataclass(frozen=True)
class Result:
    """Microseconds per finding by contestant, and which mode of zen was the best."""

    rounds: Rounds
    mode: str
    """Zen's best."""
    modes: Mapping[str, float]
    """Each mode's best slice in the trial, in microseconds: what finalists were chosen by."""


def run(rounds: int) -> Result:
    """Time all contestants in turns."""
    scheme = match_table.scheme()
    asked = match_table.findings()
    dated = scheme.score("monthly").table
    assert dated is not None
    ours = Ours(dated, asked)
    floor = Floor(ours.table, asked)
    explained = [_answer(steps) for steps in ours.explain()]
    answers = {(f.place, f.category): a for f, a in zip(asked, explained, strict=True) if a[0]}
    full, short = Zen(answers, asked, PARTS), Zen(answers, asked, PARTS[:1])
    _check(floor, ours, full, short, explained)
    modes = _trial(full)
    finalists = sorted(modes, key=lambda name: modes[name])[:FINALISTS]
    unit_month = UnitMonth(scheme, asked)
    decisions = unit_month()

    def slice_of(function: Callable[[], object], repeat: int) -> Callable[[], float]:
        def repeated() -> None:
            for _ in range(repeat):
                function()

        return lambda: per_call(repeated, repeat * len(asked))

    measured = interleave(
        {
            "dict": slice_of(floor, 20),
            "match": slice_of(ours.match, 10),
            "explained": slice_of(ours.explain, 3),
            "decision": lambda: per_call(unit_month, decisions),
            "zen expression": slice_of(full.expression, 3),
            **{f"{EXPLAINED}: {name}": slice_of(full.tables()[name], 1) for name in finalists},
            **{f"{SHORT}: {name}": slice_of(short.tables()[name], 1) for name in finalists},
        },
        rounds,
    )
    best = {
        table: min((f"{table}: {name}" for name in finalists), key=measured.median)
        for table in (EXPLAINED, SHORT)
    }
    chosen = {table: measured.figures[name] for table, name in best.items()}
    mode = best[EXPLAINED].removeprefix(f"{EXPLAINED}: ")
    return Result(Rounds({**measured.figures, **chosen}), mode, modes)


# ── the contestants: each takes all findings and returns an answer for each ──


class Floor:
    """Plain Python: a dict from place and category to the row."""

    def __init__(self, table: Table, asked: Sequence[Found]) -> None:
        self._asked = asked
        self._index = {
            (place, category): row.id
            for row in table.rows.values()
            for place in row.at
            for category in (*row.find, *row.find_if)
        }

    def __call__(self) -> list[str]:
        """Return the row of each finding."""
        index = self._index
        return [index.get((found.place, found.category), "") for found in self._asked]


class Ours:
    """The compiled table, used as the engine uses it to make a deduction."""

    def __init__(self, dated: Dated[Table], asked: Sequence[Found]) -> None:
        self._dated, self._asked = dated, asked
        self.table = dated.at(asked[0].day).value

    def match(self) -> list[str]:
        """Return only the row's id."""
        table = self.table
        answers = []
        for found in self._asked:
            hit = _matched(table, found)
            answers.append(hit[0].id if hit is not None else "")
        return answers

    def explain(self) -> list[Sequence[Step]]:
        """Return the steps of the deduction: rule, value, since, clause, file:line, flags too."""
        answers: list[Sequence[Step]] = []
        for found in self._asked:
            held = self._dated.at(found.day)
            hit = _matched(held.value, found)
            answers.append(_steps(held, *hit, found) if hit is not None else ())
        return answers


def _matched(table: Table, found: Found) -> tuple[Row, tuple[Parameter, ...]] | None:
    for row, flags in table.match(found.place, found.category):
        if not flags or all(flag.at(found.day).value is True for flag in flags):
            return row, flags
    return None


def _steps(
    held: InForce[Table], row: Row, flags: tuple[Parameter, ...], found: Found
) -> tuple[Step, ...]:
    """Return what `engine.score` puts into a deduction, but for the sentence about this finding."""
    step = cite(row.citation, value=row.marks, since=held.since)
    return (step, *(cite_value(flag, flag.at(found.day)) for flag in flags)) if flags else (step,)


class UnitMonth:
    """Whole decisions, as callers of the service get them: those of one unit and month.

    Twenty inspections with five findings each, judged by the engine.
    """

    def __init__(self, scheme: Scheme, asked: Sequence[Found]) -> None:
        declared = Event("u", _FIRST - HOUR, UnitDeclared("zhao", "赵村", "village"), seq=1)
        context = Context(_FIRST, Records([declared]))
        self._bench = Bench(scheme, context, Chainer(), lambda _period: scheme)
        self._node = score_node(scheme.slug, "monthly", "2026-07", "zhao")
        self._inputs = Inputs([_inspection(i, asked) for i in range(_INSPECTIONS)])

    def __call__(self) -> int:
        """Judge it all and return the number of decisions."""
        return len(judge(self._bench, self._node, self._inputs).contents)


def _inspection(number: int, asked: Sequence[Found]) -> Event:
    some = asked[number * _EACH + 1 : number * _EACH + 1 + _EACH]
    found = tuple(Finding(f"f{i}", f.category, f.place) for i, f in enumerate(some))
    payload = Inspection(f"i{number}", "zhao", "check", findings=found)
    return Event(f"e{number}", _FIRST + number * HOUR, payload, seq=number + 2)


# ── the run ──


def _trial(peer: Zen) -> dict[str, float]:
    """Return each mode's microseconds per finding, from a few slices in turns."""

    def slice_of(mode: Callable[[], list[object]]) -> Callable[[], float]:
        return lambda: per_call(mode, match_table.FINDINGS)

    trial = interleave({name: slice_of(mode) for name, mode in peer.tables().items()}, 7)
    return {name: min(values) for name, values in trial.figures.items()}


def _answer(steps: Sequence[Step]) -> Answer:
    if not steps:
        return NOTHING
    first = steps[0]
    return first.rule, first.value, first.since, first.ref, first.location


def _check(
    floor: Floor, ours: Ours, full: Zen, short: Zen, explained: Sequence[Answer]
) -> None:  # fmt: skip
    """Refuse to time contestants that do not agree."""
    rows = [answer[0].rpartition(".")[2] for answer in explained]
    if floor() != rows or ours.match() != rows:
        raise AssertionError("the dict and the table do not agree")
    if NOTHING not in explained or len(set(explained)) != ROWS + 1:
        raise AssertionError("the findings must meet every row, and some no row")
    for peer in (full, short):
        wanted = [answer[: len(peer.parts)] for answer in explained]
        for name, mode in {**peer.tables(), "expression": peer.expression}.items():
            if [peer.answer(result) for result in mode()] != wanted:
                raise AssertionError(f"zen's {name} gives other answers")
