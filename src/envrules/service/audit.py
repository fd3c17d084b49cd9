"""Who did what: a line of JSON for each call that acts on a locality, and for each one refused.

Events are not in it, nor are tokens: the log of each locality holds what was submitted, by whom.
Acts stand in that log as well, with their reasons; here they stand beside what was refused, with
where the call came from. A line goes to the file in one write as soon as the call has ended, but is
not synced: what matters of an act is durable before the caller hears of it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc

from envrules.model.base import Instant
from envrules.service.principal import ROLES, Principals
from envrules.service.rates import Rates
from envrules.service.refreshed import BadFile
from envrules.service.status import Refusal
from envrules.wire.times import format_instant

log = logging.getLogger(__name__)

RECORDED = frozenset({"operate", "approve", "administer"})
"""Roles whose calls are on record also when nothing is wrong with them."""
FIELDS = (
    "locality", "scheme", "period", "decision_id", "seq", "revision", "expected_revision",
    "retroactive", "validate_only",
)  # fmt: skip
"""What is recorded of a request, where it has such a field."""
_LIMIT = 128
"""Characters of a value: a refused request may hold anything."""
REFUSALS_A_SECOND, REFUSALS_AT_ONCE = 10.0, 100.0
"""Of one principal or host. More are only counted, so that a stranger cannot fill the disk."""


class AuditLog:
    """Appends to a file, also after that was rotated away. Thread-safe."""

    def __init__(self, file: Path, principals: Principals, clock: Callable[[], Instant]) -> None:
        """Open the file, which only its owner may read.

        Raises:
            BadFile: it cannot be written to.
        """
        self._file, self._principals, self._clock = file, principals, clock
        self._rates = Rates(REFUSALS_A_SECOND, REFUSALS_AT_ONCE)
        self._lock = threading.Lock()
        self._omitted = 0
        self.problem = ""
        """Why the last line could not be written; empty: it was."""
        try:
            self._descriptor = self._opened()
        except OSError as error:
            raise BadFile(f"{file}: {error.strerror}") from None
        self._is_open = True

    def done(self, method: str, context: grpc.ServicerContext, request: Any, response: Any) -> None:
        """Record a call that succeeded, if it is one that acts."""
        if ROLES.get(_short_name(method)) in RECORDED:
            entry = self._entry(method, context, request, "OK")
            # Of a publication the log entry is told with what was published.
            if seq := getattr(getattr(response, "published", response), "seq", 0):
                entry["log_seq"] = seq
            self._write(entry)

    def refused(
        self, method: str, context: grpc.ServicerContext, request: Any, refusal: Refusal
    ) -> None:
        """Record a call that was refused, whatever it is; `request` is None if it was not read."""
        entry = self._entry(method, context, request, refusal.code.name)
        entry["reason"] = refusal.reason
        for fact in ("locality", "incident"):
            if fact in refusal.facts:
                entry.setdefault(fact, refusal.facts[fact][:_LIMIT])
        if self._rates.wait(entry.get("principal") or _host(entry["peer"])):
            with self._lock:
                self._omitted += 1
            return
        self._write(entry)

    def close(self) -> None:
        """Write no more."""
        if self._omitted:
            self._write({"time": format_instant(self._clock())})
        with self._lock:
            os.close(self._descriptor)
            self._is_open = False

    def _entry(
        self, method: str, context: grpc.ServicerContext, request: Any, outcome: str
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {"time": format_instant(self._clock())}
        try:
            caller = self._principals.of(context)
            entry["principal"] = caller.principal
            if caller.token:
                entry["token"] = caller.token
        except Refusal:  # that is what is being recorded
            pass
        entry["peer"] = context.peer()
        shown: Any = context.auth_context()  # every value is a list, whatever the stubs say
        if names := shown.get("x509_common_name"):
            entry["certificate"] = b", ".join(names).decode(errors="replace")[:_LIMIT]
        entry |= {"method": _short_name(method), **dict(_fields(request)), "outcome": outcome}
        return entry

    def _write(self, entry: dict[str, Any]) -> None:
        with self._lock:
            if not self._is_open:  # a call that outlasted the drain
                return
            if self._omitted:
                entry["omitted"] = self._omitted
            line = f"{json.dumps(entry, ensure_ascii=False)}\n".encode()
            try:
                self._follow()
                self._put(line)
            except OSError as error:
                # The call has been carried out and its locality's log says so: it must not fail now.
                if not self.problem:
                    log.error("%s: %s: calls go unrecorded", self._file, error.strerror)
                self.problem = f"{self._file}: {error.strerror}"
            else:
                self.problem, self._omitted = "", 0

    def _put(self, line: bytes) -> None:
        # A line that was cut short by a full disk must not swallow the next one.
        whole = b"\n" + line if self.problem else line
        if os.write(self._descriptor, whole) < len(whole):
            raise OSError(28, "No space left on device")

    def _follow(self) -> None:
        """Open the file anew if another one has taken its place, or none."""
        try:
            there, ours = self._file.stat(), os.fstat(self._descriptor)
            if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                return
        except FileNotFoundError:
            pass
        fresh = self._opened()
        os.close(self._descriptor)
        self._descriptor = fresh

    def _opened(self) -> int:
        return os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _fields(request: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is to be recorded of a request."""
    if request is None:
        return
    names = request.DESCRIPTOR.fields_by_name
    for name in FIELDS:
        if name in names and (value := getattr(request, name)):
            yield name, value[:_LIMIT] if isinstance(value, str) else value
    source: Any = getattr(request, "ruleset", None)
    if revision := getattr(source, "revision", ""):
        yield "revision", revision[:_LIMIT]


def _short_name(method: str) -> str:
    """Return the method as the table of roles names it."""
    return method.rpartition(".")[2]


def _host(peer: str) -> str:
    """Return the machine of a peer, without its port."""
    return peer.rpartition(":")[0]
