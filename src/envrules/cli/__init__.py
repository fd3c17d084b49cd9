"""The command line. One module per group of commands; `main` is the program."""

from __future__ import annotations

import os


def main() -> None:
    """Run the program and end it with the exit code of what it did."""
    # What gRPC's core prints by itself is for its developers; errors reach us as statuses. It
    # reads this when it is loaded, so the commands are imported afterwards.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from envrules.cli.app import program

    program()
