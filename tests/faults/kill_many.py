"""As many kills as wanted, for a night's run.

    python -m tests.faults.kill_many --kills 200 --seed 1

Prints one line for each campaign, and what happened in all of them. Stops at the first that fails
and leaves its database and its server's log where it says.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.campaign import Toll, endure

EACH = 10
"""Kills in one campaign."""


def main() -> None:
    """Run campaigns until there were enough kills."""
    parser = argparse.ArgumentParser(description="Kill the server again and again, and check.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign")
    wanted = parser.parse_args()
    total, seed = Toll(), wanted.seed
    while total.kills < wanted.kills:
        folder = Path(tempfile.mkdtemp(prefix="envrules-kills-"))
        sys.stdout.write(f"seed {seed} in {folder}: ")
        sys.stdout.flush()
        toll = endure(folder, seed, min(EACH, wanted.kills - total.kills), units=6)
        sys.stdout.write(f"{toll}\n")
        shutil.rmtree(folder)
        total, seed = total + toll, seed + 1
    sys.stdout.write(f"all good: {total}\n")


if __name__ == "__main__":
    main()
