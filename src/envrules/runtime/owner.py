"""Who holds a lease: a process, named so that others on its machine can tell when it is gone."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path


def owner_name() -> str:
    """Return a new name for this process: host, process id, where such ids count, chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{_id_space()}:{uuid.uuid4().hex[:8]}"


def is_gone(owner: str) -> bool:
    """Return whether `owner` was a process that certainly runs no more.

    False for whoever cannot be judged from here, such as a process of another machine or
    container, or one whose id is another's by now: that one's lease runs out by itself.
    """
    match owner.split(":"):
        case [_, process, space, _] if space and space == _id_space():
            return not _is_running(int(process))
        case _:
            return False


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's, who hides it perhaps
        return True
    return state.rpartition(")")[2].split()[0] != "Z"  # has ended, but its parent has not heard


@cache
def _id_space() -> str:
    """Return what tells apart process ids of other boots and containers; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""
