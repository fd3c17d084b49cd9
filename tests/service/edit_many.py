"""As many edits of a served ruleset as wanted, for a long run, and how much memory they take.

    python -m tests.service.edit_many --edits 100 --seed 1

Each publication judges the open month afresh, so edits take longer as the log grows. Prints the
memory in use now and then, and what happened.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.service.editing import edit_many
from tests.service.site import Site


def memory() -> float:
    """Return the MiB that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Edit, check, and tell."""
    parser = argparse.ArgumentParser(description="Edit a served ruleset again and again.")
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()

    def told(number: int, site: Site) -> None:
        if number % 10 == 0:
            head = site.store.head("yunxi")
            sys.stdout.write(f"{number} edits, {head} log entries: {memory():.0f} MiB\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="envrules-edits-") as folder:
        toll = edit_many(Path(folder), wanted.edits, wanted.seed, told)
    sys.stdout.write(f"all good: {toll}\n")


if __name__ == "__main__":
    main()
