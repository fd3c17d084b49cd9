"""Running the command line in this process."""

from __future__ import annotations

import pytest
from tests.cli.terminal import Cli, Ran

from envrules.cli.app import run


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command and returns what it printed."""
    monkeypatch.setenv("COLUMNS", "160")

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(code, printed.out, printed.err)

    return ran
