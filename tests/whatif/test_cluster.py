"""What-if over a Ray cluster: one answer, though a worker is killed on the way; nothing stays behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from tests.whatif.town import write_town

TRYING = ("whatif", "town", "town_deduction", "--set", "warning_line=98", "--from", "2026-01",
          "--to", "2026-12", "--json")  # fmt: skip


def command(log: Path, *more: str) -> list[str]:
    """The command line that asks."""
    return [sys.executable, "-m", "envrules.cli", *TRYING, "--log", str(log), *more]


def test_two_workers_one_of_them_killed(tmp_path: Path) -> None:
    """A worker killed with its part in hand costs time only: the answer is the one of columns alone."""
    log = tmp_path / "town.parquet"
    write_town(log)
    alone = subprocess.run(command(log), check=True, capture_output=True, text=True)
    scratch = tempfile.mkdtemp(dir="/tmp")
    asking = subprocess.Popen(
        command(log, "--engine", "ray", "--workers", "2"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": scratch},
    )  # fmt: skip
    children = _kill_one_at_work(asking.pid)
    out, said = asking.communicate(timeout=300)
    assert asking.returncode == 0, said
    assert json.loads(out) == json.loads(alone.stdout)
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert gone
    assert not alive
    os.rmdir(scratch)


def _kill_one_at_work(pid: int) -> list[psutil.Process]:
    """Kill the first worker that has a part in hand; return all processes of the cluster."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and psutil.pid_exists(pid):
        children: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        for child in children:
            try:
                if child.name().startswith("ray::_part"):
                    child.kill()
                    return children
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.02)
    raise AssertionError("no worker was ever at work")
