"""What a stream has sent and has no answer to yet: the part to send again when it breaks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Items that are read once from their source, and sent until they are answered, in order.

    gRPC reads the items of each attempt in a thread of its own, and that of a broken attempt may
    still wait in the source: it then reads for the next attempt, too.
    """

    def __init__(self, source: Iterable[T]) -> None:
        self._source = iter(source)
        self._reading, self._changing = threading.Lock(), threading.Lock()
        self._waiting: deque[T] = deque()
        self._answered = 0

    def answered(self) -> None:
        """Forget the item that was sent first of those without an answer."""
        with self._changing:
            self._waiting.popleft()
            self._answered += 1

    def items(self) -> Iterator[T]:
        """Yield for a new attempt what has no answer yet, then what the source has still to give."""
        with self._changing:
            place = self._answered
        while self._holds(place) or self._read(place):
            with self._changing:
                if place < self._answered:
                    return  # a later attempt has had the answer: this one is over
                item = self._waiting[place - self._answered]
            place += 1
            yield item

    def _read(self, place: int) -> bool:
        """Read on until there is an item at this place; return False if there is none."""
        with self._reading:
            while not self._holds(place):
                try:
                    item = next(self._source)
                except StopIteration:
                    return False
                with self._changing:
                    self._waiting.append(item)
        return True

    def _holds(self, place: int) -> bool:
        with self._changing:
            return place < self._answered + len(self._waiting)
