"""Reading code tables that the command line names."""

from __future__ import annotations

from pathlib import Path

from envrules.cli.shell import Failure, say
from envrules.errors import RulesetError
from envrules.ruleset.check import read_text
from envrules.ruleset.codes import CodeTableText, load_codes


def table_in(file: Path) -> tuple[CodeTableText, str]:
    """Return the code table in a file, and the scheme that it is for.

    Raises:
        Failure: the file holds no code table of the right shape; its problems are printed.
    """
    try:
        table = CodeTableText(file.name, read_text(file))
        return table, load_codes(table).spec.scheme
    except RulesetError as error:
        for problem in error.problems:
            say(str(problem))
        raise Failure(f"{file}: a code table that cannot be used", "see envrules check") from None
