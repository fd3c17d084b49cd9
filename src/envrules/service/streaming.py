"""A stream of requests read ahead of its replies, within bounds, answered in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)
R = TypeVar("R")

ROOM = 4096
"""Kilobytes, or events if they are smaller, that a stream may have under way."""
_SLICE = 0.5
"""Seconds after which an idle stream looks whether it should go on."""


class Pipeline(Generic[M, R]):
    """Reads on while earlier requests are being carried out.

    A thread of its own reads, because the caller may wait for a reply before it sends more, and
    may send more without waiting. When the replies are no longer taken, nothing more is read;
    when the call ends, whichever side ended it, so does the thread.
    """

    def __init__(
        self, requests: Iterator[M], begin: Callable[[M], Callable[[], R]],
        weigh: Callable[[M], int], goes_on: Callable[[], bool],
    ) -> None:  # fmt: skip
        """Read `requests`.

        Args:
            requests: ends, or raises, when the call does.
            begin: starts to carry out a request; what it returns waits for the reply.
            weigh: how much of the room a request takes while it is under way.
            goes_on: asked between two requests, and while there is nothing to do.
        """
        self._requests, self._begin, self._weigh, self._goes_on = requests, begin, weigh, goes_on
        self._room = _Room(ROOM)
        self._begun: SimpleQueue[tuple[int, Callable[[], R]] | Exception | None] = SimpleQueue()
        # In the call's own context, so that what is logged and traced there is of this call.
        self._reader = threading.Thread(
            target=copy_context().run, args=(self._read,), name="envrules-stream", daemon=True
        )

    def replies(self) -> Iterator[R]:
        """Yield the replies, in the order of the requests.

        Ends after the last one, or when `goes_on` says no and all that was begun is answered.
        Raises what `requests` or `begin` raise, after the replies to what came before.
        """
        self._reader.start()
        try:
            while (begun := self._next()) is not None:
                if isinstance(begun, Exception):
                    raise begun
                weight, finish = begun
                reply = finish()
                self._room.leave(weight)
                yield reply
        finally:
            self._room.close()

    def _next(self) -> tuple[int, Callable[[], R]] | Exception | None:
        while True:
            try:
                return self._begun.get(timeout=_SLICE)
            except Empty:
                # What is being begun will be stored, so it must be answered, too.
                if not self._goes_on() and self._room.close():
                    return None

    def _read(self) -> None:
        try:
            for request in self._requests:
                weight = min(self._weigh(request), ROOM)
                if not self._room.enter(weight):
                    return
                self._begun.put((weight, self._begin(request)))
                if not self._goes_on():
                    break
        except Exception as error:
            self._begun.put(error)
            return
        self._begun.put(None)


class _Room:
    """A bounded amount of work under way."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._open = True
        self._changed = threading.Condition()

    def enter(self, weight: int) -> bool:
        """Wait until there is room for `weight`; return False if there never will be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open or self._free >= weight)
            if self._open:
                self._free -= weight
            return self._open

    def leave(self, weight: int) -> None:
        """Make room."""
        with self._changed:
            self._free += weight
            self._changed.notify()

    def close(self) -> bool:
        """Let nobody in any more; return whether nobody is in."""
        with self._changed:
            self._open = False
            self._changed.notify()
            return self._free == self._size
