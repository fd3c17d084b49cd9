"""As many kills as wanted, for a night's run.

    python -m tests.faults.kill_many --kills 200 --seed 1
    python -m tests.faults.kill_many --kills 200 --on postgresql
    python -m tests.faults.kill_many --kills 200 --on postgresql --replicas 3
    python -m tests.faults.kill_many --kills 200 --on postgresql --replicas 3 --of database

Prints one line for each campaign, and what happened in all of them. Stops at the first that fails
and leaves its servers' logs, and SQLite's database, where it says. PostgreSQL syncs its commits.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.faults.campaign import Toll, endure
from tests.postgresql import PostgreSQL, running

EACH = 10
"""Kills in one campaign."""


def main() -> None:
    """Run campaigns until there were enough kills."""
    parser = argparse.ArgumentParser(description="Kill the server again and again, and check.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--replicas", type=int, default=1, help="servers; several: on postgresql")
    parser.add_argument(
        "--of", choices=("server", "database"), default="server", help="what is killed"
    )
    wanted = parser.parse_args()
    if wanted.on == "sqlite" and (wanted.replicas > 1 or wanted.of == "database"):
        parser.error("that takes --on postgresql")
    with running() if wanted.on == "postgresql" else nullcontext() as server:
        sys.stdout.write(f"all good: {kill_many(wanted, server)}\n")


def kill_many(wanted: argparse.Namespace, server: PostgreSQL | None) -> Toll:
    """Run campaigns, on databases of the server if there is one; return what happened."""
    total, seed = Toll(), wanted.seed
    while total.kills < wanted.kills:
        folder = Path(tempfile.mkdtemp(prefix="envrules-kills-"))
        sys.stdout.write(f"seed {seed} in {folder}: ")
        sys.stdout.flush()
        toll = endure(
            folder, seed, min(EACH, wanted.kills - total.kills), units=6,
            url=server.url(server.create()) if server else "", replicas=wanted.replicas,
            database=server if wanted.of == "database" else None,
        )  # fmt: skip
        sys.stdout.write(f"{toll}\n")
        sys.stdout.flush()
        shutil.rmtree(folder)
        total, seed = total + toll, seed + 1
    return total


if __name__ == "__main__":
    main()
