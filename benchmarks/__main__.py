"""Run the benchmarks and print one table: `python -m benchmarks [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import close, intake, match, repaint, replicas, timers, whatif
from benchmarks.table import (
    Row,
    close_rows,
    intake_rows,
    lag_line,
    match_rows,
    render,
    replica_rows,
    row,
    sustained_rows,
    timer_rows,
    whatif_rows,
)
from benchmarks.timing import machine

JOBS = ("match", "intake", "sustained", "postgresql", "timers", "close", "repaint", "whatif")


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; return the exit code, which says nothing about speed."""
    asked = _parser().parse_args(arguments)
    size = intake.QUICK_SIZE if asked.quick else intake.FULL_SIZE
    if asked.seconds is not None:
        size = replace(size, seconds=asked.seconds)
    asked.dir.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    notes: list[str] = []
    more: dict[str, object] = {}
    with tempfile.TemporaryDirectory(dir=asked.dir) as name:
        folder = Path(name)
        about = machine(folder)
        if "match" in asked.jobs:
            _say("match")
            matched = match.run(7 if asked.quick else 41)
            rows += match_rows(matched)
            notes.append(
                f"zen's best table mode, of {len(matched.modes)} tried: {matched.mode}. Its conditions"
                " by hand are one compiled expression: no table that an operator could edit."
            )
            more["zen_modes_us"] = matched.modes
        if "intake" in asked.jobs:
            taken = intake.run(size, folder, _say)
            rows += intake_rows(taken)
            more["written_per_event"] = {k: asdict(v) for k, v in taken.written.items()}
            notes += [
                f"{name} writes {w.decisions:.2f} decisions and {w.payload:.0f} bytes of derived"
                " payload an event."
                for name, w in taken.written.items()
            ]
        if "sustained" in asked.jobs:
            sustained = intake.sustain(size, folder, _say)
            rows += sustained_rows(sustained)
            notes.append(lag_line(sustained))
            more["sustained"] = asdict(sustained)
        if "postgresql" in asked.jobs:
            replicated = replicas.run(size, folder, _say)
            rows += replica_rows(replicated)
            notes.append(replicas.line(replicated, int(about["cores"])))
            more["postgresql"] = asdict(replicated)
        if "timers" in asked.jobs:
            _say("timers")
            fired = timers.run(20_000 if asked.quick else 1_000_000, 9, folder)
            rows += timer_rows(fired)
            notes.append(
                f"{fired.timers:,} open timers take {fired.file_mib:,.0f} MiB on disk; a process that"
                f" has opened them, {fired.resident_mib:.0f} MiB of memory."
            )
        if "close" in asked.jobs:
            _say("close")
            closed = close.run(2000 if asked.quick else 100_000, folder)
            rows += close_rows(closed)
            notes.append(
                f"Closing a month of {closed.units:,} units made {closed.decisions:,} decisions and"
                f" took {closed.resident_mib:,.0f} MiB at most."
            )
        if "repaint" in asked.jobs:
            _say("repaint")
            painted = repaint.run(5 if asked.quick else 21, folder)
            rows.append(row("workbench: release to repaint", painted, repaint.RELEASE,
                            repaint.FLOOR, "ms", than="the page says one line"))  # fmt: skip
            more["repaint_ms"] = painted.figures
        if "whatif" in asked.jobs:  # its file is kept for the next time
            events, units = (60_000, 20) if asked.quick else (10_000_000, 2_000)
            reckoned = whatif.run(asked.dir, events, units, 1 if asked.quick else 3, _say)
            rows += whatif_rows(reckoned)
            notes.append(whatif.line(reckoned))
            more["whatif"] = asdict(reckoned)
    render(rows, about, notes)
    if asked.json:
        found = {"machine": about, "rows": [asdict(row) for row in rows], **more}
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=2), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: to try it, not to quote")
    parser.add_argument("--seconds", type=float, help="length of the sustained run (60)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS, help="all unless named")
    parser.add_argument("--dir", type=Path, default=Path(".bench"), metavar="FOLDER",
                        help="where the databases lie while it runs (.bench)")  # fmt: skip
    return parser


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("given up")
