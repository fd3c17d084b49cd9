"""A long-lived process takes no more memory of the system than it needs.

A report of a large month takes tens of megabytes for a second. The C library (glibc) keeps what is
freed in between what is not, on each thread's own heap, and a server grows for hours though it
holds no more than before. So its threads share a heap, and freed memory goes back from time to time.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY = 20.0
"""Seconds; it takes some milliseconds, a thread that allocates meanwhile waits for its heap."""


_M_ARENA_MAX = -8
"""glibc's malloc.h."""
_HEAPS = 2
"""The main thread's and one for all others. Of more, each keeps what its busiest moment took; and
since one thread at a time runs Python, few ever wait for a heap."""


def share_heap() -> None:
    """Let all threads share a heap, in a process that has started none so far.

    The environment variable MALLOC_ARENA_MAX, if there is one, has decided that already.
    """
    call = _of_the_c_library("mallopt")
    if call is not None and "MALLOC_ARENA_MAX" not in os.environ:
        call(_M_ARENA_MAX, _HEAPS)


@contextmanager
def giving_back_memory(every: float = _EVERY) -> Iterator[None]:
    """Give freed memory back every so many seconds, where the C library has a call for that."""
    trim = trimming()
    if trim is None:
        yield
        return
    enough = threading.Event()

    def go_on() -> None:
        while not enough.wait(every):
            trim(0)

    thread = threading.Thread(target=go_on, name="envrules-memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def trimming() -> Callable[..., int] | None:
    """Return the C library's `malloc_trim`; None: it has none (musl, macOS)."""
    return _of_the_c_library("malloc_trim")


def _of_the_c_library(name: str) -> Callable[..., int] | None:
    try:
        call: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    return call
