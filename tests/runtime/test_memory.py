"""Freed memory goes back to the system."""

from __future__ import annotations

import os
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


_HEAPS = """
import ctypes, sys, threading
from envrules.runtime.memory import share_heap

if "shared" in sys.argv:
    share_heap()
all_at_once = threading.Barrier(6)

def take():
    kept = [bytes(1000) for _ in range(1000)]
    all_at_once.wait()

threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, file)
library.fclose(file)
"""


@pytest.mark.skipif(trimming() is None, reason="this C library has no such call")
@pytest.mark.parametrize(("how", "heaps"), [("shared", range(1, 3)), ("apart", range(3, 8))])
def test_threads_share_a_heap(how: str, heaps: range) -> None:
    """Six threads at once take a heap besides the main thread's, where each would take its own."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    ran = subprocess.run(
        [sys.executable, "-c", _HEAPS, how],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert ran.stdout.count("<heap nr=") in heaps


def test_it_ends_when_told() -> None:
    """It leaves no thread behind."""
    before = threading.active_count()
    with giving_back_memory(3600):
        pass
    assert threading.active_count() == before
