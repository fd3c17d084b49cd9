"""Making very much at once that all stays."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_collected = False


@contextmanager
def in_bulk() -> Iterator[None]:
    """Look for no cycles meanwhile, in the whole process: an eighth of the time, and it finds none.

    What nobody refers to any more still goes at once. Several threads may be inside.
    """
    global _inside, _collected
    with _lock:
        if not _inside:
            _collected = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _collected:
                gc.enable()
