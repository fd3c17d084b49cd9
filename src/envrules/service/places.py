"""So many calls of a kind at a time, and so many of one principal."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from envrules.service.status import Refusal


class Places:
    """So many calls at a time, and no more."""

    def __init__(self, limit: int, each: int, reason: str) -> None:
        """`each`: how many of them may be one principal's."""
        self._limit, self._each, self._reason = limit, each, reason
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, principal: str) -> Iterator[None]:
        """Hold a place.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, there is none.
        """
        with self._lock:
            self._check(principal)
            self._taken[principal] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[principal] -= 1
                if not self._taken[principal]:
                    del self._taken[principal]

    def _check(self, principal: str) -> None:
        if self._taken.total() >= self._limit:
            whose, limit = "", self._limit
        elif self._taken[principal] >= self._each:
            whose, limit = f" by {principal}", self._each
        else:
            return
        raise Refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED, self._reason,
            f"{limit} calls of this kind are open already{whose}: close one, or come back later",
        )  # fmt: skip
