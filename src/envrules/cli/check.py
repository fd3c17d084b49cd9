"""`envrules check`: are rulesets and code tables good?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import REFUSED, AsJson, Failure, show_json
from envrules.errors import errors_in
from envrules.plugin_manager import PluginError, load_plugins
from envrules.resources import rulesets_dir
from envrules.ruleset.check import check_files


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files of rulesets and code tables, or folders of them; the shipped ones when "
            "left out."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print problems.")] = Format.TEXT,
    as_json: AsJson = False,
) -> None:
    """Check rulesets, and code tables against their schemes; silent when they are good."""
    problems = check_files(paths or [rulesets_dir()], _installed)
    if as_json or form is Format.JSON:
        show_json([problem.to_json() for problem in problems])
    else:
        for problem in problems:
            print(problem)
    if errors_in(problems):
        raise typer.Exit(REFUSED)


def _installed(scheme: str) -> Path | None:
    """Return the ruleset that a plugin brings for a scheme."""
    try:
        source = load_plugins().schemes.get(scheme)
    except PluginError as error:
        raise Failure(str(error), "see docs/plugins.md") from None
    return source.ruleset if source is not None else None
