"""As many edits of a served ruleset as wanted, for a long run, and how much memory they take.

    python -m tests.service.edit_many --edits 100 --seed 1

Each publication judges afresh what is open. Months are closed, so that is as much in one month as in
another, however long the log; a projector keeps 10,000 entries and nodes at hand, and a `history`
of more fills that before the first edit. Prints the memory in use after each month, and what happened.
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
    parser.add_argument("--a-month", type=int, default=10, help="edits until a month is closed")
    parser.add_argument("--history", type=int, default=0, help="issues found and handled before")
    wanted = parser.parse_args()

    def told(number: int, site: Site) -> None:
        if number % wanted.a_month == 0:
            head = site.store.head("yunxi")
            sys.stdout.write(f"{number} edits, {head} log entries: {memory():.0f} MiB\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="envrules-edits-") as folder:
        toll = edit_many(
            Path(folder), wanted.edits, wanted.seed, told, a_month=wanted.a_month,
            history=wanted.history,
        )  # fmt: skip
    sys.stdout.write(f"all good: {toll}\n")


if __name__ == "__main__":
    main()
