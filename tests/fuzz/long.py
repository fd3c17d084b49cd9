"""The long run: `python -m tests.fuzz.long --inputs 1000000`, every target by its share.

Each target runs in a process of its own, one after the other, so that a crash or a hang ends that
one alone. Prints a table; the exit code is 1 if any target failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SHARES = {
    "wire": 0.30, "door": 0.30, "pages": 0.20, "tokens": 0.08, "csv": 0.06, "codes": 0.03,
    "ruleset": 0.015, "xlsx": 0.015,
}  # fmt: skip
"""Of the inputs: what is quick to take gets more of them."""


def main(arguments: list[str]) -> int:
    """Run all targets, or those named."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.long")
    parser.add_argument("targets", nargs="*", default=list(SHARES))
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="Do without atheris.")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="Corpus and crashes.")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in options.targets:
        figures = _run(name, int(options.inputs * SHARES[name]), options)
        failed += figures is None
        _say(_row(figures) if figures else f"{name}: FAILED, see {options.out / name}.log")
    return min(failed, 1)


def _run(name: str, runs: int, options: argparse.Namespace) -> dict[str, Any] | None:
    command = [
        sys.executable, "-m", "tests.fuzz.harness", name, "--runs", str(runs), "--seed",
        str(options.seed), "--artifacts", str(options.out), *(["--plain"] if options.plain else []),
    ]  # fmt: skip
    with (options.out / f"{name}.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    lines = (options.out / f"{name}.log").read_text("utf-8", "replace").splitlines()
    last = next((line for line in reversed(lines) if line.startswith('{"target"')), None)
    return json.loads(last) if last and done.returncode == 0 else None


def _row(figures: dict[str, Any]) -> str:
    ended = ", ".join(f"{name} {count}" for name, count in figures["ended"].items())
    return (
        f"{figures['target']}: {figures['inputs']} inputs in {figures['seconds']:g} s, longest "
        f"{figures['longest_s']:g} s, memory {figures['memory_mb']} MB "
        f"({figures['grown_mb']:+} MB after the first quarter); {ended}"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
