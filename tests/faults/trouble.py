"""Trouble for a server that runs: a disk that is full, read-only or slow; a clock that jumps.

What `trouble.c` does while it is told to.
"""

from __future__ import annotations

import errno
import mmap
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from tests.faults.killing import PATIENCE
from tests.faults.preload import compiled

from envrules.model.base import Instant
from envrules.runtime.runtime import wall_clock

FULL, READ_ONLY, FAULTY = errno.ENOSPC, errno.EROFS, errno.EIO
_LAYOUT = struct.Struct("@5q")


class Trouble:
    """What a server in `folder` is to suffer, from one moment to the next."""

    def __init__(self, folder: Path) -> None:
        """Nothing is wrong yet."""
        control = folder / "trouble"
        control.write_bytes(bytes(_LAYOUT.size))
        with control.open("r+b") as file:
            self._wanted = mmap.mmap(file.fileno(), _LAYOUT.size)
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(compiled("trouble.c", folder)),
            "TROUBLE_FILE": str(control),
            "TROUBLE_PREFIX": str(folder / "envrules.db"),
        }
        """What the server is to be started with."""

    def disk(self, error: int = 0, delay: int = 0) -> None:
        """Let writing to the database fail, and its syncs take so many milliseconds longer."""
        struct.pack_into("@2q", self._wanted, 0, error, delay)

    def disk_until(self, error: int, hits: int) -> None:
        """Let writing to the database fail so many times from now on, then no more."""
        struct.pack_into("@2q", self._wanted, 24, 0, hits)
        self.disk(error)

    def clock(self, offset: Instant) -> None:
        """Let the wall clock differ from ours, in microseconds."""
        struct.pack_into("@q", self._wanted, 16, offset * 1000)

    def now(self) -> Instant:
        """Return what the wall clock shows there."""
        return wall_clock() + int(_LAYOUT.unpack_from(self._wanted)[2]) // 1000

    @property
    def hits(self) -> int:
        """How often the disk has failed or was slow so far."""
        return int(_LAYOUT.unpack_from(self._wanted)[3])

    def close(self) -> None:
        """Let go of the file."""
        self._wanted.close()


class Disk:
    """A disk that goes bad and comes back, for a campaign: it is what is killed."""

    def __init__(self, trouble: Trouble, error: int = 0, delay: int = 0, hits: int = 3) -> None:
        """`hits`: how often somebody is to notice before it comes back."""
        self._trouble, self._error, self._delay, self._least = trouble, error, delay, hits
        self._before = 0
        self.kills = 0

    def kill(self) -> None:
        """Go bad."""
        self._before = self._trouble.hits
        self._trouble.disk(self._error, self._delay)
        self.kills += 1

    def launch(self) -> None:
        """Come back, for a moment."""
        self._trouble.disk()

    def start(self) -> None:
        """Come back, once it was noticed."""
        given_up = time.monotonic() + PATIENCE
        while self._trouble.hits < self._before + self._least:
            assert time.monotonic() < given_up, "nobody has noticed that the disk is bad"
            time.sleep(0.01)
        self._trouble.disk()
