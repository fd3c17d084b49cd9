"""What every command shares: how it prints, and how it fails.

Answers go to stdout, as tables for people or with `--json` for programs; progress and messages go
to stderr. A failure is one or two lines for whoever must put it right, never a traceback.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import RenderableType

from envrules import report

OK, REFUSED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = (
    "Exit codes: 0 done, 1 problems found or refused, 2 wrong usage, 3 server not reachable."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LocalityArg = Annotated[str, typer.Argument(help="Locality (slug).", metavar="LOCALITY")]


class Failure(Exception):
    """A command cannot do what was asked; the message says why, `fix` what to do about it."""

    def __init__(self, message: str, fix: str = "", code: int = REFUSED) -> None:
        super().__init__(message)
        self.fix, self.code = fix, code


def say(message: str) -> None:
    """Tell the person at the terminal something that is no answer."""
    print(message, file=sys.stderr)


def complain(message: str, fix: str = "") -> None:
    """Print an error: what is wrong, and below it what to do."""
    say(f"envrules: {message}" + (f"\n  {fix}" if fix else ""))


def show(*parts: RenderableType) -> None:
    """Print an answer for a person."""
    report.console().print(*parts, sep="\n")


def show_json(data: Any) -> None:
    """Print an answer for a program."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def show_json_line(data: Any) -> None:
    """Print one of many answers for a program: a line each, at once."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


def zone_of(name: str) -> tzinfo:
    """Return a locality's time zone; UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
