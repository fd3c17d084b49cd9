"""`envrules check`: are rulesets good?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import REFUSED, AsJson, show_json
from envrules.errors import errors_in
from envrules.resources import rulesets_dir
from envrules.ruleset.check import check_files


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Ruleset files, or folders of them; the shipped ones when left out."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print problems.")] = Format.TEXT,
    as_json: AsJson = False,
) -> None:
    """Check rulesets; silent when they are good."""
    problems = check_files(paths or [rulesets_dir()])
    if as_json or form is Format.JSON:
        show_json([problem.to_json() for problem in problems])
    else:
        for problem in problems:
            print(problem)
    if errors_in(problems):
        raise typer.Exit(REFUSED)
