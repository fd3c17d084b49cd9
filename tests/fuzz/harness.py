"""One target under a fuzzer: `python -m tests.fuzz.harness wire --runs 20000`.

With atheris (x86_64) the inputs follow what they reach in the code; without, or with `--plain`,
they are mutations drawn from a seed. Either way every input has `--seconds` at most, what a target
raises ends the run with exit code 77 or 1 and the input in a file, and the last line is the figures
as JSON.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import logging
import platform
import random
import resource
import sys
import time
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

HAS_ATHERIS = platform.machine() == "x86_64"
"""It has wheels for nothing else."""
FOLLOWED = {
    "wire": ["envrules.service", "envrules.wire"],
    "door": ["envrules.service.principal", "envrules.service.tokens"],
    "pages": ["envrules.service.paging"],
    "tokens": ["envrules.service.tokens", "envrules.wire.times"],
    "csv": ["envrules.excel"], "xlsx": ["envrules.excel"],
    "codes": ["envrules.ruleset.source", "envrules.ruleset.codes", "envrules.ruleset.check_codes"],
    "ruleset": ["envrules.ruleset", "envrules.kinds"],
}  # fmt: skip
"""The code in which new ground counts: following all of it would slow the start by half a minute."""
WARM = 0.25
"""Share of a run after which its memory is measured: by then the caches are full."""


class Run:
    """A target, and what it took."""

    def __init__(self, target: Any, runs: int) -> None:
        self.target, self.runs = target, runs
        self.taken = 0
        self.longest = 0.0
        self.warm = 0
        self.begun = time.monotonic()

    def one(self, data: bytes) -> None:
        """Take an input and look at the clock."""
        begun = time.monotonic()
        self.target.one(data)
        self.longest = max(self.longest, time.monotonic() - begun)
        self.taken += 1
        if self.taken == int(self.runs * WARM):
            self.warm = _memory()
        if self.taken == self.runs:
            self.tell()

    def tell(self) -> None:
        """Print the figures."""
        seconds = time.monotonic() - self.begun
        figures = {
            "target": self.target.name, "inputs": self.taken, "seconds": round(seconds, 1),
            "longest_s": round(self.longest, 3), "memory_mb": _memory() >> 20,
            "grown_mb": (_memory() - self.warm) >> 20,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            "ended": dict(self.target.ended.most_common(12)),
        }  # fmt: skip
        sys.stdout.write(f"{json.dumps(figures, ensure_ascii=False)}\n")
        sys.stdout.flush()


def _memory() -> int:
    gc.collect()
    return int(import_module("psutil").Process().memory_info().rss)


def main(arguments: list[str]) -> None:
    """Run one target."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.harness")
    parser.add_argument("target")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--artifacts", type=Path, default=Path())
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    if options.plain or not HAS_ATHERIS:
        _plain(options)
    else:
        _guided(options)


def _plain(options: argparse.Namespace) -> None:
    target = _target(options.target)
    draw, run = random.Random(options.seed), Run(target, options.runs)
    mutations = import_module("tests.fuzz.mutations")
    for data in islice(mutations.inputs(list(target.seeds()), draw), options.runs):
        faulthandler.dump_traceback_later(options.seconds, exit=True)
        try:
            run.one(data)
        except BaseException:
            (options.artifacts / f"crash-{options.target}").write_bytes(data)
            raise
    faulthandler.cancel_dump_traceback_later()
    target.close()


def _guided(options: argparse.Namespace) -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=FOLLOWED[options.target]):
        target = _target(options.target)
    corpus = options.artifacts / f"corpus-{options.target}"
    corpus.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(target.seeds()):
        (corpus / f"seed-{n}").write_bytes(seed)
    run = Run(target, options.runs)
    atheris.Setup(
        [
            "fuzz", str(corpus), f"-runs={options.runs}", f"-seed={options.seed}", "-max_len=200000",
            f"-timeout={options.seconds}", "-rss_limit_mb=4096", "-verbosity=0",
            f"-artifact_prefix={options.artifacts}/",
        ],
        run.one,
    )  # fmt: skip
    atheris.Fuzz()


def _target(name: str) -> Any:
    return import_module("tests.fuzz.targets").BY_NAME[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
