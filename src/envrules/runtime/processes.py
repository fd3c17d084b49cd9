"""Projecting in processes of their own, so that receipts need not share an interpreter with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

from envrules.logs import environment
from envrules.runtime.pipes import Told, listen, tell
from envrules.runtime.projecting import OnAdvance, Share

log = logging.getLogger(__name__)

_PROGRAM = (sys.executable, "-m", "envrules.runtime.project")
STOPPING_SECONDS = 10.0
"""How long a transaction under way may take to end; after that it is as if it had not been."""
_SETTLED_SECONDS = 10.0
"""Who has run for so long is no longer taken for one that cannot start."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0


class ProjectingProcesses:
    """Keeps a number of projector processes running; the localities are dealt among them."""

    def __init__(self, url: str, count: int) -> None:
        """`url`: of the database, which has been migrated."""
        self._children = [_Child(url, Share(number, count)) for number in range(count)]

    def report_to(self, on_advance: OnAdvance) -> None:
        """Say how far the localities are to this one."""
        for child in self._children:
            child.on_advance = on_advance

    def start(self) -> None:
        """Start the processes; each finds out by itself what there is to project."""
        for child in self._children:
            child.start()

    def wake(self, locality: str) -> None:
        """Say that there is more in a locality's log."""
        self._tell(Told("wake", locality))

    def hurry(self, locality: str) -> None:
        """Say that somebody waits for a locality's decisions."""
        self._tell(Told("hurry", locality))

    def is_well(self) -> bool:
        """Return whether every process runs, and does not end again and again."""
        return all(child.is_well() for child in self._children)

    def stop(self) -> None:
        """Stop after the transactions under way, which give the leases back."""
        for child in self._children:
            child.stop()
        for child in self._children:
            child.join()

    def _tell(self, told: Told) -> None:
        for child in self._children:
            if child.share.has(told.locality):
                child.tell(told)


class _Child:
    """One projector process, and the next one when it dies."""

    def __init__(self, url: str, share: Share) -> None:
        self.share = share
        self.on_advance: OnAdvance = lambda _locality, _position: None
        self._environment = {**os.environ, **environment(), "ENVRULES_DB": url}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._launched_at = 0.0
        self._early_ends = 0
        self._stopping = threading.Event()
        # It outlives the process that it starts: that one is killed when this thread ends.
        self._thread = threading.Thread(target=self._run, name="envrules-child", daemon=True)

    def start(self) -> None:
        """Start the process."""
        self._thread.start()

    def tell(self, told: Told) -> None:
        """Tell the process something, if it is there: the next one looks at everything."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                tell(self._process.stdin.fileno(), told)

    def is_well(self) -> bool:
        """Return whether the process runs, or has ended but once of late."""
        settled = time.monotonic() - self._launched_at > _SETTLED_SECONDS
        return self._early_ends < 2 or (settled and self._process is not None)

    def stop(self) -> None:
        """Tell the process to end, and start no other one."""
        with self._lock:
            self._stopping.set()
            self._hang_up()

    def join(self) -> None:
        """Wait until the process has ended; end it if that takes too long."""
        if self._thread.is_alive():
            self._thread.join(STOPPING_SECONDS)
            with self._lock:
                if self._process is not None:
                    log.warning("the projector is in a long transaction: it will be done again")
                    self._process.kill()
            self._thread.join()

    def _run(self) -> None:
        while (process := self._launched()) is not None:
            self._launched_at = time.monotonic()
            self._hear(process)
            if self._stopping.is_set():
                return
            lived = time.monotonic() - self._launched_at
            self._early_ends = 0 if lived > _SETTLED_SECONDS else self._early_ends + 1
            log.error("the projector has ended (%d), starting another one", process.returncode)
            self._stopping.wait(min(_FIRST_PAUSE * 2**self._early_ends, _LONGEST_PAUSE))

    def _launched(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            arguments = (str(self.share.number), str(self.share.of))
            process = self._process = subprocess.Popen(
                (*_PROGRAM, *arguments), env=self._environment, bufsize=0,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            assert process.stdin is not None
            os.set_blocking(process.stdin.fileno(), False)
            return process

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what the process says, until it ends."""
        assert process.stdout is not None
        with os.fdopen(process.stdout.fileno(), "rb", closefd=False) as pipe:
            for told in listen(pipe):
                self.on_advance(told.locality, told.position)
        process.wait()
        with self._lock:
            self._hang_up()
            self._process = None
            process.stdout.close()

    def _hang_up(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.stdin = None
