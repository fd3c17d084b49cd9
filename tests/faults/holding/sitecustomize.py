"""Lets a Python process say what it holds, to a file of its own: for `gauge`, which starts it so.

What is resident swings by tens of megabytes with what the allocators keep between what is in use.
What is in use does not: it tells a leak within minutes.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections import deque
from pathlib import Path

EVERY = 2.0
"""Seconds."""
_LOOKS = 40
"""In that time. What is held only while something is done comes and goes: the least is told."""
_TOLD = 3 * _LOOKS
"""Of so many looks: whoever reads as often as this is written misses none."""
FOLDER = "ENVRULES_TEST_HOLDING"
"""The environment variable that names the folder."""


class _Mallinfo2(ctypes.Structure):
    """What glibc's heaps are made of, in bytes, from malloc.h."""

    _fields_ = (
        ("arena", ctypes.c_size_t), ("ordblks", ctypes.c_size_t), ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t), ("hblkhd", ctypes.c_size_t), ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t), ("uordblks", ctypes.c_size_t),
        ("fordblks", ctypes.c_size_t), ("keepcost", ctypes.c_size_t),
    )  # fmt: skip


def tell(folder: Path) -> None:
    """Write how many objects Python holds, and how many bytes the C library has given out."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo2
    file = folder / str(os.getpid())
    objects, heap = deque[int](maxlen=_TOLD), deque[int](maxlen=_TOLD)
    while True:
        for _ in range(_LOOKS):
            found = mallinfo2()
            objects.append(sys.getallocatedblocks())
            heap.append(found.uordblks + found.hblkhd)
            time.sleep(EVERY / _LOOKS)
        new = file.with_suffix(".new")
        new.write_text(f"{min(objects)} {min(heap)}")
        new.replace(file)


if FOLDER in os.environ:
    threading.Thread(target=tell, args=(Path(os.environ[FOLDER]),), daemon=True).start()
