"""A server for the demo: a process of its own, on a free port, with a database of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STARTING = 60
_STOPPING = 15


class ServerFailed(Exception):
    """The server did not start; the message is the last that it said."""


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    address: str
    database: str
    """URL."""


@contextmanager
def running_server(folder: Path) -> Iterator[Running]:
    """Run a server on a database in `folder`; it is stopped when the block is left, however.

    Raises:
        ServerFailed: it did not start.
    """
    database = f"sqlite:///{folder / 'envrules.db'}"
    command = [sys.executable, "-m", "envrules.cli", "serve", "--db", database]
    process = subprocess.Popen(
        [*command, "--address", "127.0.0.1:0", "--drain", "5"], text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # Ctrl-C is for the demo, which then stops its server in order.
        start_new_session=True,
    )  # fmt: skip
    said: deque[str] = deque(maxlen=3)
    with process, contextlib.ExitStack() as stack:
        stack.callback(_stop, process)
        # Read all that it says, or it would block once nobody does.
        threading.Thread(target=_read, args=(process.stderr, said), daemon=True).start()
        yield Running(_address(process, said), database)


def _read(lines: Iterator[str] | None, said: deque[str]) -> None:
    said.extend(line.strip() for line in lines or ())


def _address(process: subprocess.Popen[str], said: deque[str]) -> str:
    """Return the address that the server prints once it answers."""
    timer = threading.Timer(_STARTING, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
    finally:
        timer.cancel()
    _, _, address = line.partition("listening on ")
    if not address:
        process.wait()
        raise ServerFailed("; ".join(said) or "the server ended at once and said nothing")
    return address.strip()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
