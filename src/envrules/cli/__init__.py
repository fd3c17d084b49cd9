"""The command line. One module per group of commands; `main` is the program."""

from envrules.cli.main import main

__all__ = ["main"]
