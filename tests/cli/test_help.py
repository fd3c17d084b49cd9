"""Every command explains itself, and misuse is answered in a line or two."""

from __future__ import annotations

import pytest
from tests.cli.terminal import Cli

from envrules import __version__
from envrules.cli.commands import COMMANDS

SINGLE = [name for name, command in COMMANDS.items() if command.function]


def test_the_version(cli: Cli) -> None:
    """`--version` prints the package's version and nothing else."""
    ran = cli("--version")
    assert (ran.code, ran.out) == (0, f"envrules {__version__}\n")


def test_all_commands_are_listed_with_the_exit_codes(cli: Cli) -> None:
    """The help names every command and what the exit codes mean."""
    ran = cli("--help")
    assert ran.code == 0
    assert len(COMMANDS) >= 17
    for name in COMMANDS:
        assert f" {name} " in ran.out
    assert "1 problems found or refused" in ran.out
    assert "3 server not reachable" in ran.out


@pytest.mark.parametrize("name", SINGLE)
def test_each_command_has_help_with_an_example(cli: Cli, name: str) -> None:
    """`--help` of a command describes it and shows it in use."""
    ran = cli(name, "--help")
    assert ran.code == 0
    assert f"envrules {name}" in ran.out
    assert f"Example:  envrules {name}" in ran.out


@pytest.mark.parametrize("arguments", [
    ["nosuch"], ["check", "--nosuch"], ["standings", "yunxi"], ["decisions", "x", "--limit", "none"],
    ["explain", "yunxi"],
])  # fmt: skip
def test_misuse_is_answered_in_two_lines(cli: Cli, arguments: list[str]) -> None:
    """What is wrong, and where the help is; nothing on stdout; exit code 2."""
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 2
    assert ran.err.startswith("envrules: ")
    assert "--help" in ran.err


def test_without_a_command_it_shows_the_help(cli: Cli) -> None:
    """Run bare, it prints what there is."""
    assert "demo" in cli().out
