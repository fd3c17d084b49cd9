"""Hooks of third parties run in a process of their own, one for each scheme, within limits.

Whatever a hook does there, hang, eat memory, crash or answer nonsense, its caller gets an answer or
an error in time, and the process is replaced. It is no prison: a plugin is trusted not to attack.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from multiprocessing.connection import Connection, Pipe

import msgspec
from msgspec.structs import replace

from envrules.model.base import Frozen
from envrules.model.events import Event, encode_event

SECONDS, MEBIBYTES = "ENVRULES_HOOK_SECONDS", "ENVRULES_HOOK_MIB"
_PROGRAM = (sys.executable, "-P", "-m", "envrules.hook_worker")
_START_SECONDS = 120.0
"""How long a process may take to load the plugins, on a machine that has much else to do."""
_GRACE_SECONDS = 1.0
"""The process ends itself when a call takes too long, and is ended so much later if it does not."""
_KEPT = 10_000
"""Answers kept: a hook is pure, and an issue is judged again with each of its events."""
_LARGEST_ANSWER = 16 << 20


class PluginError(Exception):
    """A plugin cannot be used; the message says which one, why, and what to do."""


def failure(scheme: str, how: str) -> PluginError:
    """Return the error of a hook that fails like this."""
    return PluginError(f"plugin of {scheme}: envrules_classify {how}")


class Answer(Frozen):
    """What a hook has answered: the event, or why there is none."""

    event: Event | None = None
    problem: str = ""


class Limits(Frozen):
    """What one call of a hook may take."""

    seconds: float = 5.0
    mebibytes: int = 1024
    """Address space of its process."""

    @staticmethod
    def given(environment: Mapping[str, str]) -> Limits:
        """Return the limits that an environment asks for.

        Raises:
            PluginError: one of them is no number, or none above zero.
        """
        try:
            asked = Limits(float(environment.get(SECONDS, Limits().seconds)),
                           int(environment.get(MEBIBYTES, Limits().mebibytes)))  # fmt: skip
        except ValueError as error:
            raise PluginError(f"{SECONDS} and {MEBIBYTES} are numbers: {error}") from None
        if not (0 < asked.seconds < math.inf and asked.mebibytes > 0):
            raise PluginError(f"{SECONDS} and {MEBIBYTES} must be above zero")
        return asked


_decode = msgspec.msgpack.Decoder(Answer).decode


class HookProcess:
    """Asks the plugin of one scheme. Safe to share between threads; one is served at a time."""

    def __init__(self, scheme: str, limits: Limits) -> None:
        """Nothing is started before the first question."""
        self._scheme, self._limits = scheme, limits
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._answer = lru_cache(_KEPT)(self._asked)

    def classify(self, event: Event) -> Event:
        """Return the event as the plugin reads it.

        Raises:
            PluginError: it has answered nothing, or nothing of use.
            OSError: its process cannot be started just now.
        """
        # Its place in the log is no part of an event's content.
        read = self._answer(encode_event(replace(event, seq=0)))
        return replace(read, seq=event.seq)

    def _asked(self, question: bytes) -> Event:
        with self._lock:
            worker = self._worker or _Worker(self._scheme, self._limits)
            self._worker = None  # unless it answers well
            try:
                read = worker.ask(question)
            except BaseException:
                worker.end()
                raise
            self._worker = worker
            return read


class _Worker:
    """One process, until its first failure."""

    def __init__(self, scheme: str, limits: Limits) -> None:
        self._scheme, self._limits = scheme, limits
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                (*_PROGRAM, scheme, str(limits.seconds), str(limits.mebibytes),
                 str(theirs.fileno())),
                env=_environment(), stdin=subprocess.DEVNULL, stdout=2, pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip
        # It is ended with its owner, too: nobody tells plugins that they are not needed any more.
        self.end = weakref.finalize(self, _end, self._process, self._pipe)
        self._is_ready = False

    def ask(self, question: bytes) -> Event:
        """Return the plugin's answer. Raises PluginError."""
        if not self._is_ready:
            self._receive(_START_SECONDS)
            self._is_ready = True
        with suppress(BrokenPipeError):  # it has ended; how, the answer tells
            self._pipe.send_bytes(question)
        try:
            answer = _decode(self._receive(self._limits.seconds + _GRACE_SECONDS))
        except msgspec.DecodeError as error:
            raise self._failed(f"does not return an event: {error}") from None
        if answer.event is None:
            raise PluginError(answer.problem)
        return answer.event

    def _receive(self, seconds: float) -> bytes:
        try:
            if self._pipe.poll(seconds):
                return self._pipe.recv_bytes(_LARGEST_ANSWER)
        except (EOFError, OSError):
            raise self._failed(self._how_it_ended()) from None
        if not self._is_ready:
            raise TimeoutError(f"the process of {self._scheme}'s plugin does not start")
        raise self._failed(self._too_long())

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return "cut the connection to its process"
        if code == -signal.SIGALRM:
            return self._too_long()
        if not self._is_ready:
            return f"cannot be loaded in a process of its own (exit code {code}): see the log"
        if code < 0:
            return f"killed its process ({signal.Signals(-code).name})"
        return f"ended its process (exit code {code})"

    def _too_long(self) -> str:
        return f"took longer than {self._limits.seconds:g} s ({SECONDS})"

    def _failed(self, how: str) -> PluginError:
        return failure(self._scheme, how)


def _environment() -> dict[str, str]:
    """Return what the process needs to find the same plugins, and not what it has no use for."""
    own = {name: value for name, value in os.environ.items() if name != "ENVRULES_DB"}
    return own | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _end(process: subprocess.Popen[bytes], pipe: Connection) -> None:
    """End the process, and all that it has started."""
    pipe.close()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
