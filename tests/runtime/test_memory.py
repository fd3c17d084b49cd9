"""Freed memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from envrules.runtime.memory import giving_back_memory, trimming

_SCATTERED = """
import time
from pathlib import Path
from envrules.runtime.memory import giving_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

with giving_back_memory(0.05):
    kept = [bytes(1000) for _ in range(150_000)]
    full = resident()
    kept = kept[::1000] + [bytes(1000)]  # what stays is scattered over all of it
    end = time.monotonic() + 30
    while resident() > full - 100 and time.monotonic() < end:
        time.sleep(0.05)
    print(full - resident() > 100)
"""
"""In a process of its own, whose memory nobody else uses."""


@pytest.mark.skipif(trimming() is None, reason="this C library has no such call")
def test_what_is_free_between_what_is_not_goes_back() -> None:
    """Of 150 MiB in pieces, of which one in a thousand stays, more than 100 go back."""
    ran = subprocess.run(
        [sys.executable, "-c", _SCATTERED], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "True"


def test_it_ends_when_told() -> None:
    """It leaves no thread behind."""
    before = threading.active_count()
    with giving_back_memory(3600):
        pass
    assert threading.active_count() == before
