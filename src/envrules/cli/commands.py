"""The commands by name. Each is imported when it is asked for: it needs a part of the program only.

Only the list of all of them imports all; a command that calls a server is there in a third of the
time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

START, AUTHORS, VENDORS, OFFICES, OPERATORS = (
    "Start here", "Authors of rulesets", "Platforms", "Offices", "Operators",
)  # fmt: skip


@dataclass(frozen=True)
class _Command:
    """Where a command is, and how it is shown."""

    panel: str
    module: str
    function: str = ""
    """Empty for a group of commands."""
    example: str = ""
    """What follows the command's name."""


COMMANDS: Mapping[str, _Command] = {
    "demo": _Command(START, "demo", "demo", "--keep"),
    "new": _Command(AUTHORS, "new", "new", "my_town --title 云溪镇环境整治"),
    "check": _Command(AUTHORS, "check", "check", "rulesets/my_town.yaml"),
    "test": _Command(AUTHORS, "cases", "run_cases", "tests/cases/my_town.yaml"),
    "coverage": _Command(AUTHORS, "coverage", "coverage", "docs/coverage --write"),
    "read": _Command(AUTHORS, "read", "read", "SCHEME --format html --out scheme.html"),
    "import-standards": _Command(
        AUTHORS, "standards", "import_standards", "standards.xlsx --out my_city.yaml"
    ),
    "mutate": _Command(AUTHORS, "mutate", "mutate", "my_town"),
    "schema": _Command(AUTHORS, "schema", "schema", "> ruleset.schema.json"),
    "serve": _Command(VENDORS, "serve", "serve", "--bind my_town=SCHEME"),
    "submit": _Command(VENDORS, "events", "submit", "events.jsonl -l my_town --wait decided"),
    "watermark": _Command(
        VENDORS, "events", "watermark", "my_town grid-platform '2026-10-08 09:00'"
    ),
    "decisions": _Command(
        OFFICES, "decisions", "decisions", "my_town --publication proposed --kind slip"
    ),
    "explain": _Command(OFFICES, "decisions", "explain", "my_town 27d760ac"),
    "approve": _Command(OFFICES, "decisions", "approve", "my_town 27d760ac --as chief"),
    "revoke": _Command(OFFICES, "decisions", "revoke", "my_town 27d760ac --as chief --reason '误判'"),
    "standings": _Command(OFFICES, "standings", "standings", "my_town SCHEME monthly 2026-10"),
    "statement": _Command(OFFICES, "standings", "statement", "my_town v05 2026-10"),
    "report": _Command(
        OFFICES, "bulletin", "report", "my_town 2026-10 --format docx --out bulletin.docx"
    ),
    "map": _Command(OFFICES, "standings", "geojson", "my_town SCHEME monthly 2026-10 > map.json"),
    "close": _Command(OFFICES, "standings", "close", "my_town SCHEME 2026-10 --as chief"),
    "localities": _Command(OPERATORS, "operate", "localities", "--json"),
    "revisions": _Command(OPERATORS, "revisions", "revisions", "my_town SCHEME"),
    "diff": _Command(OPERATORS, "revisions", "diff", "current candidate -l my_town"),
    "publish": _Command(
        OPERATORS, "operate", "publish", "my_town SCHEME --set warning_line=65@2027-01-01 --reason '年度调整'"
    ),
    "whatif": _Command(
        OPERATORS, "whatif", "whatif", "my_town SCHEME --set warning_line=65 --from 2026-07 --to 2026-09"
    ),
    "whatif-coverage": _Command(OPERATORS, "whatif", "covers", "my_town"),
    "export-log": _Command(OPERATORS, "whatif", "export", "my_town --out my_town.parquet"),
    "import-log": _Command(OPERATORS, "whatif", "import_", "my_town.parquet --db sqlite:///new.db"),
    "skip": _Command(OPERATORS, "operate", "skip", "my_town 4711 --reason '坏记录'"),
    "workbench": _Command(OPERATORS, "workbench", "workbench", "--rulesets rulesets"),
    "rebuild": _Command(OPERATORS, "rebuild", "rebuild", "--db sqlite:///envrules.db"),
    "codes": _Command(OPERATORS, "codes"),
    "tables": _Command(OPERATORS, "tables"),
    "token": _Command(OPERATORS, "tokens"),
}  # fmt: skip
"""In the order in which they are listed."""


class Commands(TyperGroup):
    """All of them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _OnDemand()  # type: ignore[assignment]  # nobody adds or removes one

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer gives it
        """Return the names, in order."""
        return list(self.commands)


class _OnDemand(Mapping[str, Any]):
    """Command by name, made when it is looked up."""

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __getitem__(self, name: str) -> Any:
        return _made(name)


@cache
def _made(name: str) -> Any:
    """Return a command, or a group of them; KeyError if there is none of the name."""
    known = COMMANDS[name]
    module = import_module(f"envrules.cli.{known.module}")
    if known.function:
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        register = alone.command(
            name, rich_help_panel=known.panel, epilog=f"Example:  envrules {name} {known.example}"
        )
        register(getattr(module, known.function))
        return typer.main.get_command(alone)
    group = typer.main.get_group(module.app)
    group.name, group.rich_help_panel = name, known.panel
    return group
