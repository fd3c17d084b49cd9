"""The one table: ours, the reference, the ratio within rounds, and the design's aim."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import timers
from benchmarks.calls import BATCH
from benchmarks.close import Result as Closed
from benchmarks.intake import IN_FLIGHT, Result, Sustained
from benchmarks.match import EXPLAINED, SHORT
from benchmarks.match import Result as Matched
from benchmarks.replicas import FLOOR, ONE, THREE
from benchmarks.replicas import Result as Replicated
from benchmarks.servers import APPEND, FULL, OURS
from benchmarks.timers import Result as Fired
from benchmarks.timing import Rounds, spread
from benchmarks.whatif import Result as Reckoned

AtMost, AtLeast = "≤", "≥"
Bound = Literal["≤", "≥", ""]


@dataclass(frozen=True)
class Row:
    """One job. `ratio` is ours / reference: the median over the rounds, `low` to `high` its middle half."""

    job: str
    ours: float
    reference: float
    than: str
    """What the reference is."""
    unit: str
    ratio: float
    low: float
    high: float
    bound: Bound = ""
    aim: float | None = None
    """The design's aim for the ratio."""
    met: bool | None = None


def row(
    job: str, rounds: Rounds, ours: str, reference: str, unit: str, *, than: str = "",
    bound: Bound = "", aim: float | None = None,
) -> Row:  # fmt: skip
    """Return the row that compares two contestants."""
    ratios = rounds.ratios(ours, reference)
    ratio = statistics.median(ratios)
    met = None if aim is None else ratio <= aim if bound == "≤" else ratio >= aim
    return Row(job, rounds.median(ours), rounds.median(reference), than or reference, unit, ratio,
               *spread(ratios), bound, aim, met)  # fmt: skip


def match_rows(found: Matched) -> list[Row]:
    """Return the rows of matching one event."""
    rounds = found.rounds
    return [
        row("match, no explanation", rounds, "match", "dict", "µs", than="dict index (floor)"),
        row("match, no explanation", rounds, "match", SHORT, "µs",
            than="zen, the same, rule only"),
        row("match, explained", rounds, "explained", EXPLAINED, "µs",
            than="zen, its best table mode", bound="≤", aim=0.2),
        row("match, explained", rounds, "explained", "zen expression", "µs",
            than="zen, conditions by hand", bound="≤", aim=0.2),
        row("whole decision, a finding", rounds, "decision", EXPLAINED, "µs",
            than="zen, its best table mode"),
    ]  # fmt: skip


def intake_rows(found: Result) -> list[Row]:
    """Return the rows of the short jobs."""
    rows = [
        row(f"receipts, stream of {batch} a message", rounds, OURS, APPEND, "events/s",
            bound="≥", aim=0.6)
        for batch, rounds in found.stream.items()
    ]  # fmt: skip
    return [
        *rows,
        row("durable unary, 1 in flight: p50", found.p50, OURS, APPEND, "ms",
            bound="≤", aim=1.25),
        row("durable unary, 1 in flight", found.one, OURS, APPEND, "calls/s"),
        row(f"durable unary, {IN_FLIGHT} in flight", found.many, OURS, APPEND, "calls/s",
            bound="≥", aim=0.8),
        row("decided, from sent to lag 0", found.decided, OURS, FULL, "events/s",
            bound="≥", aim=0.6),
    ]  # fmt: skip


def sustained_rows(found: Sustained) -> list[Row]:
    """Return the rows of the sustained run."""
    seconds = f"{found.seconds:.0f} s"
    return [
        row(f"receipts, sustained {seconds}", Rounds(found.receipts), OURS, APPEND, "events/s",
            bound="≥", aim=0.6),
        row(f"decided, sustained {seconds}", Rounds(found.decided), OURS, FULL, "events/s",
            bound="≥", aim=0.6),
    ]  # fmt: skip


def replica_rows(found: Replicated) -> list[Row]:
    """Return the rows of PostgreSQL, for which the design has no aim."""
    receipts = f"receipts, PostgreSQL, {BATCH} a message"
    return [
        row(f"{receipts}: {ONE}", found.receipts, ONE, FLOOR, "events/s"),
        row(f"{receipts}: {THREE}", found.receipts, THREE, FLOOR, "events/s"),
        row(f"{receipts}: {THREE}", found.receipts, THREE, ONE, "events/s"),
        row(f"decided, PostgreSQL: {THREE}", found.decided, THREE, ONE, "events/s"),
    ]


def timer_rows(found: Fired) -> list[Row]:
    """Return the rows of open timers."""
    return [
        row(f"timers fired, of {found.timers:,} open", found.rate, timers.OURS, timers.BARE,
            "timers/s", bound="≥", aim=0.5),
        row(f"start-up with {found.timers:,} open timers", found.opening, timers.OURS, timers.BARE,
            "s"),
    ]  # fmt: skip


def close_rows(found: Closed) -> list[Row]:
    """Return the row of closing a month: measured once."""
    once = Rounds({OURS: [found.ours], "bare": [found.bare]})
    return [
        row(f"close of a month of {found.units:,} units", once, OURS, "bare", "s",
            than="bare SQLite, the same rows")
    ]  # fmt: skip


def lag_line(found: Sustained) -> str:
    """Return how far the projector was behind during the sustained run."""
    if not found.lag:
        return "Projector's lag: not sampled."
    values = [lag for _, lag in found.lag]
    step = -(-len(values) // 10)
    marks = ", ".join(f"{lag:,} at {second:.0f} s" for second, lag in found.lag[::-step][::-1])
    return (
        f"Projector's lag in log entries, sustained ({len(values)} samples): median"
        f" {statistics.median(values):,.0f}, most {max(values):,}; {marks}."
    )


def render(rows: Sequence[Row], machine: Mapping[str, str | float], notes: Sequence[str]) -> None:
    """Print the table and what belongs to it."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("job")
    for column in ("ours", "reference"):
        table.add_column(column, justify="right")
    table.add_column("reference is")
    table.add_column("ratio", justify="right")
    table.add_column("middle half", justify="right")
    table.add_column("aim", justify="right")
    table.add_column("")
    for one in rows:
        aim = "" if one.aim is None else f"{one.bound} {one.aim:g}"
        met = {True: "met", False: "missed", None: ""}[one.met]
        table.add_row(
            one.job, f"{_figure(one.ours)} {one.unit}", f"{_figure(one.reference)} {one.unit}",
            one.than, f"{one.ratio:.2f}", f"{one.low:.2f}–{one.high:.2f}", aim, met,
        )  # fmt: skip
    console = Console(width=160, highlight=False)
    console.print(table)
    for note in notes:
        console.print(note)
    console.print(_machine_line(machine))
    console.print(
        "Only the ratios count: they were taken within rounds of one run. The absolute figures"
        " swing with the machine and compare with nothing measured elsewhere or at another time."
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _machine_line(machine: Mapping[str, str | float]) -> str:
    return (
        f"Machine: {machine['cores']:.0f} × {machine['processor']}, {machine['system']}, Python"
        f" {machine['python']}, grpcio {machine['grpcio']}, SQLite {machine['sqlite']}; a sync of"
        f" 4 KiB takes {machine['sync_ms']:.2f} ms; load at the start {machine['load']:.1f}."
    )


def whatif_rows(found: Reckoned) -> list[Row]:
    """Return the rows of a what-if: against DuckDB, by time and memory, and a slider's move."""
    ratios = sorted(found.ratios)
    memory = found.ours_peak / found.duckdb_peak
    move = found.slider / SLIDER_AIM
    return [
        Row("what-if, scores by column", found.ours, found.duckdb, "DuckDB query", "s", found.ratio,
            ratios[0], ratios[-1], "≤", 1.5, found.ratio <= 1.5),
        Row("what-if, peak memory", found.ours_peak, found.duckdb_peak, "DuckDB query", "MiB", memory,
            memory, memory),
        Row("slider, all rows again", found.slider, SLIDER_AIM, "the aim", "s", move, move, move,
            "≤", 1.0, move <= 1),
    ]  # fmt: skip


SLIDER_AIM = 0.2
"""Seconds after a slider's move until all rows are there."""
