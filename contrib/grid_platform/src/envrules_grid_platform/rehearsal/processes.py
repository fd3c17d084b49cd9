"""The real server and the real bridge, as processes that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from envrules.client import Client

_STARTING = 90.0
_GLANCE = 0.1


@dataclass
class Process:
    """A command that may be started again after it was killed."""

    command: list[str]
    log: Path
    running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; what it says goes to the log."""
        with self.log.open("ab") as said:
            self.running = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )  # fmt: skip

    def end(self, how: signal.Signals) -> int:
        """Send it a signal, and return how it ended; 0 when it is not running."""
        if self.running is None:
            return 0
        self.running.send_signal(how)
        code = self.running.wait(_STARTING)
        self.running = None
        return code

    def wait(self) -> int:
        """Wait until it has ended by itself, and return how."""
        assert self.running is not None
        code = self.running.wait()
        self.running = None
        return code

    def finished(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return None if self.running is None else self.running.poll()


class Server(Process):
    """`envrules serve` on a port that it keeps when it is started again."""

    def __init__(self, folder: Path, bind: list[str], codes: Path, since: str) -> None:
        """Serve localities that begin at `since`, all judged by one scheme with one code table."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        bound = [word for one in bind for word in ("--bind", one)]
        tables = [word for one in bind for word in ("--codes", f"{one.partition('=')[0]}={codes}")]
        super().__init__(
            [sys.executable, "-m", "envrules.cli", "serve", "--db",
             f"sqlite:///{folder / 'envrules.db'}", "--address", self.address, *bound, *tables,
             "--backfill", f"grid@{since}"],
            folder / "server.log",
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        super().start()
        deadline = time.monotonic() + _STARTING
        host, _, port = self.address.partition(":")
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                return
            if self.finished() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start, see {self.log}")
            time.sleep(_GLANCE)


def bridge(config: Path, command: str, log: Path) -> Process:
    """Return the bridge as a process."""
    return Process(
        [sys.executable, "-m", "envrules_grid_platform", command, "--config", str(config)], log
    )


@contextmanager
def ended(*processes: Process) -> Iterator[None]:
    """Kill what still runs when the block is left."""
    try:
        yield
    finally:
        for process in processes:
            process.end(signal.SIGKILL)


@contextmanager
def client_of(server: Server) -> Iterator[Client]:
    """Connect to a server."""
    with Client.connect(server.address, principal="rehearsal") as client:
        client.wait_ready()
        yield client
