"""A long-lived process gives the memory that it has freed back to the system, from time to time.

A report of a large month takes tens of megabytes for a second. The C library (glibc) keeps what is
freed in between what is not, on each thread's own heap, and a server grows for hours though it
holds no more than before.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY = 20.0
"""Seconds; it takes some milliseconds, a thread that allocates meanwhile waits for its heap."""


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


def trimming() -> Callable[[int], int] | None:
    """Return the C library's `malloc_trim`; None: it has none (musl, macOS)."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return trim
