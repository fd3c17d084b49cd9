"""The real server, a process of its own: started, killed, and started again on its database."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

PROGRAM = (sys.executable, "-m", "envrules.cli")
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
PATIENCE = 120.0
"""Seconds after which what does not happen is given up; far more than it ever takes."""


class Installation:
    """One database, and the server process on it, which comes and goes.

    Clients ask `reach` for it from threads of their own; the rest is for one thread.
    """

    def __init__(
        self, folder: Path, program: Sequence[str] = PROGRAM, environment: Mapping[str, str] = {},
        options: Sequence[str] = (), url: str = "", name: str = "server",
    ) -> None:  # fmt: skip
        """`environment` is set besides what the tests themselves run with."""
        self.url = url or f"sqlite:///{folder / 'envrules.db'}"
        self.log = folder / f"{name}.log"
        self._command = [*program, "serve", "--db", self.url, "--address", "127.0.0.1:0", *options]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None
        self._reachable = threading.Condition()
        self._starts, self._address, self._over = 0, "", False
        self.kills = 0

    @property
    def pid(self) -> int:
        """Process id of the server that runs."""
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start a server and go on at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def start(self) -> str:
        """Start a server, wait until it is healthy, and return its address."""
        self.launch()
        address = self._told_address()
        wait_for_health(address)
        with self._reachable:
            self._starts, self._address = self._starts + 1, address
            self._reachable.notify_all()
        return address

    def reach(self, after: int = 0) -> tuple[int, str]:
        """Wait for a server started later than the `after`-th; return which it is, and where."""
        with self._reachable:
            self._reachable.wait_for(
                lambda: self._over or (self._address and self._starts > after), PATIENCE
            )
            assert self._address, f"no server after the {after}. one:\n{self.said()}"
            assert self._starts > after, f"the {after}. server cannot be reached, yet it runs"
            return self._starts, self._address

    def here(self) -> tuple[int, str]:
        """Return how often a server was started, and where it is now, if it is."""
        with self._reachable:
            return self._starts, self._address

    def kill(self) -> None:
        """End the server without warning, in the middle of whatever it is doing."""
        self._check_running()
        self._end(signal.SIGKILL)
        self.kills += 1

    kill_all = kill
    """All the servers that there are."""

    def end(self) -> None:
        """Let no process be left, and nobody wait for one."""
        with self._reachable:
            self._over = True
            self._reachable.notify_all()
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Tell the server to stop, wait until it has, and return its exit code."""
        self._check_running()
        return self._end(signal.SIGTERM)

    def _check_running(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, f"the server ended by itself:\n{self.said()}"

    def _end(self, how: signal.Signals) -> int:
        with self._reachable:
            self._address = ""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:  # reaps it, and closes the pipe
            process.send_signal(how)
            try:
                return process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def said(self) -> str:
        """Return the log of all servers so far."""
        return self.log.read_text(encoding="utf-8")

    def _told_address(self) -> str:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        too_long = threading.Timer(PATIENCE, process.kill)
        too_long.start()
        line = process.stdout.readline()
        too_long.cancel()
        _, _, address = line.strip().partition("listening on ")
        assert address, f"the server did not start:\n{self.said()}"
        return address


class Replicas:
    """Several servers on one database, as clients see them that know more than one address.

    They stand in for an `Installation`: what is killed is one of them, and the others go on.
    """

    def __init__(self, folder: Path, url: str, random: Random, count: int = 3) -> None:
        """`random` decides on which one is killed."""
        self.url, self._random = url, random
        self.members = [Installation(folder, url=url, name=str(n)) for n in range(count)]
        self._down: list[Installation] = []
        self._turn = itertools.count()
        self.kills = 0

    def start(self) -> str:
        """Start every server that does not run; return where one is."""
        down = self._down or self.members
        self._down = []
        return [member.start() for member in down][-1]

    def launch(self) -> None:
        """Start one that was killed, and go on at once."""
        self._down[-1].launch()

    def kill(self) -> None:
        """Kill one of them; if one was started again a moment ago, that one."""
        if not self._down:
            self._down.append(self._random.choice(self.members))
        self._down[-1].kill()
        self.kills += 1

    def end(self) -> None:
        """Let no process be left, and nobody wait for one."""
        for member in self.members:
            member.end()

    def kill_all(self) -> None:
        """End them all without warning."""
        for member in self.members:
            if member not in self._down:
                member.kill()

    def reach(self, after: int = 0) -> tuple[int, str]:
        """Return a server that runs, each in its turn; `after` is the number of one that failed."""
        given_up = time.monotonic() + PATIENCE
        while time.monotonic() < given_up:
            turn = next(self._turn) % len(self.members)
            starts, address = self.members[turn].here()
            number = starts * len(self.members) + turn
            if address and number != after:
                return number, address
            time.sleep(0.01)
        raise AssertionError(f"no server:\n{self.said()}")

    def said(self) -> str:
        """Return the logs of all servers so far."""
        return "".join(member.said() for member in self.members)


@contextmanager
def replicated(folder: Path, url: str, random: Random, count: int = 3) -> Iterator[Replicas]:
    """Give replicas that log into `folder`; no process of them is left afterwards."""
    replicas = Replicas(folder, url, random, count)
    try:
        yield replicas
    finally:
        replicas.end()


@contextmanager
def installed(
    folder: Path, program: Sequence[str] = PROGRAM, environment: Mapping[str, str] = {},
    options: Sequence[str] = (), url: str = "",
) -> Iterator[Installation]:  # fmt: skip
    """Give an installation in `folder`; no process of it is left afterwards, whatever happens.

    Its database is in the folder, too, unless it has a `url`.
    """
    installation = Installation(folder, program, environment, options, url)
    try:
        yield installation
    finally:
        installation.end()


def wait_for_health(address: str, status: int = SERVING) -> None:
    """Wait until the server says that it can be sent calls, or whatever else of itself."""
    given_up = time.monotonic() + PATIENCE
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stub names no methods
        request = health_pb2.HealthCheckRequest()
        while stub.Check(request, timeout=PATIENCE).status != status:
            assert time.monotonic() < given_up, f"the server is there, but not {status}"
            time.sleep(0.02)
