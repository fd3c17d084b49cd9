"""The demo end to end: a real server, a short month, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from envrules.demo.run import run_demo
from envrules.report import console

WIDTH = 100


@pytest.fixture(scope="module")
def shown() -> str:
    """What a short demo prints in a terminal of 100 columns."""
    out = io.StringIO()
    played = run_demo(console(out, width=WIDTH), console(io.StringIO()), units=1)
    assert [one.taken_back for one in played] == [[], []]
    assert all(one.stored == len(one.scenario.events) for one in played)
    assert all(one.report is not None and one.report.closed_seq for one in played)
    return out.getvalue()


@pytest.mark.parametrize("wanted", [
    "青禾镇（演示）", "柳湖街道（演示）",  # both localities
    "白单", "黄单", "红单", "整改通知单",  # slips
    "主干公路两侧", "69.00", "不参评",  # standings
    "红榜", "黑榜", "待批准", "因 红单 不列入",  # lists
    "申诉中", "其后查明的事实更正 -1.00 分", "整改承诺",  # appeals, late facts, pledges
    "本系统默认：原文未写时限", "rulesets/", "2026-09-30 18:00 起算", "建筑垃圾",  # explanation
    "none revoked by a later event", "each with a receipt", "envrules demo --keep",
])  # fmt: skip
def test_it_shows_a_month(shown: str, wanted: str) -> None:
    """Slips, standings, lists that wait, corrections, an explanation, and what to try next."""
    assert _squeezed(wanted) in _squeezed(shown)


def _squeezed(text: str) -> str:
    """Return a text without blanks and line breaks, for a table folds what is long."""
    return "".join(text.split())


def test_it_fits_a_terminal(shown: str) -> None:
    """No line is wider than the terminal."""
    assert max(cell_len(line) for line in shown.splitlines()) <= WIDTH


def test_as_a_command(tmp_path: Path) -> None:
    """`envrules demo --keep --json` prints one object a locality, and keeps the database."""
    ran = _run(tmp_path, "--units", "1", "--json", "--keep")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [one["slips_taken_back"] for one in told] == [0, 0]
    assert all(one["events"] > 100 and one["decisions"] > 100 for one in told)
    assert (tmp_path / "envrules-demo" / "envrules.db").exists()
    again = _run(tmp_path, "--keep")
    assert again.returncode == 1
    assert "holds a demo already" in again.stderr


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "envrules.cli", "demo", *arguments], cwd=folder, text=True,
        capture_output=True, check=False, timeout=300, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """Interrupted, it stops its server, removes its database, and exits with 130."""
    command = [sys.executable, "-m", "envrules.cli", "demo"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert "server 127.0.0.1:" in lines[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
    host, port = lines[1].split()[1].rstrip(",").split(":")
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port))):
        pass
