"""The program: its commands, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from envrules import __version__
from envrules.cli import cases, check, decisions, demo, events, operate, rebuild, serve, standings
from envrules.cli.shell import EXIT_CODES, INTERRUPTED, OK, REFUSED, Failure, complain

app = typer.Typer(
    name="envrules", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        print(f"envrules {__version__}")
        raise typer.Exit(OK)


@app.callback()
def envrules(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Explained decisions for city grid platforms, by each locality's own rules."""


def _add(group: str, command: object, example: str, name: str | None = None) -> None:
    epilog = "Example:  " + example
    app.command(name, rich_help_panel=group, epilog=epilog)(command)  # type: ignore[type-var]
