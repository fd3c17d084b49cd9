"""Values that files hold: read again when the files change, kept when the new files are bad."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
_Signature: TypeAlias = tuple[tuple[int, ...] | None, ...]


class BadFile(Exception):
    """A file cannot be used as it is; the message says which, why, and what to do."""


class Refreshed(Generic[T]):
    """What some files say at the moment.

    Nothing is watched: whoever wants the value looks at the files first, which costs a system call
    each and works on every file system. A change is in force at the next look.
    """

    def __init__(self, what: str, files: Sequence[Path], read: Callable[[], T]) -> None:
        """Read the files.

        Raises:
            BadFile: they cannot be used.
        """
        self.what = what
        self._files, self._read = tuple(files), read
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._value = read()
        self.problem = ""
        """Why the files cannot be used as they are now; empty: they are what is in force."""

    def now(self) -> T:
        """Return the value of the last good files."""
        seen = self._signature()
        if seen != self._seen:
            with self._lock:
                if seen != self._seen:
                    self._refresh(seen)
        return self._value

    def _refresh(self, seen: _Signature) -> None:
        # The signature is older than what is read: a write in between is seen at the next look.
        self._seen = seen
        try:
            self._value = self._read()
        except BadFile as error:
            self.problem = str(error)
            log.error("%s: %s; what was read before stays in force", self.what, error)
        else:
            self.problem = ""
            log.info("%s read again", self.what)

    def _signature(self) -> _Signature:
        return tuple(map(_signature, self._files))


def _signature(file: Path) -> tuple[int, ...] | None:
    try:
        # A changed mode counts as well: it may have been what was wrong.
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
