"""docs/security.md: its commands are run, in order, against a server that reads their file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_serve import Serve, serve
from tests.service.site import TOWN

from envrules.service.config import ServerConfig
from envrules.service.guard import HEALTH_WATCHERS

__all__ = ["serve"]

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Runs a line in a shell that knows `envrules`, in the test's folder."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bare = {k: v for k, v in os.environ.items() if not k.startswith("ENVRULES_")}

    def run(line: str, address: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**bare, "PATH": path, "ENVRULES_SERVER": address},
        )  # fmt: skip

    return run


def test_the_commands_do_what_the_page_says(shell: Any, serve: Serve, tmp_path: Path) -> None:
    """Each ends well; the revoked token opens nothing, the new one does."""
    made, rest, done = COMMANDS[:4], COMMANDS[4:], shell("true", "")
    assert rest
    done = [shell(line, "") for line in made]
    assert [one.returncode for one in done] == [0] * len(made), done
    assert "chief" in done[-1].stdout
    running = serve("--bind", f"yunxi={TOWN}", "--tokens", tmp_path / "tokens.json")
    old = "envrules --token-file grid.token localities"
    assert shell(old, running.address).returncode == 0
    done = [shell(line, running.address) for line in rest]
    assert [one.returncode for one in done] == [0] * len(rest), done
    assert shell(old, running.address).returncode == 2


def test_the_examples_are_sound() -> None:
    """Lines of the record are JSON, and what is Python compiles."""
    (lines,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert {json.loads(line)["outcome"] for line in lines.splitlines()} == {
        "OK",
        "PERMISSION_DENIED",
    }
    (snippet,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    compile(snippet, "security.md", "exec")


def test_the_limits_are_the_defaults() -> None:
    """The table of limits has the numbers of the code."""
    config = ServerConfig()
    cells = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|[^|]*\| [^|]+ \|$", TEXT, re.MULTILINE))
    assert cells["bytes of a request"] == f"{config.max_message_bytes >> 20} MiB"
    assert cells["events of a request"] == str(config.max_batch)
    assert cells["streams; watchers"] == f"{config.max_streams}; {config.max_watchers}"
    assert cells["of these, one principal's"] == str(config.max_each)
    assert cells["entries of a stateless evaluation"] == f"{config.max_evaluation:,}"
    assert cells["watchers of the health service"] == str(HEALTH_WATCHERS)
    assert cells["calls at a time, waiting ones included"] == str(config.max_queued)
    assert not config.max_rate
